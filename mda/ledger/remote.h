// SPDX-License-Identifier: MIT
// Asking a ledger that another process holds, over a socket: both sides of the protocol. A request
// and its reply are one GVariant each behind their length; nothing in them is trusted.
#pragma once

#include "ledger/ledger.h"

enum remote_op {
    REMOTE_ASK_AS, // list
    REMOTE_FIND,
    REMOTE_SENT_TO,
    REMOTE_WROTE_TO,
    REMOTE_NEAR,
    REMOTE_ALIKE,
    REMOTE_COUNT,
    REMOTE_EXTENT,
    REMOTE_RECORD, // list: the author, then the recipients
    REMOTE_OPS
};

// What each operation needs of these; the rest is NULL or 0. Strings of a request that was read are
// owned by its variant.
struct remote_request {
    enum remote_op op;
    const char *id, *address, *text;
    const char **list; // NULL-terminated, or NULL
    gint64 from, until;
    bool flag;
    GVariant *variant; // what remote_read_request read
};

struct remote_reply {
    char *error; // or NULL; owned
    bool yes;
    gint64 time, count;
    struct sent_record record;
    struct ledger_extent extent;
};

// Connects to the socket at PATH. -1 with *err.
int remote_connect(const char *path, struct deadline deadline, GError **err);

// One question over FD, and its answer; an error of the other side is one of ours.
bool remote_call(int fd, const struct remote_request *request, struct remote_reply *reply_r,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The server's side. False at the end, and when what came is none; clear the request afterwards.
bool remote_read_request(int fd, struct remote_request *request_r) G_GNUC_WARN_UNUSED_RESULT;
void remote_request_clear(struct remote_request *request);
bool remote_write_reply(int fd, const struct remote_reply *reply) G_GNUC_WARN_UNUSED_RESULT;
