// SPDX-License-Identifier: MIT
// Design rationale
// - The cheapest comes first: who lists his relays has told every report that returns a trail; a
//   complete record needs a change to the MTA and then tells every report that names a Message-ID.
// - A report that returns nothing of the original can only be told by where it was sent to: BATV.
// - What could have been told, and was not, is left to the user's taste.
#include "judge/undecided.h"

const char *undecided_setting(const struct conf *conf, const struct report *report,
                              enum verdict verdict)
{
    const struct original *original = &report->original;
    if (verdict != VERDICT_UNKNOWN && verdict != VERDICT_SUSPECT)
        return "";
    if (original->received->len > 0 && !*conf_string(conf, CONF_IDENTITY_RELAYS) &&
        !*conf_string(conf, CONF_IDENTITY_NETWORKS))
        return "identity.relays";
    const bool named = original->message_id || original->references->len > 0;
    if (named && !conf_bool(conf, CONF_LEDGER_COMPLETE))
        return "ledger.complete";
    if (!named && !conf_bool(conf, CONF_BATV_REQUIRED))
        return "batv.required";
    return verdict == VERDICT_SUSPECT ? "judgement.suspect" : "judgement.unknown";
}
