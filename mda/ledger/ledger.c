// SPDX-License-Identifier: MIT
// Chooses the kind of ledger, hashes what goes in and out.
#include "ledger/ledger.h"

#include "base/address.h"
#include "base/error.h"
#include "base/log.h"
#include "base/module.h"
#include "base/text.h"
#include "config.h"
#include "ledger/inside.h"
#include "ledger/key.h"
#include "ledger/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE "ledger.key"
// A ledger that was never there before reaches back to the first mail's Date, if that is no older.
#define LIVE_SLACK_SECONDS (2 * 3600)
#define OWNERS_MAX 2

static bool is_redis(const char *location)
{
    static const char *const schemes[] = {"redis://",   "rediss://",     "valkey://",
                                          "valkeys://", "redis+unix://", "valkey+unix://"};
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (g_str_has_prefix(location, schemes[i]))
            return true;
    }
    return false;
}

static const struct ledger_backend *backend_for(const char *location, GError **err)
{
    if (!is_redis(location))
        return &ledger_sqlite;
    const struct ledger_module *module = (const struct ledger_module *)module_load("redis", err);
    return module ? module->backend : NULL;
}

// Where the key lies: as configured, else beside the file.
static char *key_path(const struct conf *conf, const char *location)
{
    const char *configured = conf ? conf_string(conf, CONF_LEDGER_KEY_FILE) : "";
    if (*configured)
        return g_strdup(configured);
    if (is_redis(location))
        return NULL;
    g_autofree char *directory = g_path_get_dirname(location);
    return g_build_filename(directory, KEY_FILE, NULL);
}

GPtrArray *ledger_open_to_others(const struct conf *conf)
{
    GPtrArray *open = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *location = ledger_location(conf);
    g_autofree char *key = key_path(conf, location);
    const char *const paths[] = {is_redis(location) ? NULL : location, key};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        struct stat status;
        if (paths[i] && stat(paths[i], &status) == 0 && status.st_mode & (S_IROTH | S_IWOTH))
            g_ptr_array_add(open, g_strdup(paths[i]));
    }
    return open;
}

static bool load_key(struct ledger *ledger, const struct conf *conf, const char *location,
                     enum ledger_mode mode, bool *made_r, GError **err)
{
    g_autoptr(GBytes) key = NULL;
    g_autofree char *path = key_path(conf, location);
    const bool loaded = path ? ledger_key_read(path, mode == LEDGER_WRITE, &key, made_r, err)
                             : ledger->backend->key(ledger->state, mode, &key, made_r, err);
    if (loaded)
        ledger->hasher = ledger_hasher_new(key);
    return loaded;
}

// Under another key nothing that was recorded can be found: the ledger begins anew.
static bool begin_anew(struct ledger *ledger, gint64 mark, gint64 now, GError **err)
{
    log_line(LOG_LEVEL_WARNING,
             "ledger %s: its key is another than before; what was recorded under that is lost",
             ledger->name);
    const struct ledger_note notes[] = {
        {"key", mark, NOTE_SET}, {"lost", now, NOTE_SET},   {"live", now, NOTE_SET},
        {"began", 0, NOTE_SET},  {"imported", 0, NOTE_SET}, {"untimed", 0, NOTE_SET},
    };
    ledger->lost = true;
    return ledger->backend->write_notes(ledger->state, notes, G_N_ELEMENTS(notes), err);
}

static bool check_key(struct ledger *ledger, enum ledger_mode mode, GError **err)
{
    static const char *const names[] = {"key", "lost", NULL};
    gint64 values[2];
    const gint64 mark = ledger_hasher_mark(ledger->hasher);
    if (!ledger->backend->read_notes(ledger->state, names, values, err))
        return false;
    ledger->lost |= values[1] != 0;
    if (values[0] == mark || (values[0] == 0 && mode == LEDGER_READ))
        return true;
    if (mode == LEDGER_READ)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "%s was recorded under another key: nothing can be found in it",
                        ledger->name);
    const struct ledger_note note = {"key", mark, NOTE_SET};
    return values[0] ? begin_anew(ledger, mark, g_get_real_time() / G_USEC_PER_SEC, err)
                     : ledger->backend->write_notes(ledger->state, &note, 1, err);
}

// A ledger that is new while its key is not may be one that was lost.
static bool note_loss(struct ledger *ledger, GError **err)
{
    const struct ledger_note note = {"lost", g_get_real_time() / G_USEC_PER_SEC, NOTE_SET};
    log_line(
        LOG_LEVEL_WARNING,
        "ledger %s is new, and its key is older: what was recorded before, if anything was, is "
        "lost",
        ledger->name);
    ledger->lost = true;
    return ledger->backend->write_notes(ledger->state, &note, 1, err);
}

static bool set_up(struct ledger *ledger, const struct conf *conf, const char *location,
                   enum ledger_mode mode, GError **err)
{
    bool key_made = false, fresh = false;
    return load_key(ledger, conf, location, mode, &key_made, err) &&
           ledger->backend->prepare(ledger->state, mode, ledger->hasher, &fresh, err) &&
           check_key(ledger, mode, err) &&
           (!fresh || key_made || !conf || mode == LEDGER_READ ||
            *conf_string(conf, CONF_LEDGER_KEY_FILE) || // made by hand, before there was a ledger
            note_loss(ledger, err));
}

static bool open_at(const char *location, const struct conf *conf, gint64 keep_seconds,
                    enum ledger_mode mode, struct deadline deadline, struct ledger **ledger_r,
                    GError **err)
{
    struct ledger *ledger = g_new0(struct ledger, 1);
    ledger->backend = backend_for(location, err);
    ledger->keep_seconds = keep_seconds;
    ledger->conf = conf;
    ledger->remote = -1;
    ledger->askers = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    // A password in the URL is nobody's business.
    const char *at = strrchr(location, '@');
    ledger->name = g_strdup(strstr(location, "://") && at ? at + 1 : location);
    if (!ledger->backend ||
        !ledger->backend->open(location, conf, mode, deadline, &ledger->state, err) ||
        !set_up(ledger, conf, location, mode, err)) {
        g_prefix_error(err, "ledger: ");
        ledger_free(ledger);
        return false;
    }
    *ledger_r = ledger;
    return true;
}

char *ledger_location(const struct conf *conf)
{
    const char *url = conf_string(conf, CONF_LEDGER_URL);
    if (g_str_has_prefix(url, "sqlite://"))
        url += strlen("sqlite://");
    else if (g_str_has_prefix(url, "sqlite:"))
        url += strlen("sqlite:");
    return *url ? g_strdup(url)
                : g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), "ledger.sqlite", NULL);
}

bool ledger_is_used(const struct conf *conf)
{
    g_autofree char *location = ledger_location(conf);
    return *conf_string(conf, CONF_LEDGER_URL) || access(location, F_OK) == 0;
}

// Who may open the file himself does so; others ask the one who holds it.
static bool is_held(const struct conf *conf, const char *location, enum ledger_mode mode)
{
    const int wanted = mode == LEDGER_READ ? R_OK : W_OK;
    return *conf_string(conf, CONF_LEDGER_SOCKET) &&
           (is_redis(location) || (faccessat(AT_FDCWD, location, wanted, AT_EACCESS) != 0 &&
                                   (errno == EACCES || errno == EPERM || errno == EROFS)));
}

static bool open_remote(const struct conf *conf, struct deadline deadline, struct ledger **ledger_r,
                        GError **err)
{
    const char *path = conf_string(conf, CONF_LEDGER_SOCKET);
    const int fd = remote_connect(path, deadline, err);
    if (fd < 0) {
        g_prefix_error(err, "ledger: ");
        return false;
    }
    struct ledger *ledger = g_new0(struct ledger, 1);
    ledger->conf = conf;
    ledger->remote = fd;
    ledger->askers = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    ledger->name = g_strdup(path);
    *ledger_r = ledger;
    return true;
}

bool ledger_open(const struct conf *conf, enum ledger_mode mode, struct deadline deadline,
                 struct ledger **ledger_r, GError **err)
{
    g_autofree char *location = ledger_location(conf);
    if (is_held(conf, location, mode))
        return open_remote(conf, deadline, ledger_r, err);
    return open_at(location, conf, conf_milliseconds(conf, CONF_LEDGER_KEEP) / 1000, mode, deadline,
                   ledger_r, err);
}

bool ledger_open_file(const char *path, gint64 keep_seconds, enum ledger_mode mode,
                      struct deadline deadline, struct ledger **ledger_r, GError **err)
{
    return open_at(path, NULL, keep_seconds, mode, deadline, ledger_r, err);
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    if (ledger->state)
        ledger->backend->free(ledger->state);
    if (ledger->remote >= 0)
        close(ledger->remote);
    ledger_hasher_free(ledger->hasher);
    g_array_unref(ledger->askers);
    g_free(ledger->name);
    g_free(ledger);
}

const char *ledger_name(const struct ledger *ledger)
{
    return ledger->name;
}

static void remote_ask_as(struct ledger *ledger, const GPtrArray *addresses)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (guint i = 0; i < addresses->len; i++)
        g_ptr_array_add(list, g_ptr_array_index(addresses, i));
    g_ptr_array_add(list, NULL);
    const struct remote_request request = {.op = REMOTE_ASK_AS, .list = (const char **)list->pdata};
    struct remote_reply reply;
    (void)!remote_call(ledger->remote, &request, &reply, NULL); // what is asked next fails as well
}

static bool remote_record(struct ledger *ledger, const struct sent_message *message, GError **err)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_ptr_array_add(list, (gpointer)(message->author ? message->author : ""));
    for (gsize i = 0; message->recipients && message->recipients[i] && i < LEDGER_RECIPIENTS_MAX;
         i++)
        g_ptr_array_add(list, (gpointer)message->recipients[i]);
    g_ptr_array_add(list, NULL);
    const struct remote_request request = {.op = REMOTE_RECORD,
                                           .id = message->message_id,
                                           .address = message->sender,
                                           .text = message->subject,
                                           .list = (const char **)list->pdata,
                                           .from = message->time,
                                           .until = message->date,
                                           .flag = message->guessed};
    struct remote_reply reply;
    return remote_call(ledger->remote, &request, &reply, err);
}

void ledger_ask_as(struct ledger *ledger, const GPtrArray *addresses)
{
    if (ledger->remote >= 0) {
        remote_ask_as(ledger, addresses);
        return;
    }
    g_array_set_size(ledger->askers, 0);
    for (guint i = 0; i < addresses->len; i++) {
        const struct ledger_hash asker =
            ledger_hash_owner(ledger->hasher, g_ptr_array_index(addresses, i));
        g_array_append_val(ledger->askers, asker);
    }
}

// The hashes of one record on their way to the backend.
struct entry_draft {
    GArray *recipients, *correspondents, *fingerprints; // struct ledger_hash
    GArray *notes;
    struct ledger_hash owners[OWNERS_MAX]; // who wrote to them
    guint owner_count;
};

static void draft_init(struct entry_draft *draft)
{
    draft->recipients = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    draft->correspondents = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    draft->fingerprints = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    draft->notes = g_array_new(FALSE, FALSE, sizeof(struct ledger_note));
    draft->owner_count = 0;
}

static void draft_release(struct entry_draft *draft)
{
    g_array_unref(draft->recipients);
    g_array_unref(draft->correspondents);
    g_array_unref(draft->fingerprints);
    g_array_unref(draft->notes);
}

static void add_owner(const struct ledger *ledger, const char *address, struct entry_draft *draft)
{
    if (!address || !strchr(address, '@'))
        return;
    const struct ledger_hash owner = ledger_hash_owner(ledger->hasher, address);
    if (draft->owner_count == 1 && ledger_hash_equal(&draft->owners[0], &owner))
        return;
    draft->owners[draft->owner_count++] = owner;
}

// TO under each owner; where nobody is known to have sent it, as it is.
static void add_owned(const struct ledger *ledger, const struct entry_draft *draft,
                      enum ledger_bond bond, struct ledger_hash to, GArray *hashes)
{
    for (guint i = 0; i < draft->owner_count; i++) {
        const struct ledger_hash bound =
            ledger_hash_bound(ledger->hasher, bond, &draft->owners[i], &to);
        g_array_append_val(hashes, bound);
    }
    if (draft->owner_count == 0)
        g_array_append_val(hashes, to);
}

static void add_recipient(const struct ledger *ledger, const struct sent_message *message,
                          const struct ledger_hash *id, const char *recipient,
                          struct entry_draft *draft)
{
    const char *domain = text_domain_of(recipient);
    if (!domain || !*domain)
        return;
    const struct ledger_hash address = ledger_hash_address(ledger->hasher, recipient);
    if (id) {
        const struct ledger_hash bound =
            ledger_hash_bound(ledger->hasher, BOND_RECIPIENT, id, &address);
        g_array_append_val(draft->recipients, bound);
    }
    g_autofree char *at_domain = g_strdup_printf("@%s", domain);
    add_owned(ledger, draft, BOND_CORRESPONDENT, address, draft->correspondents);
    add_owned(ledger, draft, BOND_CORRESPONDENT, ledger_hash_address(ledger->hasher, at_domain),
              draft->correspondents);
    if (message->time > 0)
        add_owned(ledger, draft, BOND_NEAR,
                  ledger_hash_near(ledger->hasher, recipient, message->time / LEDGER_NEAR_SECONDS),
                  draft->fingerprints);
}

// That recipients are recorded of each owner.
static void add_owners(const struct ledger *ledger, struct entry_draft *draft)
{
    for (guint i = 0; draft->correspondents->len > 0 && i < draft->owner_count; i++) {
        const struct ledger_hash *owner = &draft->owners[i];
        const struct ledger_hash known = ledger_hash_bound(ledger->hasher, BOND_USER, owner, owner);
        g_array_append_val(draft->correspondents, known);
    }
}

static void add_note(struct entry_draft *draft, const char *name, gint64 value, int merge)
{
    const struct ledger_note note = {name, value, merge};
    g_array_append_val(draft->notes, note);
}

// From when on the ledger may be called complete, by this record. One made as the mail was sent
// says so from now on; a list, from the earliest time in it; folders of sent mail only when there
// is nothing else, for they are one user's.
static void note_reach(const struct ledger *ledger, const struct sent_message *message, gint64 now,
                       struct entry_draft *draft)
{
    if (message->foreign)
        return;
    if (message->live)
        add_note(draft, "live",
                 ledger->lost
                     ? now
                     : CLAMP(message->time ? message->time : now, now - LIVE_SLACK_SECONDS, now),
                 NOTE_LEAST);
    else if (!message->time)
        add_note(draft, "untimed", 1, NOTE_LEAST);
    else
        add_note(draft, message->guessed ? "imported" : "began", message->time, NOTE_LEAST);
}

static void note_kind(const struct sent_message *message, gint64 now, struct entry_draft *draft)
{
    if (draft->correspondents->len > 0)
        add_note(draft, "recipients", 1, NOTE_LEAST);
    if (draft->correspondents->len > 0 && draft->owner_count > 0)
        add_note(draft, "bound", 1, NOTE_LEAST);
    if (message->guessed && !message->foreign)
        add_note(draft, "guessed", now, NOTE_MOST);
}

static bool write_entry(struct ledger *ledger, const struct ledger_entry *entry, GError **err)
{
    if (ledger->batch)
        return ledger->backend->record(ledger->state, entry, err);
    if (!ledger_begin(ledger, err))
        return false;
    return ledger->backend->record(ledger->state, entry, err) && ledger_commit(ledger, err);
}

static void fill_entry(const struct entry_draft *draft, struct ledger_entry *entry)
{
    entry->recipients = (const struct ledger_hash *)(void *)draft->recipients->data;
    entry->recipient_count = draft->recipients->len;
    entry->correspondents = (const struct ledger_hash *)(void *)draft->correspondents->data;
    entry->correspondent_count = draft->correspondents->len;
    entry->fingerprints = (const struct ledger_hash *)(void *)draft->fingerprints->data;
    entry->fingerprint_count = draft->fingerprints->len;
    entry->notes = (const struct ledger_note *)(void *)draft->notes->data;
    entry->note_count = draft->notes->len;
}

bool ledger_record(struct ledger *ledger, const struct sent_message *message, GError **err)
{
    if (ledger->remote >= 0)
        return remote_record(ledger, message, err);
    struct entry_draft draft;
    struct ledger_hash hash;
    struct ledger_entry entry = {
        .time = message->time,
        .now = g_get_real_time() / G_USEC_PER_SEC,
    };
    draft_init(&draft);
    add_owner(ledger, message->sender, &draft);
    add_owner(ledger, message->author, &draft);
    entry.has_id =
        message->message_id && ledger_hash_id(ledger->hasher, message->message_id, &entry.id);
    entry.has_sender = entry.has_id && message->sender && strchr(message->sender, '@');
    if (entry.has_sender) {
        hash = ledger_hash_address(ledger->hasher, message->sender);
        entry.sender = ledger_hash_bound(ledger->hasher, BOND_SENDER, &entry.id, &hash);
    }
    const char *const *recipients = message->recipients;
    for (gsize i = 0; recipients && recipients[i] && i < LEDGER_RECIPIENTS_MAX; i++)
        add_recipient(ledger, message, entry.has_id ? &entry.id : NULL, recipients[i], &draft);
    if (ledger_hash_alike(ledger->hasher, message->date, message->subject, &hash))
        g_array_append_val(draft.fingerprints, hash);
    add_owners(ledger, &draft);
    note_reach(ledger, message, entry.now, &draft);
    note_kind(message, entry.now, &draft);
    fill_entry(&draft, &entry);
    const bool empty = !entry.has_id && entry.correspondent_count == 0;
    const bool done = empty || write_entry(ledger, &entry, err);
    draft_release(&draft);
    return done;
}

bool ledger_begin(struct ledger *ledger, GError **err)
{
    if (ledger->remote < 0 && !ledger->backend->begin(ledger->state, err))
        return false;
    ledger->batch = true;
    return true;
}

bool ledger_commit(struct ledger *ledger, GError **err)
{
    ledger->batch = false;
    return ledger->remote >= 0 || ledger->backend->commit(ledger->state, err);
}

bool ledger_prune(struct ledger *ledger, GError **err)
{
    if (ledger->keep_seconds <= 0 || ledger->remote >= 0)
        return true;
    return ledger->backend->prune(ledger->state, g_get_real_time() / G_USEC_PER_SEC,
                                  ledger->keep_seconds, err);
}

bool ledger_find(struct ledger *ledger, const char *message_id, const char *sender, bool *found_r,
                 struct sent_record *record_r, GError **err)
{
    struct ledger_hash id, from, bound;
    *found_r = false;
    if (ledger->remote >= 0) {
        const struct remote_request request = {
            .op = REMOTE_FIND, .id = message_id, .address = sender};
        struct remote_reply reply;
        if (!remote_call(ledger->remote, &request, &reply, err))
            return false;
        *found_r = reply.yes;
        *record_r = reply.record;
        return true;
    }
    if (!ledger_hash_id(ledger->hasher, message_id, &id))
        return true;
    if (sender) {
        from = ledger_hash_address(ledger->hasher, sender);
        bound = ledger_hash_bound(ledger->hasher, BOND_SENDER, &id, &from);
    }
    return ledger->backend->find(ledger->state, &id, sender ? &bound : NULL, sender ? &from : NULL,
                                 found_r, record_r, err);
}

// What the holder answers, where the places are not NULL.
static bool ask_remote(const struct ledger *ledger, const struct remote_request *request,
                       bool *yes_r, gint64 *time_r, gint64 *count_r, GError **err)
{
    struct remote_reply reply;
    if (!remote_call(ledger->remote, request, &reply, err))
        return false;
    if (yes_r)
        *yes_r = reply.yes;
    if (time_r)
        *time_r = reply.time;
    if (count_r)
        *count_r = reply.count;
    return true;
}

bool ledger_sent_to(struct ledger *ledger, const char *message_id, const char *address, bool *yes_r,
                    GError **err)
{
    if (ledger->remote >= 0)
        return ask_remote(
            ledger,
            &(struct remote_request){.op = REMOTE_SENT_TO, .id = message_id, .address = address},
            yes_r, NULL, NULL, err);
    struct ledger_hash id;
    *yes_r = false;
    if (!ledger_hash_id(ledger->hasher, message_id, &id))
        return true;
    const struct ledger_hash to = ledger_hash_address(ledger->hasher, address);
    const struct ledger_hash bound = ledger_hash_bound(ledger->hasher, BOND_RECIPIENT, &id, &to);
    return ledger->backend->sent_to(ledger->state, &id, &bound, &to, yes_r, err);
}

// TO under the asker at AT; the one behind the last is nobody.
static struct ledger_hash under_asker(const struct ledger *ledger, enum ledger_bond bond,
                                      const struct ledger_hash *to, guint at)
{
    if (at == ledger->askers->len)
        return *to;
    return ledger_hash_bound(ledger->hasher, bond,
                             &g_array_index(ledger->askers, struct ledger_hash, at), to);
}

bool ledger_wrote_to(struct ledger *ledger, const char *address, bool *yes_r, gint64 *time_r,
                     GError **err)
{
    if (ledger->remote >= 0)
        return ask_remote(ledger,
                          &(struct remote_request){.op = REMOTE_WROTE_TO, .address = address},
                          yes_r, time_r, NULL, err);
    const struct ledger_hash to = ledger_hash_address(ledger->hasher, address);
    *yes_r = false;
    for (guint i = 0; i <= ledger->askers->len && !*yes_r; i++) {
        const struct ledger_hash hash = under_asker(ledger, BOND_CORRESPONDENT, &to, i);
        if (!ledger->backend->wrote_to(ledger->state, &hash, yes_r, time_r, err))
            return false;
    }
    return true;
}

bool ledger_sent_near(struct ledger *ledger, const char *address, gint64 from, gint64 until,
                      bool *yes_r, GError **err)
{
    if (ledger->remote >= 0)
        return ask_remote(ledger,
                          &(struct remote_request){
                              .op = REMOTE_NEAR, .address = address, .from = from, .until = until},
                          yes_r, NULL, NULL, err);
    *yes_r = false;
    const gint64 last = until / LEDGER_NEAR_SECONDS;
    for (gint64 span = MAX(from, 0) / LEDGER_NEAR_SECONDS; span <= last; span++) {
        const struct ledger_hash to = ledger_hash_near(ledger->hasher, address, span);
        for (guint i = 0; i <= ledger->askers->len && !*yes_r; i++) {
            const struct ledger_hash hash = under_asker(ledger, BOND_NEAR, &to, i);
            if (!ledger->backend->has_fingerprint(ledger->state, &hash, yes_r, err))
                return false;
        }
    }
    return true;
}

bool ledger_sent_alike(struct ledger *ledger, gint64 date, const char *subject, bool *yes_r,
                       GError **err)
{
    if (ledger->remote >= 0)
        return ask_remote(
            ledger, &(struct remote_request){.op = REMOTE_ALIKE, .text = subject, .from = date},
            yes_r, NULL, NULL, err);
    struct ledger_hash hash;
    *yes_r = false;
    return !ledger_hash_alike(ledger->hasher, date, subject, &hash) ||
           ledger->backend->has_fingerprint(ledger->state, &hash, yes_r, err);
}

bool ledger_count_since(struct ledger *ledger, gint64 since, gint64 *count_r, GError **err)
{
    if (ledger->remote >= 0)
        return ask_remote(ledger, &(struct remote_request){.op = REMOTE_COUNT, .from = since}, NULL,
                          NULL, count_r, err);
    return ledger->backend->count_since(ledger->state, since, count_r, err);
}
