// SPDX-License-Identifier: MIT
// Bounces that go to others: those that wait in the queue are mostly to senders who never were, and
// those that the log has were taken by somebody.
#include "site/site.h"

#include "base/files.h"

#include <string.h>

#define LOG_MAX ((gsize)256 * 1024 * 1024)
#define MANY 5

// "AB12*  1234 Mon Nov 30 10:00:00  MAILER-DAEMON"
static guint count_queue(const char *text)
{
    guint count = 0;
    for (const char *at = text; (at = strstr(at, "MAILER-DAEMON")); at += strlen("MAILER-DAEMON"))
        count += at > text && at[-1] == ' ';
    return count;
}

static bool left(const char *line)
{
    return strstr(line, "status=sent") && !strstr(line, "relay=local") &&
           !strstr(line, "relay=virtual") && !strstr(line, "relay=none") &&
           !strstr(line, "relay=127.") && strstr(line, "/smtp[");
}

// Postfix: a queue id whose sender is <> and that went out by smtp. Exim: "=> address R=…
// T=remote…" of an id with "<= <>".
static guint count_log(const char *text)
{
    guint count = 0;
    g_autoptr(GHashTable) null_senders =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *behind = strstr(*line, "]: ");
        g_auto(GStrv) words = g_strsplit(behind ? behind + 3 : *line, " ", 5);
        const guint found = g_strv_length(words);
        if (behind && found > 1 && g_str_has_prefix(words[1], "from=<>"))
            g_hash_table_add(null_senders, g_strdup(words[0]));
        else if (behind && found > 1 && left(*line) &&
                 g_hash_table_contains(null_senders, words[0]))
            count++;
        else if (!behind && found > 4 && strcmp(words[3], "<=") == 0 &&
                 g_str_has_prefix(words[4], "<>"))
            g_hash_table_add(null_senders, g_strdup(words[2]));
        else if (!behind && found > 4 && strcmp(words[3], "=>") == 0 && strstr(words[4], "H=") &&
                 g_hash_table_contains(null_senders, words[2]))
            count++;
    }
    return count;
}

static void tell(GArray *lines, guint count, const char *where)
{
    if (count > MANY)
        site_fault(lines,
                   g_strdup("see whose they are (postqueue -p, or from=<> in the log): refuse at "
                            "RCPT or DATA what they bounce"),
                   "%u bounces to others %s", count, where);
    else
        site_ok(lines, "%u bounces to others %s", count, where);
}

void site_bounces(GArray *lines, const char *path)
{
    static const char *const list[] = {"-p", NULL};
    static const char *const usual[] = {"/var/log/mail.log", "/var/log/maillog",
                                        "/var/log/exim4/mainlog"};
    g_autofree char *queue = site_ask("postqueue", list);
    if (queue)
        tell(lines, count_queue(queue), "wait in the queue");
    for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
        g_autofree char *text = NULL;
        const char *log = path ? path : usual[i];
        gsize size = 0;
        if (files_read(log, LOG_MAX, &text, &size, NULL)) {
            g_autofree char *where = g_strdup_printf("left, by %s", log);
            tell(lines, count_log(text), where);
        }
        if (path)
            break;
    }
}
