// SPDX-License-Identifier: MIT
#include "cmd/sent-list.h"

#include "base/error.h"
#include "base/text.h"
#include "cmd/command.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS 30000
#define SHOWN_BYTES 200

static int complain(const GError *err)
{
    fprintf(stderr, "backstop sent: %s\n", err->message);
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG) ? STATUS_NO : STATUS_TEMPFAIL;
}

// "2026-11-30 20:15", or "?" for a time that is not known. Owned by the caller.
static char *shown_time(gint64 when, const char *format)
{
    g_autoptr(GDateTime) time = when ? g_date_time_new_from_unix_local(when) : NULL;
    return time ? g_date_time_format(time, format) : g_strdup("?");
}

static void print_day(gint64 day, gint64 count, gint64 first, gint64 last, gpointer data)
{
    (void)data;
    g_autofree char *recorded = shown_time(day, "%Y-%m-%d");
    g_autofree char *from = shown_time(first, "%Y-%m-%d");
    g_autofree char *until = shown_time(last, "%Y-%m-%d");
    printf("%s  %7" G_GINT64_FORMAT " mails, sent from %s to %s\n", recorded, count, from, until);
}

// What is known of WORD. *KNOWN_R tells whether anything is.
static bool print_word(struct ledger *ledger, const char *word, bool *known_r, GError **err)
{
    struct sent_record record;
    bool sent, wrote = false;
    gint64 last = 0;
    g_autofree char *shown = text_printable(word, -1, SHOWN_BYTES);
    if (!ledger_find(ledger, word, NULL, &sent, &record, err) ||
        (!sent && !ledger_wrote_to(ledger, word, &wrote, &last, err)))
        return false;
    g_autofree char *when = shown_time(sent ? record.time : last, "%Y-%m-%d %H:%M");
    if (sent)
        printf("%s: sent %s, %u recipients recorded\n", shown, when, record.recipients);
    else if (wrote)
        printf("%s: last written to %s\n", shown, when);
    else
        printf("%s: not recorded\n", shown);
    *known_r &= sent || wrote;
    return true;
}

int sent_list(const struct conf *conf, char **words)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Ledger) ledger = NULL;
    bool known = true;
    if (!ledger_open(conf, LEDGER_READ, deadline_in(ASK_MS), &ledger, &err))
        return complain(err);
    if (!words[0] && !ledger_each_day(ledger, print_day, NULL, &err))
        return complain(err);
    for (; *words; words++) {
        if (!print_word(ledger, *words, &known, &err))
            return complain(err);
    }
    return known ? STATUS_OK : STATUS_NO;
}

// False when TEXT is no time.
static bool read_time(const char *text, gint64 *when_r)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    g_autofree char *full =
        strchr(text, 'T') ? g_strdup(text) : g_strconcat(text, "T00:00:00", NULL);
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(full, zone);
    char *rest;
    const gint64 number = g_ascii_strtoll(text, &rest, 10);
    const gint64 unit = strcmp(rest, "m") == 0   ? 60
                        : strcmp(rest, "h") == 0 ? 3600
                        : strcmp(rest, "d") == 0 ? 24 * 3600
                                                 : 0;
    if (time)
        *when_r = g_date_time_to_unix(time);
    else
        *when_r = g_get_real_time() / G_USEC_PER_SEC - number * unit;
    return time || (unit > 0 && number > 0);
}

static bool forget_words(struct ledger *ledger, char **words, const char *sender, gint64 *count,
                         GError **err)
{
    for (; *words; words++) {
        gint64 gone;
        if (!ledger_forget(ledger, *words, sender, &gone, err))
            return false;
        *count += gone;
    }
    return true;
}

int sent_forget(const struct conf *conf, char **words, const char *sender, const char *since)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Ledger) ledger = NULL;
    gint64 count = 0, when;
    if (since ? !read_time(since, &when) || words[0] : !words[0]) {
        fprintf(stderr, "backstop sent: --forget wants Message-IDs or addresses, or --since with a "
                        "time (2026-11-30, 2h)\n");
        return STATUS_USAGE;
    }
    if (!ledger_open(conf, LEDGER_WRITE, deadline_in(ASK_MS), &ledger, &err) ||
        !(since ? ledger_forget_since(ledger, when, &count, &err)
                : forget_words(ledger, words, sender, &count, &err)))
        return complain(err);
    printf("%" G_GINT64_FORMAT " records forgotten\n", count);
    return count > 0 ? STATUS_OK : STATUS_NO;
}
