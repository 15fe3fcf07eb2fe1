// SPDX-License-Identifier: MIT
// The line that a delivery leaves in the log, one for each recipient, by which a message can be
// followed from the MTA's log to the mailbox; and the line for the MTA when it is to try again.
#pragma once

#include "delivery/carry-out.h"
#include "delivery/delivery.h"
#include "judge/judge.h"
#include "message/message.h"

// What is known when a delivery ends; borrowed.
struct delivery_record {
    const struct delivery_options *given;
    const struct mail_user *user;
    const struct message *message; // NULL: it was not read
    const struct envelope *envelope;
    const struct judged *judged;
    const struct run_result *run;
    const struct delivery_result *result;
    const char *fingerprint; // of the delivery, or NULL
    const char *reason;      // why it went no further, or NULL
    gint64 started;          // monotonic microseconds
};

void record_write(const struct delivery_record *record);
