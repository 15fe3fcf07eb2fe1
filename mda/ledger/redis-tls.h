// SPDX-License-Identifier: MIT
// TLS with a Redis server: the table of functions of the module backstop-tls.so, which alone knows
// OpenSSL's libssl. It works on sockets that do not block; who waits, and for how long, is the
// caller's business (ledger/redis-io.c).
#pragma once

#include "base/module.h"
#include "conf/conf.h"

#include <stdbool.h>

struct redis_tls_api {
    struct module_head head;

    // Reads what [ledger] tls-* name. *SETUP_R serves all connections and goes into teardown().
    // MDA_ERROR_CONFIG names the setting, its place and the file that is wrong.
    bool (*setup)(const struct conf *conf, gpointer *setup_r, GError **err);
    void (*teardown)(gpointer setup);

    // The client's side on the connected socket FD, which stays the caller's. HOST is who has to be
    // there. *SESSION_R goes into end(), which tells the server when SOUND.
    bool (*start)(gpointer setup, int fd, const char *host, gpointer *session_r, GError **err);
    void (*end)(gpointer session, bool sound);

    // These return 1 (read and write: the number of bytes) when done; 0 when the socket must be
    // waited for first, for *EVENTS_R of poll(2); -1 with *err when the connection is of no use,
    // with what the admin can do about it.
    int (*handshake)(gpointer session, short *events_r, GError **err);
    int (*read)(gpointer session, char *buffer, int size, short *events_r, GError **err);
    int (*write)(gpointer session, const char *text, int size, short *events_r, GError **err);
};
