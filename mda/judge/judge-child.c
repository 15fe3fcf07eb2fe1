// SPDX-License-Identifier: MIT
// The judge as a child process. Mail is hostile input, MIME is intricate, DNS hangs: here all of
// that can happen. The child has copies of the parent's memory and a pipe to it; it delivers
// nothing. What it says is taken as text and checked, and if it says nothing useful the mail goes
// the plain way.
#include "base/auto.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/error.h"
#include "base/fence.h"
#include "base/files.h"
#include "base/log.h"
#include "base/surroundings.h"
#include "base/survive.h"
#include "base/text.h"
#include "judge/judge.h"
#include "judge/trust.h"
#include "judge/undecided.h"
#include "ledger/ledger.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// gcc says so by a macro, clang by a feature.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

// The answer: class, verdict, rule, limits, reason, trouble, reporting host, sender and subject of
// the original, and the setting that would have decided, a line each.
#define ANSWER_LINES 10
#define ANSWER_MAX_BYTES 8192
#define ANSWER_REASON_MAX 4000
#define ANSWER_WORD_MAX 200

static void set_limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return;
    limit.rlim_max = MIN(limit.rlim_max, hard);
    limit.rlim_cur = MIN(soft, limit.rlim_max);
    setrlimit(resource, &limit); // a limit that cannot be lowered is one that is low already
}

// The judge's memory is all that it may write to. The directory is made first: a first report is
// judged within the fence too. A ledger on another host may be at any port, and in a socket.
static void fence_off(const struct conf *conf)
{
    const char *state = conf_string(conf, CONF_STATE_DIRECTORY);
    g_autofree char *ledger = ledger_location(conf);
    g_autofree char *ledger_directory = g_path_get_dirname(ledger);
    bool local = g_path_is_absolute(ledger);
    const bool has_state = g_path_is_absolute(state) && files_make_path(state, 0700, false, NULL);
    const char *directories[] = {has_state ? state : NULL, NULL, NULL};
    directories[has_state] = local ? ledger_directory : NULL;
    struct dns_server servers[DNS_SERVERS_MAX];
    const guint count = dns_servers_parse(conf_string(conf, CONF_DNS_SERVER), servers);
    guint16 ports[DNS_SERVERS_MAX + 2] = {DNS_PORT};
    for (guint i = 0; i < count; i++)
        ports[i + 1] = servers[i].port;
    const struct fence fence = {
        .writable = directories, .ports = local ? ports : NULL, .unix_sockets = !local};
    (void)fence_in(&fence);
}

static void confine(const struct conf *conf)
{
    gint64 memory = conf_number(conf, CONF_JUDGEMENT_MEMORY);
    rlim_t seconds = (rlim_t)(conf_milliseconds(conf, CONF_JUDGEMENT_TIMEOUT) / 1000 + 1);
#ifndef SANITIZED
    if (memory > 0)
        set_limit(RLIMIT_AS, (rlim_t)memory, (rlim_t)memory);
#else
    (void)memory; // the sanitizers reserve terabytes of address space
#endif
    set_limit(RLIMIT_CPU, seconds, seconds + 1);
    set_limit(RLIMIT_CORE, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fence_off(conf);
}

// The child must not speak to the MTA: the first words of a delivery agent can turn into a bounce.
// Nor may it hold anything but its own pipe: whoever takes it over could say that a message was
// delivered, or write where the parent may.
static void silence(int pipe)
{
    if (!surroundings_silence())
        _exit(1);
    surroundings_close(pipe);
    log_reopen();
}

static void append_line(GString *answer, const char *text, gsize max)
{
    g_autofree char *line = text_printable(text, -1, max);
    g_string_append_printf(answer, "%s\n", line);
}

// What the user's counts want to know.
static void append_facts(GString *answer, const struct conf *conf,
                         const struct judgement *judgement)
{
    const struct report *report = judgement->report;
    const struct original *original = &report->original;
    const char *address = original->from ? original->from : original->return_path;
    append_line(answer, report->reporting_mta, ANSWER_WORD_MAX);
    append_line(answer, address, ANSWER_WORD_MAX);
    append_line(answer, original->subject, ANSWER_WORD_MAX);
    append_line(answer, undecided_setting(conf, report, judgement->verdict), ANSWER_WORD_MAX);
}

static G_GNUC_NORETURN void child(const struct conf *conf, const struct message *message,
                                  const struct envelope *envelope, int fd)
{
    silence(fd);
    confine(conf);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    g_autoptr(Judgement) judgement = judge_message(conf, rules, message, envelope, JUDGE_DELIVERY);
    g_autofree char *limits = text_join(judgement->report->limits, ", ");
    GString *answer = g_string_new(NULL);
    append_line(answer, bounce_class_name(judgement->report->class), ANSWER_WORD_MAX);
    append_line(answer, verdict_name(judgement->verdict), ANSWER_WORD_MAX);
    append_line(answer, judgement->report->rule, ANSWER_WORD_MAX);
    append_line(answer, limits, ANSWER_WORD_MAX);
    append_line(answer, judgement->because, ANSWER_REASON_MAX);
    append_line(answer, judgement->trouble ? judgement->trouble : "", ANSWER_WORD_MAX);
    append_facts(answer, conf, judgement);
    struct file_segment all = {answer->str, answer->len};
    _exit(files_write(fd, &all, 1, NULL) ? 0 : 1);
}

// Reads the answer until the child closes the pipe or the deadline passes. NULL, or why not.
static const char *hear(struct child *judge, const struct deadline *deadline, GString *answer)
{
    struct child_talk talk = {.said = answer, .limit = ANSWER_MAX_BYTES, .ends_at_limit = true};
    switch (child_talk(judge, &talk, deadline)) {
    case CHILD_DONE:
        return NULL;
    case CHILD_LATE:
        return "the judge did not answer in time";
    case CHILD_VERBOSE:
        return "the judge said too much";
    case CHILD_UNHEARD:
        break;
    }
    return "the judge could not be heard";
}

static bool parse_answer(const char *text, struct judged *judged_r)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    enum bounce_class class;
    enum verdict verdict;
    if (g_strv_length(lines) != ANSWER_LINES + 1 || !bounce_class_parse(lines[0], &class) ||
        !verdict_parse(lines[1], &verdict) || (class == BOUNCE_NONE) != (verdict == VERDICT_NONE))
        return false;
    *judged_r = (struct judged){
        .class = class,
        .verdict = verdict,
        .rule = g_strdup(lines[2]),
        .limits = g_strdup(lines[3]),
        .because = g_strdup(lines[4]),
        .trouble = g_strdup(lines[5]),
        .host = g_strdup(lines[6]),
        .address = g_strdup(lines[7]),
        .subject = g_strdup(lines[8]),
        .setting = g_strdup(lines[9]),
    };
    return true;
}

static void unjudged(struct judged *judged_r, const char *why)
{
    *judged_r = (struct judged){
        .verdict = VERDICT_UNKNOWN,
        .rule = g_strdup(""),
        .because = g_strdup_printf("not judged: %s", why),
        .limits = g_strdup(""),
        .trouble = g_strdup(""),
        .host = g_strdup(""),
        .address = g_strdup(""),
        .subject = g_strdup(""),
        .setting = g_strdup(""),
    };
}

void judge_in_child(const struct conf *conf, const struct message *message,
                    const struct envelope *envelope, struct judged *judged_r)
{
    struct child judge;
    if (!child_start(&judge, CHILD_HEARD)) {
        unjudged(judged_r, "no child process could be had");
        return;
    }
    if (judge.pid == 0) {
        survive_reset();
        child(conf, message, envelope, judge.heard[1]);
    }
    g_autoptr(GString) answer = g_string_new(NULL);
    const struct deadline deadline = deadline_in(conf_milliseconds(conf, CONF_JUDGEMENT_TIMEOUT));
    const char *why = hear(&judge, &deadline, answer);
    child_close(&judge);
    int status;
    // One that has closed the pipe may still linger.
    if (why || !child_reap(judge.pid, &deadline, NULL, &status))
        (void)!child_kill(judge.pid, false, &status);
    if (!why && status != 0)
        why = "the judge broke down";
    else if (!why && !parse_answer(answer->str, judged_r))
        why = "the judge answered nonsense";
    if (why)
        unjudged(judged_r, why);
    if (*judged_r->trouble)
        log_line(LOG_LEVEL_WARNING, "%s", judged_r->trouble);
}

void judge_if_automatic(const struct conf *conf, const struct message *message,
                        const struct envelope *envelope, struct judged *judged_r)
{
    struct bounce_settings settings = judge_settings(conf);
    *judged_r = (struct judged){0};
    if (!conf_bool(conf, CONF_JUDGEMENT_ENABLED) || !bounce_has_trait(&settings, message, envelope))
        return;
    judged_r->because = trust_reason(conf, message, envelope);
    if (!judged_r->because)
        judge_in_child(conf, message, envelope, judged_r);
}
