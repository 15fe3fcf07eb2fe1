// SPDX-License-Identifier: MIT
// What the rules may ask about a message, each worked out once: decoded header values, the words of
// the report (without the returned original), the status part, the original itself.
#pragma once

#include "bounce/classify.h"
#include "bounce/phrases.h"
#include "bounce/writer.h"
#include "message/mime.h"

// Where a rule's words may stand.
enum words_zone {
    WORDS_ALL,     // anywhere in front of the returned original
    WORDS_OWN,     // in front of a quoting or forwarding line
    WORDS_OPENING, // in the first paragraph of these (bounce/opening.h)
    WORDS_ZONES,
};

struct words {
    char *folded; // as phrases see it
    gsize length;
    guint8 *hits; // phrases_scan of it; NULL before the first question
};

struct facts {
    const struct bounce_settings *settings;
    const struct message *message;
    const struct envelope *envelope;
    struct report *report;
    struct mime_tree *tree;
    unsigned traits;
    char *sender;        // lower case; "" the null sender; NULL not known
    GHashTable *headers; // lower-case name (borrowed) -> char ** of folded values
    char *text;          // the words of the report, UTF-8, lines end in LF
    gsize text_length;
    char *own_text; // of these its author's own: no quotation (bounce/quote.h)
    gsize own_length;
    struct words words[WORDS_ZONES]; // what phrases are looked for in
    guint root;                      // index of the part that says what the whole is
    enum writer writer;
    GPtrArray *pieces;    // GBytes *: the text leaves, whole, lines in LF, not converted
    bool has_status;      // a delivery-status named recipients
    bool status_in_words; // … not in a part of its own
    bool has_original;    // a returned header was found
};

// Reads MESSAGE, which has TRAITS, for REPORT, which gets status, original and limits. False when
// the MIME module is missing (REPORT says so). Release with facts_release either way.
bool facts_read(struct facts *facts, const struct bounce_settings *settings,
                const struct message *message, const struct envelope *envelope, unsigned traits,
                struct report *report);
void facts_release(struct facts *facts);

// The folded, decoded values of the fields called NAME (lower case, kept as long as FACTS),
// NULL-terminated. Borrowed.
char **facts_header(struct facts *facts, const char *name);
