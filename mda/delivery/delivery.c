// SPDX-License-Identifier: MIT
// See survive.h for what an MTA makes of our end. Nothing that the message says is printed.
#include "delivery/delivery.h"

#include "base/auto.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/survive.h"
#include "base/text.h"
#include "conf/load.h"
#include "delivery/account.h"
#include "delivery/carry-out.h"
#include "delivery/junk.h"
#include "delivery/outgoing.h"
#include "delivery/procmail-agent.h"
#include "delivery/record.h"
#include "hosts/procmail-host.h"
#include "hosts/script.h"
#include "judge/judge.h"
#include "learn/history.h"
#include "message/compose.h"
#include "message/intake.h"
#include "message/spool.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

// How long a mailbox may stay locked by others.
#define LOCK_MILLISECONDS 30000
// After this time a delivery that hangs (in a file system, a program) is given up. Postfix waits
// 1000 seconds.
#define WATCHDOG_SECONDS 600
// A larger message is not copied to show rules the verdict in front of it.
#define SEEN_MAX_BYTES (64 * 1024 * 1024)

// One delivery on its way.
#define QUOTA_WARN_MILLISECONDS 10000

struct delivery {
    struct conf *conf;
    const struct delivery_options *given;
    struct mail_user user;
    struct message *message;
    struct envelope envelope;
    struct judged judged;
    char *trace;   // the lines that go in front: the envelope's
    char *verdict; // and the judge's, "" when there is none
    char *header;  // both
    char *fingerprint;
    struct message *seen;        // what rules see, when that is not the message as it came
    struct sieve_source *source; // what answers are made from, when scripts ran
    gint64 started;              // monotonic microseconds
    struct run_result result;
};

static bool read_input(struct delivery *delivery, char **distinction_r, GError **err)
{
    const struct conf *conf = delivery->conf;
    if (delivery->given->message) {
        delivery->message = message_new(delivery->given->message);
        return true;
    }
    mda_autofd file = -1;
    if (delivery->given->path && (file = files_open_argument(delivery->given->path, err)) < 0)
        return false;
    int fd = file >= 0 ? file : 0;
    // A large message is spooled where it will end up: what fits there fits there twice, or is none
    // of our mail yet. A location that is wrong is told of when the message is in hand.
    g_autofree char *root = NULL;
    const struct store *store = store_for(conf_string(conf, CONF_STORE_LOCATION), &root, NULL);
    g_autofree char *place = store ? store->spool_directory(root) : NULL;
    g_autoptr(GBytes) bytes = NULL;
    if (!spool_read(fd, place, &bytes, err))
        return false;
    // The same text from two files is two messages; an MTA's pipe has no identity of its own.
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        *distinction_r =
            g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    delivery->message = message_new(bytes);
    return true;
}

// Adds what policy says of a message that it does not want.
static void add_policy(const struct delivery *delivery, struct plan *plan)
{
    const struct conf *conf = delivery->conf;
    if (delivery->judged.verdict == VERDICT_BACKSCATTER &&
        conf_choice(conf, CONF_JUDGEMENT_BACKSCATTER) == BACKSCATTER_DISCARD) {
        plan_add(plan, PLAN_DISCARD);
        return;
    }
    struct plan_action *action = plan_add(plan, PLAN_FILEINTO);
    action->folder = g_strdup(conf_string(conf, CONF_JUNK_FOLDER));
    action->create = true;
}

// The message with LINES in front, in one piece. Owned by the caller.
static GString *whole_message(const struct delivery *delivery, const char *lines)
{
    g_autoptr(Content) content = compose(delivery->message, lines);
    return content_text(content);
}

// What rules are to see: with the verdict in front where there is one, so that they can ask for it,
// and never with what a sender put there as one. Else, and when it is too large, as it came.
static struct message *message_for_rules(struct delivery *delivery)
{
    bool judged = delivery->judged.because && delivery->message->size <= SEEN_MAX_BYTES;
    if (!judged && !compose_is_forged(delivery->message))
        return delivery->message;
    const char *lines = judged ? delivery->verdict : "";
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(whole_message(delivery, lines));
    delivery->seen = message_new(bytes);
    return delivery->seen;
}

// Which rules the user has: a Sieve script comes before an rc file unless a setting names one.
static enum choice_language find_rules(const struct delivery *delivery)
{
    const struct conf *conf = delivery->conf;
    const enum choice_language asked = (enum choice_language)conf_choice(conf, CONF_RULES_LANGUAGE);
    if ((asked == RULES_AUTO || asked == RULES_SIEVE) && script_exists(conf, delivery->user.home))
        return RULES_SIEVE;
    g_autofree char *rc = g_build_filename(delivery->user.home, ".procmailrc", NULL);
    if (asked == RULES_PROCMAIL || (asked == RULES_AUTO && access(rc, F_OK) == 0))
        return RULES_PROCMAIL;
    return RULES_NONE;
}

// The plan of the user's scripts. False with *err when they cannot be read now.
static bool plan_by_script(struct delivery *delivery, struct plan **plan_r, GError **err)
{
    const struct conf *conf = delivery->conf;
    struct script_case script_case = {
        .conf = conf,
        .home = delivery->user.home,
        .message = message_for_rules(delivery),
        .envelope = &delivery->envelope,
        .judged = &delivery->judged,
    };
    return script_plan(&script_case, plan_r, &delivery->source, err);
}

// Puts what policy says in the place of what the rules would keep.
static void overrule_keep(const struct delivery *delivery, struct plan *plan)
{
    const bool kept = plan_keeps(plan);
    plan_drop_keeps(plan);
    plan->implicit_keep = false;
    if (kept)
        add_policy(delivery, plan);
}

// A message that could not be judged is nobody's unknown report: it goes the plain way.
static bool is_unwanted(const struct delivery *delivery)
{
    return delivery->judged.class != BOUNCE_NONE &&
           judge_is_unwanted(delivery->conf, delivery->judged.verdict);
}

static bool policy_comes_first(const struct delivery *delivery)
{
    const struct conf *conf = delivery->conf;
    return is_unwanted(delivery) && conf_choice(conf, CONF_JUDGEMENT_WHEN) == WHEN_BEFORE_RULES;
}

static bool make_plan(struct delivery *delivery, enum choice_language rules, struct plan **plan_r,
                      GError **err)
{
    g_autoptr(Plan) plan = NULL;
    if (rules == RULES_SIEVE && !policy_comes_first(delivery)) {
        if (!plan_by_script(delivery, &plan, err))
            return false;
    } else {
        plan = plan_new();
    }
    if (is_unwanted(delivery))
        overrule_keep(delivery, plan);
    *plan_r = g_steal_pointer(&plan);
    return true;
}

static struct content *content_of(gpointer data, GBytes *bytes)
{
    const struct delivery *delivery = data;
    if (!bytes)
        return compose(delivery->message, delivery->header);
    // A verdict that rules saw stands in what they made of the message.
    bool has_verdict = delivery->seen && delivery->judged.because;
    return compose_changed(bytes, has_verdict ? delivery->trace : delivery->header);
}

static mode_t file_mode(const struct conf *conf)
{
    const char *text = conf_string(conf, CONF_STORE_UMASK);
    char *rest = NULL;
    guint64 mask = g_ascii_strtoull(text, &rest, 8);
    // The owner must be able to read and write, or no mail program could do its work.
    return *text && !*rest && mask <= 0777 ? 0666 & ~((mode_t)mask & 077) : 0600;
}

// Runs the command of the settings for the highest threshold that this message passed.
static void warn_of_quota(const struct conf *conf, const struct run_result *result)
{
    const char *command = conf_string(conf, CONF_QUOTA_WARN_COMMAND);
    const char *const *thresholds = conf_list(conf, CONF_QUOTA_WARN_AT);
    guint64 at, passed = 0;
    for (guint i = 0; *command && thresholds[i]; i++) {
        if (g_ascii_string_to_unsigned(thresholds[i], 10, 1, 100, &at, NULL) &&
            result->percent_before < at && result->percent >= at)
            passed = MAX(passed, at);
    }
    if (passed == 0)
        return;
    g_autofree char *percent = g_strdup_printf("%" G_GUINT64_FORMAT, passed);
    g_autoptr(GError) err = NULL;
    int status = 0;
    const struct process process = {
        .path = command,
        .argv = (char *const[]){(char *)command, percent, NULL},
        .deadline = deadline_in(QUOTA_WARN_MILLISECONDS),
    };
    if (!process_run(&process, &status, NULL, &err))
        log_line(LOG_LEVEL_WARNING, "[quota] warn-command: %s", err->message);
    else if (status != 0)
        log_line(LOG_LEVEL_WARNING, "[quota] warn-command %s ended with status %d", command,
                 status);
}

static void carry_out(struct delivery *delivery, const struct plan *plan)
{
    const struct conf *conf = delivery->conf;
    struct outgoing outgoing = {
        .conf = conf,
        .message = delivery->message,
        .envelope = &delivery->envelope,
        .source = delivery->source,
        .fingerprint = delivery->fingerprint,
        .unwanted = delivery->judged.verdict != VERDICT_NONE,
        .caller_refuses = delivery->given->caller_refuses,
        .caller_needs_ascii = delivery->given->caller_needs_ascii,
    };
    struct run_outgoing ways = outgoing_ways(&outgoing);
    g_autofree char *journals =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), "deliveries", NULL);
    struct run_request request = {
        .plan = plan,
        .location = conf_string(conf, CONF_STORE_LOCATION),
        .inbox = delivery->given->folder,
        .sender = delivery->envelope.sender,
        .recipient = delivery->user.name,
        .fingerprint = delivery->fingerprint,
        .journals = journals,
        .arrival = intake_arrival(delivery->message),
        .create = conf_bool(conf, CONF_STORE_CREATE_FOLDERS),
        .keywords = conf_bool(conf, CONF_STORE_KEYWORDS),
        .fsync = conf_bool(conf, CONF_STORE_FSYNC),
        .mode = file_mode(conf),
        .lock_milliseconds = LOCK_MILLISECONDS,
        .content_of = content_of,
        .content_data = delivery,
        .outgoing = delivery->source ? &ways : NULL,
        .committed = survive_committed,
        .quota = {(guint64)conf_number(conf, CONF_QUOTA_STORAGE),
                  (guint64)conf_number(conf, CONF_QUOTA_MESSAGES)},
        .junk = conf_string(conf, CONF_JUNK_FOLDER),
        .junk_extra = (guint64)conf_number(conf, CONF_QUOTA_JUNK_EXTRA),
        .refuse_full = delivery->given->caller_refuses &&
                       strcmp(conf_string(conf, CONF_QUOTA_FULL), "refuse") == 0,
    };
    run_plan(&request, &delivery->result);
    warn_of_quota(conf, &delivery->result);
}

// The inbox as procmail's DEFAULT names it. Owned by the caller; NULL with *err.
static char *default_folder(const struct delivery *delivery, GError **err)
{
    g_autofree char *root = NULL;
    const struct store *store =
        store_for(conf_string(delivery->conf, CONF_STORE_LOCATION), &root, err);
    if (!store)
        return NULL;
    g_autofree char *path = store->folder_path(root, delivery->given->folder, err);
    if (!path)
        return NULL;
    return g_strconcat(path, store->rc_suffix, NULL);
}

// How long an rc file's programs may run.
static struct deadline rc_programs(const struct delivery *delivery)
{
    gint64 given = delivery->given->milliseconds;
    return deadline_in(given ? given - given / 4 : PROCMAIL_PROGRAMS_SECONDS * 1000);
}

// procmail's language says at once what is to be done, and does it: there is no plan.
static void deliver_by_rc(struct delivery *delivery, struct delivery_result *result_r, GError **err)
{
    g_autofree char *inbox = default_folder(delivery, err);
    if (!inbox)
        return;
    g_autofree char *as_default = g_strconcat("DEFAULT=", inbox, NULL);
    g_autofree char *as_orgmail = g_strconcat("ORGMAIL=", inbox, NULL);
    char *assignments[] = {as_default, as_orgmail, NULL};
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    g_ptr_array_add(arguments, NULL);
    const char *sender = delivery->envelope.sender;
    const struct procmail_options options = {
        .from = sender && *sender ? sender : "MAILER-DAEMON",
        .arguments = arguments,
        .rest = assignments,
    };
    const struct procmail_rules_case rules_case = {
        .conf = delivery->conf,
        .options = &options,
        .user = &delivery->user,
        .judged = &delivery->judged,
    };
    GString *text = whole_message(delivery, delivery->header);
    procmail_set_from_line(&options, text);
    procmail_limit_programs(rc_programs(delivery));
    *result_r = procmail_result(procmail_rules(&rules_case, text));
    delivery->result = (struct run_result){
        .outcome = result_r->end == DELIVERY_DELIVERED ? MDA_DELIVERED : MDA_DEFER,
        .places = g_ptr_array_new_with_free_func(g_free),
        .troubles = g_ptr_array_new_with_free_func(g_free),
    };
    g_ptr_array_add(delivery->result.places, g_strdup(".procmailrc"));
}

static void deliver_by_plan(struct delivery *delivery, enum choice_language rules,
                            struct delivery_result *result_r, GError **err)
{
    static const enum delivery_end ends[] = {[MDA_DEFER] = DELIVERY_DEFERRED,
                                             [MDA_DELIVERED] = DELIVERY_DELIVERED,
                                             [MDA_REJECT] = DELIVERY_REFUSED};
    g_autoptr(Plan) plan = NULL;
    if (!make_plan(delivery, rules, &plan, err))
        return;
    carry_out(delivery, plan);
    result_r->end = ends[delivery->result.outcome];
}

static void compose_header(struct delivery *delivery)
{
    g_autofree char *added = intake_header(delivery->message, &delivery->envelope);
    delivery->trace =
        g_strconcat(added, delivery->given->header ? delivery->given->header : "", NULL);
    g_autofree char *verdict = judge_header(&delivery->judged);
    g_autofree char *id = g_strndup(delivery->fingerprint, JUDGE_ID_LENGTH);
    g_autofree char *help = is_unwanted(delivery) ? judge_help(id) : g_strdup("");
    delivery->verdict = g_strconcat(verdict, help, NULL);
    delivery->header = g_strconcat(delivery->trace, delivery->verdict, NULL);
}

// Who is told no recipient delivers to the user: that is what Sieve sees, as with dovecot-lda.
static void address_user(struct delivery *delivery)
{
    struct envelope *envelope = &delivery->envelope;
    const char *name = delivery->given->user ? delivery->given->user : delivery->user.name;
    if (envelope->recipient || envelope->addressed || !name || !*name)
        return;
    envelope->addressed =
        strchr(name, '@') ? g_strdup(name) : g_strdup_printf("%s@%s", name, g_get_host_name());
}

static void deliver_message(struct delivery *delivery, struct delivery_result *result_r,
                            GError **err)
{
    g_autofree char *distinction = NULL;
    if (!read_input(delivery, &distinction, err))
        return;
    // The MTA's own limit ends in a bounce; ours, below it, in another try.
    if (!delivery->given->milliseconds)
        survive_watchdog(WATCHDOG_SECONDS);
    struct intake_options options = {
        .sender = delivery->given->sender,
        .recipient = delivery->given->recipient,
        .original_recipient = delivery->given->original_recipient,
        .blank_is_null = delivery->given->blank_is_null,
        .alias_counts = !delivery->given->message,
    };
    intake_envelope(&options, delivery->message, &delivery->envelope);
    envelope_dsn_copy(&delivery->given->dsn, &delivery->envelope.dsn);
    address_user(delivery);
    judge_if_automatic(delivery->conf, delivery->message, &delivery->envelope, &delivery->judged);
    g_autofree char *target =
        g_strdup_printf("%s %s", distinction ? distinction : "",
                        delivery->given->folder ? delivery->given->folder : "");
    delivery->fingerprint = intake_fingerprint(delivery->message, &delivery->envelope, target);
    compose_header(delivery);
    enum choice_language rules = find_rules(delivery);
    if (rules == RULES_PROCMAIL && !delivery->given->milliseconds)
        survive_watchdog(PROCMAIL_WATCHDOG_SECONDS);
    if (rules == RULES_PROCMAIL && !policy_comes_first(delivery))
        deliver_by_rc(delivery, result_r, err);
    else
        deliver_by_plan(delivery, rules, result_r, err);
    if (delivery->given->settled)
        delivery->given->settled(delivery->given->settled_data, result_r,
                                 delivery->result.reject_text);
}

static void report(const struct delivery *delivery, const struct delivery_result *result,
                   const GError *err)
{
    const struct delivery_record record = {
        .given = delivery->given,
        .user = &delivery->user,
        .message = delivery->message,
        .envelope = &delivery->envelope,
        .judged = &delivery->judged,
        .run = &delivery->result,
        .result = result,
        .fingerprint = delivery->fingerprint,
        .reason = err ? err->message : NULL,
        .started = delivery->started,
    };
    record_write(&record);
}

// Becomes the right user and reads that user's settings.
static bool prepare(struct delivery *delivery, struct delivery_result *result_r, GError **err)
{
    const struct delivery_options *given = delivery->given;
    const struct account_request request = {
        .user = given->user, .found = given->found, .home = given->home, .service = "lda"};
    enum user_result found = account_find(&request, &delivery->user, err);
    if (found == USER_UNKNOWN && given->user)
        result_r->end = DELIVERY_NO_USER; // for sure: the MTA may say so
    if (found != USER_KNOWN || !user_become(&delivery->user, err))
        return false;
    umask(077);
    return account_settings(&delivery->user, delivery->conf, err);
}

static void delivery_clear(struct delivery *delivery)
{
    run_result_clear(&delivery->result);
    user_clear(&delivery->user);
    message_free(delivery->message);
    envelope_clear(&delivery->envelope);
    judged_clear(&delivery->judged);
    if (delivery->source)
        sieve_source_release(delivery->source);
    g_free(delivery->source);
    message_free(delivery->seen);
    g_free(delivery->trace);
    g_free(delivery->verdict);
    g_free(delivery->header);
    g_free(delivery->fingerprint);
}

// What was delivered teaches of the user's own mail; the outcome is settled.
static void learn_from(const struct delivery *delivery)
{
    learn_delivered(delivery->conf, delivery->message, delivery->envelope.recipient);
    if (delivery->judged.class != BOUNCE_NONE)
        learn_slice(delivery->conf);
}

void delivery_run(struct conf *conf, const struct delivery_options *given,
                  struct delivery_result *result_r)
{
    struct delivery delivery = {.conf = conf, .given = given, .started = g_get_monotonic_time()};
    g_autoptr(GError) err = NULL;
    *result_r = (struct delivery_result){.end = DELIVERY_DEFERRED};
    if (prepare(&delivery, result_r, &err))
        deliver_message(&delivery, result_r, &err);
    report(&delivery, result_r, err);
    if (result_r->end != DELIVERY_DEFERRED)
        judge_count(conf, &delivery.judged);
    if (result_r->end == DELIVERY_DELIVERED) {
        junk_tidy(conf);
        if (conf_bool(conf, CONF_LEARN_ENABLED))
            learn_from(&delivery);
    }
    delivery_clear(&delivery);
}
