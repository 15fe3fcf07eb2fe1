// SPDX-License-Identifier: MIT
// Design rationale
// - A process for each connection: a user who stops in the middle, or sends nonsense, hinders none
//   but himself, and no more than so many at once.
// - root and the account that holds the ledger ask for everybody (an LMTP server, vmail). Any other
//   user asks for himself: for the addresses whose local part is his login name, of [identity]
//   domains where these are set. Who knows a Message-ID may ask whether it is ours, for he has the
//   mail or a report on it.
// - What a user records counts for himself alone: else he could make a stranger's report look
//   genuine to somebody else, or say how far the ledger reaches.
#include "ledger/serve.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "ledger/remote.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define CONNECTIONS_OF_USER 8
#define CONNECTION_SECONDS 30
#define OPEN_MS 5000
// What one connection may record.
#define RECORDS_MAX 100
#define BACKLOG 64

struct peer {
    const struct conf *conf;
    uid_t uid;
    bool trusted;
    char *login;                    // or NULL
    char *himself;                  // stands for him where no address does
    struct ledger *reader, *writer; // opened when first needed
    guint records;
};

struct client {
    pid_t pid;
    uid_t uid;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

// Is ADDRESS one for which PEER may ask, and under which he may record?
static bool is_his(const struct peer *peer, const char *address)
{
    const char *domain = text_domain_of(address);
    if (!domain || !peer->login)
        return false;
    const char *const *ours = conf_list(peer->conf, CONF_IDENTITY_DOMAINS);
    const gsize length = strcspn(address, "+@");
    return strlen(peer->login) == length &&
           g_ascii_strncasecmp(address, peer->login, length) == 0 &&
           (!*ours || domain_among(domain, ours));
}

static bool open_reader(struct peer *peer, GError **err)
{
    return peer->reader ||
           ledger_open(peer->conf, LEDGER_READ, deadline_in(OPEN_MS), &peer->reader, err);
}

static bool ask_as(struct peer *peer, const struct remote_request *request, GError **err)
{
    g_autoptr(GPtrArray) askers = g_ptr_array_new_with_free_func(g_free);
    if (!open_reader(peer, err))
        return false;
    for (const char **address = request->list; *address; address++) {
        g_autofree char *bare = address_untagged(*address);
        if (bare && (peer->trusted || is_his(peer, bare)))
            g_ptr_array_add(askers, g_strdup(*address));
    }
    if (!peer->trusted)
        g_ptr_array_add(askers, g_strdup(peer->himself));
    ledger_ask_as(peer->reader, askers);
    return true;
}

// ID as PEER's own records have it.
static char *own_id(const struct peer *peer, const char *id)
{
    g_autofree char *bare = address_fold(id);
    return g_strdup_printf("uid-%lu/%s", (unsigned long)peer->uid, bare ? bare : "");
}

static bool find(struct peer *peer, const struct remote_request *request,
                 struct remote_reply *reply, GError **err)
{
    const char *sender = *request->address ? request->address : NULL;
    if (!ledger_find(peer->reader, request->id, sender, &reply->yes, &reply->record, err))
        return false;
    if (reply->yes || peer->trusted)
        return true;
    g_autofree char *own = own_id(peer, request->id);
    return ledger_find(peer->reader, own, sender, &reply->yes, &reply->record, err);
}

static bool sent_to(struct peer *peer, const struct remote_request *request,
                    struct remote_reply *reply, GError **err)
{
    if (!ledger_sent_to(peer->reader, request->id, request->address, &reply->yes, err))
        return false;
    if (reply->yes || peer->trusted)
        return true;
    g_autofree char *own = own_id(peer, request->id);
    return ledger_sent_to(peer->reader, own, request->address, &reply->yes, err);
}

static bool record(struct peer *peer, const struct remote_request *request, GError **err)
{
    g_autofree char *own = *request->id && !peer->trusted ? own_id(peer, request->id) : NULL;
    const char *author = request->list[0] ? request->list[0] : "";
    struct sent_message message = {
        .message_id = own            ? own
                      : *request->id ? request->id
                                     : NULL,
        .time = request->from,
        .date = request->until,
        .sender = *request->address ? request->address : NULL,
        .author = *author ? author : NULL,
        .subject = *request->text ? request->text : NULL,
        .recipients = (const char *const *)(request->list[0] ? request->list + 1 : request->list),
        .guessed = request->flag,
        .live = peer->trusted,
        .foreign = !peer->trusted,
    };
    if (!peer->trusted) {
        message.sender = peer->himself;
        message.author = message.author && is_his(peer, message.author) ? message.author : NULL;
        message.date = 0; // a Date and Subject are known by all who ask
        if (++peer->records > RECORDS_MAX)
            return mda_fail(err, MDA_ERROR_LIMIT, "too many records at once");
    }
    return (peer->writer ||
            ledger_open(peer->conf, LEDGER_WRITE, deadline_in(OPEN_MS), &peer->writer, err)) &&
           ledger_record(peer->writer, &message, err);
}

static bool answer(struct peer *peer, const struct remote_request *request,
                   struct remote_reply *reply, GError **err)
{
    if (request->op != REMOTE_RECORD && !open_reader(peer, err))
        return false;
    switch (request->op) {
    case REMOTE_ASK_AS:
        return ask_as(peer, request, err);
    case REMOTE_FIND:
        return find(peer, request, reply, err);
    case REMOTE_SENT_TO:
        return sent_to(peer, request, reply, err);
    case REMOTE_WROTE_TO:
        return ledger_wrote_to(peer->reader, request->address, &reply->yes, &reply->time, err);
    case REMOTE_NEAR:
        // A day of minutes at most.
        return ledger_sent_near(peer->reader, request->address, request->from,
                                MIN(request->until, MAX(request->from, 0) + 86400), &reply->yes,
                                err);
    case REMOTE_ALIKE:
        return ledger_sent_alike(peer->reader, request->from, request->text, &reply->yes, err);
    case REMOTE_COUNT:
        return ledger_count_since(peer->reader, request->from, &reply->count, err);
    case REMOTE_EXTENT:
        return ledger_extent(peer->reader, &reply->extent, err);
    case REMOTE_RECORD:
        return record(peer, request, err);
    case REMOTE_OPS:
        break;
    }
    return false;
}

static G_GNUC_NORETURN void serve_one(const struct conf *conf, int fd, uid_t uid)
{
    alarm(CONNECTION_SECONDS);
    const struct passwd *entry = getpwuid(uid);
    struct peer peer = {.conf = conf, .uid = uid, .trusted = uid == 0 || uid == geteuid()};
    peer.login = entry ? g_strdup(entry->pw_name) : NULL;
    peer.himself = g_strdup_printf("uid-%lu@local.invalid", (unsigned long)uid);
    struct remote_request request;
    bool more = true;
    while (more && remote_read_request(fd, &request)) {
        struct remote_reply reply = {0};
        g_autoptr(GError) err = NULL;
        if (!answer(&peer, &request, &reply, &err))
            reply.error = g_strdup(err ? err->message : "no answer");
        more = remote_write_reply(fd, &reply);
        g_free(reply.error);
        remote_request_clear(&request);
    }
    ledger_free(peer.reader);
    ledger_free(peer.writer);
    _exit(0);
}

static void reap(GArray *children)
{
    pid_t pid;
    int status;
    while ((pid = child_reap_any(&status)) > 0) {
        for (guint i = 0; i < children->len; i++) {
            if (g_array_index(children, struct client, i).pid == pid) {
                g_array_remove_index_fast(children, i);
                break;
            }
        }
    }
}

static guint count_of(const GArray *children, uid_t uid)
{
    guint count = 0;
    for (guint i = 0; i < children->len; i++)
        count += g_array_index(children, struct client, i).uid == uid;
    return count;
}

static void take(const struct conf *conf, int listening, GArray *children)
{
    mda_autofd fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    struct ucred who;
    socklen_t size = sizeof who;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        return;
    const bool trusted = who.uid == 0 || who.uid == geteuid();
    if (children->len >= CONNECTIONS_MAX ||
        (!trusted && count_of(children, who.uid) >= CONNECTIONS_OF_USER))
        return; // he asks again, or goes without
    struct child copy;
    const bool started = child_start(&copy, CHILD_APART);
    if (started && copy.pid == 0) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        close(listening);
        serve_one(conf, fd, who.uid);
    }
    const struct client client = {copy.pid, who.uid};
    if (started)
        g_array_append_val(children, client);
    else
        log_line(LOG_LEVEL_WARNING, "ledger serve: fork: %s", g_strerror(errno));
}

// A socket of ours that nobody serves any more is in the way of the next one.
static bool clear_way(const char *path, GError **err)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT || mda_fail_errno(err, errno, "%s", path);
    if (!S_ISSOCK(status.st_mode))
        return mda_fail(err, MDA_ERROR_CONFIG, "%s is there and no socket", path);
    mda_autofd fd = remote_connect(path, deadline_in(1000), NULL);
    if (fd >= 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s is served already", path);
    return unlink(path) == 0 || errno == ENOENT || mda_fail_errno(err, errno, "%s", path);
}

static int listen_at(const char *path, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!*path ||
        g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        mda_fail(err, MDA_ERROR_CONFIG, "ledger.socket \"%s\" is no path of a socket", path);
        return -1;
    }
    if (!clear_way(path, err))
        return -1;
    mda_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0666) != 0 || listen(fd, BACKLOG) != 0) {
        mda_fail_errno(err, errno, "%s", path);
        return -1;
    }
    return mda_steal_fd(&fd);
}

bool ledger_serve(struct conf *conf, GError **err)
{
    g_autofree char *path = g_strdup(conf_string(conf, CONF_LEDGER_SOCKET));
    mda_autofd listening = listen_at(path, err);
    if (listening < 0 || !conf_assign(conf, "ledger.socket=", "serve", err))
        return false;
    const struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    log_line(LOG_LEVEL_INFO, "ledger serve: listening on %s", path);
    g_autoptr(GArray) children = g_array_new(FALSE, FALSE, sizeof(struct client));
    while (!stopped) {
        struct pollfd wait = {.fd = listening, .events = POLLIN};
        const int ready = poll(&wait, 1, 1000);
        reap(children);
        if (ready > 0)
            take(conf, listening, children);
    }
    unlink(path);
    return true;
}
