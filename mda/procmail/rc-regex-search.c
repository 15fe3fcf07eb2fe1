// SPDX-License-Identifier: MIT
// The search walks all states of the automaton at once, so that it never goes back in the text.
// Left out on purpose: procmail's wrong MATCH for a repetition that can match nothing left of "\/".
#include "procmail/rc-regex-nodes.h"

#include <string.h>

#define NO_CUT G_MAXSSIZE

struct regex_state {
    guint node;
    gssize cut; // where "\/" was passed, or NO_CUT
};

// States that have passed a "\/" are kept in the order of where they did, then come those that
// have not; so the first to reach a node has the leftmost cut, and later ones need no look.
struct regex_search {
    const struct rc_regex *regex;
    struct regex_state *now, *then; // this step's states, the next one's
    guint now_count, then_count;
    guint *seen, *seen_uncut, generation;
    guint *stack;
    guint *cuts, cut_count; // behind a "\/" passed in this step
    bool matched, captured, begin;
    gssize cut_at, end;
};

static bool byte_fits(const struct regex_search *search, const struct node *node, guint8 byte)
{
    if (node->op == OP_SET)
        return set_has(g_array_index(search->regex->sets, byte_set, node->set), byte);
    return node->byte == byte;
}

static void reach_final(struct regex_search *search, gssize cut, gssize position)
{
    search->matched = true;
    search->end = position;
    if (cut != NO_CUT) {
        search->captured = true;
        search->cut_at = cut;
        search->begin = false;
    }
}

// Follows STATE without consuming, then lets what it reaches consume BYTE at POSITION.
static void follow(struct regex_search *search, struct regex_state state, guint8 byte,
                   gssize position, bool at_end)
{
    guint *seen = state.cut == NO_CUT ? search->seen_uncut : search->seen;
    guint depth = 0;
    search->stack[depth++] = state.node;
    while (depth > 0) {
        guint at = search->stack[--depth];
        if (seen[at] == search->generation)
            continue;
        seen[at] = search->generation;
        const struct node *node = &g_array_index(search->regex->nodes, struct node, at);
        switch (node->op) {
        case OP_SPLIT:
            search->stack[depth++] = node->other;
            search->stack[depth++] = node->next;
            break;
        case OP_JUMP:
            search->stack[depth++] = node->next;
            break;
        case OP_CUT:
            search->cuts[search->cut_count++] = node->next;
            break;
        case OP_TEXT_END:
            if (at_end)
                reach_final(search, state.cut, position);
            else if (position < 0) // a lone "^^" also means the start
                search->then[search->then_count++] = (struct regex_state){node->next, state.cut};
            break;
        case OP_FINAL:
            reach_final(search, state.cut, position);
            break;
        case OP_TEXT_START:
            if (position >= 0)
                break;
            search->then[search->then_count++] = (struct regex_state){node->next, state.cut};
            break;
        case OP_BYTE:
        case OP_SET:
        default:
            if (byte_fits(search, node, byte))
                search->then[search->then_count++] = (struct regex_state){node->next, state.cut};
        }
    }
}

// One byte of text. False ends the search.
static bool step(struct regex_search *search, guint8 byte, gssize position, bool begin, bool at_end)
{
    struct regex_state *swap = search->now;
    search->now = search->then;
    search->then = swap;
    search->now_count = search->then_count;
    search->then_count = search->cut_count = 0;
    search->generation++;
    search->matched = false;
    if (search->regex->ignore_case)
        byte = (guint8)g_ascii_tolower((gchar)byte);
    guint i = 0;
    for (; i < search->now_count && search->now[i].cut != NO_CUT; i++) {
        if (search->captured && search->now[i].cut > search->cut_at)
            break;
        follow(search, search->now[i], byte, position, at_end);
    }
    if (search->captured)
        return search->then_count > 0;
    guint uncut_from = search->then_count;
    if (begin && search->begin)
        follow(search, (struct regex_state){search->regex->start, NO_CUT}, byte, position, at_end);
    for (; i < search->now_count; i++)
        follow(search, search->now[i], byte, position, at_end);
    if (search->cut_count > 0) { // states that were just cut go before those that were not
        guint uncut = search->then_count - uncut_from;
        struct regex_state *kept = g_memdup2(search->then + uncut_from, uncut * sizeof *kept);
        search->then_count = uncut_from;
        for (guint c = 0; c < search->cut_count; c++)
            follow(search, (struct regex_state){search->cuts[c], position}, byte, position, at_end);
        if (search->captured) {
            g_free(kept);
            return search->then_count > 0;
        }
        if (uncut > 0)
            memcpy(search->then + search->then_count, kept, uncut * sizeof *kept);
        search->then_count += uncut;
        g_free(kept);
    }
    return !search->matched;
}

static gsize skip_to_first(const struct rc_regex *regex, const char *text, gsize from, gsize length)
{
    if (regex->only_first >= 0) { // "^Field:" wants a newline
        const char *found = memchr(text + from, regex->only_first, length - from);
        return found ? (gsize)(found - text) : length;
    }
    while (from < length && !regex->first[(guchar)text[from]])
        from++;
    return from;
}

static void walk(struct regex_search *search, const char *text, gsize length, gsize from)
{
    bool line_start = from == 0 || text[from - 1] == '\n';
    if (line_start && !step(search, '\n', (gssize)from - 1, true, false))
        return;
    if (!line_start && from == length && !step(search, '\n', (gssize)from, true, false))
        return;
    for (gsize at = from; at < length; at++) {
        if (search->then_count == 0 && search->regex->can_skip && search->begin) {
            at = skip_to_first(search->regex, text, at, length);
            if (at == length)
                break;
        }
        if (!step(search, (guint8)text[at], (gssize)at, true, false))
            return;
    }
    // The text ends as if by a newline; then one look more for what that newline completed.
    if (step(search, '\n', (gssize)length, false, true))
        step(search, '\n', (gssize)length + 1, false, false);
}

bool rc_regex_search(const struct rc_regex *regex, const char *text, gsize length, gsize from,
                     struct rc_match *match_r)
{
    guint count = regex->nodes->len;
    struct regex_search search = {.regex = regex, .begin = true, .end = -2};
    // A state list holds at most every node twice: with and without a cut.
    g_autofree struct regex_state *states = g_new(struct regex_state, 4 * (gsize)count + 4);
    g_autofree guint *numbers = g_new0(guint, 6 * (gsize)count + 8);
    search.now = states;
    search.then = states + 2 * count + 2;
    search.seen = numbers;
    search.seen_uncut = numbers + count;
    search.cuts = numbers + 2 * count;
    search.stack = numbers + 4 * count;
    walk(&search, text, length, from);
    if (!search.matched && !search.captured)
        return false;
    match_r->end = search.end;
    // A cut behind the newline that is only thought of at the end cuts nothing out.
    match_r->captured = search.captured && search.cut_at <= (gssize)length;
    if (match_r->captured) {
        match_r->from = (gsize)MAX(search.cut_at, 0);
        match_r->to = MIN((gsize)MAX(search.end, 0), length);
        match_r->to = MAX(match_r->to, match_r->from);
    }
    return true;
}
