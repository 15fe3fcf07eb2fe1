// SPDX-License-Identifier: MIT
// A delivery as `procmail` is asked for it: the message on standard input, its From_ line, one
// recipient after the other, the mail spool that is made safe before we become the user.
#pragma once

#include "delivery/result.h"
#include "hosts/procmail-rules.h"

// Runs the whole of it. What procmail would say to standard error is said there.
void procmail_agent_run(struct conf *conf, const struct procmail_options *options,
                        struct delivery_result *result_r);

// The From_ line of TEXT as -f and -d ask for it.
void procmail_set_from_line(const struct procmail_options *options, GString *text);

// What STATUS, which an rc file ended with, is for an MTA.
struct delivery_result procmail_result(int status);
