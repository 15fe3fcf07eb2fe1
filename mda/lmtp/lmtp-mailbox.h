// SPDX-License-Identifier: MIT
// Whose mailbox a recipient of LMTP is: a user of the system, one whom [users] source knows, a
// virtual user below [lmtp] home, or the one user that the server runs as.
#pragma once

#include "base/mail-user.h"
#include "conf/conf.h"
#include "lmtp/session.h"

struct lmtp_mailbox {
    struct mail_user *found; // who it is by [users] source; NULL: one of the following says
    char *user;   // the user of the system to become; NULL: none, we deliver as ourselves
    char *name;   // what this mailbox's owner is called
    char *home;   // absolute; NULL: that user's own
    char *detail; // what stood behind the delimiter, or NULL
};

void lmtp_mailbox_free(gpointer mailbox); // a struct lmtp_mailbox

// Finds the mailbox of ADDRESS; owned by the caller. NULL with *ANSWER_R saying why: 550 only when
// it is sure that there is none.
struct lmtp_mailbox *lmtp_mailbox_find(const struct conf *conf, const char *address,
                                       struct lmtp_answer *answer_r);

// TEMPLATE with %n as LOCAL, %d as DOMAIN, %u as both, %% as a percent sign. Owned by the caller;
// NULL with *err (MDA_ERROR_SYNTAX) when one of them is empty or no safe part of a path,
// MDA_ERROR_CONFIG when TEMPLATE is wrong.
char *lmtp_expand_home(const char *template, const char *local, const char *domain, GError **err);
