// SPDX-License-Identifier: MIT
// Is this one of a wave: many reports to one user in a short time, alike, which nothing decides?
//
// The rules, as the manual has them:
// - Only reports count that no other source decides (none of them says proof or strong).
// - A wave begins when [wave] begin of them came to one address within [wave] window, and the
//   largest group that is alike in subject or in origin is more than half of them.
// - It does not begin when half as many messages or more were sent in that time, or when it is not
//   known how many: a mailing of one's own brings reports too.
// - It holds for the reports of that group, until fewer than a quarter of [wave] begin came within
//   the window: then it has ebbed.
// - Each report is counted once, however often it is judged; what is older than two days is
//   forgotten, and so is everything beyond the newest thousand of an address.
#include "base/address.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/handover.h"
#include "evidence/identity.h"
#include "ledger/ledger.h"
#include "ledger/state.h"

#include <string.h>

#define REMEMBER_SECONDS (2 * 24 * 3600)
#define REPORTS_MAX 1000
#define SUBJECT_MAX_BYTES 60
#define EBB_PART 4

struct swell {
    gint64 all;   // undecided reports within the window
    gint64 alike; // those that share this one's subject or origin
    bool risen;   // a wave was on before this one
};

static bool is_decided(const struct evidence_case *evidence_case)
{
    const GArray *findings = evidence_case->findings;
    for (guint i = 0; findings && i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (finding->weight >= WEIGHT_STRONG)
            return true;
    }
    return false;
}

// The words of the original's subject, or of the report's, without what differs from one spam of a
// run to the next: digits, marks, answers' prefixes.
static char *subject_key(const struct evidence_case *evidence_case)
{
    g_autofree char *own = message_header(evidence_case->message, "Subject", 0);
    const char *subject = evidence_case->report->original.subject;
    subject = subject ? subject : own ? own : "";
    GString *key = g_string_new(NULL);
    for (; *subject && key->len < SUBJECT_MAX_BYTES; subject++) {
        if (g_ascii_isalpha(*subject) || (guchar)*subject >= 0x80)
            g_string_append_c(key, g_ascii_tolower(*subject));
    }
    while (g_str_has_prefix(key->str, "re") || g_str_has_prefix(key->str, "fw"))
        g_string_erase(key, 0, 2);
    return g_string_free(key, FALSE);
}

static char *report_id(const struct evidence_case *evidence_case)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                       (const guchar *)evidence_case->message->data,
                                       evidence_case->message->size);
}

static bool note_report(const struct evidence_case *evidence_case, struct state *state,
                        const char *user, const char *subject, const char *origin, gint64 now,
                        GError **err)
{
    struct db_statement *statement;
    g_autofree char *id = report_id(evidence_case);
    if (!state_prepare(state, &statement, err,
                       "INSERT OR IGNORE INTO wave (id, user, subject, origin, time)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       id, user, subject, origin, NULL))
        return false;
    state->api->bind_int(statement, 5, now);
    if (!state_run(state, statement, err) ||
        !state_prepare(state, &statement, err,
                       "DELETE FROM wave WHERE user = ?1 AND (time < ?2 OR id IN (SELECT id FROM"
                       " wave WHERE user = ?1 ORDER BY time DESC LIMIT -1 OFFSET ?3))",
                       user, NULL))
        return false;
    state->api->bind_int(statement, 2, now - REMEMBER_SECONDS);
    state->api->bind_int(statement, 3, REPORTS_MAX);
    return state_run(state, statement, err);
}

static bool measure(struct state *state, const char *user, const char *subject, const char *origin,
                    gint64 since, struct swell *swell, GError **err)
{
    struct db_statement *statement;
    if (!state_prepare(state, &statement, err,
                       "SELECT count(*) FROM wave WHERE user = ?1 AND time >= ?2", user, NULL))
        return false;
    state->api->bind_int(statement, 2, since);
    if (!state_number(state, statement, 0, &swell->all, err) ||
        !state_prepare(state, &statement, err,
                       "SELECT max((SELECT count(*) FROM wave WHERE user = ?1 AND time >= ?4 AND"
                       " subject = ?2 AND subject <> ''), (SELECT count(*) FROM wave WHERE"
                       " user = ?1 AND time >= ?4 AND origin = ?3 AND origin <> ''))",
                       user, subject, origin, NULL))
        return false;
    state->api->bind_int(statement, 4, since);
    return state_number(state, statement, 0, &swell->alike, err);
}

// Whether a wave is on stands in a row of its own.
static bool recall_risen(struct state *state, const char *user, struct swell *swell, GError **err)
{
    struct db_statement *statement;
    gint64 risen;
    g_autofree char *id = g_strconcat("risen ", user, NULL);
    if (!state_prepare(state, &statement, err, "SELECT 1 FROM wave WHERE id = ?1", id, NULL) ||
        !state_number(state, statement, 0, &risen, err))
        return false;
    swell->risen = risen != 0;
    return true;
}

static bool remember_risen(struct state *state, const char *user, bool risen, gint64 now,
                           GError **err)
{
    struct db_statement *statement;
    g_autofree char *id = g_strconcat("risen ", user, NULL);
    if (!state_prepare(state, &statement, err,
                       risen ? "INSERT OR REPLACE INTO wave (id, user, subject, origin, time)"
                               " VALUES (?1, '', '', '', ?2)"
                             : "DELETE FROM wave WHERE id = ?1",
                       id, NULL))
        return false;
    if (risen)
        state->api->bind_int(statement, 2, now);
    return state_run(state, statement, err);
}

static bool count_in(struct ledger *ledger, gint64 since, gint64 *count)
{
    struct ledger_extent extent;
    gint64 sent;
    if (!ledger_extent(ledger, &extent, NULL) || extent.messages == 0 ||
        !ledger_count_since(ledger, since, &sent, NULL))
        return false;
    *count += sent;
    return true;
}

// What the ledger and the index of the Sent folder took up since then; false when both are empty.
static bool sent_since(const struct evidence_case *evidence_case, gint64 since, gint64 *count_r)
{
    struct ledger *ledger, *index;
    *count_r = 0;
    const bool recorded =
        evidence_ledger_open(evidence_case, &ledger, NULL) && count_in(ledger, since, count_r);
    const bool indexed =
        evidence_index_open(evidence_case, &index, NULL) && count_in(index, since, count_r);
    return recorded || indexed;
}

static bool ask(const struct evidence_case *evidence_case, const char *user,
                struct finding *finding, GError **err)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    const gint64 window = conf_milliseconds(evidence_case->conf, CONF_WAVE_WINDOW) / 1000;
    const gint64 begin = conf_number(evidence_case->conf, CONF_WAVE_BEGIN);
    g_autofree char *subject = subject_key(evidence_case);
    g_autofree char *origin = handover_origin(evidence_case);
    g_autoptr(State) state = NULL;
    struct swell swell = {0, 0, false};
    if (!state_open(evidence_case->conf, evidence_case->deadline, &state, err) ||
        (!evidence_case->rehearsal &&
         !note_report(evidence_case, state, user, subject, origin, now, err)) ||
        !measure(state, user, subject, origin, now - window, &swell, err) ||
        !recall_risen(state, user, &swell, err))
        return false;
    const bool alike = 2 * swell.alike > swell.all;
    gint64 sent;
    const bool known = sent_since(evidence_case, now - window, &sent);
    const bool begins = swell.all >= begin && alike && known && 2 * sent < swell.all;
    const bool holds = swell.risen && EBB_PART * swell.all >= begin;
    if (!evidence_case->rehearsal && (begins || (swell.risen && !holds)) &&
        !remember_risen(state, user, begins, now, err))
        return false;
    if (begins || (holds && alike))
        finding_set(finding, SAYS_SUSPECT, WEIGHT_HINT,
                    "%" G_GINT64_FORMAT " undecided reports to %s lately, %" G_GINT64_FORMAT
                    " like this one",
                    swell.all, user, swell.alike);
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%" G_GINT64_FORMAT " undecided reports lately%s", swell.all,
                    known ? ": no wave" : "; how much was sent is not known");
    return true;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(GPtrArray) addressees = identity_addressees(evidence_case);
    g_autoptr(GError) err = NULL;
    if (conf_number(evidence_case->conf, CONF_WAVE_BEGIN) <= 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "wave.begin is 0");
    else if (is_decided(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "it is decided already");
    else if (addressees->len == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the addressee is not known");
    else if (!ask(evidence_case, g_ptr_array_index(addressees, 0), finding, &err))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s", err->message);
}

const struct evidence_source evidence_wave = {.name = "wave", .look = look};
