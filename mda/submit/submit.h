// SPDX-License-Identifier: MIT
// Outgoing mail: handed to the configured sendmail, or to a server by SMTP or LMTP.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

// One mail and its envelope. Strings are borrowed; NULL and zero where nothing is asked for.
struct submission {
    const char *sender; // envelope sender; "": the null sender
    GPtrArray *to;      // char *: envelope recipients, at least one
    GBytes *text;       // with any line ends

    // Delivery status notifications (RFC 3461 §4), as parameter values: "FAILURE,DELAY", "HDRS".
    const char *notify;
    const char *ret;

    // Deliver by (RFC 2852 §4): mode 'N' (notify) or 'R' (return); 0: not asked for.
    char by_mode;
    gint64 by_seconds; // from now
    bool by_trace;
};

// Hands MAIL over, by [sendmail] server where that is set, else by [sendmail] command. True once
// somebody else answers for it. False with *err: MDA_ERROR_TEMP when another try may help,
// MDA_ERROR_CONFIG when it will not. A recipient that a server refuses ends the whole: it then has
// taken nothing.
bool submit(const struct conf *conf, const struct submission *mail,
            GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Hands MAIL, with its one recipient, to the LMTP server at PLACE ("unix:PATH", "inet:HOST:PORT" or
// "HOST:PORT") within MILLISECONDS. True once it has taken it. False with *err as above.
bool submit_lmtp(const char *place, gint64 milliseconds, const struct submission *mail,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;
