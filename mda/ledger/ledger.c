// SPDX-License-Identifier: MIT
// Chooses the kind of ledger, hashes what goes in and out.
#include "ledger/ledger.h"

#include "base/address.h"
#include "base/error.h"
#include "base/module.h"
#include "base/text.h"
#include "config.h"
#include "ledger/backend.h"
#include "ledger/key.h"

#include <string.h>

#define MESSAGE_ID_MAX_BYTES 998
#define KEY_FILE "ledger.key"
#define LIVE_SLACK_SECONDS (7 * 24 * 3600)

struct ledger {
    const struct ledger_backend *backend;
    gpointer state;
    GHmac *hmac; // keyed; copied for each hash
    char *name;
    gint64 keep_seconds;
    bool batch;
};

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

static bool load_key(struct ledger *ledger, const struct conf *conf, const char *location,
                     enum ledger_mode mode, GError **err)
{
    g_autoptr(GBytes) key = NULL;
    g_autofree char *path = key_path(conf, location);
    const bool loaded = path ? ledger_key_read(path, mode == LEDGER_WRITE, &key, err)
                             : ledger->backend->key(ledger->state, mode, &key, err);
    if (!loaded)
        return false;
    gsize size;
    const guint8 *bytes = g_bytes_get_data(key, &size);
    ledger->hmac = g_hmac_new(G_CHECKSUM_SHA256, bytes, size);
    return true;
}

static bool open_at(const char *location, const struct conf *conf, gint64 keep_seconds,
                    enum ledger_mode mode, struct deadline deadline, struct ledger **ledger_r,
                    GError **err)
{
    struct ledger *ledger = g_new0(struct ledger, 1);
    ledger->backend = backend_for(location, err);
    ledger->keep_seconds = keep_seconds;
    // A password in the URL is nobody's business.
    const char *at = strrchr(location, '@');
    ledger->name = g_strdup(strstr(location, "://") && at ? at + 1 : location);
    if (!ledger->backend ||
        !ledger->backend->open(location, conf, mode, deadline, &ledger->state, err) ||
        !load_key(ledger, conf, location, mode, err)) {
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

bool ledger_open(const struct conf *conf, enum ledger_mode mode, struct deadline deadline,
                 struct ledger **ledger_r, GError **err)
{
    g_autofree char *location = ledger_location(conf);
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
    g_clear_pointer(&ledger->hmac, g_hmac_unref);
    g_free(ledger->name);
    g_free(ledger);
}

const char *ledger_name(const struct ledger *ledger)
{
    return ledger->name;
}

// KIND keeps a Message-ID and an address that read the same apart.
static struct ledger_hash hash_text(const struct ledger *ledger, char kind, const char *text)
{
    struct ledger_hash hash;
    guint8 digest[32];
    gsize size = sizeof digest;
    g_autoptr(GHmac) hmac = g_hmac_copy(ledger->hmac);
    g_hmac_update(hmac, (const guchar *)&kind, 1);
    g_hmac_update(hmac, (const guchar *)text, -1);
    g_hmac_get_digest(hmac, digest, &size);
    memcpy(hash.bytes, digest, sizeof hash.bytes);
    return hash;
}

// False when there is no Message-ID in TEXT. Case is folded: some gateways do so with the domain.
static bool hash_message_id(const struct ledger *ledger, const char *text,
                            struct ledger_hash *hash_r)
{
    g_autofree char *folded = address_fold(text);
    if (!folded || !*folded || strlen(folded) > MESSAGE_ID_MAX_BYTES)
        return false;
    *hash_r = hash_text(ledger, 'i', folded);
    return true;
}

static struct ledger_hash hash_address(const struct ledger *ledger, const char *address)
{
    g_autofree char *folded = address_untagged(address);
    return hash_text(ledger, 'a', folded);
}

// The recipients' hashes, and those with their domains.
static void hash_recipients(const struct ledger *ledger, const char *const *recipients,
                            GArray *addresses, GArray *correspondents)
{
    for (gsize i = 0; recipients && recipients[i] && i < LEDGER_RECIPIENTS_MAX; i++) {
        const char *domain = text_domain_of(recipients[i]);
        if (!domain || !*domain)
            continue;
        const struct ledger_hash address = hash_address(ledger, recipients[i]);
        g_array_append_val(addresses, address);
        g_array_append_val(correspondents, address);
        g_autofree char *at_domain = g_strdup_printf("@%s", domain);
        const struct ledger_hash whole = hash_address(ledger, at_domain);
        g_array_append_val(correspondents, whole);
    }
}

// ADDRESS was written to in this span of time.
static struct ledger_hash hash_near(const struct ledger *ledger, const char *address, gint64 span)
{
    g_autofree char *folded = address_untagged(address);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s", span, folded);
    return hash_text(ledger, 'n', text);
}

// SUBJECT as it is compared: white space and case may change on the way. NULL when there is nothing
// to compare.
static char *fold_subject(const char *subject)
{
    g_autofree char *valid = subject ? g_utf8_make_valid(subject, -1) : NULL;
    g_autofree char *folded = valid ? g_utf8_casefold(valid, -1) : NULL;
    g_auto(GStrv) words = g_strsplit_set(folded ? folded : "", " \t\r\n", -1);
    GString *text = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        if (**word)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", *word);
    }
    return g_string_free(text, text->len == 0);
}

// False when DATE and SUBJECT are not enough to know a mail by.
static bool hash_alike(const struct ledger *ledger, gint64 date, const char *subject,
                       struct ledger_hash *hash_r)
{
    g_autofree char *folded = fold_subject(subject);
    if (date <= 0 || !folded)
        return false;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s", date, folded);
    *hash_r = hash_text(ledger, 'l', text);
    return true;
}

static void hash_fingerprints(const struct ledger *ledger, const struct sent_message *message,
                              GArray *fingerprints)
{
    struct ledger_hash hash;
    const char *const *recipients = message->time > 0 ? message->recipients : NULL;
    for (gsize i = 0; recipients && recipients[i] && i < LEDGER_RECIPIENTS_MAX; i++) {
        hash = hash_near(ledger, recipients[i], message->time / LEDGER_NEAR_SECONDS);
        g_array_append_val(fingerprints, hash);
    }
    if (hash_alike(ledger, message->date, message->subject, &hash))
        g_array_append_val(fingerprints, hash);
}

static bool write_entry(struct ledger *ledger, const struct ledger_entry *entry, GError **err)
{
    if (ledger->batch)
        return ledger->backend->record(ledger->state, entry, err);
    if (!ledger_begin(ledger, err))
        return false;
    return ledger->backend->record(ledger->state, entry, err) && ledger_commit(ledger, err);
}

// A mail recorded as it was sent may be dated years back by a clock that is wrong.
static gint64 since_when(const struct sent_message *message, gint64 now)
{
    return message->live ? MAX(message->time, now - LIVE_SLACK_SECONDS) : message->time;
}

bool ledger_record(struct ledger *ledger, const struct sent_message *message, GError **err)
{
    g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    g_autoptr(GArray) correspondents = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    g_autoptr(GArray) fingerprints = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    hash_recipients(ledger, message->recipients, addresses, correspondents);
    hash_fingerprints(ledger, message, fingerprints);
    struct ledger_entry entry = {
        .time = message->time,
        .now = g_get_real_time() / G_USEC_PER_SEC,
        .since = since_when(message, g_get_real_time() / G_USEC_PER_SEC),
        .recipients = (const struct ledger_hash *)(void *)addresses->data,
        .recipient_count = addresses->len,
        .correspondents = (const struct ledger_hash *)(void *)correspondents->data,
        .correspondent_count = correspondents->len,
        .guessed = message->guessed,
        .fingerprints = (const struct ledger_hash *)(void *)fingerprints->data,
        .fingerprint_count = fingerprints->len,
    };
    entry.has_id = message->message_id && hash_message_id(ledger, message->message_id, &entry.id);
    entry.has_sender = message->sender && strchr(message->sender, '@');
    if (entry.has_sender)
        entry.sender = hash_address(ledger, message->sender);
    if (!entry.has_id && entry.correspondent_count == 0)
        return true;
    return write_entry(ledger, &entry, err);
}

bool ledger_begin(struct ledger *ledger, GError **err)
{
    if (!ledger->backend->begin(ledger->state, err))
        return false;
    ledger->batch = true;
    return true;
}

bool ledger_commit(struct ledger *ledger, GError **err)
{
    ledger->batch = false;
    return ledger->backend->commit(ledger->state, err);
}

bool ledger_prune(struct ledger *ledger, GError **err)
{
    if (ledger->keep_seconds <= 0)
        return true;
    return ledger->backend->prune(ledger->state, g_get_real_time() / G_USEC_PER_SEC,
                                  ledger->keep_seconds, err);
}

bool ledger_find(struct ledger *ledger, const char *message_id, const char *sender, bool *found_r,
                 struct sent_record *record_r, GError **err)
{
    struct ledger_hash id, from;
    if (!hash_message_id(ledger, message_id, &id)) {
        *found_r = false;
        return true;
    }
    if (sender)
        from = hash_address(ledger, sender);
    return ledger->backend->find(ledger->state, &id, sender ? &from : NULL, found_r, record_r, err);
}

bool ledger_sent_to(struct ledger *ledger, const char *message_id, const char *address, bool *yes_r,
                    GError **err)
{
    struct ledger_hash id;
    if (!hash_message_id(ledger, message_id, &id)) {
        *yes_r = false;
        return true;
    }
    const struct ledger_hash to = hash_address(ledger, address);
    return ledger->backend->sent_to(ledger->state, &id, &to, yes_r, err);
}

bool ledger_wrote_to(struct ledger *ledger, const char *address, bool *yes_r, gint64 *time_r,
                     GError **err)
{
    const struct ledger_hash to = hash_address(ledger, address);
    return ledger->backend->wrote_to(ledger->state, &to, yes_r, time_r, err);
}

bool ledger_sent_near(struct ledger *ledger, const char *address, gint64 from, gint64 until,
                      bool *yes_r, GError **err)
{
    *yes_r = false;
    const gint64 last = until / LEDGER_NEAR_SECONDS;
    for (gint64 span = MAX(from, 0) / LEDGER_NEAR_SECONDS; span <= last && !*yes_r; span++) {
        const struct ledger_hash hash = hash_near(ledger, address, span);
        if (!ledger->backend->has_fingerprint(ledger->state, &hash, yes_r, err))
            return false;
    }
    return true;
}

bool ledger_sent_alike(struct ledger *ledger, gint64 date, const char *subject, bool *yes_r,
                       GError **err)
{
    struct ledger_hash hash;
    *yes_r = false;
    return !hash_alike(ledger, date, subject, &hash) ||
           ledger->backend->has_fingerprint(ledger->state, &hash, yes_r, err);
}

bool ledger_extent(struct ledger *ledger, struct ledger_extent *extent_r, GError **err)
{
    return ledger->backend->extent(ledger->state, extent_r, err);
}

bool ledger_count_since(struct ledger *ledger, gint64 since, gint64 *count_r, GError **err)
{
    return ledger->backend->count_since(ledger->state, since, count_r, err);
}
