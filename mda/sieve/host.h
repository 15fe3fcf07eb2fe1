// SPDX-License-Identifier: MIT
// What the Sieve engine sees of what is around it: the message and its surroundings, through
// functions that the caller fills in. The engine reads no file, opens no mailbox and sends no mail
// itself.
//
// Members marked (optional) may be NULL: what they stand for is then not available, and `ihave`
// says so where an extension rests on it.
#pragma once

#include <glib.h>
#include <stdbool.h>

// A field of a header as it came: the value still folded and encoded, without the last line end.
struct sieve_field {
    char *name; // "": a line of the header that is no field, for whoever writes it again
    char *value;
    const char *line;  // as it stands in the message, with its line end, or NULL. Borrowed from the
    gsize line_length; // host until `replace`
};

struct sieve_field *sieve_field_new(const char *name, const char *value);
void sieve_field_free(gpointer field);

// A part of the MIME tree; part 0 is the message. Borrowed from the host.
struct sieve_mime_part {
    gint parent;                // -1 for the message
    bool multipart, message;    // it contains other parts
    const char *type, *subtype; // lower case
    const GPtrArray *fields;    // struct sieve_field *: its own header
};

enum sieve_location { SIEVE_PERSONAL, SIEVE_GLOBAL };

// A program that the script calls.
struct sieve_program_call {
    enum { SIEVE_CALL_PIPE, SIEVE_CALL_FILTER, SIEVE_CALL_EXECUTE } kind;
    const char *program;
    const GPtrArray *arguments; // char *, or NULL
    GBytes *input;              // NULL: none
    bool *answered_r; // (may be NULL) set when the program ran to its end and gave its answer
};

struct sieve_suite; // suite.h
struct sieve_run;

struct sieve_host {
    void *data;
    enum sieve_location owner; // whose script it is: some extensions are for the site's alone

    // The message. fields: struct sieve_field *, in order, owned by the caller. decode: header text
    // to UTF-8, owned by the caller. body: behind the header, still encoded. has_body: false for a
    // header alone.
    GPtrArray *(*fields)(void *data);
    char *(*decode)(void *data, const char *raw);
    guint64 (*size)(void *data);
    bool (*has_body)(void *data);
    // Is the header closed by an empty line in front of the body? (optional: it is)
    bool (*header_closed)(void *data);
    GBytes *(*body)(void *data);
    guint (*part_count)(void *data);
    void (*part)(void *data, guint n, struct sieve_mime_part *part_r);
    GBytes *(*part_content)(void *data, guint n); // its transfer encoding undone
    // What a multipart has in front of its parts and behind them (NULL: nothing). Owned by the
    // caller.
    void (*part_around)(void *data, guint n, GBytes **prologue_r, GBytes **epilogue_r);
    char *(*part_text)(void *data, guint n); // text in UTF-8, HTML reduced to its words if asked
    char *(*part_html)(void *data, guint n); // the words of a text/html part
    // Where part N, its header and body, stands in what `body` returns. False when that cannot be
    // told. (optional)
    bool (*part_place)(void *data, guint n, gsize *start_r, gsize *length_r);
    // The message becomes BYTES for everything that follows (enclose, replace, filter). (optional)
    void (*replace)(void *data, GBytes *bytes);
    // The IMAP flags that it has already, or NULL (optional). char *, owned by the caller.
    GPtrArray *(*flags)(void *data);

    // The envelope: "from" ("" is the null sender), "to", "auth", and of RFC 6009
    // "notify", "ret", "envid", "orcpt", "bytimeabsolute", "bytimerelative", "bymode", "bytrace".
    // NULL: not known. Borrowed.
    const char *(*envelope)(void *data, const char *part);

    // Items of the environment test, "vnd.backstop.…" among them; NULL: no such item. Owned by the
    // caller. (optional)
    char *(*environment)(void *data, const char *item);
    // A setting by Dovecot's name without its "sieve_" ("vacation_min_period"), NULL when it is not
    // set. Borrowed. (optional)
    const char *(*setting)(void *data, const char *name);
    gint64 (*now)(void *data); // Unix time

    // The text of another script; false with *err (MDA_ERROR_GONE: there is none). (optional)
    bool (*load)(void *data, enum sieve_location location, const char *name, char **text_r,
                 gsize *size_r, GError **err);

    // The mail store. (optional, each)
    bool (*mailbox_exists)(void *data, const char *mailbox);
    bool (*mailbox_id_exists)(void *data, const char *id);
    // MAILBOX NULL: any mailbox has the attribute FLAG ("\Junk").
    bool (*special_use_exists)(void *data, const char *mailbox, const char *flag);
    // An annotation (RFC 5464) of MAILBOX, of the server when NULL; NULL: none. Owned by the
    // caller.
    char *(*metadata)(void *data, const char *mailbox, const char *annotation);

    // Was KEY seen within its time? (RFC 7352). The engine plans the recording as an action.
    // (optional)
    bool (*duplicate_seen)(void *data, const char *key);

    // Is VALUE a member of the external LIST (RFC 6134)? list_exists: is there such a list?
    // (optional)
    bool (*list_exists)(void *data, const char *list);
    bool (*list_contains)(void *data, const char *list, const char *value);
    // Its members, char *, owned by the caller; NULL when there is no such list. (optional)
    GPtrArray *(*list_members)(void *data, const char *list);

    // Runs a program from the configured directory, with its time limit. False: it failed, could
    // not be started or ended with another status than 0. *output_r may be NULL. (optional)
    bool (*call)(void *data, const struct sieve_program_call *call, GBytes **output_r,
                 GError **err);

    // Told of each step when a trace is wanted. (optional)
    void (*trace)(void *data, guint line, const char *text);

    const struct sieve_suite *suite; // (optional) the test-suite commands, see suite.h
};
