// SPDX-License-Identifier: MIT
// Called as maildrop: its options in delivery mode (maildrop(1)). Its filter language is not ours:
// where a filter file would have run, the mail stays with the MTA and the log says why, because
// filing it past somebody's rules would be worse.
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "cmd/options.h"
#include "delivery/delivery.h"
#include "delivery/user.h"

#include <stdio.h>
#include <string.h>

static struct delivery_options given;
static GString *headers;
static char *ignored_text;
static gboolean ignored_flag;
static gboolean embedded;
static char *embedded_filter;

static gboolean take_header(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data;
    if (!strchr(value, ':') || strpbrk(value, "\r\n")) {
        mda_fail(err, MDA_ERROR_CONFIG, "-A: expected one header line");
        return FALSE;
    }
    if (!headers)
        headers = g_string_new(NULL);
    g_string_append_printf(headers, "%s\n", value);
    return TRUE;
}

static const GOptionEntry entries[] = {
    {"user", 'd', 0, G_OPTION_ARG_FILENAME, &given.user, "Deliver for this user", "USER"},
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &given.sender, "Envelope sender", "ADDRESS"},
    {"add-header", 'A', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)take_header,
     "Put a header line in front", "\"NAME: VALUE\""},
    {"authenticated", 'a', 0, G_OPTION_ARG_NONE, &ignored_flag, "Accepted, without effect", NULL},
    {"verbose", 'V', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect", "LEVEL"},
    {"quota-warning", 'w', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect",
     "N"},
    {"quota-file", 'W', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect",
     "FILE"},
    {"embedded", 'm', 0, G_OPTION_ARG_NONE, &embedded,
     "Runs a filter file and delivers nothing: not to be had here", NULL},
    {"embedded-filter", 'M', 0, G_OPTION_ARG_FILENAME, &embedded_filter,
     "Runs this filter file and delivers nothing: not to be had here", "FILE"},
    {"no-preamble", 'N', 0, G_OPTION_ARG_NONE, &ignored_flag, "Accepted, without effect", NULL},
    {"socket", 't', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect", "SOCKET"},
    {"owner", 'D', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect", "UID/GID"},
    G_OPTION_ENTRY_NULL};

// Does the file at PATH say anything? One of comments and blank lines is no filter; Debian installs
// such a one. What cannot be read may say anything.
static bool has_rules(const char *path)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    if (!files_read(path, FILES_TEXT_MAX, &text, NULL, &why)) {
        if (g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE))
            return false;
        log_line(LOG_LEVEL_WARNING, "%s", why->message);
        return true;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_strstrip(*line);
        if (**line && **line != '#')
            return true;
    }
    return false;
}

// The filter file that maildrop would run, in *FILTER_R, owned by the caller, or NULL. False: the
// user cannot be become. Nothing of a user's is opened before: a link or a named pipe there would
// be root's to follow. One that there is not is delivery_run's to tell.
static bool find_filter(char **filter_r, GError **err)
{
    struct mail_user user = {0};
    if (has_rules("/etc/maildroprc")) {
        *filter_r = g_strdup("/etc/maildroprc");
        return true;
    }
    if (user_find(given.user, &user, NULL) != USER_KNOWN)
        return true;
    g_autofree char *path = g_build_filename(user.home, ".mailfilter", NULL);
    bool become = user_become(&user, err);
    user_clear(&user);
    if (become && has_rules(path))
        *filter_r = g_steal_pointer(&path);
    return become;
}

int cmd_maildrop(struct command_context *context, int argc, char **argv)
{
    g_autoptr(GOptionContext) options = g_option_context_new("< MESSAGE");
    g_option_context_add_main_entries(options, entries, NULL);
    g_autoptr(GError) err = NULL;
    options_split(entries, false, &argc, &argv);
    if (!g_option_context_parse(options, &argc, &argv, &err)) {
        fprintf(stderr, "maildrop: %s\n", err->message);
        return command_defer(context);
    }
    g_autofree char *filter = argc > 1 ? g_strdup(argv[1]) : g_strdup(embedded_filter);
    if (embedded && !filter)
        filter = g_strdup("-m");
    if (!filter && !find_filter(&filter, &err)) {
        log_line(LOG_LEVEL_ERROR, "deferred: %s", err->message);
        return command_defer(context);
    }
    if (filter) {
        log_line(
            LOG_LEVEL_ERROR,
            "deferred: %s: maildrop's filter language is not understood here; keep maildrop and "
            "call `backstop filter` from it, or write the rules in Sieve",
            filter);
        return command_defer(context);
    }
    given.header = headers ? headers->str : NULL;
    delivery_run(context->conf, &given, &context->result);
    return STATUS_RESULT;
}
