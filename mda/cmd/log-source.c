// SPDX-License-Identifier: MIT
#include "cmd/log-source.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "cmd/output.h"

#include <string.h>

#define LOG_MAX_BYTES ((gsize)2 * 1024 * 1024 * 1024)
#define JOURNAL_MS (10 * 60 * 1000)
#define JOURNAL_DAYS 40

static void each_line(const char *text, gsize size, log_source_function function, gpointer data)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    const char *end = text + size;
    for (const char *line = text; line < end;) {
        const char *stop = memchr(line, '\n', (gsize)(end - line));
        const gsize length = (gsize)((stop ? stop : end) - line);
        g_autofree char *copy = g_strndup(line, length);
        function(copy, now, data);
        line += length + 1;
    }
}

bool log_source_file(const char *path, log_source_function function, gpointer data, GError **err)
{
    g_autofree char *text = NULL;
    gsize size;
    if (strcmp(path, "-") == 0)
        output_await("a log");
    if (!files_read_argument(path, LOG_MAX_BYTES, &text, &size, err))
        return false;
    each_line(text, size, function, data);
    return true;
}

bool log_source_journal(int days, log_source_function function, gpointer data, GError **err)
{
    g_autofree char *program = g_find_program_in_path("journalctl");
    g_autofree char *since = g_strdup_printf("--since=-%dd", days);
    char *arguments[] = {(char *)"journalctl",
                         (char *)"--identifier=backstop",
                         (char *)"--output=short-iso",
                         (char *)"--no-pager",
                         (char *)"--quiet",
                         since,
                         NULL};
    if (!program)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "there is no journalctl here; --log FILE reads a log file");
    const struct process process = {.path = program,
                                    .argv = arguments,
                                    .output_limit = LOG_MAX_BYTES,
                                    .deadline = deadline_in(JOURNAL_MS)};
    int status;
    g_autoptr(GBytes) output = NULL;
    if (!process_run(&process, &status, &output, err))
        return false;
    if (status != 0)
        return mda_fail(
            err, MDA_ERROR_CONFIG,
            "journalctl ended with status %d: may you read the journal? The groups adm and "
            "systemd-journal may",
            status);
    gsize size;
    const char *text = g_bytes_get_data(output, &size);
    each_line(text, size, function, data);
    return true;
}

bool log_source_each(const struct conf *conf, const char *const *paths,
                     log_source_function function, gpointer data, GError **err)
{
    const char *destination = conf_string(conf, CONF_LOG_DESTINATION);
    for (; paths && *paths; paths++) {
        if (!log_source_file(*paths, function, data, err))
            return false;
        if (!paths[1])
            return true;
    }
    if (g_path_is_absolute(destination))
        return !g_file_test(destination, G_FILE_TEST_EXISTS) ||
               log_source_file(destination, function, data, err);
    // Who may not read the journal finds nothing there.
    if (strcmp(destination, "syslog") == 0)
        (void)!log_source_journal(JOURNAL_DAYS, function, data, NULL);
    return true;
}
