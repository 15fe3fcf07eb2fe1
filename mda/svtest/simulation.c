// SPDX-License-Identifier: MIT
// What a suite simulates: messages, mailboxes, an outbox, and what carrying out a plan does to
// them.
#include "svtest/simulation.h"

#include "hosts/sieve-beside.h"
#include "sieve/lang/address-parts.h"

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

struct suite_mailbox *simulation_mailbox(struct simulation *sim, const char *name, bool create)
{
    // INBOX in any case, as the first level of a name too (RFC 9051 §5.1).
    bool inbox = g_ascii_strncasecmp(name, "INBOX", 5) == 0 && strchr("./", name[5]);
    g_autofree char *canonical = inbox ? g_strconcat("INBOX", name + 5, NULL) : NULL;
    if (inbox)
        name = canonical;
    for (guint i = 0; i < sim->mailboxes->len; i++) {
        struct suite_mailbox *mailbox = g_ptr_array_index(sim->mailboxes, i);
        if (strcmp(mailbox->name, name) == 0)
            return mailbox;
    }
    if (!create)
        return NULL;
    struct suite_mailbox *mailbox = g_new0(struct suite_mailbox, 1);
    mailbox->name = g_strdup(name);
    mailbox->messages = g_ptr_array_new_with_free_func(stored_free);
    g_ptr_array_add(sim->mailboxes, mailbox);
    return mailbox;
}

static bool simulated_mailbox_exists(void *data, const char *name)
{
    return simulation_mailbox(data, name, false) != NULL;
}

static char *metadata_key(const char *mailbox, const char *annotation)
{
    g_autofree char *lower = g_ascii_strdown(annotation, -1);
    return g_strdup_printf("%s\n%s", mailbox ? mailbox : "", lower);
}

static char *simulated_metadata(void *data, const char *mailbox, const char *annotation)
{
    const struct simulation *sim = data;
    g_autofree char *key = metadata_key(mailbox, annotation);
    return g_strdup(g_hash_table_lookup(sim->metadata, key));
}

// ---- Surroundings

static char *simulated_environment(void *data, const char *item)
{
    const struct simulation *sim = data;
    static const struct {
        const char *item, *value;
    } fixed[] = {{"name", "Pigeonhole Sieve"},
                 {"location", "MS"},
                 {"phase", "post"},
                 {"vnd.dovecot.default-mailbox", "INBOX"}};
    const char *value = sieve_source_config_item(&sim->source, item);
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
        return g_strdup(sim->source.auth);
    return NULL;
}

static GPtrArray *simulated_flags(void *data)
{
    const struct simulation *sim = data;
    return g_ptr_array_ref(sim->flags);
}

static bool simulated_call(void *data, const struct sieve_program_call *call, GBytes **output_r,
                           GError **err)
{
    return sieve_program_run(data, call, output_r, err);
}

static bool simulated_seen(void *data, const char *key)
{
    return g_hash_table_contains(((const struct simulation *)data)->seen, key);
}

// ---- Lists: those of the suite, and those of the site that runs it

void simulation_list_add(struct simulation *sim, const char *list, const char *member)
{
    GHashTable *members = g_hash_table_lookup(sim->lists, list);
    if (!members) {
        members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(sim->lists, g_strdup(list), members);
    }
    if (member)
        g_hash_table_add(members, g_strdup(member));
}

static bool simulated_list_exists(void *data, const char *list)
{
    const struct simulation *sim = data;
    return g_hash_table_contains(sim->lists, list) ||
           (sim->site.list_exists && sim->site.list_exists(data, list));
}

static bool simulated_list_contains(void *data, const char *list, const char *value)
{
    const struct simulation *sim = data;
    GHashTable *members = g_hash_table_lookup(sim->lists, list);
    return members ? g_hash_table_contains(members, value)
                   : sim->site.list_contains && sim->site.list_contains(data, list, value);
}

static GPtrArray *simulated_list_members(void *data, const char *list)
{
    const struct simulation *sim = data;
    GHashTable *members = g_hash_table_lookup(sim->lists, list);
    if (!members)
        return sim->site.list_members ? sim->site.list_members(data, list) : NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, members);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, g_strdup(name));
    return names;
}

bool simulation_config(struct simulation *sim, const char *name, const char *value)
{
    bool percent = strcmp(name, "sieve_spam_status_plus") == 0;
    bool virus = strcmp(name, "sieve_virus_status") == 0;
    if (percent || virus || strcmp(name, "sieve_spam_status") == 0) {
        char **verdict = virus ? &sim->virus : &sim->spam;
        g_free(*verdict);
        *verdict = value ? g_strconcat(value, percent ? "%" : "", NULL) : NULL;
    } else if (strcmp(name, "sieve_duplicated_id") == 0 && value) {
        g_hash_table_add(sim->seen, g_strdup(value));
    } else if (strcmp(name, "sieve_valid_ext_list") == 0 && value) {
        simulation_list_add(sim, value, NULL);
    } else {
        return false;
    }
    return true;
}

static void fill_host(struct simulation *sim)
{
    sim->source.mailbox_exists = simulated_mailbox_exists;
    sieve_source_host(&sim->source, &sim->host);
    sieve_beside_host(&sim->source, &sim->host, true);
    sim->site = sim->host;
    sim->host.list_exists = simulated_list_exists;
    sim->host.list_contains = simulated_list_contains;
    sim->host.list_members = simulated_list_members;
    sim->host.duplicate_seen = simulated_seen;
    sim->host.metadata = simulated_metadata;
    sim->host.environment = simulated_environment;
    sim->host.flags = simulated_flags;
    sim->host.call = simulated_call;
}

void simulation_init(struct simulation *sim, const char *file, struct suite_counter *counter)
{
    *sim = (struct simulation){.file = file, .counter = counter};
    sieve_source_init(&sim->source);
    g_autofree char *directory = g_path_get_dirname(file);
    sim->directory = g_canonicalize_filename(directory, NULL);
    sim->source.personal = g_build_filename(sim->directory, "included", NULL);
    sim->source.global = g_build_filename(sim->directory, "included-global", NULL);
    sim->source.auth = g_strdup(g_get_user_name());
    g_hash_table_replace(sim->source.settings, g_strdup("postmaster_address"),
                         g_strdup("postmaster@example.com"));
    sim->flags = g_ptr_array_new_with_free_func(g_free);
    sim->outbox = g_ptr_array_new_with_free_func(mail_free);
    sim->mailboxes = g_ptr_array_new_with_free_func(mailbox_free);
    sim->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    sim->programs = g_ptr_array_new_with_free_func(program_free);
    sim->binaries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sim->lists =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    sim->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sim->log = sieve_diagnostics_new();
    simulation_mailbox(sim, "INBOX", true);
    simulation_set_default(sim);
    fill_host(sim);
}

void simulation_release(struct simulation *sim)
{
    sieve_source_release(&sim->source);
    message_free(sim->message);
    g_ptr_array_unref(sim->flags);
    g_ptr_array_unref(sim->outbox);
    g_ptr_array_unref(sim->mailboxes);
    g_hash_table_unref(sim->metadata);
    g_hash_table_unref(sim->binaries);
    g_ptr_array_unref(sim->programs);
    sieve_diagnostics_free(sim->log);
    g_hash_table_unref(sim->lists);
    g_hash_table_unref(sim->seen);
    g_free(sim->spam);
    g_free(sim->virus);
    g_free(sim->directory);
    g_free(sim->test);
    g_free(sim->failure);
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

void simulation_set_message(struct simulation *sim, GBytes *bytes)
{
    static const char *const senders[] = {"Return-Path", "Sender", "From", NULL};
    static const char *const recipients[] = {"Envelope-To", "To", NULL};
    struct message *message = message_new(bytes);
    sieve_source_set_message(&sim->source, message);
    message_free(sim->message);
    sim->message = message;
    g_ptr_array_set_size(sim->flags, 0);
    g_clear_pointer(&sim->source.envelope, g_hash_table_unref);
    g_free(sim->source.from);
    g_free(sim->source.to);
    g_free(sim->source.orig_to);
    g_free(sim->source.auth);
    sim->source.from = first_address(message, senders, "sender@example.com");
    sim->source.to = first_address(message, recipients, "recipient@example.com");
    sim->source.orig_to = g_strdup(sim->source.to);
    sim->source.auth = g_strdup(g_get_user_name());
}

void simulation_set_default(struct simulation *sim)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(default_message, sizeof default_message - 1);
    simulation_set_message(sim, bytes);
}

// ---- Carrying out

static void log_error(struct simulation *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void log_error(struct simulation *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sieve_diagnose_v(sim->log, SIEVE_ERROR, sim->file, (struct sieve_position){0, 0}, format, args);
    va_end(args);
}

static void store(struct simulation *sim, struct suite_mailbox *mailbox, GBytes *message,
                  const GPtrArray *flags)
{
    struct suite_stored *stored = g_new0(struct suite_stored, 1);
    const struct message *current = sieve_source_message(&sim->source);
    stored->bytes = message ? g_bytes_ref(message) : g_bytes_new(current->data, current->size);
    stored->flags = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; flags && i < flags->len; i++)
        g_ptr_array_add(stored->flags, g_strdup(g_ptr_array_index(flags, i)));
    g_ptr_array_add(mailbox->messages, stored);
}

void simulation_keep(struct simulation *sim, GBytes *message, const GPtrArray *flags)
{
    store(sim, simulation_mailbox(sim, "INBOX", true), message, flags);
}

static void post(struct simulation *sim, const struct answer_mail *mail)
{
    for (guint i = 0; i < mail->to->len; i++) {
        struct suite_mail *record = g_new0(struct suite_mail, 1);
        record->from = g_strdup(mail->from);
        record->to = g_strdup(g_ptr_array_index(mail->to, i));
        record->bytes = g_bytes_ref(mail->text);
        g_ptr_array_add(sim->outbox, record);
    }
}

static bool send_mail(struct simulation *sim, const struct plan_action *action)
{
    struct sieve_answer answer;
    struct answer_mail mail = {0};
    g_autofree char *because = NULL;
    sieve_answer_init(&answer, &sim->source, action);
    bool sent = answer_for(action->kind)(&answer.answer, action, &mail, &because);
    g_autofree char *found = action->fcc ? sieve_beside_folder(&sim->source, action) : NULL;
    if (sent && action->fcc)
        store(sim, simulation_mailbox(sim, found ? found : action->fcc, true), mail.text,
              action->flags);
    sim->unsent |= !sent && action->kind == PLAN_REDIRECT;
    if (sent)
        post(sim, &mail);
    else
        sieve_diagnose(sim->log, SIEVE_INFO, sim->file, (struct sieve_position){0, 0}, MSG_NOT_SENT,
                       plan_kind_name(action->kind), because);
    answer_mail_clear(&mail);
    sieve_answer_release(&answer);
    return true;
}

static bool pipe_message(struct simulation *sim, const struct plan_action *action)
{
    g_autoptr(GError) err = NULL;
    const struct message *current = sieve_source_message(&sim->source);
    g_autoptr(GBytes) input =
        action->message ? g_bytes_ref(action->message) : g_bytes_new(current->data, current->size);
    const struct sieve_program_call call = {.kind = SIEVE_CALL_PIPE,
                                            .program = action->address,
                                            .arguments = action->arguments,
                                            .input = input};
    if (sieve_program_run(&sim->source, &call, NULL, &err))
        return true;
    if (plan_action_get(action, "try"))
        return true;
    log_error(sim, MSG_PIPE_FAILED, err->message);
    return false;
}

// Where ACTION files; NULL after an error was logged.
static struct suite_mailbox *target_of(struct simulation *sim, const struct plan_action *action)
{
    g_autofree char *found = sieve_beside_folder(&sim->source, action);
    const char *name = found ? found : action->folder ? action->folder : "INBOX";
    g_autoptr(GError) err = NULL;
    if (!sieve_beside_may_name(name, &err)) {
        log_error(sim, MSG_FOLDER_NAME, name, err->message);
        return NULL;
    }
    struct suite_mailbox *mailbox = simulation_mailbox(sim, name, action->create);
    if (!mailbox)
        log_error(sim, MSG_FOLDER_MISSING, name, name);
    return mailbox;
}

static bool is_store(const struct plan_action *action)
{
    return action->kind == PLAN_KEEP || action->kind == PLAN_FILEINTO;
}

// All folders are looked up before anything is done: a failure leaves the implicit keep alone.
static bool prepare(struct simulation *sim, const struct plan *plan, guint first)
{
    for (guint i = first; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (is_store(action) && !target_of(sim, action))
            return false;
    }
    return true;
}

static bool perform_one(struct simulation *sim, const struct plan_action *action)
{
    switch (action->kind) {
    case PLAN_KEEP:
    case PLAN_FILEINTO:
        store(sim, target_of(sim, action), action->message, action->flags);
        return true;
    case PLAN_PIPE:
        return pipe_message(sim, action);
    default:
        if (answer_for(action->kind))
            return send_mail(sim, action);
        return true;
    }
}

bool simulation_perform(struct simulation *sim, const struct plan *plan, guint first, bool keep)
{
    bool ok = prepare(sim, plan, first);
    bool stored = false;
    sim->unsent = false;
    for (guint i = first; ok && i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        ok = perform_one(sim, action);
        stored |= ok && is_store(action);
    }
    if ((keep && plan->implicit_keep) || ((!ok || sim->unsent) && !stored))
        simulation_keep(sim, ok ? plan->message : NULL, plan->flags);
    return ok;
}
