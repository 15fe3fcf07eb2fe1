// SPDX-License-Identifier: MIT
// TLS with a server: the table of functions of the module backstop-tls.so, which alone knows
// OpenSSL's libssl. It works on sockets that do not block; who waits, and for how long, is the
// caller's business (base/stream.c).
#pragma once

#include "base/module.h"

#include <stdbool.h>

// A file that a setting names.
struct tls_file {
    const char *path;    // "": none
    const char *setting; // for messages: "ledger.tls-ca (backstop.conf:12)"
};

// What is asked of the server, and what we show it. Borrowed, and read by setup() alone, but for
// the texts of remedies, which stay.
struct tls_wanted {
    struct tls_file authorities; // a PEM file or a directory; none: those that the system trusts
    struct tls_file certificate; // ours, with its chain, for servers that ask for one
    struct tls_file key;         // none: in the same file
    bool check_name;             // the certificate must be for the host

    // What an admin can do about it, by the names of settings. Static.
    const char *authorities_remedy; // its certificate is not accepted
    const char *name_remedy;        // it is for another host
    const char *certificate_remedy; // it wants one of ours
    const char *refused_remedy;     // it does not accept ours
    const char *plain_remedy;       // it speaks no TLS
};

struct tls_api {
    struct module_head head;

    // Reads what WANTED names. *SETUP_R serves all connections and goes into teardown().
    // MDA_ERROR_CONFIG names the setting and the file that is wrong.
    bool (*setup)(const struct tls_wanted *wanted, gpointer *setup_r, GError **err);
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
