// SPDX-License-Identifier: MIT
// What this host does to others, and others can do in its name: does its MTA bounce to strangers,
// and do SPF, DKIM and DMARC say what is not ours? Only asks; changes nothing.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

struct site_line {
    bool fault;
    char *what;   // "unknown local users are accepted and bounced later (local_recipient_maps = )"
    char *remedy; // the one line that mends it; NULL for what is fine
};

// Struct site_line, owned by the caller.
GArray *site_lines_new(void);
void site_ok(GArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);
// Takes REMEDY.
void site_fault(GArray *lines, char *remedy, const char *format, ...) G_GNUC_PRINTF(3, 4);

// What the program NAME (in PATH or the system's directories) prints when it is called with the
// ARGUMENTS, NULL-terminated; NULL when it is not there or fails. Owned by the caller.
char *site_ask(const char *name, const char *const *arguments);

// Each adds what it finds; false: there is no such MTA here.
bool site_postfix(GArray *lines);
bool site_exim(GArray *lines);

// Bounces that left for others lately: in the queue of Postfix, and in the log at PATH (NULL: the
// system's, as far as it may be read).
void site_bounces(GArray *lines, const char *path);

// What DNS says of the domains that are set as ours.
void site_forgery(const struct conf *conf, GArray *lines);
