// SPDX-License-Identifier: MIT
// The module backstop-redis.so: the ledger in Redis or Valkey, for many hosts. What is kept and how
// it is asked for; ledger/redis-link.c talks to the servers.
//
// Keys, all below "backstop:" (what stands in {} keeps a record in one slot of a cluster):
//   {ID}:m  hash: t time, s sender            {ID}:r  set: recipients, both bound to the id
//   {HASH}:c  when a user last wrote to someone    hour:N  how many were recorded in that hour
//   {HASH}:f  that such a mail was sent (to whom when, or Date and Subject)
//   meta  hash: what is noted of the whole (ledger.c), count           key  the secret
//   gaps  sorted set: "from until", by until     recorders  hash: name, when it was last alive
//
// Earlier versions did not bind recipients, senders and correspondents; theirs are found as well.
// Everything but meta, gaps, recorders and key expires by itself after [ledger] keep. No command
// has keys in two slots. Whatever cannot be had in time is an error, and the source then says
// nothing.
#include "base/error.h"
#include "config.h"
#include "ledger/backend.h"
#include "ledger/key.h"
#include "ledger/redis-link.h"

#include <string.h>

#define PREFIX "backstop:"
#define HEX_LENGTH (2 * LEDGER_HASH_BYTES)
#define HOUR 3600
#define HOURS_MAX (7 * 24)

struct redis_state {
    struct redis_link *link;
    gint64 keep_seconds;
};

static void redis_free(gpointer data)
{
    struct redis_state *state = data;
    redis_link_free(state->link);
    g_free(state);
}

static bool redis_open(const char *location, const struct conf *conf, enum ledger_mode mode,
                       struct deadline deadline, gpointer *state_r, GError **err)
{
    (void)mode;
    struct redis_link *link;
    if (!redis_link_open(location, conf, deadline, &link, err))
        return false;
    struct redis_state *state = g_new0(struct redis_state, 1);
    state->link = link;
    state->keep_seconds = conf_milliseconds(conf, CONF_LEDGER_KEEP) / 1000;
    *state_r = state;
    return true;
}

static const char *hex(const struct ledger_hash *hash, char text_r[HEX_LENGTH + 1])
{
    for (gsize i = 0; i < sizeof hash->bytes; i++)
        g_snprintf(text_r + 2 * i, 3, "%02x", hash->bytes[i]);
    return text_r;
}

static bool redis_key(gpointer data, enum ledger_mode mode, GBytes **key_r, bool *made_r,
                      GError **err)
{
    struct redis_state *state = data;
    redisReply *reply;
    *made_r = false;
    if (mode == LEDGER_WRITE) {
        guint8 fresh[LEDGER_KEY_BYTES];
        if (!ledger_key_random(fresh, err))
            return false;
        g_autofree char *text = g_compute_checksum_for_data(G_CHECKSUM_SHA256, fresh, sizeof fresh);
        reply = redis_link_query(state->link, err, "SETNX " PREFIX "key %s", text);
        if (!reply)
            return false;
        *made_r = reply->integer == 1;
        freeReplyObject(reply);
    }
    reply = redis_link_query(state->link, err, "GET " PREFIX "key");
    if (!reply)
        return false;
    const bool there = reply->type == REDIS_REPLY_STRING && reply->len >= LEDGER_KEY_BYTES;
    if (there)
        *key_r = g_bytes_new(reply->str, reply->len);
    freeReplyObject(reply);
    return there || mda_fail(err, MDA_ERROR_GONE, "nothing was ever recorded in it");
}

static bool record_message(struct redis_state *state, const struct ledger_entry *entry,
                           GError **err)
{
    char id[HEX_LENGTH + 1], other[HEX_LENGTH + 1];
    const long long keep = state->keep_seconds > 0 ? state->keep_seconds : G_MAXINT32;
    hex(&entry->id, id);
    if (!redis_link_put(state->link, err, "HSETNX " PREFIX "{%s}:m t %lld", id,
                        (long long)entry->time) ||
        (entry->has_sender && !redis_link_put(state->link, err, "HSETNX " PREFIX "{%s}:m s %s", id,
                                              hex(&entry->sender, other))) ||
        !redis_link_put(state->link, err, "EXPIRE " PREFIX "{%s}:m %lld", id, keep))
        return false;
    for (guint i = 0; i < entry->recipient_count; i++) {
        if (!redis_link_put(state->link, err, "SADD " PREFIX "{%s}:r %s", id,
                            hex(&entry->recipients[i], other)))
            return false;
    }
    return entry->recipient_count == 0 ||
           redis_link_put(state->link, err, "EXPIRE " PREFIX "{%s}:r %lld", id, keep);
}

static bool redis_prepare(gpointer data, enum ledger_mode mode, const struct ledger_hasher *hasher,
                          bool *fresh_r, GError **err)
{
    (void)mode, (void)hasher;
    struct redis_state *state = data;
    redisReply *reply = redis_link_query(state->link, err, "HEXISTS " PREFIX "meta first");
    if (!reply)
        return false;
    *fresh_r = reply->integer == 0;
    freeReplyObject(reply);
    return true;
}

static bool put_note(struct redis_state *state, const struct ledger_note *note, GError **err)
{
    // A script does it in one step.
    static const char compare[] = "local b=redis.call('HGET',KEYS[1],ARGV[1]) b=b and tonumber(b) "
                                  "local v=tonumber(ARGV[2]) if not b or b==0 or "
                                  "(ARGV[3]=='<' and v<b) or (ARGV[3]=='>' and v>b) then "
                                  "redis.call('HSET',KEYS[1],ARGV[1],ARGV[2]) end return 1";
    const long long value = note->value;
    if (note->merge == NOTE_SET)
        return redis_link_put(state->link, err, "HSET " PREFIX "meta %s %lld", note->name, value);
    return redis_link_put(state->link, err, "EVAL %s 1 " PREFIX "meta %s %lld %s", compare,
                          note->name, value, note->merge == NOTE_LEAST ? "<" : ">");
}

static bool record_meta(struct redis_state *state, const struct ledger_entry *entry, GError **err)
{
    const long long now = entry->now, hour = entry->now / HOUR;
    if (!redis_link_put(state->link, err, "HSETNX " PREFIX "meta first %lld", now) ||
        !redis_link_put(state->link, err, "INCR " PREFIX "hour:%lld", hour) ||
        !redis_link_put(state->link, err, "EXPIRE " PREFIX "hour:%lld %d", hour,
                        HOURS_MAX * HOUR) ||
        (entry->has_id && !redis_link_put(state->link, err, "HINCRBY " PREFIX "meta count 1")))
        return false;
    for (guint i = 0; i < entry->note_count; i++) {
        if (!put_note(state, &entry->notes[i], err))
            return false;
    }
    return true;
}

static bool redis_record(gpointer data, const struct ledger_entry *entry, GError **err)
{
    struct redis_state *state = data;
    const long long keep = state->keep_seconds > 0 ? state->keep_seconds : G_MAXINT32;
    if (entry->has_id && !record_message(state, entry, err))
        return false;
    for (guint i = 0; i < entry->correspondent_count; i++) {
        char address[HEX_LENGTH + 1];
        if (!redis_link_put(state->link, err, "SET " PREFIX "{%s}:c %lld EX %lld",
                            hex(&entry->correspondents[i], address), (long long)entry->time, keep))
            return false;
    }
    for (guint i = 0; i < entry->fingerprint_count; i++) {
        char hash[HEX_LENGTH + 1];
        if (!redis_link_put(state->link, err, "SET " PREFIX "{%s}:f 1 EX %lld",
                            hex(&entry->fingerprints[i], hash), keep))
            return false;
    }
    return record_meta(state, entry, err);
}

static bool redis_begin(gpointer data, GError **err)
{
    (void)data, (void)err;
    return true;
}

static bool redis_commit(gpointer data, GError **err)
{
    struct redis_state *state = data;
    return redis_link_flush(state->link, err);
}

static bool redis_prune(gpointer data, gint64 now, gint64 keep_seconds, GError **err)
{
    (void)data, (void)now, (void)keep_seconds, (void)err;
    return true; // records expire by themselves
}

static bool redis_find(gpointer data, const struct ledger_hash *id,
                       const struct ledger_hash *sender, const struct ledger_hash *old_sender,
                       bool *found_r, struct sent_record *record_r, GError **err)
{
    char text[HEX_LENGTH + 1], other[HEX_LENGTH + 1];
    struct redis_state *state = data;
    redisReply *reply =
        redis_link_query(state->link, err, "HMGET " PREFIX "{%s}:m t s", hex(id, text));
    if (!reply)
        return false;
    struct sent_record record = {0};
    *found_r = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
               reply->element[0]->type == REDIS_REPLY_STRING;
    if (*found_r) {
        const char *kept =
            reply->element[1]->type == REDIS_REPLY_STRING ? reply->element[1]->str : NULL;
        record.time = g_ascii_strtoll(reply->element[0]->str, NULL, 10);
        record.has_sender = kept != NULL;
        record.sender_fits =
            kept && sender &&
            (strcmp(kept, hex(sender, other)) == 0 || strcmp(kept, hex(old_sender, other)) == 0);
    }
    freeReplyObject(reply);
    if (!*found_r)
        return true;
    reply = redis_link_query(state->link, err, "SCARD " PREFIX "{%s}:r", text);
    if (!reply)
        return false;
    record.recipients = (guint)reply->integer;
    freeReplyObject(reply);
    *record_r = record;
    return true;
}

static bool is_member(struct redis_state *state, const struct ledger_hash *id,
                      const struct ledger_hash *address, bool *yes_r, GError **err)
{
    char text[HEX_LENGTH + 1], other[HEX_LENGTH + 1];
    redisReply *reply = redis_link_query(state->link, err, "SISMEMBER " PREFIX "{%s}:r %s",
                                         hex(id, text), hex(address, other));
    if (!reply)
        return false;
    *yes_r = reply->integer == 1;
    freeReplyObject(reply);
    return true;
}

static bool redis_sent_to(gpointer data, const struct ledger_hash *id,
                          const struct ledger_hash *address, const struct ledger_hash *old_address,
                          bool *yes_r, GError **err)
{
    return is_member(data, id, address, yes_r, err) &&
           (*yes_r || is_member(data, id, old_address, yes_r, err));
}

static bool redis_wrote_to(gpointer data, const struct ledger_hash *address, bool *yes_r,
                           gint64 *time_r, GError **err)
{
    struct redis_state *state = data;
    char text[HEX_LENGTH + 1];
    redisReply *reply =
        redis_link_query(state->link, err, "GET " PREFIX "{%s}:c", hex(address, text));
    if (!reply)
        return false;
    *yes_r = reply->type == REDIS_REPLY_STRING;
    if (*yes_r)
        *time_r = g_ascii_strtoll(reply->str, NULL, 10);
    freeReplyObject(reply);
    return true;
}

static bool redis_has_fingerprint(gpointer data, const struct ledger_hash *fingerprint, bool *yes_r,
                                  GError **err)
{
    struct redis_state *state = data;
    char text[HEX_LENGTH + 1];
    redisReply *reply =
        redis_link_query(state->link, err, "EXISTS " PREFIX "{%s}:f", hex(fingerprint, text));
    if (!reply)
        return false;
    *yes_r = reply->integer == 1;
    freeReplyObject(reply);
    return true;
}

static bool redis_count_since(gpointer data, gint64 since, gint64 *count_r, GError **err)
{
    struct redis_state *state = data;
    const gint64 last = g_get_real_time() / G_USEC_PER_SEC / HOUR;
    gint64 count = 0;
    for (gint64 hour = MAX(since / HOUR, last - HOURS_MAX); hour <= last; hour++) {
        redisReply *reply =
            redis_link_query(state->link, err, "GET " PREFIX "hour:%lld", (long long)hour);
        if (!reply)
            return false;
        // Whatever the server says, so many at the most.
        if (reply->type == REDIS_REPLY_STRING &&
            __builtin_add_overflow(count, MAX(0, g_ascii_strtoll(reply->str, NULL, 10)), &count))
            count = G_MAXINT64;
        freeReplyObject(reply);
    }
    *count_r = count;
    return true;
}

static bool redis_forget(gpointer data, const struct ledger_hash *hash, gint64 *count_r,
                         GError **err)
{
    struct redis_state *state = data;
    char text[HEX_LENGTH + 1];
    hex(hash, text);
    redisReply *reply =
        redis_link_query(state->link, err, "DEL " PREFIX "{%s}:m " PREFIX "{%s}:r " PREFIX "{%s}:c",
                         text, text, text);
    if (!reply)
        return false;
    *count_r = reply->integer;
    freeReplyObject(reply);
    return true;
}

static bool redis_read_notes(gpointer data, const char *const *names, gint64 *values_r,
                             GError **err)
{
    struct redis_state *state = data;
    redisReply *reply = redis_link_query(state->link, err, "HGETALL " PREFIX "meta");
    if (!reply)
        return false;
    const gsize pairs = reply->type == REDIS_REPLY_ARRAY ? reply->elements / 2 : 0;
    for (; *names; names++, values_r++) {
        *values_r = 0;
        for (gsize i = 0; i < pairs; i++) {
            const redisReply *name = reply->element[2 * i], *value = reply->element[2 * i + 1];
            if (name->str && value->str && strcmp(name->str, *names) == 0)
                *values_r = g_ascii_strtoll(value->str, NULL, 10);
        }
    }
    freeReplyObject(reply);
    return true;
}

static bool redis_write_notes(gpointer data, const struct ledger_note *notes, guint count,
                              GError **err)
{
    struct redis_state *state = data;
    for (guint i = 0; i < count; i++) {
        if (!put_note(state, &notes[i], err))
            return false;
    }
    return redis_link_flush(state->link, err);
}

static bool redis_read_gaps(gpointer data, GArray *gaps, GPtrArray *recorders, GError **err)
{
    struct redis_state *state = data;
    redisReply *reply = redis_link_query(state->link, err, "ZRANGE " PREFIX "gaps 0 -1");
    if (!reply)
        return false;
    for (gsize i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        char *end = NULL;
        struct ledger_gap gap = {0, 0};
        if (!reply->element[i]->str)
            continue;
        gap.from = g_ascii_strtoll(reply->element[i]->str, &end, 10);
        gap.until = g_ascii_strtoll(end, NULL, 10);
        g_array_append_val(gaps, gap);
    }
    freeReplyObject(reply);
    reply = redis_link_query(state->link, err, "HGETALL " PREFIX "recorders");
    if (!reply)
        return false;
    for (gsize i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        struct ledger_recorder *recorder = g_new0(struct ledger_recorder, 1);
        recorder->name = g_strdup(reply->element[i]->str ? reply->element[i]->str : "");
        recorder->alive =
            reply->element[i + 1]->str ? g_ascii_strtoll(reply->element[i + 1]->str, NULL, 10) : 0;
        g_ptr_array_add(recorders, recorder);
    }
    freeReplyObject(reply);
    return true;
}

static bool redis_add_gap(gpointer data, const struct ledger_gap *gap, GError **err)
{
    struct redis_state *state = data;
    const long long from = gap->from, until = gap->until;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *text = g_strdup_printf("%lld %lld", from, until);
    if (state->keep_seconds > 0 &&
        !redis_link_put(state->link, err, "ZREMRANGEBYSCORE " PREFIX "gaps -inf %lld",
                        (long long)(now - state->keep_seconds)))
        return false;
    return redis_link_put(state->link, err, "ZADD " PREFIX "gaps %lld %s", until, text) &&
           redis_link_flush(state->link, err);
}

static bool redis_set_alive(gpointer data, const char *name, gint64 time, GError **err)
{
    struct redis_state *state = data;
    const bool put = time ? redis_link_put(state->link, err, "HSET " PREFIX "recorders %s %lld",
                                           name, (long long)time)
                          : redis_link_put(state->link, err, "HDEL " PREFIX "recorders %s", name);
    return put && redis_link_flush(state->link, err);
}

static const struct ledger_backend backend = {
    .open = redis_open,
    .free = redis_free,
    .key = redis_key,
    .prepare = redis_prepare,
    .record = redis_record,
    .begin = redis_begin,
    .commit = redis_commit,
    .prune = redis_prune,
    .find = redis_find,
    .sent_to = redis_sent_to,
    .wrote_to = redis_wrote_to,
    .has_fingerprint = redis_has_fingerprint,
    .count_since = redis_count_since,
    .forget = redis_forget,
    .read_notes = redis_read_notes,
    .write_notes = redis_write_notes,
    .read_gaps = redis_read_gaps,
    .add_gap = redis_add_gap,
    .set_alive = redis_set_alive,
    .expires = true,
};

extern const struct ledger_module MODULE_SYMBOL;
const struct ledger_module MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .backend = &backend};
