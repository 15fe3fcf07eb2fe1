// SPDX-License-Identifier: MIT
// The mail that a plan sends: vacation answers (RFC 5230), refusals (RFC 5429, RFC 8098),
// notifications (RFC 5436), redirected messages, abuse reports (RFC 5965). Each function first
// decides whether it may be sent at all (RFC 3834): never to the null sender, a list, a robot or
// ourselves. Pure: text in, text out.
#pragma once

#include "answer/answer-list.h"
#include "plan/plan.h"

// What an answer is made from. Members may be NULL unless it says otherwise.
struct answer_case {
    gpointer data;
    // The Nth field NAME of the message: decoded, one line, borrowed; NULL when there is none.
    const char *(*header)(gpointer data, const char *name, guint n);
    // The addresses in all fields NAME of the message, char *, owned by the caller.
    GPtrArray *(*addresses)(gpointer data, const char *name);
    // A setting by Dovecot's name without "sieve_" ("vacation_default_subject"); NULL: not set.
    const char *(*setting)(gpointer data, const char *name);
    GBytes *message;       // the message as the script left it; never NULL
    const char *sender;    // envelope sender; "" and NULL are the null sender
    const char *recipient; // this delivery's address
    const char *original_recipient;
    const char *user_email; // the user's main address
    const char *postmaster; // never NULL
    const char *host;       // our host name, never NULL
    gint64 now;             // Unix time
};

// A mail that goes out, once to each recipient.
struct answer_mail {
    char *from;    // envelope sender, "": the null sender
    GPtrArray *to; // char *: envelope recipients
    GBytes *text;  // with CRLF line ends
};

void answer_mail_clear(struct answer_mail *mail);

// Composes the mail for ACTION (of its kind). False: none is to be sent, *because_r (owned by the
// caller) says why.
typedef bool answer_function(const struct answer_case *answer, const struct plan_action *action,
                             struct answer_mail *mail_r, char **because_r);
#define X(kind, name) answer_function answer_##name;
ANSWER_LIST(X)
#undef X

// What composes the mail of actions of KIND; NULL: they send none.
answer_function *answer_for(enum plan_kind kind);
