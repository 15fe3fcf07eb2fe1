// SPDX-License-Identifier: MIT
// What did the user say of reports like this one? What he moved out of Junk, or called genuine, was
// judged wrongly: the same mistake is not made again for that recipient, host or sender. What he
// moved into Junk was backscatter: so is what comes of the same mail.
#include "base/address.h"
#include "bounce/traces.h"
#include "evidence/evidence.h"
#include "ledger/learnt.h"

#include <string.h>

static void consider(struct state *state, const struct report_trace *trace, gint64 now,
                     struct finding *finding)
{
    const enum learnt_word word = learnt_word(state, trace->kind, trace->fact, now);
    const bool precise =
        strcmp(trace->kind, "recipient") == 0 || strcmp(trace->kind, "subject") == 0;
    if (word == WORD_GENUINE && (finding->says != SAYS_OURS || precise))
        finding_set(finding, SAYS_OURS, precise ? WEIGHT_MEASURED : WEIGHT_LIKELY,
                    "you called a report with the same %s genuine (%s)", trace->kind, trace->fact);
    else if (word == WORD_BACKSCATTER && finding->says == SAYS_NOTHING)
        finding_set(finding, SAYS_FORGED, WEIGHT_MEASURED,
                    "you called a report with the same %s backscatter (%s)", trace->kind,
                    trace->fact);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(State) state = NULL;
    g_autoptr(GError) err = NULL;
    finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "you said nothing of reports like this one");
    if (!conf_bool(evidence_case->conf, CONF_LEARN_ENABLED))
        return;
    if (!state_open(evidence_case->conf, evidence_case->deadline, &state, &err)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s", err->message);
        return;
    }
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(GPtrArray) traces = report_traces(evidence_case->message, evidence_case->report);
    for (guint i = 0; i < traces->len; i++)
        consider(state, g_ptr_array_index(traces, i), now, finding);
}

const struct evidence_source evidence_word = {.name = "word", .look = look};
