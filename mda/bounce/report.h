// SPDX-License-Identifier: MIT
// What an automatic message turned out to be, and what it says of the message that it answers.
// Plain data: bounce/ fills it in, evidence/ and the commands read it. All strings are UTF-8 or
// ASCII, unfolded, and owned by the report; NULL where the report does not say.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum bounce_class {
    BOUNCE_NONE = 0, // no automatic message, or one that answers nothing of ours
    BOUNCE_DSN_FAILURE,
    BOUNCE_DSN_DELAY,
    BOUNCE_DSN_SUCCESS,
    BOUNCE_MDN,
    BOUNCE_AUTO_REPLY,
    BOUNCE_CHALLENGE,
    BOUNCE_VIRUS_NOTICE,
    BOUNCE_FEEDBACK_REPORT,
};

// One failed (delayed, delivered …) recipient.
struct report_recipient {
    char *final;      // Final-Recipient's address, without the type
    char *original;   // Original-Recipient's address
    char *action;     // "failed", "delayed" …, lower case
    char *status;     // RFC 3463: "5.1.1"
    char *diagnostic; // what the remote host said
};

// One Received line of the original, newest first as in the header.
struct received_hop {
    char *from;    // the name that the client gave (HELO)
    char *name;    // the name that the address resolved to, or NULL
    char *address; // the client's IP address, or NULL
    char *by;      // the host that wrote the line
    char *date;
    char *raw; // the whole value, unfolded
};

// The returned original, or what the report says of it.
struct original {
    char *message_id; // with its <>
    char *from;       // the address in From
    char *return_path;
    char *to; // header To as it stands, decoded
    char *cc;
    char *date;
    char *subject;       // decoded
    GPtrArray *received; // struct received_hop *
    GPtrArray *fields; // char *: each raw header field as it came back, "Name: value" with folding
                       // (LF) but without the last line end; empty when no header came back
    GBytes *body;      // the returned body, raw, or NULL; may be a part of it
    bool full;         // the whole header came back (from its first Received to its end)
    char *where;       // "message/rfc822", "text/rfc822-headers", "text", "in-reply-to", "none" …
    GPtrArray *references;   // char *: Message-IDs from In-Reply-To and References of the reply
    GPtrArray *replaced_ids; // char *: what X-Microsoft-Original-Message-ID and its like say that
                             // its Message-ID was before
};

struct report {
    enum bounce_class class;
    char *rule; // the name of the rule that decided; NULL for none
    char *reporting_mta;
    GPtrArray *recipients; // struct report_recipient *
    struct original original;
    GPtrArray *refused_as; // char *: rule names that say "refused as spam/virus"
    GPtrArray *limits;     // char *: which limits were reached
    GPtrArray *trace; // char *: for --explain, one line a rule that was tried; NULL: not wanted
};

struct report *report_new(void); // class none, nothing known
void report_free(struct report *report);

struct report_recipient *report_add_recipient(struct report *report);
struct received_hop *original_add_hop(struct original *original);

// Notes that the limit WHAT was reached, once.
void report_add_limit(struct report *report, const char *what);

// "dsn-failure" … Static. And back; false when NAME is none of them.
const char *bounce_class_name(enum bounce_class class);
bool bounce_class_parse(const char *name, enum bounce_class *class_r);

typedef struct report Report;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)
