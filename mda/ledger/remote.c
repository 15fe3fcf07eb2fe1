// SPDX-License-Identifier: MIT
#include "ledger/remote.h"

#include "base/auto.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_TYPE "(yayayayaayxxb)"
#define REPLY_TYPE "(ayb(xx)(xbbu)(xxxbb)a(xx))"
#define MESSAGE_MAX_BYTES (512 * 1024)

int remote_connect(const char *path, struct deadline deadline, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s: too long for a socket", path);
        return -1;
    }
    const int left = MAX(deadline_left(&deadline), 1);
    const struct timeval wait = {left / 1000, left % 1000 * 1000};
    mda_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        mda_fail_errno(err, errno, "%s", path);
        return -1;
    }
    return mda_steal_fd(&fd);
}

static bool send_all(int fd, const void *data, gsize size)
{
    for (const char *at = data; size > 0;) {
        const ssize_t put = send(fd, at, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        size -= (gsize)put;
    }
    return true;
}

static bool receive_all(int fd, void *data, gsize size)
{
    for (char *at = data; size > 0;) {
        const ssize_t got = recv(fd, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = ECONNRESET;
        if (got <= 0)
            return false;
        at += got;
        size -= (gsize)got;
    }
    return true;
}

static bool send_variant(int fd, GVariant *variant)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(variant);
    const gsize size = g_variant_get_size(held);
    const guint64 length = GUINT64_TO_LE((guint64)size); // eight bytes, as a GVariant is aligned
    if (size > MESSAGE_MAX_BYTES) {
        errno = EMSGSIZE;
        return false;
    }
    g_autofree char *data = g_malloc(sizeof length + size);
    memcpy(data, &length, sizeof length);
    g_variant_store(held, data + sizeof length);
    return send_all(fd, data, sizeof length + size);
}

static GVariant *receive_variant(int fd, const char *type)
{
    guint64 length;
    if (!receive_all(fd, &length, sizeof length))
        return NULL;
    length = GUINT64_FROM_LE(length);
    if (length > MESSAGE_MAX_BYTES) {
        errno = EMSGSIZE;
        return NULL;
    }
    char *data = g_malloc((gsize)length + 1);
    if (!receive_all(fd, data, (gsize)length)) {
        g_free(data);
        return NULL;
    }
    g_autoptr(GVariant) came =
        g_variant_new_from_data(G_VARIANT_TYPE(type), data, (gsize)length, FALSE, g_free, data);
    g_variant_ref_sink(came);
    errno = EBADMSG;
    return g_variant_is_normal_form(came) ? g_steal_pointer(&came) : NULL;
}

static GVariant *bytes_of(const char *text)
{
    return g_variant_new_bytestring(text ? text : "");
}

static bool send_request(int fd, const struct remote_request *request)
{
    static const char *const none[] = {NULL};
    return send_variant(
        fd, g_variant_new("(y@ay@ay@ay@aayxxb)", (guchar)request->op, bytes_of(request->id),
                          bytes_of(request->address), bytes_of(request->text),
                          g_variant_new_bytestring_array(
                              request->list ? (const char *const *)request->list : none, -1),
                          request->from, request->until, request->flag));
}

bool remote_read_request(int fd, struct remote_request *request_r)
{
    g_autoptr(GVariant) variant = receive_variant(fd, REQUEST_TYPE);
    if (!variant)
        return false;
    guchar op;
    gboolean flag;
    struct remote_request request = {.variant = variant};
    g_variant_get(variant, "(y^&ay^&ay^&ay^a&ayxxb)", &op, &request.id, &request.address,
                  &request.text, &request.list, &request.from, &request.until, &flag);
    if (op >= REMOTE_OPS || g_strv_length((char **)request.list) > LEDGER_RECIPIENTS_MAX + 1) {
        g_free(request.list);
        return false;
    }
    request.op = (enum remote_op)op;
    request.flag = flag;
    request.variant = g_steal_pointer(&variant);
    *request_r = request;
    return true;
}

void remote_request_clear(struct remote_request *request)
{
    g_free(request->list);
    g_clear_pointer(&request->variant, g_variant_unref);
}

bool remote_write_reply(int fd, const struct remote_reply *reply)
{
    const struct ledger_extent *extent = &reply->extent;
    const struct sent_record *record = &reply->record;
    GVariantBuilder gaps;
    g_variant_builder_init(&gaps, G_VARIANT_TYPE("a(xx)"));
    for (guint i = 0; i < extent->gap_count; i++)
        g_variant_builder_add(&gaps, "(xx)", extent->gaps[i].from, extent->gaps[i].until);
    return send_variant(fd,
                        g_variant_new("(@ayb(xx)(xbbu)(xxxbb)a(xx))", bytes_of(reply->error),
                                      reply->yes, reply->time, reply->count, record->time,
                                      record->has_sender, record->sender_fits, record->recipients,
                                      extent->messages, extent->since, extent->forgot_until,
                                      extent->has_recipients, extent->guessed_recipients, &gaps));
}

static void read_reply(GVariant *variant, struct remote_reply *reply)
{
    struct ledger_extent *extent = &reply->extent;
    gboolean yes, has_sender, fits, has_recipients, guessed;
    const char *error;
    GVariantIter *gaps;
    g_variant_get(variant, "(^&ayb(xx)(xbbu)(xxxbb)a(xx))", &error, &yes, &reply->time,
                  &reply->count, &reply->record.time, &has_sender, &fits, &reply->record.recipients,
                  &extent->messages, &extent->since, &extent->forgot_until, &has_recipients,
                  &guessed, &gaps);
    reply->error = *error ? g_strdup(error) : NULL;
    reply->yes = yes;
    reply->record.has_sender = has_sender;
    reply->record.sender_fits = fits;
    extent->has_recipients = has_recipients;
    extent->guessed_recipients = guessed;
    struct ledger_gap gap;
    while (extent->gap_count < LEDGER_GAPS_MAX &&
           g_variant_iter_next(gaps, "(xx)", &gap.from, &gap.until))
        extent->gaps[extent->gap_count++] = gap;
    g_variant_iter_free(gaps);
}

bool remote_call(int fd, const struct remote_request *request, struct remote_reply *reply_r,
                 GError **err)
{
    g_autoptr(GVariant) variant =
        send_request(fd, request) ? receive_variant(fd, REPLY_TYPE) : NULL;
    if (!variant)
        return mda_fail_errno(err, errno, "the ledger's socket");
    struct remote_reply reply = {0};
    read_reply(variant, &reply);
    if (reply.error) {
        mda_fail(err, MDA_ERROR_TEMP, "%s", reply.error);
        g_free(reply.error);
        return false;
    }
    *reply_r = reply;
    return true;
}
