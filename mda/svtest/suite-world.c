// SPDX-License-Identifier: MIT
// The simulated world: messages, mailboxes, an outbox, and what carrying out a plan does to them.
#include "svtest/suite-world.h"

#include "hosts/sieve-beside.h"
#include "sieve/lang/address.h"

#include <string.h>

static const char default_message[] = "From: sender@example.com\r\nTo: recipient@example.org\r\n"
                                      "Subject: Frop!\r\n\r\nFriep!\r\n";

static void mail_free(gpointer data)
{
    struct suite_mail *mail = data;
    g_free(mail->from);
    g_free(mail->to);
    g_bytes_unref(mail->bytes);
    g_free(mail);
}

static void stored_free(gpointer data)
{
    struct suite_stored *stored = data;
    g_bytes_unref(stored->bytes);
    g_ptr_array_unref(stored->flags);
    g_free(stored);
}

static void mailbox_free(gpointer data)
{
    struct suite_mailbox *mailbox = data;
    g_free(mailbox->name);
    g_ptr_array_unref(mailbox->messages);
    g_free(mailbox);
}

static void program_free(gpointer data)
{
    sieve_program_free(data);
}

// ---- Mailboxes

struct suite_mailbox *suite_world_mailbox(struct suite_world *world, const char *name, bool create)
{
    // INBOX in any case, as the first level of a name too (RFC 9051 §5.1).
    bool inbox = g_ascii_strncasecmp(name, "INBOX", 5) == 0 && strchr("./", name[5]);
    g_autofree char *canonical = inbox ? g_strconcat("INBOX", name + 5, NULL) : NULL;
    if (inbox)
        name = canonical;
    for (guint i = 0; i < world->mailboxes->len; i++) {
        struct suite_mailbox *mailbox = g_ptr_array_index(world->mailboxes, i);
        if (strcmp(mailbox->name, name) == 0)
            return mailbox;
    }
    if (!create)
        return NULL;
    struct suite_mailbox *mailbox = g_new0(struct suite_mailbox, 1);
    mailbox->name = g_strdup(name);
    mailbox->messages = g_ptr_array_new_with_free_func(stored_free);
    g_ptr_array_add(world->mailboxes, mailbox);
    return mailbox;
}

static bool world_mailbox_exists(void *data, const char *name)
{
    return suite_world_mailbox(data, name, false) != NULL;
}

static char *metadata_key(const char *mailbox, const char *annotation)
{
    g_autofree char *lower = g_ascii_strdown(annotation, -1);
    return g_strdup_printf("%s\n%s", mailbox ? mailbox : "", lower);
}

static char *world_metadata(void *data, const char *mailbox, const char *annotation)
{
    const struct suite_world *world = data;
    g_autofree char *key = metadata_key(mailbox, annotation);
    return g_strdup(g_hash_table_lookup(world->metadata, key));
}

// ---- Surroundings

static char *world_environment(void *data, const char *item)
{
    const struct suite_world *world = data;
    static const struct {
        const char *item, *value;
    } fixed[] = {{"name", "Pigeonhole Sieve"},
                 {"location", "MS"},
                 {"phase", "post"},
                 {"vnd.dovecot.default-mailbox", "INBOX"}};
    const char *value = sieve_source_config_item(&world->source, item);
    for (guint i = 0; i < G_N_ELEMENTS(fixed) && !value; i++) {
        if (strcmp(fixed[i].item, item) == 0)
            value = fixed[i].value;
    }
    if (value)
        return g_strdup(value);
    if (strcmp(item, "version") == 0)
        return g_strdup(PACKAGE_VERSION);
    if (strcmp(item, "host") == 0)
        return g_strdup(g_get_host_name());
    if (strcmp(item, "domain") == 0) {
        const char *dot = strchr(g_get_host_name(), '.');
        return g_strdup(dot ? dot + 1 : g_get_host_name());
    }
    if (strcmp(item, "vnd.dovecot.username") == 0)
        return g_strdup(world->source.auth);
    return NULL;
}

static GPtrArray *world_flags(void *data)
{
    const struct suite_world *world = data;
    return g_ptr_array_ref(world->flags);
}

static bool world_call(void *data, const struct sieve_program_call *call, GBytes **output_r,
                       GError **err)
{
    return sieve_program_run(data, call, output_r, err);
}

static void fill_host(struct suite_world *world)
{
    world->source.mailbox_exists = world_mailbox_exists;
    sieve_source_host(&world->source, &world->host);
    sieve_beside_host(&world->source, &world->host, true);
    world->host.metadata = world_metadata;
    world->host.environment = world_environment;
    world->host.flags = world_flags;
    world->host.call = world_call;
}

void suite_world_init(struct suite_world *world, const char *file, struct suite_counter *counter)
{
    *world = (struct suite_world){.file = file, .counter = counter};
    sieve_source_init(&world->source);
    g_autofree char *directory = g_path_get_dirname(file);
    world->directory = g_canonicalize_filename(directory, NULL);
    world->source.personal = g_build_filename(world->directory, "included", NULL);
    world->source.global = g_build_filename(world->directory, "included-global", NULL);
    world->source.auth = g_strdup(g_get_user_name());
    g_hash_table_replace(world->source.settings, g_strdup("postmaster_address"),
                         g_strdup("postmaster@example.com"));
    world->flags = g_ptr_array_new_with_free_func(g_free);
    world->outbox = g_ptr_array_new_with_free_func(mail_free);
    world->mailboxes = g_ptr_array_new_with_free_func(mailbox_free);
    world->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world->programs = g_ptr_array_new_with_free_func(program_free);
    world->binaries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    world->log = sieve_diagnostics_new();
    suite_world_mailbox(world, "INBOX", true);
    suite_world_set_default(world);
    fill_host(world);
}

void suite_world_release(struct suite_world *world)
{
    sieve_source_release(&world->source);
    message_free(world->message);
    g_ptr_array_unref(world->flags);
    g_ptr_array_unref(world->outbox);
    g_ptr_array_unref(world->mailboxes);
    g_hash_table_unref(world->metadata);
    g_hash_table_unref(world->binaries);
    g_ptr_array_unref(world->programs);
    sieve_diagnostics_free(world->log);
    g_free(world->directory);
    g_free(world->test);
    g_free(world->failure);
}

// ---- The message

static char *first_address(const struct message *message, const char *const *names,
                           const char *fallback)
{
    for (guint i = 0; names[i]; i++) {
        g_autofree char *value = message_header(message, names[i], 0);
        g_autoptr(GPtrArray) list = value ? sieve_addresses_parse(value) : NULL;
        const struct sieve_address *first =
            list && list->len > 0 ? g_ptr_array_index(list, 0) : NULL;
        if (first && first->local)
            return g_strdup(first->text);
    }
    return g_strdup(fallback);
}

void suite_world_set_message(struct suite_world *world, GBytes *bytes)
{
    static const char *const senders[] = {"Return-Path", "Sender", "From", NULL};
    static const char *const recipients[] = {"Envelope-To", "To", NULL};
    struct message *message = message_new(bytes);
    sieve_source_set_message(&world->source, message);
    message_free(world->message);
    world->message = message;
    g_ptr_array_set_size(world->flags, 0);
    g_clear_pointer(&world->source.envelope, g_hash_table_unref);
    g_free(world->source.from);
    g_free(world->source.to);
    g_free(world->source.orig_to);
    g_free(world->source.auth);
    world->source.from = first_address(message, senders, "sender@example.com");
    world->source.to = first_address(message, recipients, "recipient@example.com");
    world->source.orig_to = g_strdup(world->source.to);
    world->source.auth = g_strdup(g_get_user_name());
}

void suite_world_set_default(struct suite_world *world)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(default_message, sizeof default_message - 1);
    suite_world_set_message(world, bytes);
}

// ---- Carrying out

static void log_error(struct suite_world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void log_error(struct suite_world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sieve_diagnose_v(world->log, SIEVE_ERROR, world->file, (struct sieve_place){0, 0}, format,
                     args);
    va_end(args);
}

static void store(struct suite_world *world, struct suite_mailbox *mailbox, GBytes *message,
                  const GPtrArray *flags)
{
    struct suite_stored *stored = g_new0(struct suite_stored, 1);
    const struct message *current = sieve_source_message(&world->source);
    stored->bytes = message ? g_bytes_ref(message) : g_bytes_new(current->data, current->size);
    stored->flags = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; flags && i < flags->len; i++)
        g_ptr_array_add(stored->flags, g_strdup(g_ptr_array_index(flags, i)));
    g_ptr_array_add(mailbox->messages, stored);
}

void suite_world_keep(struct suite_world *world, GBytes *message, const GPtrArray *flags)
{
    store(world, suite_world_mailbox(world, "INBOX", true), message, flags);
}

static void post(struct suite_world *world, const struct answer_mail *mail)
{
    for (guint i = 0; i < mail->to->len; i++) {
        struct suite_mail *record = g_new0(struct suite_mail, 1);
        record->from = g_strdup(mail->from);
        record->to = g_strdup(g_ptr_array_index(mail->to, i));
        record->bytes = g_bytes_ref(mail->text);
        g_ptr_array_add(world->outbox, record);
    }
}

static bool send_mail(struct suite_world *world, const struct plan_action *action)
{
    struct sieve_answer answer;
    struct answer_mail mail = {0};
    g_autofree char *because = NULL;
    bool sent = false;
    sieve_answer_init(&answer, &world->source, action);
    switch (action->kind) {
    case PLAN_REDIRECT:
        sent = answer_redirect(&answer.answer, action, &mail, &because);
        break;
    case PLAN_VACATION:
        sent = answer_vacation(&answer.answer, action, &mail, &because);
        break;
    case PLAN_NOTIFY:
        sent = answer_notify(&answer.answer, action, &mail, &because);
        break;
    case PLAN_REPORT:
        sent = answer_report(&answer.answer, action, &mail, &because);
        break;
    default:
        sent = answer_reject(&answer.answer, action, &mail, &because);
        break;
    }
    g_autofree char *found = action->fcc ? sieve_beside_folder(&world->source, action) : NULL;
    if (sent && action->fcc)
        store(world, suite_world_mailbox(world, found ? found : action->fcc, true), mail.text,
              action->flags);
    world->unsent |= !sent && action->kind == PLAN_REDIRECT;
    if (sent)
        post(world, &mail);
    else
        sieve_diagnose(world->log, SIEVE_INFO, world->file, (struct sieve_place){0, 0},
                       MSG_NOT_SENT, plan_kind_name(action->kind), because);
    answer_mail_clear(&mail);
    sieve_answer_release(&answer);
    return true;
}

static bool pipe_message(struct suite_world *world, const struct plan_action *action)
{
    g_autoptr(GError) err = NULL;
    const struct message *current = sieve_source_message(&world->source);
    g_autoptr(GBytes) input =
        action->message ? g_bytes_ref(action->message) : g_bytes_new(current->data, current->size);
    const struct sieve_program_call call = {.kind = SIEVE_CALL_PIPE,
                                            .program = action->address,
                                            .arguments = action->arguments,
                                            .input = input};
    if (sieve_program_run(&world->source, &call, NULL, &err))
        return true;
    if (plan_action_get(action, "try"))
        return true;
    log_error(world, MSG_PIPE_FAILED, err->message);
    return false;
}

// Where ACTION files; NULL after an error was logged.
static struct suite_mailbox *target_of(struct suite_world *world, const struct plan_action *action)
{
    g_autofree char *found = sieve_beside_folder(&world->source, action);
    const char *name = found ? found : action->folder ? action->folder : "INBOX";
    g_autoptr(GError) err = NULL;
    if (!sieve_beside_may_name(name, &err)) {
        log_error(world, MSG_FOLDER_NAME, name, err->message);
        return NULL;
    }
    struct suite_mailbox *mailbox = suite_world_mailbox(world, name, action->create);
    if (!mailbox)
        log_error(world, MSG_FOLDER_MISSING, name, name);
    return mailbox;
}

static bool is_store(const struct plan_action *action)
{
    return action->kind == PLAN_KEEP || action->kind == PLAN_FILEINTO;
}

// All folders are looked up before anything is done: a failure leaves the implicit keep alone.
static bool prepare(struct suite_world *world, const struct plan *plan, guint first)
{
    for (guint i = first; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (is_store(action) && !target_of(world, action))
            return false;
    }
    return true;
}

static bool perform_one(struct suite_world *world, const struct plan_action *action)
{
    switch (action->kind) {
    case PLAN_KEEP:
    case PLAN_FILEINTO:
        store(world, target_of(world, action), action->message, action->flags);
        return true;
    case PLAN_REDIRECT:
    case PLAN_VACATION:
    case PLAN_NOTIFY:
    case PLAN_REPORT:
    case PLAN_REJECT:
    case PLAN_EREJECT:
        return send_mail(world, action);
    case PLAN_PIPE:
        return pipe_message(world, action);
    default:
        return true;
    }
}

bool suite_world_perform(struct suite_world *world, const struct plan *plan, guint first, bool keep)
{
    bool sound = prepare(world, plan, first);
    bool stored = false;
    world->unsent = false;
    for (guint i = first; sound && i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        sound = perform_one(world, action);
        stored |= sound && is_store(action);
    }
    if ((keep && plan->implicit_keep) || ((!sound || world->unsent) && !stored))
        suite_world_keep(world, sound ? plan->message : NULL, plan->flags);
    return sound;
}
