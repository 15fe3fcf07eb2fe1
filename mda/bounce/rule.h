// SPDX-License-Identifier: MIT
// A rule in memory. rule-parse.c makes it from a group of a rule file, match.c applies it; the
// language is described in backstop-rules(5).
#pragma once

#include "base/regex.h"
#include "bounce/classify.h"
#include "bounce/message-facts.h"
#include "bounce/phrases.h"

enum condition_kind {
    CONDITION_SENDER,       // envelope sender
    CONDITION_HEADER,       // values of one field
    CONDITION_TYPE,         // content type of the message
    CONDITION_PART,         // content type of any part
    CONDITION_BODY,         // the words of the report
    CONDITION_DIAGNOSTIC,   // the recipients' diagnostics
    CONDITION_ORIGINAL,     // yes: a returned header was found
    CONDITION_STATUS,       // yes: a delivery-status was found
    CONDITION_REPLY,        // yes: In-Reply-To or References
    CONDITION_ENCLOSED,     // yes: encloses the message that it says to be
    CONDITION_TO_LIST,      // yes: addressed to the list whose List-Id it bears
    CONDITION_READER_ALONE, // yes: the words name the reader, and nobody else
    CONDITION_MARK,         // yes: a mark of a gateway (bounce_settings)
};

// One phrase: TEXT somewhere in the value, at its beginning, at its end.
struct phrase_test {
    const char *text; // folded; NULL: the value is there at all
    guint length;
    guint number; // in the rules' phrase table; CONDITION_BODY without anchors alone
    bool numbered;
    bool alternative; // a "|" stands before it, or nothing; else a "&"
    bool daemon;      // "@daemon": the value names a mail system
    bool at_start, at_end;
};

struct condition {
    enum condition_kind kind;
    bool negated;
    bool wanted;         // ORIGINAL, STATUS, REPLY
    const char *header;  // HEADER: lower case
    const char *key;     // as in the file, for --explain
    GArray *any;         // struct phrase_test: one of the alternatives, of which all; NULL: none
    const char *pattern; // instead of phrases
    guint line;
    struct regex *regex; // compiled at first use
};

// A regular expression that takes something out of the text.
struct pattern {
    const char *text;
    guint line;
    struct regex *regex; // compiled at first use; NULL when it is wrong
};

enum rule_kind {
    RULE_CLASS,
    RULE_REFUSED,
    RULE_WRAPPER, // the enclosed message is what counts
};

enum rule_pattern {
    PATTERN_RECIPIENT,      // named groups recipient, original, status, action, diagnostic
    PATTERN_ORIGINAL_AFTER, // the line before the returned original
    PATTERN_REPORTING_MTA,  // group 1
    PATTERN_MESSAGE_ID,     // group 1: the original's Message-ID when no header came back
    PATTERN_SUBJECT,        // group 1: the original's subject …
    PATTERN_FROM,           // group 1: … its sender's address
    PATTERN_COUNT,
};

// All its text is borrowed from the strings of the rules to which it belongs.
struct rule {
    GStringChunk *strings;
    char *name;
    const char *file;
    guint line;
    int order;
    guint sequence; // position among all rules
    enum rule_kind kind;
    enum bounce_class class;
    enum writer writer;   // who may have written what it holds for
    enum words_zone zone; // where its words may stand
    bool writer_set, zone_set, untested;
    bool is_folded;                     // its phrases are, since it was built in
    bool any_mail;                      // also mail without a strong trait
    bool refines;                       // also what another rule took for a failure
    GPtrArray *conditions;              // struct condition *
    GArray *delay;                      // like condition.any: words that make a failure a delay
    GArray *success;                    // … a success
    GPtrArray *patterns[PATTERN_COUNT]; // struct pattern *, tried in order; NULL: none
};

struct bounce_rules {
    GPtrArray *rules; // struct rule *, in the order in which they are tried
    GHashTable *by_name;
    GStringChunk *strings; // a copy of each file, which the rules cut up in place
    struct phrases *phrases;
};

// NAME and FILE are from STRINGS, where RULE puts what it cannot leave in its place.
struct rule *rule_new(GStringChunk *strings, char *name, const char *file, guint line);
void rule_free(gpointer rule);

// Takes KEY = VALUE, which stands in LINE, into RULE. Both are from RULE's strings; they are cut up
// and folded in place and belong to RULE from then on. False with *err (MDA_ERROR_SYNTAX) saying
// what is wrong and what would be right.
bool rule_set(struct rule *rule, guint line, char *key, char *value,
              GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Checks RULE as a whole, and with PATTERNS compiles every regular expression in it. On failure
// *line_r is where the fault stands.
bool rule_check(struct rule *rule, bool patterns, guint *line_r,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Enters RULE's body phrases into PHRASES.
void rule_enter_phrases(struct rule *rule, struct phrases *phrases);

// The Nth (from 0) pattern of RULE for WHICH, compiled; NULL behind the last. One that is wrong
// never matches: *regex_r is NULL then.
bool rule_pattern(struct rule *rule, enum rule_pattern which, guint n, struct regex **regex_r);

struct bounce_rules *bounce_rules_new(void); // without any rule

// Parses TEXT, the rule file called FILE, into RULES: a group of a known name replaces that rule.
// ORDER is for rules that name none; without PATTERNS it is a built-in file: its regular
// expressions are compiled at their first use, and its phrases are folded already. False with *err
// "file:line: what": then RULES is unchanged.
bool rule_file_parse(struct bounce_rules *rules, const char *file, const char *text, int order,
                     bool patterns, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Reads the rule file at PATH alone, compiling every pattern. *count_r is the number of its rules.
bool bounce_rules_test(const char *path, guint *count_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Orders the rules and builds the phrase table; after the last file.
void rules_finish(struct bounce_rules *rules);

// The built-in rule files, made from rules/*.rules at build time; the last has no name.
struct builtin_rules {
    const char *file;
    const char *text;
};
extern const struct builtin_rules builtin_rules[];
