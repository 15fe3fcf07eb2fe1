// SPDX-License-Identifier: MIT
// How far back the ledger reaches, and where it has gaps.
//
// Design rationale
// - Who can record nothing can often write nothing at all: a full disk, a server that is away, a
//   process that was killed. So it is not a note of failure that makes a gap but the want of a sign
//   of life: what runs all the time (the milter) says once a minute that it recorded everything,
//   and where it did not, something may have left. What is started for each mail notes its
//   failures.
// - Mail is sent when its Date says, but for clocks and outboxes, so a gap has margins.
#include "base/error.h"
#include "ledger/gapfile.h"
#include "ledger/inside.h"
#include "ledger/remote.h"

// Between the Date of a mail and its sending.
#define GAP_MARGIN_SECONDS 3600
// A mail that was not recorded may be dated so far back.
#define DATED_BACK_SECONDS (24 * 3600)
// Missed so often, a recorder is away.
#define ALIVE_MISSED 3

enum fact {
    COUNT,
    LIVE,
    BEGAN,
    IMPORTED,
    UNTIMED,
    FORGOT,
    RECIPIENTS,
    BOUND,
    GUESSED,
    FIRST,
    FACTS
};

static const char *const fact_names[] = {
    [COUNT] = "count",           [LIVE] = "live",       [BEGAN] = "began",
    [IMPORTED] = "imported",     [UNTIMED] = "untimed", [FORGOT] = "forgot",
    [RECIPIENTS] = "recipients", [BOUND] = "bound",     [GUESSED] = "guessed",
    [FIRST] = "first",           [FACTS] = NULL,
};

static void recorder_free(gpointer data)
{
    struct ledger_recorder *recorder = data;
    g_free(recorder->name);
    g_free(recorder);
}

// What the holder alone may do.
static bool is_ours(const struct ledger *ledger, GError **err)
{
    return ledger->remote < 0 ||
           mda_fail(err, MDA_ERROR_TEMP, "%s: only who holds the ledger can do that", ledger->name);
}

static bool read_all(struct ledger *ledger, GArray **gaps_r, GPtrArray **recorders_r, GError **err)
{
    g_autoptr(GArray) gaps = g_array_new(FALSE, FALSE, sizeof(struct ledger_gap));
    g_autoptr(GPtrArray) recorders = g_ptr_array_new_with_free_func(recorder_free);
    if (!is_ours(ledger, err) || !ledger->backend->read_gaps(ledger->state, gaps, recorders, err))
        return false;
    *gaps_r = g_steal_pointer(&gaps);
    *recorders_r = g_steal_pointer(&recorders);
    return true;
}

static gint64 since_of(const gint64 *facts)
{
    if (facts[LIVE] && facts[BEGAN])
        return MIN(facts[LIVE], facts[BEGAN]);
    if (facts[LIVE] || facts[BEGAN])
        return MAX(facts[LIVE], facts[BEGAN]);
    if (facts[UNTIMED])
        return 0;
    return facts[IMPORTED] ? facts[IMPORTED] : G_MAXINT64;
}

// When there are more gaps than fit, the oldest become one.
static void put_gap(struct ledger_extent *extent, struct ledger_gap gap)
{
    if (extent->gap_count == LEDGER_GAPS_MAX) {
        extent->gaps[1].from = MIN(extent->gaps[0].from, extent->gaps[1].from);
        extent->gaps[1].until = MAX(extent->gaps[0].until, extent->gaps[1].until);
        memmove(extent->gaps, extent->gaps + 1, sizeof extent->gaps - sizeof extent->gaps[0]);
        extent->gap_count--;
    }
    extent->gaps[extent->gap_count++] = gap;
}

bool ledger_is_silent(const struct ledger_recorder *recorder, gint64 now)
{
    return recorder->alive < now - ALIVE_MISSED * LEDGER_ALIVE_SECONDS;
}

static bool fill_gaps(struct ledger *ledger, gint64 now, struct ledger_extent *extent, GError **err)
{
    g_autoptr(GArray) gaps = NULL;
    g_autoptr(GPtrArray) recorders = NULL;
    if (!read_all(ledger, &gaps, &recorders, err))
        return false;
    if (ledger->conf)
        gapfile_read(ledger->conf, 0, gaps);
    for (guint i = 0; i < gaps->len; i++)
        put_gap(extent, g_array_index(gaps, struct ledger_gap, i));
    for (guint i = 0; i < recorders->len; i++) {
        const struct ledger_recorder *recorder = g_ptr_array_index(recorders, i);
        if (ledger_is_silent(recorder, now))
            put_gap(extent, (struct ledger_gap){recorder->alive, G_MAXINT64});
    }
    return true;
}

// Are recipients recorded of one of those for whom we ask? Whom nobody knows as a sender may write
// under another name.
static bool knows_askers(struct ledger *ledger, bool *yes_r, GError **err)
{
    *yes_r = false;
    for (guint i = 0; i < ledger->askers->len && !*yes_r; i++) {
        const struct ledger_hash *asker = &g_array_index(ledger->askers, struct ledger_hash, i);
        const struct ledger_hash known = ledger_hash_bound(ledger->hasher, BOND_USER, asker, asker);
        gint64 when;
        if (!ledger->backend->wrote_to(ledger->state, &known, yes_r, &when, err))
            return false;
    }
    return true;
}

// The holder's gaps, and those of this user alone.
static bool remote_extent(struct ledger *ledger, struct ledger_extent *extent_r, GError **err)
{
    const struct remote_request request = {.op = REMOTE_EXTENT};
    struct remote_reply reply;
    g_autoptr(GArray) gaps = g_array_new(FALSE, FALSE, sizeof(struct ledger_gap));
    if (!remote_call(ledger->remote, &request, &reply, err))
        return false;
    gapfile_read(ledger->conf, 0, gaps);
    for (guint i = 0; i < gaps->len; i++)
        put_gap(&reply.extent, g_array_index(gaps, struct ledger_gap, i));
    *extent_r = reply.extent;
    return true;
}

bool ledger_extent(struct ledger *ledger, struct ledger_extent *extent_r, GError **err)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gint64 facts[FACTS];
    bool known;
    struct ledger_extent extent = {0};
    if (ledger->remote >= 0)
        return remote_extent(ledger, extent_r, err);
    if (!ledger->backend->read_notes(ledger->state, fact_names, facts, err) ||
        !knows_askers(ledger, &known, err) || !fill_gaps(ledger, now, &extent, err))
        return false;
    extent.messages = facts[COUNT];
    extent.lost = ledger->lost;
    extent.since = since_of(facts);
    extent.forgot_until = facts[FORGOT];
    if (ledger->backend->expires && ledger->keep_seconds > 0 && facts[FIRST] > 0 &&
        facts[FIRST] < now - ledger->keep_seconds)
        extent.forgot_until = now - ledger->keep_seconds;
    extent.any_recipients = facts[RECIPIENTS] != 0;
    extent.has_recipients = facts[RECIPIENTS] && (!facts[BOUND] || known);
    extent.guessed_recipients = facts[GUESSED] > now - LEDGER_GUESS_SECONDS;
    *extent_r = extent;
    return true;
}

bool ledger_extent_covers(const struct ledger_extent *extent, gint64 from, gint64 until)
{
    if (from < extent->since || from <= extent->forgot_until)
        return false;
    for (guint i = 0; i < extent->gap_count; i++) {
        const struct ledger_gap *gap = &extent->gaps[i];
        const gint64 end = gap->until > G_MAXINT64 - GAP_MARGIN_SECONDS
                               ? G_MAXINT64
                               : gap->until + GAP_MARGIN_SECONDS;
        if (until >= gap->from - GAP_MARGIN_SECONDS && from <= end)
            return false;
    }
    return true;
}

bool ledger_add_gap(struct ledger *ledger, gint64 from, gint64 until, GError **err)
{
    const struct ledger_gap gap = {from, until};
    return is_ours(ledger, err) && ledger->backend->add_gap(ledger->state, &gap, err);
}

bool ledger_alive(struct ledger *ledger, const char *name, bool starts, GError **err)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(GArray) gaps = NULL;
    g_autoptr(GPtrArray) recorders = NULL;
    if (!read_all(ledger, &gaps, &recorders, err))
        return false;
    for (guint i = 0; i < recorders->len; i++) {
        const struct ledger_recorder *recorder = g_ptr_array_index(recorders, i);
        if (strcmp(recorder->name, name) == 0 && (starts || ledger_is_silent(recorder, now)) &&
            !ledger_add_gap(ledger, recorder->alive, now, err))
            return false;
    }
    return ledger->backend->set_alive(ledger->state, name, now, err);
}

bool ledger_retire(struct ledger *ledger, const char *name, GError **err)
{
    return is_ours(ledger, err) && ledger->backend->set_alive(ledger->state, name, 0, err);
}

bool ledger_recorders(struct ledger *ledger, GPtrArray **recorders_r, GError **err)
{
    g_autoptr(GArray) gaps = NULL;
    return read_all(ledger, &gaps, recorders_r, err);
}

bool ledger_note_failure(const struct conf *conf, const struct sent_message *message, GError **err)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    const gint64 dated = message->date > 0 ? message->date : now;
    const struct ledger_gap gap = {CLAMP(dated, now - DATED_BACK_SECONDS, now), now};
    return gapfile_add(conf, &gap, err);
}

static bool hand_in(const struct ledger_gap *gap, gpointer data, GError **err)
{
    return ledger_add_gap(data, gap->from, gap->until, err);
}

bool ledger_hand_in_gaps(struct ledger *ledger, GError **err)
{
    return !ledger->conf || ledger->remote >= 0 ||
           gapfile_drain(ledger->conf, hand_in, ledger, err);
}
