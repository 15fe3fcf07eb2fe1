// SPDX-License-Identifier: MIT
// backstop why: one verdict explained, from the message or from the log, and what to do about it.
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cmd/log-source.h"
#include "cmd/mail-source.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "delivery/junk-list.h"
#include "judge/judge.h"
#include "judge/undecided.h"
#include "report/log-lines.h"
#include "report/summary.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 2000

static char **logs;

static const GOptionEntry entries[] = {{"log", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &logs,
                                        "Look for the message in this log too; - is standard input",
                                        "FILE"},
                                       G_OPTION_ENTRY_NULL};

static void print_verdict(const char *when, const char *verdict)
{
    printf("%s: %s%s%s\n", when, output_colour(stdout, output_verdict_colour(verdict)), verdict,
           output_colour(stdout, OUTPUT_PLAIN));
}

// "source: fact; source: fact", a line each.
static void print_reasons(const char *because)
{
    g_autofree char *sound = text_printable(because, -1, SHOWN_BYTES);
    g_auto(GStrv) reasons = g_strsplit(sound, "; ", -1);
    for (char **reason = reasons; *reason; reason++) {
        if (**reason)
            printf("    %s\n", *reason);
    }
}

// What our header line says of when the message was delivered.
static void print_stored(const char *value)
{
    const gsize length = strcspn(value, ";");
    g_autofree char *verdict = g_strndup(value, length);
    const char *because = strstr(value, "because=\"");
    g_autofree char *middle = g_strndup(value + length, because ? (gsize)(because - value) - length
                                                                : strlen(value + length));
    g_autofree char *sound = text_printable(middle, -1, SHOWN_BYTES);
    print_verdict("When it was delivered", verdict);
    g_strdelimit(sound, ";", ' ');
    printf("    %s\n", g_strstrip(sound));
    if (because) {
        g_autofree char *reasons = g_strdup(because + strlen("because=\""));
        reasons[strcspn(reasons, "\"")] = '\0';
        print_reasons(reasons);
    }
}

static void print_findings(const struct judgement *judgement)
{
    for (guint i = 0; i < judgement->findings->len; i++) {
        const struct finding *finding = &g_array_index(judgement->findings, struct finding, i);
        if (finding->says != SAYS_NOTHING)
            printf("    %-13s %-8s %-9s %s\n", finding->source, says_name(finding->says),
                   weight_name(finding->weight), finding->because);
    }
}

static void print_judgement(const struct conf *conf, const struct judgement *judgement)
{
    const struct report *report = judgement->report;
    const char *setting = undecided_setting(conf, report, judgement->verdict);
    print_verdict("Judged anew", verdict_name(judgement->verdict));
    if (report->class == BOUNCE_NONE) {
        printf("    %s\n", *judgement->because ? judgement->because
                                               : "it is no automatic message, so it is not judged");
        return;
    }
    printf("    it is a %s, by rule %s\n", bounce_class_name(report->class), report->rule);
    print_findings(judgement);
    if (*setting)
        printf("    what would decide it: %s: %s\n", setting, summary_advice(setting));
}

// WHAT names the message for a command line.
static void print_remedy(enum verdict verdict, const char *id, const char *path)
{
    const char *what = path ? path : "FILE";
    printf("If that is wrong:\n");
    if (id)
        printf("    backstop junk restore %s\n", id);
    else if (verdict == VERDICT_GENUINE)
        printf("    backstop learn --backscatter %s\n", what);
    else
        printf("    backstop learn --genuine %s\n", what);
    printf("    or never judge its sender or host: [judgement] trust = …\n");
}

static void explain(const struct conf *conf, const char *name, GBytes *bytes, const char *id)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    g_autoptr(Message) message = message_new_saved(bytes);
    const struct intake_options given = {0};
    struct envelope envelope = {0};
    mail_source_envelope(message, &given, &envelope);
    envelope.arrived = mail_source_arrived(name, message);
    g_autofree char *stored = message_header(message, "X-Backstop", 0);
    g_autofree char *subject = message_header(message, "Subject", 0);
    g_autofree char *shown = text_printable(subject, -1, SHOWN_BYTES);
    g_autofree char *escaped = text_escaped(name, false);
    g_autoptr(Judgement) judgement =
        judge_message(conf, rules, message, &envelope, JUDGE_REHEARSAL);
    printf("%s\n%s%s", escaped, shown, *shown ? "\n" : "");
    if (stored)
        print_stored(stored);
    print_judgement(conf, judgement);
    if (judgement->report->class != BOUNCE_NONE)
        print_remedy(judgement->verdict, id, strcmp(name, "-") == 0 ? NULL : escaped);
    envelope_clear(&envelope);
}

struct seeker {
    const char *word;
    guint found;
};

// Lines of the log that name the message.
static void take_line(const char *line, gint64 now, gpointer data)
{
    static const char *const keys[] = {"class",    "rule",   "folder",
                                       "reporter", "author", "undecided"};
    struct seeker *seeker = data;
    struct log_line_fields fields;
    if (!strstr(line, seeker->word) || !log_line_parse(line, now, &fields))
        return;
    const char *ids[] = {"ref", "id", "msgid", "message_id", "queue"};
    bool named = false;
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        const char *id = g_hash_table_lookup(fields.words, ids[i]);
        g_autofree char *bracketed = g_strdup_printf("<%s>", seeker->word);
        named |= g_strcmp0(id, seeker->word) == 0 || g_strcmp0(id, bracketed) == 0;
    }
    if (named) {
        const char *because = g_hash_table_lookup(fields.words, "because");
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(fields.time);
        g_autofree char *when = time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : NULL;
        g_autofree char *title = g_strdup_printf("Delivered %s", when ? when : "once");
        print_verdict(title, g_hash_table_lookup(fields.words, "verdict"));
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
            const char *value = g_hash_table_lookup(fields.words, keys[i]);
            if (value && *value)
                printf("    %s: %s\n", keys[i], value);
        }
        print_reasons(because ? because : "");
        seeker->found++;
    }
    log_line_clear(&fields);
}

// By id or Message-ID: in Junk, else in the log.
static int explain_id(const struct conf *conf, const char *word)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) messages = NULL;
    g_autofree char *folder = NULL;
    const struct junk_message *junk = NULL;
    if (junk_messages(conf, &messages, &folder, NULL))
        junk = junk_find(messages, word, NULL);
    if (junk) {
        g_autofree char *path = g_build_filename(folder, junk->name, NULL);
        g_autoptr(GBytes) bytes = NULL;
        if (mail_source_read(path, &bytes, &err)) {
            explain(conf, path, bytes, junk->id);
            return STATUS_OK;
        }
    }
    struct seeker seeker = {.word = word};
    g_clear_error(&err);
    if (!log_source_each(conf, (const char *const *)logs, take_line, &seeker, &err)) {
        fprintf(stderr, "backstop why: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    if (seeker.found > 0)
        return STATUS_OK;
    fprintf(stderr,
            "backstop why: %s is no file, no message in Junk, and not in the log: name the file of "
            "the message, or a log by --log\n",
            word);
    return STATUS_NO;
}

static bool explain_each(const char *name, GBytes *bytes, void *data)
{
    explain(data, name, bytes, NULL);
    return true;
}

int cmd_why(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(
            context, entries, "[--log LOG] FILE | ID...",
            "Explains the verdict on a message: a file of mail (- is standard input), or "
            "one in Junk\nor in the log by the id in its header, or its Message-ID.",
            &argc, &argv))
        return STATUS_USAGE;
    if (argc < 2) {
        fprintf(stderr, "backstop why: which message? A file, - for standard input, or an id from "
                        "backstop junk list\n");
        return STATUS_USAGE;
    }
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err)) {
        fprintf(stderr, "backstop why: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    int status = STATUS_OK;
    for (int i = 1; i < argc; i++) {
        const bool input = strcmp(argv[i], "-") == 0;
        g_clear_error(&err);
        if (input)
            output_await("a message");
        if (!input && !g_file_test(argv[i], G_FILE_TEST_EXISTS)) {
            const int one = explain_id(context->conf, argv[i]);
            status = MAX(status, one);
        } else if (!mail_source_each(argv[i], explain_each, context->conf, &err)) {
            fprintf(stderr, "backstop why: %s\n", err->message);
            status = STATUS_TEMPFAIL;
        }
    }
    return status;
}
