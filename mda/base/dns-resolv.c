// SPDX-License-Identifier: MIT
// RFC 1035 over UDP and TCP. Question and answer are packed and parsed by libresolv's ns_*
// functions; the waiting is done here, since res_query() cannot be bounded by a deadline.
//
// What comes back is believed when it comes from the server that was asked (a connected socket),
// bears the id, and repeats the question.
#include "base/dns.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define QUERY_MAX_BYTES 512
#define ANSWER_MAX_BYTES 65535
#define UDP_BYTES 1232 // what EDNS0 says we take, see the DNS flag day of 2020
#define RECORDS_MAX 100
#define TXT_MAX_BYTES 16384
#define SERVERS_MAX 3
// The first wait for one server; it doubles with every round.
#define FIRST_WAIT_MS 800

struct server {
    struct sockaddr_storage address;
    socklen_t length;
};

struct question {
    char *name;
    enum dns_type type;
    guint16 id;
    guint8 query[QUERY_MAX_BYTES];
    gsize size;
};

static bool parse_server(const char *text, struct server *server_r)
{
    g_autofree char *host = NULL;
    const char *port = NULL;
    if (*text == '[') {
        const char *close = strchr(text, ']');
        if (!close)
            return false;
        host = g_strndup(text + 1, (gsize)(close - text - 1));
        port = close[1] == ':' ? close + 2 : NULL;
    } else {
        const char *colon = strchr(text, ':');
        const bool single = colon && !strchr(colon + 1, ':');
        host = single ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
        port = single ? colon + 1 : NULL;
    }
    const guint64 number = port ? g_ascii_strtoull(port, NULL, 10) : NS_DEFAULTPORT;
    struct ip_address address;
    if (!ip_parse(host, &address) || number == 0 || number > G_MAXUINT16)
        return false;
    memset(server_r, 0, sizeof *server_r);
    if (ip_is_v4(&address)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&server_r->address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons((guint16)number);
        memcpy(&v4->sin_addr, address.bytes + 12, 4);
        server_r->length = sizeof *v4;
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&server_r->address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((guint16)number);
        memcpy(&v6->sin6_addr, address.bytes, 16);
        server_r->length = sizeof *v6;
    }
    return true;
}

static guint system_servers(struct server *servers)
{
    g_autofree char *text = NULL;
    guint count = 0;
    if (!files_read("/etc/resolv.conf", FILES_TEXT_MAX, &text, NULL, NULL))
        return 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", 200);
    for (gsize i = 0; lines[i] && count < SERVERS_MAX; i++) {
        if (!g_str_has_prefix(lines[i], "nameserver"))
            continue;
        g_autofree char *address = g_strdup(lines[i] + strlen("nameserver"));
        g_strstrip(address);
        // A zone index (fe80::1%eth0) cannot be used without it.
        if (!strchr(address, '%') && parse_server(address, &servers[count]))
            count++;
    }
    return count;
}

static bool make_question(const char *name, enum dns_type type, struct question *question,
                          GError **err)
{
    // Room for the EDNS0 record behind the question.
    static const guint8 edns[] = {0, 0, 41, UDP_BYTES >> 8, UDP_BYTES & 0xff, 0, 0, 0, 0, 0, 0};
    const int size = res_mkquery(ns_o_query, name, ns_c_in, (int)type, NULL, 0, NULL,
                                 question->query, QUERY_MAX_BYTES - (int)sizeof edns);
    if (size < NS_HFIXEDSZ)
        return mda_fail(err, MDA_ERROR_SYNTAX, "%s is no domain name", name);
    if (getrandom(&question->id, sizeof question->id, 0) != sizeof question->id)
        return mda_fail_errno(err, errno, "getrandom");
    ns_put16(question->id, question->query);
    question->query[2] |= 0x01; // recursion desired
    memcpy(question->query + size, edns, sizeof edns);
    ns_put16(1, question->query + 10); // one additional record
    question->size = (gsize)size + sizeof edns;
    question->type = type;
    question->name = g_strdup(name);
    return true;
}

// Waits until FD is ready for EVENTS.
static bool wait_for(int fd, short events, struct deadline deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    for (;;) {
        const int left = deadline_left(&deadline);
        const int ready = poll(&poll_fd, 1, left);
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

static bool same_question(const struct question *question, ns_msg *message)
{
    ns_rr record;
    if (ns_msg_id(*message) != question->id || !ns_msg_getflag(*message, ns_f_qr) ||
        ns_msg_count(*message, ns_s_qd) != 1 || ns_parserr(message, ns_s_qd, 0, &record) < 0)
        return false;
    g_autofree char *asked = address_fold(question->name);
    g_autofree char *answered = address_fold(ns_rr_name(record));
    return (int)ns_rr_type(record) == (int)question->type && strcmp(asked, answered) == 0;
}

static int connect_to(const struct server *server, int type, struct deadline deadline)
{
    int fd = socket(server->address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&server->address, server->length) == 0)
        return fd;
    int failure = 0;
    socklen_t length = sizeof failure;
    if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 && failure == 0)
        return fd;
    close(fd);
    return -1;
}

// Reads datagrams until one answers QUESTION. Its size, or 0.
static gsize ask_udp(const struct server *server, const struct question *question, guint8 *answer,
                     struct deadline deadline)
{
    mda_autofd fd = connect_to(server, SOCK_DGRAM, deadline);
    if (fd < 0 || send(fd, question->query, question->size, MSG_NOSIGNAL) < 0)
        return 0;
    while (wait_for(fd, POLLIN, deadline)) {
        const ssize_t got = recv(fd, answer, ANSWER_MAX_BYTES, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got < 0)
            return 0; // refused: nothing listens there
        ns_msg message;
        if (ns_initparse(answer, (int)got, &message) == 0 && same_question(question, &message))
            return (gsize)got;
    }
    return 0;
}

static bool read_whole(int fd, guint8 *data, gsize size, struct deadline deadline)
{
    for (gsize have = 0; have < size;) {
        if (!wait_for(fd, POLLIN, deadline))
            return false;
        const ssize_t got = recv(fd, data + have, size - have, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        have += got > 0 ? (gsize)got : 0;
    }
    return true;
}

static gsize ask_tcp(const struct server *server, const struct question *question, guint8 *answer,
                     struct deadline deadline)
{
    mda_autofd fd = connect_to(server, SOCK_STREAM, deadline);
    guint8 framed[QUERY_MAX_BYTES + 2], length[2];
    ns_put16((guint)question->size, framed);
    memcpy(framed + 2, question->query, question->size);
    if (fd < 0 || send(fd, framed, question->size + 2, MSG_NOSIGNAL) != (ssize_t)question->size + 2)
        return 0;
    if (!read_whole(fd, length, sizeof length, deadline))
        return 0;
    const gsize size = ns_get16(length);
    ns_msg message;
    if (!read_whole(fd, answer, size, deadline) || ns_initparse(answer, (int)size, &message) < 0 ||
        !same_question(question, &message))
        return 0;
    return size;
}

static char *txt_of(const guint8 *data, gsize size)
{
    GString *text = g_string_new(NULL);
    for (gsize at = 0; at < size && text->len < TXT_MAX_BYTES;) {
        const gsize length = MIN((gsize)data[at], size - at - 1);
        g_string_append_len(text, (const char *)data + at + 1, (gssize)length);
        at += 1 + length;
    }
    return g_string_free(text, FALSE);
}

// The text of RECORD, or NULL.
static char *text_of(ns_msg *message, ns_rr *record)
{
    const guint8 *data = ns_rr_rdata(*record);
    const gsize size = ns_rr_rdlen(*record);
    char buffer[NS_MAXDNAME];
    const gsize skip = ns_rr_type(*record) == ns_t_mx ? 2 : 0;
    switch ((int)ns_rr_type(*record)) {
    case DNS_A:
        return size == 4 ? g_strdup(inet_ntop(AF_INET, data, buffer, sizeof buffer)) : NULL;
    case DNS_AAAA:
        return size == 16 ? g_strdup(inet_ntop(AF_INET6, data, buffer, sizeof buffer)) : NULL;
    case DNS_TXT:
        return txt_of(data, size);
    case DNS_MX:
    case DNS_PTR:
        if (size <= skip || ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
                                               data + skip, buffer, sizeof buffer) < 0)
            return NULL;
        return g_strdup(buffer);
    default:
        return NULL;
    }
}

static bool read_answer(const struct question *question, const guint8 *data, gsize size,
                        struct dns_answer **answer_r, GError **err)
{
    ns_msg message;
    if (ns_initparse(data, (int)size, &message) < 0)
        return mda_fail(err, MDA_ERROR_TEMP, "DNS: the answer for %s is garbled", question->name);
    const int code = (int)ns_msg_getflag(message, ns_f_rcode);
    if (code != ns_r_noerror && code != ns_r_nxdomain)
        return mda_fail(err, MDA_ERROR_TEMP, "DNS: the server failed on %s (code %d)",
                        question->name, code);
    struct dns_answer *answer = g_new0(struct dns_answer, 1);
    answer->records = g_ptr_array_new_with_free_func(g_free);
    answer->exists = code == ns_r_noerror;
    answer->ttl = G_MAXUINT32;
    const int count = ns_msg_count(message, ns_s_an);
    for (int i = 0; i < count && answer->records->len < RECORDS_MAX; i++) {
        ns_rr record;
        if (ns_parserr(&message, ns_s_an, i, &record) < 0)
            break;
        char *text =
            (int)ns_rr_type(record) == (int)question->type ? text_of(&message, &record) : NULL;
        if (text)
            g_ptr_array_add(answer->records, text);
        answer->ttl = MIN(answer->ttl, ns_rr_ttl(record));
    }
    if (answer->ttl == G_MAXUINT32)
        answer->ttl = 300;
    *answer_r = answer;
    return true;
}

static gsize ask_server(const struct server *server, const struct question *question, guint8 *data,
                        struct deadline patience, struct deadline deadline)
{
    ns_msg message;
    const gsize size = ask_udp(server, question, data, patience);
    if (size == 0 || ns_initparse(data, (int)size, &message) < 0 ||
        !ns_msg_getflag(message, ns_f_tc))
        return size;
    return ask_tcp(server, question, data, deadline);
}

static bool ask_all(const struct question *question, const struct server *servers, guint count,
                    struct deadline deadline, struct dns_answer **answer_r, GError **err)
{
    g_autofree guint8 *data = g_malloc(ANSWER_MAX_BYTES);
    gint64 wait = FIRST_WAIT_MS;
    for (; !deadline_passed(&deadline) && wait < G_MAXINT; wait *= 2) {
        for (guint i = 0; i < count && !deadline_passed(&deadline); i++) {
            const struct deadline patience = deadline_sooner(deadline, deadline_in(wait));
            const gsize size = ask_server(&servers[i], question, data, patience, deadline);
            if (size > 0)
                return read_answer(question, data, size, answer_r, err);
            // Refused at once: do not spin.
            if (!deadline_passed(&patience) && count == 1)
                g_usleep(20000);
        }
    }
    return mda_fail(err, MDA_ERROR_TEMP, "DNS: no answer for %s in time", question->name);
}

static bool ask(const char *name, enum dns_type type, const char *server, struct deadline deadline,
                struct dns_answer **answer_r, GError **err)
{
    struct server servers[SERVERS_MAX];
    guint count = 1;
    if (!*server)
        count = system_servers(servers);
    else if (!parse_server(server, &servers[0]))
        return mda_fail(err, MDA_ERROR_CONFIG, "dns.server: %s is no address", server);
    if (count == 0)
        return mda_fail(err, MDA_ERROR_TEMP, "DNS: /etc/resolv.conf names no server");
    struct question question = {0};
    if (!make_question(name, type, &question, err))
        return false;
    const bool answered = ask_all(&question, servers, count, deadline, answer_r, err);
    g_free(question.name);
    return answered;
}

extern const struct dns_api MODULE_SYMBOL;
const struct dns_api MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .ask = ask};
