// SPDX-License-Identifier: MIT
// backstop check: what is each message, whose is it, and why. Judges in this process, many messages
// a second; delivers nothing.
#include "base/log.h"
#include "base/text.h"
#include "cmd/mail-source.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/report-json.h"
#include "judge/judge.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gboolean as_json, explain, quiet, stdin_paths, class_only;
static char *option_only, *option_sender, *option_recipient, *option_original;

static const GOptionEntry entries[] = {
    {"json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a message", NULL},
    {"explain", 'x', 0, G_OPTION_ARG_NONE, &explain, "Show every rule that was tried", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet,
     "Print nothing; status 0: backscatter, 1: not, 75: not to be judged", NULL},
    {"class", 0, 0, G_OPTION_ARG_NONE, &class_only,
     "Say only what each message is: no evidence is asked", NULL},
    {"stdin-paths", 0, 0, G_OPTION_ARG_NONE, &stdin_paths,
     "Read the paths of messages from standard input, one a line", NULL},
    {"only", 0, 0, G_OPTION_ARG_FILENAME, &option_only,
     "Print only what has one of these verdicts, such as backscatter,unknown", "VERDICT[,...]"},
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &option_sender, "Envelope sender", "ADDRESS"},
    {"recipient", 'r', 0, G_OPTION_ARG_FILENAME, &option_recipient, "Envelope recipient",
     "ADDRESS"},
    {"original-recipient", 'a', 0, G_OPTION_ARG_FILENAME, &option_original,
     "Recipient before aliases", "ADDRESS"},
    G_OPTION_ENTRY_NULL};

struct check {
    struct command_context *context;
    struct bounce_rules *rules;
    struct json *json;
    guint seen, verdicts[VERDICT_UNKNOWN + 1]; // how many messages
    bool wanted[VERDICT_UNKNOWN + 1];          // by --only
    struct progress progress;
    bool failed;   // one could not be read
    char *trouble; // what was told last of the ledger
};

// Once for many messages.
static void tell_trouble(struct check *check, const struct judgement *judgement)
{
    if (!judgement->trouble || g_strcmp0(check->trouble, judgement->trouble) == 0)
        return;
    g_free(check->trouble);
    check->trouble = g_strdup(judgement->trouble);
    log_line(LOG_LEVEL_WARNING, "%s", check->trouble);
}

static void read_envelope(const struct message *message, struct envelope *envelope)
{
    const struct intake_options given = {.sender = option_sender,
                                         .recipient = option_recipient,
                                         .original_recipient = option_original};
    mail_source_envelope(message, &given, envelope);
}

static void add_evidence(struct json *json, const struct judgement *judgement)
{
    json_begin_array(json, "evidence");
    for (guint i = 0; i < judgement->findings->len; i++) {
        const struct finding *finding = &g_array_index(judgement->findings, struct finding, i);
        json_begin_object(json, NULL);
        json_string(json, "source", finding->source);
        json_string(json, "says", says_name(finding->says));
        json_string(json, "weight", weight_name(finding->weight));
        json_string(json, "because", finding->because);
        json_end_object(json);
    }
    json_end_array(json);
}

static void print_json(struct json *json, const char *name, const struct judgement *judgement,
                       const char *folder)
{
    const struct report *report = judgement->report;
    json_clear(json);
    json_begin_object(json, NULL);
    json_string(json, "path", name);
    json_string(json, "class", bounce_class_name(report->class));
    json_string(json, "rule", report->rule);
    json_string(json, "verdict", verdict_name(judgement->verdict));
    json_string(json, "because", judgement->because);
    json_string(json, "folder", folder);
    add_evidence(json, judgement);
    report_to_json(json, report);
    json_end_object(json);
    puts(json->out->str);
}

static void print_text(const char *name, const struct judgement *judgement, const char *folder)
{
    const struct report *report = judgement->report;
    g_autofree char *sound = text_printable(name, -1, 1000);
    printf("%s: %s", sound, bounce_class_name(report->class));
    if (report->class != BOUNCE_NONE)
        printf(" (%s), %s%s%s", report->rule,
               output_colour(stdout, output_verdict_colour(verdict_name(judgement->verdict))),
               verdict_name(judgement->verdict), output_colour(stdout, OUTPUT_PLAIN));
    printf(" -> %s\n", folder);
    if (*judgement->because)
        printf("    because %s\n", judgement->because);
    for (guint i = 0; i < report->limits->len; i++)
        printf("    limit reached: %s\n", (const char *)g_ptr_array_index(report->limits, i));
}

// Every rule that was tried, and what failed: classified once more, for the trace costs time.
static void print_trace(const struct check *check, const struct message *message,
                        const struct envelope *envelope)
{
    struct bounce_settings settings = judge_settings(check->context->conf);
    settings.trace = true;
    g_autoptr(Report) report = bounce_classify(check->rules, &settings, message, envelope);
    for (guint i = 0; i < report->trace->len; i++)
        fprintf(as_json ? stderr : stdout, "    %s\n",
                (const char *)g_ptr_array_index(report->trace, i));
}

// What it is, with no word on whose it is.
static struct judgement *classify_alone(const struct check *check, const struct message *message,
                                        const struct envelope *envelope)
{
    struct bounce_settings settings = judge_settings(check->context->conf);
    struct judgement *judgement = g_new0(struct judgement, 1);
    judgement->report = bounce_classify(check->rules, &settings, message, envelope);
    judgement->findings = g_array_new(FALSE, FALSE, sizeof(struct finding));
    judgement->because = g_strdup("");
    if (judgement->report->class != BOUNCE_NONE)
        judgement->verdict = VERDICT_UNKNOWN;
    return judgement;
}

static bool check_message(const char *name, GBytes *bytes, void *data)
{
    struct check *check = data;
    const struct conf *conf = check->context->conf;
    g_autoptr(Message) message = message_new_saved(bytes);
    struct envelope envelope = {0};
    read_envelope(message, &envelope);
    envelope.arrived = mail_source_arrived(name, message);
    g_autoptr(Judgement) judgement =
        class_only ? classify_alone(check, message, &envelope)
                   : judge_message(conf, check->rules, message, &envelope, JUDGE_REHEARSAL);
    const char *folder = judge_folder(conf, judgement->verdict);
    tell_trouble(check, judgement);
    check->seen++;
    check->verdicts[judgement->verdict]++;
    const bool shown = check->wanted[judgement->verdict];
    // What is printed to the terminal shows by itself how far it is.
    check->progress.show = check->progress.show && !(shown && !quiet && isatty(STDOUT_FILENO));
    progress_step(&check->progress);
    if (!shown)
        ;
    else if (as_json)
        print_json(check->json, name, judgement, folder);
    else if (!quiet)
        print_text(name, judgement, folder);
    if (explain && shown && !quiet)
        print_trace(check, message, &envelope);
    envelope_clear(&envelope);
    return true;
}

static void complain(struct check *check, GError *err)
{
    fprintf(stderr, "backstop: %s\n", err->message);
    g_error_free(err);
    check->failed = true;
}

static void check_listed(struct check *check)
{
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        GError *err = NULL;
        g_autoptr(GBytes) bytes = NULL;
        if (*line && !mail_source_read(line, &bytes, &err))
            complain(check, err);
        else if (*line)
            check_message(line, bytes, check);
    }
    free(line);
}

static void load_rules(struct check *check)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    check->rules =
        bounce_rules_load(conf_list(check->context->conf, CONF_RULES_DIRECTORIES), warnings);
    for (guint i = 0; i < warnings->len; i++)
        fprintf(stderr, "backstop: %s\n", (const char *)g_ptr_array_index(warnings, i));
}

// Which verdicts are printed. False when --only names one that there is not.
static bool take_only(struct check *check)
{
    for (int i = 0; i <= VERDICT_UNKNOWN; i++)
        check->wanted[i] = !option_only;
    g_auto(GStrv) names = g_strsplit_set(option_only ? option_only : "", ", ", -1);
    for (char **name = names; *name; name++) {
        enum verdict verdict;
        if (!**name)
            continue;
        if (!verdict_parse(*name, &verdict)) {
            fprintf(stderr,
                    "backstop check: --only: there is no verdict \"%s\"; there are none, genuine, "
                    "backscatter, suspect and unknown\n",
                    *name);
            return false;
        }
        check->wanted[verdict] = true;
    }
    return true;
}

// After many messages, on standard error: what is printed stays as programs expect it.
static void print_summary(const struct check *check)
{
    const char *separator = ":";
    if (quiet || as_json || check->seen < 2)
        return;
    fflush(stdout);
    fprintf(stderr, "%u messages", check->seen);
    for (int i = 0; i <= VERDICT_UNKNOWN; i++) {
        const enum verdict verdict = (enum verdict)i;
        if (check->verdicts[i] == 0)
            continue;
        fprintf(stderr, "%s %u %s", separator, check->verdicts[i],
                verdict == VERDICT_NONE ? "no report" : verdict_name(verdict));
        separator = ",";
    }
    fputc('\n', stderr);
}

// Like grep: with --quiet the status says whether any message is backscatter.
static int status_of(const struct check *check)
{
    if (check->failed)
        return STATUS_TEMPFAIL;
    return quiet && check->verdicts[VERDICT_BACKSCATTER] == 0 ? STATUS_NO : STATUS_OK;
}

int cmd_check(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[--json] [--explain] [--quiet] [FILE...]",
                       "Says what each message is, whose it is, and why. FILE is a message, a "
                       "mailbox or a directory; - or nothing is standard input.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err)) {
        fprintf(stderr, "backstop: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    struct check check = {.context = context, .progress = progress_begin(!quiet)};
    if (!take_only(&check))
        return STATUS_USAGE;
    check.json = json_new();
    load_rules(&check);
    if (stdin_paths || argc == 1)
        output_await(stdin_paths ? "the paths of messages" : "a message");
    if (stdin_paths)
        check_listed(&check);
    for (int i = 1; i < argc || (argc == 1 && i == 1 && !stdin_paths); i++) {
        GError *one = NULL;
        if (!mail_source_each(i < argc ? argv[i] : "-", check_message, &check, &one))
            complain(&check, one);
    }
    progress_end(&check.progress);
    print_summary(&check);
    bounce_rules_free(check.rules);
    g_free(check.trouble);
    g_free(json_free_to_text(check.json));
    return status_of(&check);
}
