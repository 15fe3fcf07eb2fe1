// SPDX-License-Identifier: MIT
// backstop report: what was judged, by the user's counts or by a log.

#include "base/error.h"
#include "base/files.h"
#include "cmd/log-source.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "ledger/sent-record.h"
#include "report/counts.h"
#include "report/log-lines.h"
#include "report/summary.h"
#include "submit/submit.h"

#include <stdio.h>
#include <string.h>

#define DAYS_DEFAULT 30
#define DAYS_OF_MAIL 7
#define NAMES_SHOWN 10
// Of a log: so many names of a kind a day are told apart.
#define NAMES_OF_LOG 2000
#define RECORD_MS 10000

static gboolean json, journal, mail;
static char *html, *prometheus, **logs;
static int days_wanted;

static const GOptionEntry entries[] = {
    {"days", 'd', 0, G_OPTION_ARG_INT, &days_wanted, "How many days up to today (30)", "N"},
    {"log", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &logs,
     "Count what this log says instead of your own counts; - is standard input", "FILE"},
    {"journal", 0, 0, G_OPTION_ARG_NONE, &journal, "Count what the journal says", NULL},
    {"json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL},
    {"html", 0, 0, G_OPTION_ARG_FILENAME, &html, "Write one page that needs nothing else", "FILE"},
    {"prometheus", 0, 0, G_OPTION_ARG_FILENAME, &prometheus,
     "Write metrics for node_exporter's textfile collector", "FILE"},
    {"mail", 0, 0, G_OPTION_ARG_NONE, &mail, "Mail the last week to yourself", NULL},
    G_OPTION_ENTRY_NULL};

static void count_line(const char *line, gint64 now, gpointer tally)
{
    log_line_count(tally, line, now);
}

// The counts that were asked for, and what they are called.
static bool read_tally(const struct conf *conf, struct tally **tally_r, const char **source_r,
                       GError **err)
{
    *source_r = journal ? "Reports in the journal" : "Reports in the log";
    if (!logs && !journal) {
        *source_r = "Your reports";
        return counts_read(conf_string(conf, CONF_STATE_DIRECTORY), tally_r, err);
    }
    g_autoptr(Tally) tally = tally_new(NAMES_OF_LOG);
    for (char **path = logs; path && *path; path++) {
        if (!log_source_file(*path, count_line, tally, err))
            return false;
    }
    if (journal && !log_source_journal(days_wanted, count_line, tally, err))
        return false;
    *tally_r = g_steal_pointer(&tally);
    return true;
}

static bool send_mail(const struct conf *conf, const struct summary *summary, GError **err)
{
    const struct summary_look look = {.width = 78};
    const char *to = conf_string(conf, CONF_REPORT_MAIL_TO);
    if (!*to)
        to = g_get_user_name();
    if (summary->total == 0 && summary->taken_back == 0)
        return true; // nothing to tell
    g_autofree char *body = summary_text(summary, &look);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S %z");
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *text = g_strdup_printf(
        "From: backstop <%s>\nTo: <%s>\nSubject: Reports of the last %u days: %" G_GUINT64_FORMAT
        " backscatter, %" G_GUINT64_FORMAT " genuine\nDate: %s\nMessage-ID: <%s@%s>\n"
        "Auto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; "
        "charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s",
        to, to, summary->days->len, summary->verdicts[SUMMARY_BACKSCATTER],
        summary->verdicts[SUMMARY_GENUINE], date, id, g_get_host_name(), body);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(GPtrArray) recipients = g_ptr_array_new();
    const char *const list[] = {to, NULL};
    g_ptr_array_add(recipients, (char *)to);
    sent_record_or_gap(conf, bytes, to, list, RECORD_MS, "report");
    const struct submission submission = {.sender = to, .to = recipients, .text = bytes};
    return submit(conf, &submission, err);
}

static bool write_file(const char *path, const char *text, GError **err)
{
    if (strcmp(path, "-") != 0)
        return files_replace(path, text, strlen(text), 0644, err);
    fputs(text, stdout);
    return true;
}

static bool show(const struct conf *conf, const struct tally *tally, const struct summary *summary,
                 gint64 now, GError **err)
{
    g_autofree char *page = html ? summary_html(summary) : NULL;
    g_autofree char *metrics = prometheus ? summary_prometheus(tally, now) : NULL;
    if ((page && !write_file(html, page, err)) ||
        (metrics && !write_file(prometheus, metrics, err)) ||
        (mail && !send_mail(conf, summary, err)))
        return false;
    if (json) {
        g_autofree char *object = summary_json(summary);
        puts(object);
    } else if (!page && !metrics && !mail) {
        const struct summary_look look = {output_has_colour(stdout), output_is_utf8(),
                                          output_columns()};
        g_autofree char *text = summary_text(summary, &look);
        output_long(text);
    }
    return true;
}

static int complain(const GError *err)
{
    fprintf(stderr, "backstop report: %s\n", err->message);
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG) ? STATUS_NO : STATUS_TEMPFAIL;
}

int cmd_report(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[--days N] [--log FILE | --journal] [--json]",
                       "Shows what was judged: each day, waves, who reports, in whose name, what "
                       "is undecided\nand which setting would decide it, what you took back.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (days_wanted == 0)
        days_wanted = mail ? DAYS_OF_MAIL : DAYS_DEFAULT;
    if (argc > 1 || days_wanted < 1 || days_wanted > TALLY_KEPT_DAYS) {
        if (argc > 1)
            fprintf(stderr, "backstop report: what is %s? A log is named by --log FILE\n", argv[1]);
        else
            fprintf(stderr, "backstop report: --days is a number from 1 to %d\n", TALLY_KEPT_DAYS);
        return STATUS_USAGE;
    }
    g_autoptr(GError) err = NULL;
    g_autoptr(Tally) tally = NULL;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    const char *source;
    if (!conf_load(context->conf, NULL, &err) || !read_tally(context->conf, &tally, &source, &err))
        return complain(err);
    g_autoptr(Summary) summary = summary_of(tally, source, now, (guint)days_wanted, NAMES_SHOWN);
    return show(context->conf, tally, summary, now, &err) ? STATUS_OK : complain(err);
}
