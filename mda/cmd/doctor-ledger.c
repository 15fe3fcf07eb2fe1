// SPDX-License-Identifier: MIT
#include "cmd/doctor-ledger.h"

#include "base/error.h"
#include "cmd/doctor-advice.h"
#include "ledger/ledger.h"
#include "milter/socket-place.h"

#include <string.h>

#define ASK_MS 30000
// The newest gaps are told, older ones counted.
#define GAPS_SHOWN 5

// How outgoing mail is recorded as it leaves: Postfix's line for the milter where it listens.
static char *milter_line(const struct conf *conf)
{
    g_autofree char *socket = milter_socket(conf, NULL);
    const char *file = milter_socket_file(socket);
    const char *at = strchr(socket, '@');
    if (g_str_has_prefix(socket, "inet:") && at)
        return g_strdup_printf("backstop milter, and in Postfix's main.cf:\n"
                               "smtpd_milters = inet:%s:%.*s",
                               at + 1, (int)(at - socket - 5), socket + 5);
    // Postfix looks from its queue directory, and in a chroot cannot look from elsewhere.
    if (file && g_str_has_prefix(file, MILTER_QUEUE "/"))
        file += strlen(MILTER_QUEUE "/");
    return g_strdup_printf("backstop milter, and in Postfix's main.cf:\nsmtpd_milters = %s%s",
                           file ? "unix:" : "", file ? file : socket);
}

// Owned by the caller.
static char *time_text(gint64 seconds)
{
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(seconds);
    return at ? g_date_time_format_iso8601(at) : g_strdup("?");
}

static char *since_text(const struct ledger_extent *extent)
{
    if (extent->since == G_MAXINT64)
        return g_strdup("but nothing says how far it reaches: it proves nothing");
    if (MAX(extent->since, extent->forgot_until) == 0)
        return g_strdup("since ever, as no record has a time");
    g_autofree char *since = time_text(MAX(extent->since, extent->forgot_until));
    return g_strdup_printf("since %s", since);
}

static void advise_complete(const struct conf *conf, const struct doctor_seen *seen,
                            const struct ledger *ledger, const struct ledger_extent *extent,
                            GArray *advices)
{
    guint known;
    const guint proved = doctor_known(seen, &known), replaced = doctor_replaced(seen);
    if (conf_bool(conf, CONF_LEDGER_COMPLETE) && extent->messages == 0)
        advise(advices, false, "ledger", milter_line(conf), 90,
               "%s is empty, though it is said to be complete: it proves nothing",
               ledger_name(ledger));
    else if (conf_bool(conf, CONF_LEDGER_COMPLETE)) {
        g_autofree char *since = since_text(extent);
        advise(advices, extent->since != G_MAXINT64, "ledger", NULL, 0,
               "%" G_GINT64_FORMAT " messages in %s; said to be complete, %s", extent->messages,
               ledger_name(ledger), since);
    } else if (replaced > 0)
        advise(advices, false, "ledger", NULL, 0,
               "%" G_GINT64_FORMAT
               " messages in %s; the Message-IDs of %u letters were replaced on "
               "their way, so absence proves nothing",
               extent->messages, ledger_name(ledger), replaced);
    else if (proved > 0 && known == proved)
        advise(advices, false, "ledger", advice_setting(CONF_LEDGER_COMPLETE, "yes"), 80,
               "%" G_GINT64_FORMAT " messages in %s, and %u of %u letters that others prove ours",
               extent->messages, ledger_name(ledger), known, proved);
    else if (proved > 0)
        advise(advices, false, "ledger", milter_line(conf), 60,
               "%" G_GINT64_FORMAT " messages in %s, but %u of %u letters that others prove ours; "
               "absence proves nothing",
               extent->messages, ledger_name(ledger), known, proved);
    else
        advise(advices, false, "ledger", NULL, 45,
               "%" G_GINT64_FORMAT " messages in %s; no letter shows yet whether it has all",
               extent->messages, ledger_name(ledger));
}

// Whose silence is a gap that lasts.
static void examine_recorders(const GPtrArray *recorders, GArray *advices)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    for (guint i = 0; i < recorders->len; i++) {
        const struct ledger_recorder *recorder = g_ptr_array_index(recorders, i);
        if (!ledger_is_silent(recorder, now))
            continue;
        g_autofree char *since = time_text(recorder->alive);
        g_autofree char *name = g_shell_quote(recorder->name);
        advise(advices, false, "ledger",
               g_strdup_printf(
                   "start it again, or if it will not come again: backstop ledger retire %s", name),
               WORTH_BROKEN,
               "the recorder %s is silent since %s: what left since then is not held forged", name,
               since);
    }
}

static bool is_silence(const struct ledger_gap *gap, const GPtrArray *recorders)
{
    for (guint i = 0; recorders && i < recorders->len; i++) {
        const struct ledger_recorder *recorder = g_ptr_array_index(recorders, i);
        if (gap->until == G_MAXINT64 && gap->from == recorder->alive)
            return true;
    }
    return false;
}

static void examine_gaps(const struct ledger_extent *extent, const GPtrArray *recorders,
                         GArray *advices)
{
    const guint hidden = extent->gap_count > GAPS_SHOWN ? extent->gap_count - GAPS_SHOWN : 0;
    if (hidden > 0)
        advise(advices, false, "ledger", NULL, 0, "%u older gaps", hidden);
    for (guint i = hidden; i < extent->gap_count; i++) {
        const struct ledger_gap *gap = &extent->gaps[i];
        if (is_silence(gap, recorders))
            continue;
        g_autofree char *from = time_text(gap->from);
        g_autofree char *until = gap->until == G_MAXINT64 ? g_strdup("now") : time_text(gap->until);
        advise(advices, false, "ledger", NULL, 0,
               "a gap from %s until %s: what left then is not held forged", from, until);
    }
}

static void examine_extent(const struct conf *conf, const struct doctor_seen *seen,
                           struct ledger *ledger, const struct ledger_extent *extent,
                           GArray *advices)
{
    g_autoptr(GPtrArray) recorders = NULL;
    advise_complete(conf, seen, ledger, extent, advices);
    if (extent->lost)
        advise(advices, false, "ledger", NULL, 0,
               "it began anew while its key is older, or under another key: what was recorded "
               "before is lost");
    // A holder tells them to nobody else.
    if (ledger_recorders(ledger, &recorders, NULL))
        examine_recorders(recorders, advices);
    examine_gaps(extent, recorders, advices);
    advise(advices, extent->any_recipients && conf_bool(conf, CONF_LEDGER_COMPLETE),
           "correspondent", extent->any_recipients ? NULL : milter_line(conf), 40, "%s",
           !extent->any_recipients      ? "no recipient was ever recorded"
           : extent->guessed_recipients ? "recipients were read from headers; Bcc may be missing"
                                        : "recipients are recorded");
}

// Who has the key and the file can ask who wrote to whom.
static void examine_access(const struct conf *conf, GArray *advices)
{
    g_autoptr(GPtrArray) open = ledger_open_to_others(conf);
    for (guint i = 0; i < open->len; i++) {
        g_autofree char *quoted = g_shell_quote(g_ptr_array_index(open, i));
        advise(advices, false, "ledger", g_strdup_printf("chmod o= %s", quoted), WORTH_BROKEN,
               "others may read or write %s: whoever can learns who wrote to whom; users ask by "
               "[ledger] socket",
               (const char *)g_ptr_array_index(open, i));
    }
}

void doctor_examine_ledger(const struct conf *conf, const struct doctor_seen *seen, GArray *advices)
{
    g_autoptr(Ledger) ledger = NULL;
    g_autoptr(GError) err = NULL;
    struct ledger_extent extent;
    examine_access(conf, advices);
    if (ledger_open(conf, LEDGER_READ, deadline_in(ASK_MS), &ledger, &err) &&
        ledger_extent(ledger, &extent, &err))
        examine_extent(conf, seen, ledger, &extent, advices);
    else if (!g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE))
        advise(advices, false, "ledger", NULL, WORTH_BROKEN, "%s", err->message);
    else if (conf_bool(conf, CONF_LEDGER_COMPLETE))
        advise(advices, false, "ledger", milter_line(conf), 90,
               "nothing was ever recorded, or it was lost, though it is said to be complete (%s)",
               err->message);
    else
        advise(advices, false, "ledger", milter_line(conf), 90, "nothing was ever recorded");
}
