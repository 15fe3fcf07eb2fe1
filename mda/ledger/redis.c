// SPDX-License-Identifier: MIT
// The module backstop-redis.so: the ledger in Redis or Valkey, for many hosts. The one file that
// knows hiredis (0.14 and later; TLS needs 1.0).
//
// Keys, all below "backstop:" (what stands in {} keeps a record in one slot of a cluster):
//   {ID}:m  hash: t time, s sender            {ID}:r  set: recipients
//   {ADDRESS}:c  when it was last written to   hour:N  how many were recorded in that hour
//   meta  hash: began, untimed, guessed, first, count, recipients      key  the secret
//
// Everything but meta and key expires by itself after [ledger] keep. A cluster's redirections are
// followed. Whatever cannot be had in time is an error, and the source then says nothing.
#include "base/error.h"
#include "config.h"
#include "ledger/backend.h"
#include "ledger/key.h"

#include <hiredis/hiredis.h>
#ifdef HAVE_HIREDIS_SSL
#include <hiredis/hiredis_ssl.h>
#endif
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "backstop:"
#define REDIRECTS_MAX 5
#define QUEUE_MAX 500
#define HEX_LENGTH (2 * LEDGER_HASH_BYTES)
#define HOUR 3600
#define HOURS_MAX (7 * 24)
#define DEFAULT_PORT 6379

struct address {
    char *host; // or the path of a socket
    int port;   // 0: a socket
    bool tls;
    char *user, *password;
    int db;
};

struct state {
    struct address address;
    struct deadline deadline;
    gint64 keep_seconds;
    redisContext *main;
    GHashTable *others; // "host:port" -> redisContext, for redirections
    GPtrArray *queue;   // struct formatted
};

struct formatted {
    char *text;
    int length;
};

static void formatted_free(gpointer data)
{
    struct formatted *formatted = data;
    redisFreeCommand(formatted->text);
    g_free(formatted);
}

static void context_free(gpointer data)
{
    redisFree(data);
}

static void redis_free(gpointer data)
{
    struct state *state = data;
    g_clear_pointer(&state->main, redisFree);
    g_hash_table_unref(state->others);
    g_ptr_array_unref(state->queue);
    g_free(state->address.host);
    g_free(state->address.user);
    g_free(state->address.password);
    g_free(state);
}

static struct timeval time_left(const struct state *state)
{
    const int left = MAX(deadline_left(&state->deadline), 1);
    return (struct timeval){.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
}

// "redis://[user[:password]@]host[:port][/db]", "redis+unix:///path".
static bool parse_url(const char *url, struct address *address_r, GError **err)
{
    struct address address = {.port = DEFAULT_PORT};
    const char *rest = strstr(url, "://") + 3;
    address.tls = g_str_has_prefix(url, "rediss:") || g_str_has_prefix(url, "valkeys:");
    const char *at = strrchr(rest, '@');
    if (at) {
        g_autofree char *login = g_strndup(rest, (gsize)(at - rest));
        char *colon = strchr(login, ':');
        if (colon)
            *colon = '\0';
        address.user = *login ? g_uri_unescape_string(login, NULL) : NULL;
        address.password = colon ? g_uri_unescape_string(colon + 1, NULL) : NULL;
        rest = at + 1;
    }
    if (g_str_has_prefix(url, "redis+unix:")) {
        address.port = 0;
        address.host = g_strdup(rest);
        *address_r = address;
        return true;
    }
    const gsize length = strcspn(rest, "/");
    g_autofree char *host = g_strndup(rest, length);
    address.db = rest[length] ? atoi(rest + length + 1) : 0;
    char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    char *colon = strrchr(bracket ? bracket : host, ':');
    if (colon) {
        *colon = '\0';
        address.port = atoi(colon + 1);
    }
    if (bracket)
        *bracket = '\0';
    address.host = g_strdup(bracket ? host + 1 : *host ? host : "127.0.0.1");
    *address_r = address;
    if (address.port > 0 && address.port <= G_MAXUINT16)
        return true;
    return mda_fail(err, MDA_ERROR_CONFIG, "ledger.url: no port in %s", url);
}

static bool start_tls(redisContext *context, const struct address *address, GError **err)
{
    if (!address->tls)
        return true;
#ifdef HAVE_HIREDIS_SSL
    redisInitOpenSSL();
    redisSSLContextError problem = REDIS_SSL_CTX_NONE;
    redisSSLContext *ssl =
        redisCreateSSLContext(NULL, "/etc/ssl/certs", NULL, NULL, address->host, &problem);
    const bool started = ssl && redisInitiateSSLWithContext(context, ssl) == REDIS_OK;
    if (ssl)
        redisFreeSSLContext(ssl);
    return started || mda_fail(err, MDA_ERROR_TEMP, "redis: TLS with %s failed: %s", address->host,
                               context->errstr);
#else
    (void)context;
    return mda_fail(err, MDA_ERROR_CONFIG,
                    "redis: this build's hiredis knows no TLS; use a tunnel to %s", address->host);
#endif
}

static redisReply *ask(redisContext *context, const struct state *state, GError **err,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);

// One command on CONTEXT; NULL with *err when it failed, also by an error reply.
static redisReply *ask(redisContext *context, const struct state *state, GError **err,
                       const char *format, ...)
{
    va_list arguments;
    redisSetTimeout(context, time_left(state));
    va_start(arguments, format);
    redisReply *reply = redisvCommand(context, format, arguments);
    va_end(arguments);
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    mda_fail(err, MDA_ERROR_TEMP, "redis: %s", reply ? reply->str : context->errstr);
    if (reply)
        freeReplyObject(reply);
    return NULL;
}

static bool log_in(redisContext *context, const struct state *state, GError **err)
{
    const struct address *address = &state->address;
    redisReply *reply = NULL;
    if (address->password) {
        reply = address->user
                    ? ask(context, state, err, "AUTH %s %s", address->user, address->password)
                    : ask(context, state, err, "AUTH %s", address->password);
        if (!reply)
            return false;
        freeReplyObject(reply);
    }
    if (address->db == 0)
        return true;
    reply = ask(context, state, err, "SELECT %d", address->db);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

static redisContext *connect_to(const struct state *state, const char *host, int port, GError **err)
{
    const struct timeval patience = time_left(state);
    redisContext *context = port > 0 ? redisConnectWithTimeout(host, port, patience)
                                     : redisConnectUnixWithTimeout(host, patience);
    if (!context || context->err) {
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s: %s", host, context ? context->errstr : "memory");
        if (context)
            redisFree(context);
        return NULL;
    }
    if (start_tls(context, &state->address, err) && log_in(context, state, err))
        return context;
    redisFree(context);
    return NULL;
}

static bool redis_open(const char *location, const struct conf *conf, enum ledger_mode mode,
                       struct deadline deadline, gpointer *state_r, GError **err)
{
    (void)mode;
    struct state *state = g_new0(struct state, 1);
    state->others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, context_free);
    state->queue = g_ptr_array_new_with_free_func(formatted_free);
    state->deadline =
        deadline_sooner(deadline, deadline_in(conf_milliseconds(conf, CONF_LEDGER_TIMEOUT)));
    state->keep_seconds = conf_milliseconds(conf, CONF_LEDGER_KEEP) / 1000;
    if (!parse_url(location, &state->address, err) ||
        !(state->main = connect_to(state, state->address.host, state->address.port, err))) {
        redis_free(state);
        return false;
    }
    // The time limit holds for each use, not for a whole import.
    if (deadline_left(&deadline) > deadline_left(&state->deadline))
        state->deadline = deadline;
    *state_r = state;
    return true;
}

// "MOVED 3999 127.0.0.1:6381" names another node of the cluster. Its connection, or NULL.
static redisContext *redirected(struct state *state, const char *text, GError **err)
{
    const char *where = strrchr(text, ' ');
    const char *colon = where ? strrchr(where, ':') : NULL;
    if (!colon) {
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s", text);
        return NULL;
    }
    redisContext *known = g_hash_table_lookup(state->others, where + 1);
    if (known)
        return known;
    // An empty host is the one that was asked.
    g_autofree char *host = colon > where + 1 ? g_strndup(where + 1, (gsize)(colon - where - 1))
                                              : g_strdup(state->address.host);
    known = connect_to(state, host, atoi(colon + 1), err);
    if (known)
        g_hash_table_insert(state->others, g_strdup(where + 1), known);
    return known;
}

static redisReply *exchange(redisContext *context, const struct state *state,
                            const struct formatted *formatted, GError **err)
{
    redisReply *reply = NULL;
    redisSetTimeout(context, time_left(state));
    if (redisAppendFormattedCommand(context, formatted->text, (size_t)formatted->length) !=
            REDIS_OK ||
        redisGetReply(context, (void **)&reply) != REDIS_OK)
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s", context->errstr);
    return reply;
}

// Follows redirections from REPLY (owned, an error) on. NULL with *err.
static redisReply *follow(struct state *state, const struct formatted *formatted, redisReply *reply,
                          GError **err)
{
    for (int i = 0; reply && reply->type == REDIS_REPLY_ERROR && i < REDIRECTS_MAX; i++) {
        const bool asked = g_str_has_prefix(reply->str, "ASK ");
        if (!asked && !g_str_has_prefix(reply->str, "MOVED "))
            break;
        redisContext *context = redirected(state, reply->str, err);
        freeReplyObject(reply);
        if (!context)
            return NULL;
        if (asked) {
            reply = ask(context, state, err, "ASKING");
            if (!reply)
                return NULL;
            freeReplyObject(reply);
        }
        reply = exchange(context, state, formatted, err);
    }
    if (reply && reply->type == REDIS_REPLY_ERROR) {
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s", reply->str);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

static struct formatted *format_command(const char *format, va_list arguments)
{
    struct formatted *formatted = g_new0(struct formatted, 1);
    formatted->length = redisvFormatCommand(&formatted->text, format, arguments);
    if (formatted->length < 0)
        g_error("a command of ours does not format: %s", format);
    return formatted;
}

// One command with its answer, redirections followed.
static redisReply *query(struct state *state, GError **err, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static redisReply *query(struct state *state, GError **err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct formatted *formatted = format_command(format, arguments);
    va_end(arguments);
    redisReply *reply = exchange(state->main, state, formatted, err);
    reply = follow(state, formatted, reply, err);
    formatted_free(formatted);
    return reply;
}

// Sends all that waits at once, then reads all answers.
static bool flush(struct state *state, GError **err)
{
    bool sound = true;
    redisSetTimeout(state->main, time_left(state));
    for (guint i = 0; i < state->queue->len && sound; i++) {
        const struct formatted *formatted = g_ptr_array_index(state->queue, i);
        sound = redisAppendFormattedCommand(state->main, formatted->text,
                                            (size_t)formatted->length) == REDIS_OK;
    }
    for (guint i = 0; i < state->queue->len && sound; i++) {
        redisReply *reply = NULL;
        if (redisGetReply(state->main, (void **)&reply) != REDIS_OK) {
            sound = mda_fail(err, MDA_ERROR_TEMP, "redis: %s", state->main->errstr);
            break;
        }
        reply = follow(state, g_ptr_array_index(state->queue, i), reply, err);
        sound = reply != NULL;
        if (reply)
            freeReplyObject(reply);
    }
    g_ptr_array_set_size(state->queue, 0);
    return sound;
}

static bool put(struct state *state, GError **err, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool put(struct state *state, GError **err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(state->queue, format_command(format, arguments));
    va_end(arguments);
    return state->queue->len < QUEUE_MAX || flush(state, err);
}

static const char *hex(const struct ledger_hash *hash, char text_r[HEX_LENGTH + 1])
{
    for (gsize i = 0; i < sizeof hash->bytes; i++)
        g_snprintf(text_r + 2 * i, 3, "%02x", hash->bytes[i]);
    return text_r;
}

static bool redis_key(gpointer data, enum ledger_mode mode, GBytes **key_r, GError **err)
{
    struct state *state = data;
    redisReply *reply;
    if (mode == LEDGER_WRITE) {
        guint8 fresh[LEDGER_KEY_BYTES];
        if (!ledger_key_random(fresh, err))
            return false;
        g_autofree char *text = g_compute_checksum_for_data(G_CHECKSUM_SHA256, fresh, sizeof fresh);
        reply = query(state, err, "SETNX " PREFIX "key %s", text);
        if (!reply)
            return false;
        freeReplyObject(reply);
    }
    reply = query(state, err, "GET " PREFIX "key");
    if (!reply)
        return false;
    const bool there = reply->type == REDIS_REPLY_STRING && reply->len >= LEDGER_KEY_BYTES;
    if (there)
        *key_r = g_bytes_new(reply->str, reply->len);
    freeReplyObject(reply);
    return there || mda_fail(err, MDA_ERROR_GONE, "nothing was ever recorded in it");
}

static bool record_message(struct state *state, const struct ledger_entry *entry, GError **err)
{
    char id[HEX_LENGTH + 1], other[HEX_LENGTH + 1];
    const long long keep = state->keep_seconds > 0 ? state->keep_seconds : G_MAXINT32;
    hex(&entry->id, id);
    if (!put(state, err, "HSETNX " PREFIX "{%s}:m t %lld", id, (long long)entry->time) ||
        (entry->has_sender &&
         !put(state, err, "HSETNX " PREFIX "{%s}:m s %s", id, hex(&entry->sender, other))) ||
        !put(state, err, "EXPIRE " PREFIX "{%s}:m %lld", id, keep))
        return false;
    for (guint i = 0; i < entry->recipient_count; i++) {
        if (!put(state, err, "SADD " PREFIX "{%s}:r %s", id, hex(&entry->recipients[i], other)))
            return false;
    }
    return entry->recipient_count == 0 || put(state, err, "EXPIRE " PREFIX "{%s}:r %lld", id, keep);
}

static bool record_meta(struct state *state, const struct ledger_entry *entry, GError **err)
{
    // The earliest time wins; a script does it in one step.
    static const char earliest[] = "local b=redis.call('HGET',KEYS[1],'began') "
                                   "if not b or tonumber(ARGV[1])<tonumber(b) then "
                                   "redis.call('HSET',KEYS[1],'began',ARGV[1]) end return 1";
    const long long now = entry->now, hour = entry->now / HOUR;
    if (!put(state, err, "HSETNX " PREFIX "meta first %lld", now) ||
        !put(state, err, "INCR " PREFIX "hour:%lld", hour) ||
        !put(state, err, "EXPIRE " PREFIX "hour:%lld %d", hour, HOURS_MAX * HOUR) ||
        (entry->has_id && !put(state, err, "HINCRBY " PREFIX "meta count 1")) ||
        (entry->correspondent_count > 0 && !put(state, err, "HSET " PREFIX "meta recipients 1")) ||
        (entry->guessed && !put(state, err, "HSET " PREFIX "meta guessed %lld", now)))
        return false;
    return entry->since
               ? put(state, err, "EVAL %s 1 " PREFIX "meta %lld", earliest, (long long)entry->since)
               : put(state, err, "HSET " PREFIX "meta untimed 1");
}

static bool redis_record(gpointer data, const struct ledger_entry *entry, GError **err)
{
    struct state *state = data;
    const long long keep = state->keep_seconds > 0 ? state->keep_seconds : G_MAXINT32;
    if (entry->has_id && !record_message(state, entry, err))
        return false;
    for (guint i = 0; i < entry->correspondent_count; i++) {
        char address[HEX_LENGTH + 1];
        if (!put(state, err, "SET " PREFIX "{%s}:c %lld EX %lld",
                 hex(&entry->correspondents[i], address), (long long)entry->time, keep))
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
    return flush(data, err);
}

static bool redis_prune(gpointer data, gint64 now, gint64 keep_seconds, GError **err)
{
    (void)data, (void)now, (void)keep_seconds, (void)err;
    return true; // records expire by themselves
}

static bool redis_find(gpointer data, const struct ledger_hash *id,
                       const struct ledger_hash *sender, bool *found_r,
                       struct sent_record *record_r, GError **err)
{
    char text[HEX_LENGTH + 1], other[HEX_LENGTH + 1];
    struct state *state = data;
    redisReply *reply = query(state, err, "HMGET " PREFIX "{%s}:m t s", hex(id, text));
    if (!reply)
        return false;
    struct sent_record record = {0};
    *found_r = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
               reply->element[0]->type == REDIS_REPLY_STRING;
    if (*found_r) {
        record.time = g_ascii_strtoll(reply->element[0]->str, NULL, 10);
        record.has_sender = reply->element[1]->type == REDIS_REPLY_STRING;
        record.sender_fits =
            record.has_sender && sender && strcmp(reply->element[1]->str, hex(sender, other)) == 0;
    }
    freeReplyObject(reply);
    if (!*found_r)
        return true;
    reply = query(state, err, "SCARD " PREFIX "{%s}:r", text);
    if (!reply)
        return false;
    record.recipients = (guint)reply->integer;
    freeReplyObject(reply);
    *record_r = record;
    return true;
}

static bool redis_sent_to(gpointer data, const struct ledger_hash *id,
                          const struct ledger_hash *address, bool *yes_r, GError **err)
{
    char text[HEX_LENGTH + 1], other[HEX_LENGTH + 1];
    redisReply *reply =
        query(data, err, "SISMEMBER " PREFIX "{%s}:r %s", hex(id, text), hex(address, other));
    if (!reply)
        return false;
    *yes_r = reply->integer == 1;
    freeReplyObject(reply);
    return true;
}

static bool redis_wrote_to(gpointer data, const struct ledger_hash *address, bool *yes_r,
                           gint64 *time_r, GError **err)
{
    char text[HEX_LENGTH + 1];
    redisReply *reply = query(data, err, "GET " PREFIX "{%s}:c", hex(address, text));
    if (!reply)
        return false;
    *yes_r = reply->type == REDIS_REPLY_STRING;
    if (*yes_r)
        *time_r = g_ascii_strtoll(reply->str, NULL, 10);
    freeReplyObject(reply);
    return true;
}

static bool redis_count_since(gpointer data, gint64 since, gint64 *count_r, GError **err)
{
    const gint64 last = g_get_real_time() / G_USEC_PER_SEC / HOUR;
    gint64 count = 0;
    for (gint64 hour = MAX(since / HOUR, last - HOURS_MAX); hour <= last; hour++) {
        redisReply *reply = query(data, err, "GET " PREFIX "hour:%lld", (long long)hour);
        if (!reply)
            return false;
        if (reply->type == REDIS_REPLY_STRING)
            count += g_ascii_strtoll(reply->str, NULL, 10);
        freeReplyObject(reply);
    }
    *count_r = count;
    return true;
}

static gint64 element_number(const redisReply *reply, gsize at)
{
    return reply->element[at]->type == REDIS_REPLY_STRING
               ? g_ascii_strtoll(reply->element[at]->str, NULL, 10)
               : 0;
}

static bool redis_extent(gpointer data, struct ledger_extent *extent_r, GError **err)
{
    struct state *state = data;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    redisReply *reply =
        query(state, err, "HMGET " PREFIX "meta count began untimed first recipients guessed");
    if (!reply)
        return false;
    struct ledger_extent extent = {0};
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 6) {
        extent.messages = element_number(reply, 0);
        extent.began = element_number(reply, 2) ? 0 : element_number(reply, 1);
        const gint64 first = element_number(reply, 3);
        if (state->keep_seconds > 0 && first > 0 && first < now - state->keep_seconds)
            extent.forgot_until = now - state->keep_seconds;
        extent.has_recipients = element_number(reply, 4) != 0;
        extent.guessed_recipients = element_number(reply, 5) > now - LEDGER_GUESS_SECONDS;
    }
    freeReplyObject(reply);
    *extent_r = extent;
    return true;
}

static const struct ledger_backend backend = {
    .open = redis_open,
    .free = redis_free,
    .key = redis_key,
    .record = redis_record,
    .begin = redis_begin,
    .commit = redis_commit,
    .prune = redis_prune,
    .find = redis_find,
    .sent_to = redis_sent_to,
    .wrote_to = redis_wrote_to,
    .count_since = redis_count_since,
    .extent = redis_extent,
};

extern const struct ledger_module MODULE_SYMBOL;
const struct ledger_module MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .backend = &backend};
