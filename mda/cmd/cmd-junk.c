// SPDX-License-Identifier: MIT
// backstop junk: what lies in Junk and why, back into the inbox, and away.
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "delivery/junk-list.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FROM_COLUMNS 28
#define SUBJECT_BYTES 120
#define VERDICT_BYTES 600

static gboolean as_json, yes, flagged;

static const GOptionEntry entries[] = {
    {"json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "list: print one JSON object a message", NULL},
    {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "empty: do not ask", NULL},
    {"flagged", 0, 0, G_OPTION_ARG_NONE, &flagged, "empty: flagged messages too", NULL},
    G_OPTION_ENTRY_NULL};

static int complain(const GError *err)
{
    fprintf(stderr, "backstop junk: %s\n", err->message);
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP) ? STATUS_TEMPFAIL : STATUS_NO;
}

static char *time_text(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);
    return seconds > 0 && time ? g_date_time_format(time, "%Y-%m-%d %H:%M") : g_strdup("-");
}

static void list_text(GString *out, const struct junk_message *message)
{
    g_autofree char *time = time_text(message->arrived);
    g_autofree char *from = text_escaped(message->from, false);
    g_autofree char *subject = text_printable(message->subject, -1, SUBJECT_BYTES);
    g_autofree char *verdict = text_printable(message->verdict, -1, VERDICT_BYTES);
    g_string_append_printf(out, "%s%s%s  %s  %.*s  %s%s\n", output_colour(stdout, OUTPUT_GOOD),
                           message->id, output_colour(stdout, OUTPUT_PLAIN), time, FROM_COLUMNS * 2,
                           from, subject, message->flagged ? "  (flagged)" : "");
    g_string_append_printf(out, "    %s%s%s\n", output_colour(stdout, OUTPUT_QUIET),
                           *verdict ? verdict : "not by a delivery of ours: moved here",
                           output_colour(stdout, OUTPUT_PLAIN));
}

static void list_json(GString *out, const struct junk_message *message, const char *folder)
{
    struct json *json = json_new();
    g_autofree char *path = g_build_filename(folder, message->name, NULL);
    json_begin_object(json, NULL);
    json_string(json, "id", message->id);
    json_string(json, "path", path);
    json_number(json, "arrived", message->arrived);
    json_string(json, "from", message->from);
    json_string(json, "subject", message->subject);
    json_string(json, "message_id", message->message_id);
    json_bool(json, "flagged", message->flagged);
    json_string(json, "verdict", message->verdict);
    json_end_object(json);
    g_autofree char *text = json_free_to_text(json);
    g_string_append_printf(out, "%s\n", text);
}

static int list(const GPtrArray *messages, const char *folder)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < messages->len; i++) {
        if (as_json)
            list_json(out, g_ptr_array_index(messages, i), folder);
        else
            list_text(out, g_ptr_array_index(messages, i));
    }
    if (!as_json && messages->len == 0)
        g_string_append_printf(out, "%s is empty\n", folder);
    else if (!as_json)
        g_string_append_printf(out,
                               "\n%u message%s. Why in full: backstop why ID; back into the "
                               "inbox: backstop junk restore ID\n",
                               messages->len, messages->len == 1 ? "" : "s");
    output_long(out->str);
    return STATUS_OK;
}

static int restore(const struct conf *conf, const GPtrArray *messages, const char *folder,
                   char **ids)
{
    int status = STATUS_OK;
    if (!*ids) {
        fprintf(stderr, "backstop junk restore: which? backstop junk list shows the ids\n");
        return STATUS_USAGE;
    }
    for (; *ids; ids++) {
        g_autoptr(GError) err = NULL;
        bool learnt;
        const struct junk_message *message = junk_find(messages, *ids, &err);
        if (!message || !junk_restore(conf, folder, message, &learnt, &err)) {
            const int failed = complain(err);
            status = MAX(status, failed);
            continue;
        }
        g_autofree char *subject = text_printable(message->subject, -1, SUBJECT_BYTES);
        printf("%s is in the inbox again%s: %s\n", message->id,
               learnt ? ", and reports like it are genuine from now on" : "", subject);
    }
    return status;
}

static bool is_sure(guint count)
{
    char answer[8] = "";
    if (yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "backstop junk empty: nobody can be asked here: say --yes\n");
        return false;
    }
    printf("Delete %u message%s for good? [y/N] ", count, count == 1 ? "" : "s");
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && g_ascii_tolower(*answer) == 'y';
}

static int empty(const GPtrArray *messages, const char *folder)
{
    guint count = 0, kept = 0;
    for (guint i = 0; i < messages->len; i++)
        kept += ((const struct junk_message *)messages->pdata[i])->flagged && !flagged;
    if (messages->len > kept && !is_sure(messages->len - kept))
        return STATUS_NO;
    for (guint i = 0; i < messages->len; i++) {
        const struct junk_message *message = g_ptr_array_index(messages, i);
        g_autoptr(GError) err = NULL;
        if (message->flagged && !flagged)
            continue;
        if (!junk_delete(folder, message, &err))
            return complain(err);
        count++;
    }
    printf("%u deleted%s\n", count, kept ? "; flagged ones stay (--flagged deletes them)" : "");
    return STATUS_OK;
}

int cmd_junk(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[list | restore ID... | empty]",
                       "Lists what lies in the Junk folder with the reasons; puts messages back "
                       "into the inbox\nand learns that such reports are genuine; deletes all.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) messages = NULL;
    g_autofree char *folder = NULL;
    const char *what = argc > 1 ? argv[1] : "list";
    const bool known =
        strcmp(what, "list") == 0 || strcmp(what, "restore") == 0 || strcmp(what, "empty") == 0;
    if (!known || (argc > 2 && strcmp(what, "restore") != 0)) {
        fprintf(stderr, "backstop junk: what is \"%s\"? list, restore ID... or empty\n",
                known ? argv[2] : what);
        return STATUS_USAGE;
    }
    if (!conf_load(context->conf, NULL, &err) ||
        !junk_messages(context->conf, &messages, &folder, &err))
        return complain(err);
    if (strcmp(what, "restore") == 0)
        return restore(context->conf, messages, folder, argv + 2);
    return strcmp(what, "empty") == 0 ? empty(messages, folder) : list(messages, folder);
}
