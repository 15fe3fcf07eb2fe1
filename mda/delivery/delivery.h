// SPDX-License-Identifier: MIT
// One delivery, whichever name and options it was asked for with: a message on standard input is
// judged, goes through the user's rules and into a store.
#pragma once

#include "base/mail-user.h"
#include "conf/conf.h"
#include "delivery/result.h"
#include "message/envelope.h"

// What the options say; NULL or false where they say nothing.
struct delivery_options {
    char *user;                    // deliver for this user
    const struct mail_user *found; // who has been looked up already; borrowed
    char *home;                    // with this home directory
    char *sender;                  // envelope sender; "<>" is the null sender, "" none
    bool blank_is_null;            // as in struct intake_options
    char *recipient;               // final recipient
    char *original_recipient;      // recipient before aliases and forwards
    char *folder;                  // folder instead of the inbox
    char *path;                    // read the message from this file instead of standard input
    GBytes *message;               // or here it is; borrowed
    char *header;                  // header lines to put in front, with their line ends
    struct envelope_dsn dsn;       // borrowed
    const char *session;           // what the log calls the connection by that it came through
    gint64 milliseconds;           // that the caller's watchdog leaves it; 0: it has none
    bool caller_refuses;           // a rejection is said by exit status, not sent as a message
    bool caller_needs_ascii;       // then with a text, which must be ASCII
    // Called (unless NULL) as soon as the message is settled, with what delivery_run will return
    // and, for a rejection, its text; the tidying up comes after it.
    void (*settled)(gpointer data, const struct delivery_result *result, const char *text);
    gpointer settled_data;
};

// Reads the user's settings into CONF and delivers. What could not be done is in the log.
void delivery_run(struct conf *conf, const struct delivery_options *given,
                  struct delivery_result *result_r);
