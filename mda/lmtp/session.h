// SPDX-License-Identifier: MIT
// One LMTP conversation (RFC 2033) as a state machine: bytes of the client go in, replies come out,
// and a handler is told what matters. No I/O, so that it can be tested and fuzzed alone.
//
// Extensions: PIPELINING, ENHANCEDSTATUSCODES, 8BITMIME, SMTPUTF8, SIZE. The parameters of DSN (RFC
// 3461) are understood and handed on, but not announced: who announces DSN has to send reports of
// success. Left out: STARTTLS, AUTH, CHUNKING, XCLIENT.
#pragma once

#include <glib.h>
#include <stdbool.h>

// A reply. code 0: none yet.
struct lmtp_answer {
    int code;
    const char *status; // enhanced status code (RFC 3463), static; NULL: none
    char *text;         // may have several lines; owned
};

// Puts an answer together in place of the one in ANSWER.
void lmtp_answer_set(struct lmtp_answer *answer, int code, const char *status, const char *format,
                     ...) G_GNUC_PRINTF(4, 5);
void lmtp_answer_clear(struct lmtp_answer *answer);

// All strings are owned; NULL: not given.
struct lmtp_recipient {
    char *address;
    char *notify, *orcpt; // of DSN: "SUCCESS,DELAY"; "rfc822;ann@example.org"
    gpointer mailbox;     // what the handler knows of it, freed with free_mailbox
    GDestroyNotify free_mailbox;
};

struct lmtp_transaction {
    char *sender;          // "" is the null sender; NULL: there is no transaction
    bool utf8;             // SMTPUTF8 was asked for
    char *ret, *envid;     // of DSN: "FULL" or "HDRS"; decoded
    GPtrArray *recipients; // struct lmtp_recipient *, those that were accepted
};

struct lmtp_handler {
    gpointer data;
    // May RECIPIENT have the message? An answer with code 250 takes it in.
    void (*recipient)(gpointer data, const struct lmtp_transaction *transaction,
                      struct lmtp_recipient *recipient, struct lmtp_answer *answer_r);
    // A message comes in: its beginning, its decoded bytes, its end. An answer with another code
    // than 0 refuses the message for all recipients.
    void (*begin)(gpointer data, struct lmtp_answer *answer_r);
    void (*append)(gpointer data, const guint8 *bytes, gsize size, struct lmtp_answer *answer_r);
    void (*end)(gpointer data, struct lmtp_answer *answer_r);
    // Delivers the message to the Nth recipient. The answer is sent as it is.
    void (*deliver)(gpointer data, const struct lmtp_transaction *transaction, guint n,
                    struct lmtp_answer *answer_r);
    // The message is done with, or will not come any more.
    void (*forget)(gpointer data);
    // Replies are waiting, and what follows may take time. False: the client cannot be reached any
    // more.
    bool (*flush)(gpointer data);
};

struct lmtp_limits {
    const char *host; // our name
    guint recipients; // of one message
    guint64 size;     // of a message, in bytes as they are stored; 0: any
    guint commands;   // from one message to the next, recipients not counted; 0: any
};

struct lmtp_session;

// Begins a conversation; the greeting is the first output. LIMITS and HANDLER are borrowed.
struct lmtp_session *lmtp_session_new(const struct lmtp_limits *limits,
                                      const struct lmtp_handler *handler);
void lmtp_session_free(struct lmtp_session *session);

// Takes bytes from the client. False when the conversation is over: send the output and close.
bool lmtp_session_feed(struct lmtp_session *session, const char *data, gsize size);

// Ends the conversation from our side with 421: WHY has one line.
void lmtp_session_end(struct lmtp_session *session, const char *status, const char *why);

// Is there no transaction? The limits may then change.
bool lmtp_session_is_idle(const struct lmtp_session *session);

// How many messages came in whole so far.
guint lmtp_session_messages(const struct lmtp_session *session);

// Replies that were not sent yet; whoever sends some removes them. Borrowed.
GString *lmtp_session_output(struct lmtp_session *session);

typedef struct lmtp_session LmtpSession;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LmtpSession, lmtp_session_free)
