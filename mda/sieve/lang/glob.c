// SPDX-License-Identifier: MIT
// :matches (RFC 5228 §2.7.1) with the text under each wildcard (RFC 5229 §3.2). Every '*' takes as
// little as it can. Between two '*' stands a run of fixed length in characters, and the leftmost
// place where it fits is always good enough; so there is no backtracking, and the time is bounded
// by the product of the two lengths.
#include "sieve/lang/match-type.h"

#include <string.h>

struct glob {
    const struct sieve_comparator *comparator;
    GPtrArray *values; // or NULL
    guint steps;
};

static bool is_star(const char *pattern)
{
    return *pattern == '*';
}

// The length in bytes of the pattern's element at AT.
static gsize element_length(const struct glob *glob, const char *at)
{
    if (*at == '\\' && at[1])
        return 1 + glob->comparator->character(at + 1);
    return *at == '?' ? 1 : glob->comparator->character(at);
}

// Matches the run at PATTERN up to its '*' or end against VALUE. Returns where the value goes on,
// or NULL. *end_r is where the pattern goes on.
static const char *match_run(struct glob *glob, const char *pattern, const char *value,
                             const char **end_r)
{
    while (*pattern && !is_star(pattern)) {
        if (!*value || ++glob->steps > SIEVE_MAX_GLOB_STEPS)
            return NULL;
        const char *literal = *pattern == '\\' && pattern[1] ? pattern + 1 : pattern;
        if (*pattern != '?' && !glob->comparator->same(literal, value))
            return NULL;
        pattern += element_length(glob, pattern);
        value += *value ? glob->comparator->character(value) : 0;
    }
    *end_r = pattern;
    return value;
}

static void take_value(const struct glob *glob, const char *from, const char *to)
{
    if (glob->values && glob->values->len < SIEVE_MAX_MATCH_VALUES)
        g_ptr_array_add(glob->values, g_strndup(from, (gsize)(to - from)));
}

// The values of the '?' in a run that is known to match at VALUE.
static void take_run(const struct glob *glob, const char *pattern, const char *value)
{
    while (*pattern && !is_star(pattern)) {
        gsize length = glob->comparator->character(value);
        if (*pattern == '?')
            take_value(glob, value, value + length);
        pattern += element_length(glob, pattern);
        value += length;
    }
}

static guint run_characters(const struct glob *glob, const char *pattern)
{
    guint characters = 0;
    for (; *pattern && !is_star(pattern); pattern += element_length(glob, pattern))
        characters++;
    return characters;
}

// Where the last CHARACTERS characters of VALUE begin, or NULL when it is shorter.
static const char *tail_of(const struct glob *glob, const char *value, guint characters)
{
    guint have = 0;
    for (const char *at = value; *at; at += glob->comparator->character(at))
        have++;
    if (have < characters)
        return NULL;
    for (; have > characters; have--)
        value += glob->comparator->character(value);
    return value;
}

static const char *find_run(struct glob *glob, const char *pattern, const char *value,
                            const char **end_r, const char **after_r)
{
    for (const char *at = value;; at += glob->comparator->character(at)) {
        const char *after = match_run(glob, pattern, at, end_r);
        if (after) {
            *after_r = after;
            return at;
        }
        if (!*at || glob->steps > SIEVE_MAX_GLOB_STEPS)
            return NULL;
    }
}

static bool match_glob(struct glob *glob, const char *pattern, const char *value)
{
    const char *run_end = NULL;
    const char *after = match_run(glob, pattern, value, &run_end);
    if (!after)
        return false;
    take_run(glob, pattern, value);
    pattern = run_end;
    value = after;
    while (is_star(pattern)) {
        const char *run = pattern + 1, *at = NULL;
        guint characters = run_characters(glob, run);
        const char *scan = run;
        while (*scan && !is_star(scan))
            scan += element_length(glob, scan);
        if (!*scan) {
            at = tail_of(glob, value, characters);
            after = at ? match_run(glob, run, at, &run_end) : NULL;
            if (!after)
                return false;
        } else {
            at = find_run(glob, run, value, &run_end, &after);
            if (!at)
                return false;
        }
        take_value(glob, value, at);
        take_run(glob, run, at);
        value = after;
        pattern = scan;
    }
    return *value == '\0';
}

bool sieve_glob(const struct sieve_comparator *comparator, const char *pattern, const char *value,
                GPtrArray *values)
{
    struct glob glob = {.comparator = comparator, .values = values};
    return match_glob(&glob, pattern, value);
}
