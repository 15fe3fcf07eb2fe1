// SPDX-License-Identifier: MIT
// The user's word on a report: he moved it out of Junk, or into it, or said so by command.
#pragma once

#include "conf/conf.h"
#include "ledger/state.h"
#include "message/message.h"
#include "store/special-use.h"

// A larger report is not learnt from.
#define WORD_MESSAGE_MAX (8 * 1024 * 1024)

// Does MESSAGE, found in a folder for USE, bear a verdict of ours that would have put it elsewhere?
bool word_was_said(const struct conf *conf, enum special_use use, const struct message *message);

// Learns that the report BYTES is genuine, or backscatter: for those who failed, the host that
// reports, its sender, the subject of the original. False with *err when it is no report, or cannot
// be kept.
bool word_learn(const struct conf *conf, struct state *state, GBytes *bytes, bool genuine,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;
