// SPDX-License-Identifier: MIT
#include "bounce/block.h"

#include <string.h>

#define PREFIX_MAX 12

// What a header field adds to the belief that this is the header of a mail, and not a list of facts
// that an MTA writes in the same form.
static const struct {
    const char *name;
    guint weight;
} known[] = {
    {"received", 4},
    {"message-id", 5},
    {"return-path", 3},
    {"from", 2},
    {"to", 1},
    {"date", 2},
    {"subject", 2},
    {"mime-version", 3},
    {"content-type", 1},
    {"reply-to", 1},
    {"sender", 1},
    {"dkim-signature", 3},
    {"x-mailer", 2},
    {"cc", 1},
    {"user-agent", 2},
    {"delivered-to", 2},
    {"x-originating-ip", 2},
    {"in-reply-to", 2},
    {"references", 2},
    {"content-transfer-encoding", 1},
    {"x-priority", 1},
    {"errors-to", 1},
    {"list-id", 1},
};
#define STRENGTH_ENOUGH 7

struct block_scan {
    const char *text;
    gsize length;
};

static gsize line_end(const struct block_scan *scan, gsize at)
{
    const char *stop = memchr(scan->text + at, '\n', scan->length - at);
    return stop ? (gsize)(stop - scan->text) : scan->length;
}

// Length of the field name that the line at `at` (behind its prefix) begins with; 0: no field.
static gsize field_name(const char *at, gsize length)
{
    gsize size = 0;
    while (size < length && size < 70 &&
           (g_ascii_isalnum(at[size]) || at[size] == '-' || at[size] == '_'))
        size++;
    if (size < 2 || size == length || !g_ascii_isalpha(at[0]))
        return 0;
    gsize colon = size;
    while (colon < length && at[colon] == ' ')
        colon++;
    if (colon == length || at[colon] != ':')
        return 0;
    bool spaced = colon + 1 == length || at[colon + 1] == ' ' || at[colon + 1] == '\t' ||
                  at[colon + 1] == '\r';
    // "http://", "smtp:user" and times are no fields; "X-Foo:bar", "From:me" and "to:you" are.
    const bool long_enough =
        size > 2 || g_ascii_strncasecmp(at, "to", 2) == 0 || g_ascii_strncasecmp(at, "cc", 2) == 0;
    return spaced || (at[colon + 1] != '/' && !g_ascii_isdigit(at[colon + 1]) && long_enough) ? size
                                                                                              : 0;
}

static guint weight_of(const char *name, gsize length, guint *seen)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strlen(known[i].name) == length &&
            g_ascii_strncasecmp(known[i].name, name, length) == 0) {
            guint weight = *seen & (1u << i) ? 0 : known[i].weight;
            *seen |= 1u << i;
            return weight;
        }
    }
    return 0;
}

static gsize prefix_length(const char *at, gsize length)
{
    gsize size = 0;
    while (size < length && size < PREFIX_MAX && strchr("> |\t", at[size]))
        size++;
    return size;
}

static bool is_blank(const char *at, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isspace(at[i]))
            return false;
    }
    return true;
}

// How many lines in a row may lack the blank that folding needs (Exchange trims it) before the
// block counts as ended.
#define UNFOLDED_MAX 60

// The state while a block is measured: what the lines up to `end` made of it.
struct measure {
    const struct block_scan *scan;
    gsize prefix;
    const char *mark;
    struct header_block block;
    guint seen;
    guint unfolded; // lines since block.end that were no fields
    bool first;
};

// Takes the line [at, end) in; false when the block ends before it.
static bool take_line(struct measure *measure, gsize at, gsize end)
{
    gsize size = end - at;
    if (size < measure->prefix ||
        (measure->prefix > 0 &&
         memcmp(measure->scan->text + at, measure->mark, measure->prefix) != 0))
        return false;
    const char *line = measure->scan->text + at + measure->prefix;
    size -= measure->prefix;
    if (is_blank(line, size))
        return false;
    gsize name = field_name(line, size);
    bool folded = !measure->first && (*line == ' ' || *line == '\t');
    if (name == 0 && !folded) {
        // Kept only if a field that we know comes behind it.
        return !measure->first && measure->unfolded++ < UNFOLDED_MAX;
    }
    guint weight = name > 0 ? weight_of(line, name, &measure->seen) : 0;
    bool sure = measure->unfolded == 0 || (name > 0 && weight > 0);
    if (!sure)
        return measure->unfolded++ < UNFOLDED_MAX;
    measure->block.strength += weight;
    measure->block.end = MIN(end + 1, measure->scan->length);
    measure->unfolded = 0;
    measure->first = false;
    return true;
}

// Measures the block whose first line begins at `start`.
static struct header_block measure(const struct block_scan *scan, gsize start)
{
    gsize end = line_end(scan, start);
    struct measure state = {.scan = scan,
                            .prefix = prefix_length(scan->text + start, end - start),
                            .mark = scan->text + start,
                            .block = {.start = start, .end = start},
                            .first = true};
    for (gsize at = start; at < scan->length;) {
        end = line_end(scan, at);
        if (!take_line(&state, at, end))
            break;
        at = end + 1;
    }
    if (state.prefix > 0)
        state.block.prefix = g_strndup(state.mark, state.prefix);
    return state.block;
}

static bool begins_field(const struct block_scan *scan, gsize at)
{
    gsize size = line_end(scan, at) - at;
    gsize prefix = prefix_length(scan->text + at, size);
    return field_name(scan->text + at + prefix, size - prefix) > 0;
}

bool header_block_find(const char *text, gsize length, gsize from, struct header_block *block_r)
{
    struct block_scan scan = {text, length};
    struct header_block best = {0};
    for (gsize at = from; at < length;) {
        gsize next = MIN(line_end(&scan, at) + 1, length);
        if (begins_field(&scan, at)) {
            struct header_block block = measure(&scan, at);
            next = MAX(next, block.end);
            if (block.strength >= STRENGTH_ENOUGH && block.strength > best.strength &&
                best.strength < 14) {
                g_free(best.prefix);
                best = block;
            } else {
                g_free(block.prefix);
            }
        }
        at = next;
    }
    if (best.strength == 0)
        return false;
    *block_r = best;
    return true;
}

bool header_block_at(const char *text, gsize length, gsize from, struct header_block *block_r)
{
    struct block_scan scan = {text, length};
    gsize at = from;
    for (guint lines = 0; at < length && lines < 12; lines++) {
        if (begins_field(&scan, at)) {
            struct header_block block = measure(&scan, at);
            if (block.strength > 0) {
                *block_r = block;
                return true;
            }
            g_free(block.prefix);
        }
        at = MIN(line_end(&scan, at) + 1, length);
    }
    return false;
}

// Appends [at, end), a line of the header, so that it is a field or folded.
static void append_header_line(GString *out, const char *line, gsize size)
{
    bool folded = size > 0 && (*line == ' ' || *line == '\t');
    if (!folded && out->len > 0 && field_name(line, size) == 0)
        g_string_append_c(out, '\t');
    g_string_append_len(out, line, (gssize)size);
}

GBytes *header_block_take(const char *text, gsize length, const struct header_block *block,
                          bool whole)
{
    struct block_scan scan = {text, whole ? length : block->end};
    gsize prefix = block->prefix ? strlen(block->prefix) : 0;
    GString *out = g_string_sized_new(scan.length - block->start + 16);
    for (gsize at = block->start; at < scan.length;) {
        if (at >= block->end && prefix == 0) {
            g_string_append_len(out, text + at, (gssize)(scan.length - at));
            break;
        }
        gsize end = MIN(line_end(&scan, at) + 1, scan.length);
        gsize skip = MIN(prefix, end - at);
        if (prefix > 0 && memcmp(text + at, block->prefix, skip) != 0)
            skip = 0;
        if (at < block->end)
            append_header_line(out, text + at + skip, end - at - skip);
        else
            g_string_append_len(out, text + at + skip, (gssize)(end - at - skip));
        at = end;
    }
    return g_string_free_to_bytes(out);
}
