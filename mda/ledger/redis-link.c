// SPDX-License-Identifier: MIT
// Connections, logins, redirections and queues over hiredis (0.14 and later; TLS needs 1.0 and its
// hiredis_ssl). The one file that calls it, but for the replies that ledger/redis.c reads.
//
// A cluster's redirections (MOVED, ASK) are followed for each command; the table of slots is not
// kept, since a look-up needs a handful of keys. Left out: replicas, Sentinel, and more than one
// host to begin with.
#include "ledger/redis-link.h"

#include "base/error.h"
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_HIREDIS_SSL
#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#endif

#define REDIRECTS_MAX 5
#define QUEUE_MAX 500
#define DEFAULT_PORT 6379

struct address {
    char *host; // or the path of a socket
    int port;   // 0: a socket
    bool tls;
    char *user, *password;
    int db;
};

struct redis_link {
    struct address address;
    struct deadline deadline; // of everything
    gint64 timeout_ms;        // of each answer
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

void redis_link_free(struct redis_link *link)
{
    g_clear_pointer(&link->main, redisFree);
    g_hash_table_unref(link->others);
    g_ptr_array_unref(link->queue);
    g_free(link->address.host);
    g_free(link->address.user);
    g_free(link->address.password);
    g_free(link);
}

static struct timeval time_left(const struct redis_link *link)
{
    const gint64 left = MAX(MIN(deadline_left(&link->deadline), link->timeout_ms), 1);
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

#ifdef HAVE_HIREDIS_SSL
// hiredis by itself would take anybody's certificate for any host.
static SSL *new_tls(const char *host)
{
    struct in6_addr ignored;
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    SSL *tls = NULL;
    if (settings && SSL_CTX_set_default_verify_paths(settings) == 1 && (tls = SSL_new(settings))) {
        const bool number =
            inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
        SSL_set_verify(tls, SSL_VERIFY_PEER, NULL);
        if (number ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) != 1
                   : SSL_set1_host(tls, host) != 1 || SSL_set_tlsext_host_name(tls, host) != 1)
            g_clear_pointer(&tls, SSL_free);
    }
    SSL_CTX_free(settings);
    return tls;
}

static bool start_tls(redisContext *context, const char *host, GError **err)
{
    SSL *tls = new_tls(host);
    if (tls && redisInitiateSSL(context, tls) == REDIS_OK)
        return true;
    SSL_free(tls);
    return mda_fail(err, MDA_ERROR_TEMP, "redis: TLS with %s failed: %s", host,
                    tls ? context->errstr : "OpenSSL cannot be set up");
}
#else
static bool start_tls(redisContext *context, const char *host, GError **err)
{
    (void)context, (void)host, (void)err;
    return false; // may_use() let none through
}
#endif

// The connection is of no more use; called while errno still says why.
static bool fail_broken(const redisContext *context, GError **err)
{
    const bool late = context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT);
    const char *host = context->tcp.host ? context->tcp.host : context->unix_sock.path;
    return mda_fail(err, MDA_ERROR_TEMP, "redis: %s:%d: %s", host ? host : "",
                    context->tcp.host ? context->tcp.port : 0,
                    late ? "no answer within ledger.timeout" : context->errstr);
}

static redisReply *ask(redisContext *context, const struct redis_link *link, GError **err,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);

// One command on CONTEXT; NULL with *err when it failed, also by an error reply.
static redisReply *ask(redisContext *context, const struct redis_link *link, GError **err,
                       const char *format, ...)
{
    va_list arguments;
    redisSetTimeout(context, time_left(link));
    va_start(arguments, format);
    redisReply *reply = redisvCommand(context, format, arguments);
    va_end(arguments);
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    if (!reply) {
        fail_broken(context, err);
        return NULL;
    }
    mda_fail(err, MDA_ERROR_TEMP, "redis: %s", reply->str);
    freeReplyObject(reply);
    return NULL;
}

static bool log_in(redisContext *context, const struct redis_link *link, GError **err)
{
    const struct address *address = &link->address;
    redisReply *reply = NULL;
    if (address->password) {
        reply = address->user
                    ? ask(context, link, err, "AUTH %s %s", address->user, address->password)
                    : ask(context, link, err, "AUTH %s", address->password);
        if (!reply)
            return false;
        freeReplyObject(reply);
    }
    if (address->db == 0)
        return true;
    reply = ask(context, link, err, "SELECT %d", address->db);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

static redisContext *connect_to(const struct redis_link *link, const char *host, int port,
                                GError **err)
{
    const struct timeval patience = time_left(link);
    redisContext *context = port > 0 ? redisConnectWithTimeout(host, port, patience)
                                     : redisConnectUnixWithTimeout(host, patience);
    if (!context || context->err) {
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s: %s", host, context ? context->errstr : "memory");
        if (context)
            redisFree(context);
        return NULL;
    }
    if ((!link->address.tls || start_tls(context, host, err)) && log_in(context, link, err))
        return context;
    redisFree(context);
    return NULL;
}

// Said before anything goes over the wire, and also when nobody listens there.
static bool may_use(const struct address *address, GError **err)
{
#ifndef HAVE_HIREDIS_SSL
    if (address->tls)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "ledger.url: this build has no TLS to Redis (hiredis_ssl was missing); "
                        "connect stunnel to %s and name its near end with redis://",
                        address->host);
#endif
    (void)address, (void)err;
    return true;
}

bool redis_link_open(const char *url, gint64 timeout_ms, struct deadline deadline,
                     struct redis_link **link_r, GError **err)
{
    struct redis_link *link = g_new0(struct redis_link, 1);
    link->others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, context_free);
    link->queue = g_ptr_array_new_with_free_func(formatted_free);
    link->deadline = deadline;
    link->timeout_ms = timeout_ms;
    if (!parse_url(url, &link->address, err) || !may_use(&link->address, err) ||
        !(link->main = connect_to(link, link->address.host, link->address.port, err))) {
        redis_link_free(link);
        return false;
    }
    *link_r = link;
    return true;
}

// "MOVED 3999 127.0.0.1:6381" names another node of the cluster. Its connection, or NULL.
static redisContext *redirected(struct redis_link *link, const char *text, GError **err)
{
    const char *where = strrchr(text, ' ');
    const char *colon = where ? strrchr(where, ':') : NULL;
    if (!colon) {
        mda_fail(err, MDA_ERROR_TEMP, "redis: %s", text);
        return NULL;
    }
    redisContext *known = g_hash_table_lookup(link->others, where + 1);
    if (known && !known->err)
        return known;
    // An empty host is the one that was asked.
    g_autofree char *host = colon > where + 1 ? g_strndup(where + 1, (gsize)(colon - where - 1))
                                              : g_strdup(link->address.host);
    known = connect_to(link, host, atoi(colon + 1), err);
    if (known)
        g_hash_table_replace(link->others, g_strdup(where + 1), known);
    return known;
}

static redisReply *exchange(redisContext *context, const struct redis_link *link,
                            const struct formatted *formatted, GError **err)
{
    redisReply *reply = NULL;
    redisSetTimeout(context, time_left(link));
    if (redisAppendFormattedCommand(context, formatted->text, (size_t)formatted->length) !=
            REDIS_OK ||
        redisGetReply(context, (void **)&reply) != REDIS_OK)
        fail_broken(context, err);
    return reply;
}

// Follows redirections from REPLY (owned, an error) on. NULL with *err.
static redisReply *follow(struct redis_link *link, const struct formatted *formatted,
                          redisReply *reply, GError **err)
{
    for (int i = 0; reply && reply->type == REDIS_REPLY_ERROR && i < REDIRECTS_MAX; i++) {
        const bool asked = g_str_has_prefix(reply->str, "ASK ");
        if (!asked && !g_str_has_prefix(reply->str, "MOVED "))
            break;
        redisContext *context = redirected(link, reply->str, err);
        freeReplyObject(reply);
        if (!context)
            return NULL;
        if (asked) {
            reply = ask(context, link, err, "ASKING");
            if (!reply)
                return NULL;
            freeReplyObject(reply);
        }
        reply = exchange(context, link, formatted, err);
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

redisReply *redis_link_query(struct redis_link *link, GError **err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct formatted *formatted = format_command(format, arguments);
    va_end(arguments);
    redisReply *reply = exchange(link->main, link, formatted, err);
    reply = follow(link, formatted, reply, err);
    formatted_free(formatted);
    return reply;
}

bool redis_link_flush(struct redis_link *link, GError **err)
{
    bool sound = true;
    redisSetTimeout(link->main, time_left(link));
    for (guint i = 0; i < link->queue->len && !link->main->err; i++) {
        const struct formatted *formatted = g_ptr_array_index(link->queue, i);
        redisAppendFormattedCommand(link->main, formatted->text, (size_t)formatted->length);
    }
    // All are read, also behind an error: the next command must not get the answer of one of these.
    for (guint i = 0; i < link->queue->len; i++) {
        GError **first = sound ? err : NULL;
        redisReply *reply = NULL;
        if (redisGetReply(link->main, (void **)&reply) != REDIS_OK) {
            sound = fail_broken(link->main, first);
            break;
        }
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
