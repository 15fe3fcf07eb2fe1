// SPDX-License-Identifier: MIT
// How a test compares (RFC 5228 §2.7): comparator and match type, over all values and all keys.
#pragma once

#include "base/regex.h"
#include "sieve/lang/engine.h"

struct sieve_comparator {
    const char *name;
    const char *extension; // that a script must require for it; NULL: none
    bool substring;        // can it look for a part of a value (RFC 4790 §4.2.3)?
    // <0, 0, >0: the order of two values.
    int (*compare)(const char *a, const char *b);
    // Does VALUE contain KEY?
    bool (*contains)(const char *value, const char *key);
    // The length in bytes of the character at TEXT; are the two characters the same?
    gsize (*character)(const char *text);
    bool (*same)(const char *a, const char *b);
};

extern const struct sieve_comparator sieve_octet, sieve_ascii_casemap, sieve_ascii_numeric,
    sieve_unicode_casemap;

// NULL when there is none of that NAME.
const struct sieve_comparator *sieve_comparator_find(const char *name);

enum sieve_match_type {
    MATCH_IS,
    MATCH_CONTAINS,
    MATCH_MATCHES,
    MATCH_REGEX,
    MATCH_VALUE,
    MATCH_COUNT,
    MATCH_LIST,
};

enum sieve_relation {
    RELATION_GT,
    RELATION_GE,
    RELATION_LT,
    RELATION_LE,
    RELATION_EQ,
    RELATION_NE
};

// What a node's tags say about matching.
struct sieve_match {
    enum sieve_match_type type;
    enum sieve_relation relation;
    const struct sieve_comparator *comparator;
};

// Settles a node's match; its positional arguments are known, the last one holds the keys.
bool sieve_match_check(struct sieve_checker *checker, struct sieve_node *node);

// The argument of NODE that holds its keys: the last one, or what its match type brought. NULL:
// none.
const struct sieve_arg *sieve_match_keys(const struct sieve_node *node);

// For :value and :count: reads "gt" …
bool sieve_relation_parse(const char *text, enum sieve_relation *relation_r);

// One test in progress: give it value after value until it is satisfied, then ask for the result.
struct sieve_matching {
    struct sieve_run *run;
    const struct sieve_match *match;
    GPtrArray *keys;    // char *, owned
    GPtrArray *regexes; // compiled keys of :regex, owned
    guint values;
    bool matched;
};

void sieve_matching_begin(struct sieve_matching *matching, struct sieve_run *run,
                          const struct sieve_match *match, GPtrArray *keys);
// True when nothing more need be given.
bool sieve_matching_value(struct sieve_matching *matching, const char *value);
// The result; releases what it holds.
bool sieve_matching_end(struct sieve_matching *matching);

// Does VALUE match the glob PATTERN (RFC 5228 §2.7.1)? The text under each wildcard is appended to
// VALUES when that is not NULL.
bool sieve_glob(const struct sieve_comparator *comparator, const char *pattern, const char *value,
                GPtrArray *values);

// ere.c: POSIX extended regular expressions on PCRE2. NULL with *err when PATTERN is none.
struct regex *sieve_ere_compile(const char *pattern, bool caseless, GError **err);
// The leftmost longest match in VALUE, as regex_search_longest. What is no UTF-8 in it matches a
// dot at most.
enum regex_result sieve_ere_search(const struct regex *regex, const char *value,
                                   struct regex_span *spans_r, guint spans);

// The name of an external list in full: ":addrbook:default" is short for
// "urn:ietf:params:sieve:addrbook:default" (RFC 6134 §2.5). Owned by the caller.
char *sieve_list_name(const char *name);

// Puts VALUES (char *, taken over) in place of the match values, if the script uses variables.
void sieve_match_values_set(struct sieve_run *run, GPtrArray *values);
