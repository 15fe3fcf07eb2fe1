// SPDX-License-Identifier: MIT
#include "base/regex.h"

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

// A search that needs more than this is hostile: the slowest sound rule on the largest text we look
// at stays below a hundredth of it.
#define REGEX_MATCH_LIMIT 1000000
#define REGEX_DEPTH_LIMIT 10000
#define REGEX_HEAP_LIMIT_KIB 20000

// Looking for the longest match: steps × pattern that may be spent, the runs for one group more,
// and the steps of each.
#define LONGEST_WORK (256 * 1024 * 1024)
#define LONGEST_RUNS 32
#define LONGEST_MATCH_LIMIT 20000
// Memory for the states of pcre2_dfa_match, in ints.
#define DFA_WORKSPACE 4096

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

static uint32_t options_of(unsigned flags)
{
    uint32_t options = 0;
    if (flags & REGEX_CASELESS)
        options |= PCRE2_CASELESS;
    if (flags & REGEX_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & REGEX_DOTALL)
        options |= PCRE2_DOTALL;
    if (flags & REGEX_UTF)
        options |= PCRE2_UTF | PCRE2_UCP;
    // pcre2_dfa_match knows valid UTF-8 alone.
    if ((flags & REGEX_UTF) && !(flags & REGEX_LONGEST))
        options |= PCRE2_MATCH_INVALID_UTF;
    if (flags & REGEX_ANCHORED)
        options |= PCRE2_ANCHORED;
    if (flags & REGEX_EXTENDED)
        options |= PCRE2_EXTENDED;
    return options | PCRE2_NEVER_BACKSLASH_C;
}

static bool compile(const char *pattern, gssize length, unsigned flags, struct regex **regex_r,
                    GError **err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    PCRE2_SIZE size = length < 0 ? PCRE2_ZERO_TERMINATED : (PCRE2_SIZE)length;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return mda_fail(err, MDA_ERROR_TEMP, "no memory for a regular expression");
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern, size, options_of(flags), &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!compiled) {
        char message[256] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
        return mda_fail(err, MDA_ERROR_SYNTAX, "regular expression, at character %zu: %s",
                        (size_t)offset + 1, message);
    }
    struct regex *regex = g_new0(struct regex, 1);
    regex->code = compiled;
    regex->limits = pcre2_match_context_create(NULL);
    regex->data = pcre2_match_data_create_from_pattern(compiled, NULL);
    if (!regex->limits || !regex->data) {
        regex_free(regex);
        return mda_fail(err, MDA_ERROR_TEMP, "no memory for a regular expression");
    }
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(regex->limits, REGEX_DEPTH_LIMIT);
    pcre2_set_heap_limit(regex->limits, REGEX_HEAP_LIMIT_KIB);
    *regex_r = regex;
    return true;
}

bool regex_compile(const char *pattern, gssize length, unsigned flags, struct regex **regex_r,
                   GError **err)
{
    if (!(flags & REGEX_LONGEST))
        return compile(pattern, length, flags, regex_r, err);
    // The callout behind the pattern is where a match is told whether it is the wanted one.
    g_autofree char *copy = length < 0 ? g_strdup(pattern) : g_strndup(pattern, (gsize)length);
    g_autofree char *steered = g_strdup_printf("(?:%s)(?C1)", copy);
    return compile(steered, -1, flags, regex_r, err);
}

static void copy_spans(const struct regex *regex, int found, struct regex_span *spans_r,
                       guint spans)
{
    const PCRE2_SIZE *vector = pcre2_get_ovector_pointer(regex->data);
    for (guint i = 0; i < spans; i++) {
        bool set = i < (guint)found && vector[2 * i] != PCRE2_UNSET;
        spans_r[i] = set ? (struct regex_span){(gssize)vector[2 * i], (gssize)vector[2 * i + 1]}
                         : (struct regex_span){-1, -1};
    }
}

enum regex_result regex_search(const struct regex *regex, const char *subject, gsize length,
                               gsize from, struct regex_span *spans_r, guint spans)
{
    int found =
        pcre2_match(regex->code, (PCRE2_SPTR)subject, length, from, 0, regex->data, regex->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    if (found < 0)
        return REGEX_LIMIT;
    copy_spans(regex, found, spans_r, spans);
    return REGEX_YES;
}

// ---- The longest match

// What a match must be like to count.
struct aim {
    gsize end;                      // it ends here
    guint longer;                   // this group ends later than in SPANS, 0: no matter which
    const struct regex_span *spans; // those before it are as here
};

static int steer(pcre2_callout_block *block, void *data)
{
    const struct aim *aim = data;
    if (block->current_position != aim->end)
        return 1;
    for (guint i = 1; i <= aim->longer; i++) {
        bool set = i < block->capture_top && block->offset_vector[2 * i] != PCRE2_UNSET;
        gssize start = set ? (gssize)block->offset_vector[2 * i] : -1;
        gssize end = set ? (gssize)block->offset_vector[2 * i + 1] : -1;
        if (start != aim->spans[i].start ||
            (i < aim->longer ? end != aim->spans[i].end : end <= aim->spans[i].end))
            return 1;
    }
    return 0;
}

// Finds the match at FROM that AIM describes.
static enum regex_result search_aimed(const struct regex *regex, const char *subject, gsize length,
                                      gsize from, struct aim *aim, struct regex_span *spans_r,
                                      guint spans)
{
    pcre2_set_callout(regex->limits, steer, aim);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)subject, length, from, PCRE2_ANCHORED,
                            regex->data, regex->limits);
    pcre2_set_callout(regex->limits, NULL, NULL);
    if (found > 0)
        copy_spans(regex, found, spans_r, spans);
    return found > 0 ? REGEX_YES : found == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}

// Where the longest match at FROM ends; -1: that cannot be told.
static gssize longest_end(const struct regex *regex, const char *subject, gsize length, gsize from)
{
    size_t size = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &size);
    if (length - from > LONGEST_WORK / MAX(size, 1))
        return -1;
    int workspace[DFA_WORKSPACE];
    int found = pcre2_dfa_match(regex->code, (PCRE2_SPTR)subject, length, from, PCRE2_ANCHORED,
                                regex->data, regex->limits, workspace, DFA_WORKSPACE);
    // 0: there are more matches than fit; the longest comes first all the same.
    return found < 0 ? -1 : (gssize)pcre2_get_ovector_pointer(regex->data)[1];
}

// Alternatives are tried in the order of the pattern: one that makes a group longer may come later.
static void lengthen_groups(const struct regex *regex, const char *subject, gsize length,
                            struct regex_span *spans, guint count)
{
    guint runs = 0;
    struct aim aim = {.end = (gsize)spans[0].end, .spans = spans};
    g_autofree struct regex_span *better = g_new(struct regex_span, count);
    pcre2_set_match_limit(regex->limits, LONGEST_MATCH_LIMIT);
    for (guint i = 1; i < count; i++) {
        aim.longer = i;
        while (spans[i].start >= 0 && spans[i].end < spans[0].end && runs++ < LONGEST_RUNS &&
               search_aimed(regex, subject, length, (gsize)spans[0].start, &aim, better, count) ==
                   REGEX_YES)
            memcpy(spans, better, count * sizeof *spans);
    }
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_LIMIT);
}

enum regex_result regex_search_longest(const struct regex *regex, const char *subject, gsize length,
                                       struct regex_span *spans_r, guint spans)
{
    guint count = MAX(spans, 1);
    g_autofree struct regex_span *found = g_new(struct regex_span, count);
    enum regex_result result = regex_search(regex, subject, length, 0, found, count);
    if (result != REGEX_YES)
        return result;
    gsize start = (gsize)found[0].start;
    gssize end = longest_end(regex, subject, length, start);
    struct aim aim = {.end = (gsize)end};
    bool longest = end == found[0].end ||
                   (end > found[0].end &&
                    search_aimed(regex, subject, length, start, &aim, found, count) == REGEX_YES);
    if (longest)
        lengthen_groups(regex, subject, length, found, count);
    if (spans > 0)
        memcpy(spans_r, found, spans * sizeof *found);
    return REGEX_YES;
}

guint regex_groups(const struct regex *regex)
{
    uint32_t groups = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    return groups;
}

int regex_group_number(const struct regex *regex, const char *name)
{
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);
    return number > 0 ? number : -1;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_match_data_free(regex->data);
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    g_free(regex);
}
