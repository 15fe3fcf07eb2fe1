// SPDX-License-Identifier: MIT
// Logins, redirections and queues. Commands are formatted, and replies read, by hiredis (0.14 and
// later), whose own connections know no common deadline and, before 1.0, no TLS.
//
// A cluster's redirections (MOVED, ASK) are followed for each command; the table of slots is not
// kept, since a look-up needs a handful of keys. Left out: Sentinel.
#include "ledger/redis-link.h"

#include "base/error.h"
#include "base/log.h"
#include "ledger/redis-io.h"

#include <stdarg.h>
#include <string.h>

#define REDIRECTS_MAX 5
#define QUEUE_MAX 500

struct redis_link {
    struct redis_address address;
    struct redis_io_tls tls;
    struct deadline deadline; // of everything
    gint64 timeout_ms;        // of each answer
    struct deadline limit;    // of the answer that is waited for
    bool fresh;               // the first answer is part of connecting
    struct redis_io *main;
    GHashTable *others; // "host:port" -> struct redis_io, for redirections
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

static void io_free(gpointer data)
{
    redis_io_free(data);
}

void redis_link_free(struct redis_link *link)
{
    g_clear_pointer(&link->main, redis_io_free);
    g_hash_table_unref(link->others);
    g_ptr_array_unref(link->queue);
    if (link->tls.setup)
        link->tls.api->teardown(link->tls.setup);
    redis_address_clear(&link->address);
    g_free(link);
}

static void renew_limit(struct redis_link *link)
{
    if (!link->fresh)
        link->limit = deadline_sooner(link->deadline, deadline_in(link->timeout_ms));
    link->fresh = false;
}

static struct formatted *format_command(const char *format, va_list arguments)
{
    struct formatted *formatted = g_new0(struct formatted, 1);
    formatted->length = redisvFormatCommand(&formatted->text, format, arguments);
    if (formatted->length < 0)
        g_error("a command of ours does not format: %s", format);
    return formatted;
}

static redisReply *exchange(struct redis_io *io, const struct formatted *formatted,
                            struct deadline limit, GError **err)
{
    return redis_io_send(io, formatted->text, (gsize)formatted->length, limit, err)
               ? redis_io_receive(io, limit, err)
               : NULL;
}

// REPLY, unless it says error: then NULL with *err, and it is freed.
static redisReply *good_reply(redisReply *reply, GError **err)
{
    if (!reply || reply->type != REDIS_REPLY_ERROR)
        return reply;
    mda_fail(err, MDA_ERROR_TEMP, "redis: %s", reply->str);
    freeReplyObject(reply);
    return NULL;
}

static redisReply *ask(struct redis_io *io, struct deadline limit, GError **err, const char *format,
                       ...) G_GNUC_PRINTF(4, 5);

// One command on IO itself; NULL with *err when it failed, also by an error reply.
static redisReply *ask(struct redis_io *io, struct deadline limit, GError **err, const char *format,
                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct formatted *formatted = format_command(format, arguments);
    va_end(arguments);
    redisReply *reply = exchange(io, formatted, limit, err);
    formatted_free(formatted);
    return good_reply(reply, err);
}

static bool log_in(struct redis_io *io, const struct redis_address *address, struct deadline limit,
                   GError **err)
{
    redisReply *reply = NULL;
    if (address->password) {
        reply = address->user ? ask(io, limit, err, "AUTH %s %s", address->user, address->password)
                              : ask(io, limit, err, "AUTH %s", address->password);
        if (!reply)
            return false;
        freeReplyObject(reply);
    }
    if (address->db == 0)
        return true;
    reply = ask(io, limit, err, "SELECT %d", address->db);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

static struct redis_io *connect_to(const struct redis_link *link, const struct redis_host *host,
                                   struct deadline limit, GError **err)
{
    struct redis_io *io = redis_io_open(host, &link->tls, limit, err);
    if (io && !log_in(io, &link->address, limit, err))
        g_clear_pointer(&io, redis_io_free);
    return io;
}

// Does IO's server follow another one, so that nothing can be written to it? *ERR is for one that
// says nothing at all.
static bool is_replica(struct redis_io *io, struct deadline limit, GError **err)
{
    g_autoptr(GError) ignored = NULL;
    redisReply *reply = ask(io, limit, &ignored, "ROLE");
    const bool replica = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
                         reply->element[0]->type == REDIS_REPLY_STRING &&
                         strcmp(reply->element[0]->str, "slave") == 0;
    if (reply)
        freeReplyObject(reply);
    if (redis_io_is_broken(io))
        g_propagate_error(err, g_steal_pointer(&ignored));
    return replica;
}

// Tries HOST, one of several. A replica becomes the link's connection only in reserve.
static bool try_host(struct redis_link *link, const struct redis_host *host, struct deadline limit,
                     GError **err)
{
    struct redis_io *io = connect_to(link, host, limit, err);
    if (!io)
        return false;
    const bool replica = is_replica(io, limit, err);
    if (redis_io_is_broken(io) || (replica && link->main)) {
        redis_io_free(io);
        return false;
    }
    redis_io_free(link->main);
    link->main = io;
    return !replica;
}

// Each of several hosts gets its share of the time. False with *err, all that was wrong.
static bool connect_any(struct redis_link *link, GError **err)
{
    const GPtrArray *hosts = link->address.hosts;
    g_autoptr(GString) failures = g_string_new(NULL);
    if (hosts->len == 1) {
        link->main = connect_to(link, g_ptr_array_index(hosts, 0), link->limit, err);
        return link->main;
    }
    for (guint i = 0; i < hosts->len; i++) {
        g_autoptr(GError) why = NULL;
        const gint64 share = deadline_left(&link->limit) / (hosts->len - i);
        if (try_host(link, g_ptr_array_index(hosts, i), deadline_in(share), &why))
            return true;
        if (!why)
            continue;
        log_line(LOG_LEVEL_DEBUG, "ledger: %s", why->message);
        g_string_append_printf(failures, "%s%s", failures->len ? "; " : "", why->message);
    }
    return link->main || mda_fail(err, MDA_ERROR_TEMP, "%s", failures->str);
}

// What [ledger] tls-* say. The texts of the settings are put into TEXTS.
static struct tls_wanted tls_wanted(const struct conf *conf, GPtrArray *texts)
{
    static const enum setting settings[] = {CONF_LEDGER_TLS_CA, CONF_LEDGER_TLS_CERT,
                                            CONF_LEDGER_TLS_KEY};
    struct tls_wanted wanted = {
        .check_name = conf_bool(conf, CONF_LEDGER_TLS_CHECK_NAME),
        .authorities_remedy = "ledger.tls-ca names the authorities to trust",
        .name_remedy = "write a name that stands in it into ledger.url, or set "
                       "ledger.tls-check-name = no",
        .certificate_remedy = "it asks for a certificate of ours: set ledger.tls-cert and "
                              "ledger.tls-key",
        .refused_remedy = "it does not accept the certificate of ledger.tls-cert",
        .plain_remedy =
            "it speaks no TLS there: name its tls-port, or write redis:// in ledger.url",
    };
    struct tls_file *files[] = {&wanted.authorities, &wanted.certificate, &wanted.key};
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        char *text = g_strdup_printf("ledger.%s (%s)", conf_row(settings[i])->key,
                                     conf_origin(conf, settings[i]));
        g_ptr_array_add(texts, text);
        *files[i] = (struct tls_file){conf_string(conf, settings[i]), text};
    }
    return wanted;
}

static bool set_up_tls(struct redis_link *link, const struct conf *conf, GError **err)
{
    if (!link->address.tls)
        return true;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    const struct tls_wanted wanted = tls_wanted(conf, texts);
    link->tls.api = (const struct tls_api *)module_load("tls", err);
    if (link->tls.api)
        return link->tls.api->setup(&wanted, &link->tls.setup, err);
    g_prefix_error(err, "ledger.url (%s): TLS takes a build with OpenSSL's libssl, or stunnel: ",
                   conf_origin(conf, CONF_LEDGER_URL));
    return false;
}

bool redis_link_open(const char *url, const struct conf *conf, struct deadline deadline,
                     struct redis_link **link_r, GError **err)
{
    struct redis_link *link = g_new0(struct redis_link, 1);
    link->others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, io_free);
    link->queue = g_ptr_array_new_with_free_func(formatted_free);
    link->deadline = deadline;
    link->timeout_ms = conf_milliseconds(conf, CONF_LEDGER_TIMEOUT);
    renew_limit(link);
    link->fresh = true;
    if (!redis_address_parse(url, conf, &link->address, err) || !set_up_tls(link, conf, err) ||
        !connect_any(link, err)) {
        redis_link_free(link);
        return false;
    }
    *link_r = link;
    return true;
}

// "MOVED 3999 127.0.0.1:6381", said by FROM, names another node of the cluster. Its connection, or
// NULL.
static struct redis_io *redirected(struct redis_link *link, const struct redis_io *from,
                                   const char *text, GError **err)
{
    guint64 port;
    const char *where = strrchr(text, ' ');
    const char *colon = where ? strrchr(where, ':') : NULL;
    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL)) {
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s", text);
        return NULL;
    }
    struct redis_io *known = g_hash_table_lookup(link->others, where + 1);
    if (known && !redis_io_is_broken(known))
        return known;
    // An empty host is the one that was asked.
    g_autofree char *name = colon > where + 1 ? g_strndup(where + 1, (gsize)(colon - where - 1))
                                              : g_strdup(redis_io_host(from)->name);
    const struct redis_host host = {.name = name, .port = (int)port};
    known = connect_to(link, &host, link->limit, err);
    if (known)
        g_hash_table_replace(link->others, g_strdup(where + 1), known);
    return known;
}

// Follows redirections from REPLY (owned) on. NULL with *err when that or the last reply fails.
static redisReply *follow(struct redis_link *link, const struct formatted *formatted,
                          redisReply *reply, GError **err)
{
    struct redis_io *io = link->main;
    for (int i = 0; reply && reply->type == REDIS_REPLY_ERROR && i < REDIRECTS_MAX; i++) {
        const bool asked = g_str_has_prefix(reply->str, "ASK ");
        if (!asked && !g_str_has_prefix(reply->str, "MOVED "))
            break;
        io = redirected(link, io, reply->str, err);
        freeReplyObject(reply);
        if (!io)
            return NULL;
        if (asked) {
            reply = ask(io, link->limit, err, "ASKING");
            if (!reply)
                return NULL;
            freeReplyObject(reply);
        }
        reply = exchange(io, formatted, link->limit, err);
    }
    return good_reply(reply, err);
}

redisReply *redis_link_query(struct redis_link *link, GError **err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct formatted *formatted = format_command(format, arguments);
    va_end(arguments);
    renew_limit(link);
    redisReply *reply = exchange(link->main, formatted, link->limit, err);
    reply = follow(link, formatted, reply, err);
    formatted_free(formatted);
    return reply;
}

static bool send_queue(struct redis_link *link, GError **err)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < link->queue->len; i++) {
        const struct formatted *formatted = g_ptr_array_index(link->queue, i);
        g_string_append_len(all, formatted->text, formatted->length);
    }
    return redis_io_send(link->main, all->str, all->len, link->limit, err);
}

bool redis_link_flush(struct redis_link *link, GError **err)
{
    renew_limit(link);
    bool sound = send_queue(link, err);
    // All are read, also behind an error: the next command must not get the answer of one of these.
    for (guint i = 0; i < link->queue->len && !redis_io_is_broken(link->main); i++) {
        GError **first = sound ? err : NULL;
        redisReply *reply = redis_io_receive(link->main, link->limit, first);
        // Behind an error nothing is sent again elsewhere; what went to the right node has
        // happened.
        if (sound)
            reply = follow(link, g_ptr_array_index(link->queue, i), reply, first);
        sound = sound && reply;
        if (reply)
            freeReplyObject(reply);
    }
    g_ptr_array_set_size(link->queue, 0);
    return sound;
}

bool redis_link_put(struct redis_link *link, GError **err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(link->queue, format_command(format, arguments));
    va_end(arguments);
    return link->queue->len < QUEUE_MAX || redis_link_flush(link, err);
}
