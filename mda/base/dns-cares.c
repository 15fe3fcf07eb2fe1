// SPDX-License-Identifier: MIT
// The module backstop-dns.so: c-ares asks, of several servers one after the other (one that fails
// or refuses is no answer), over UDP and, where the answer was cut, TCP. The waiting is done here,
// so that a question never outlives its deadline.
//
// One channel a question: each has a port and an id of its own, and threads share nothing.
#include "base/dns.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#define CARES_NO_DEPRECATED // new names for old functions: those of the oldest c-ares are called
#include <ares.h>
#include <poll.h>
#include <string.h>

#define UDP_BYTES 1232 // what EDNS0 says we take, see the DNS flag day of 2020
#define RECORDS_MAX 100
#define TXT_MAX_BYTES 16384
// The first wait for one server; it doubles with every round. The deadline ends them.
#define FIRST_WAIT_MS 800
#define ROUNDS_MAX 6
#define HEADER_BYTES 12

struct question {
    const char *name;
    enum dns_type type;
    bool answered;
    int status; // ARES_…
    struct dns_answer *answer;
};

// A packet and where we are in it.
struct packet {
    const guint8 *data;
    gsize size, at;
};

static guint16 get16(const struct packet *packet, gsize at)
{
    return (guint16)(packet->data[at] << 8 | packet->data[at + 1]);
}

static guint32 get32(const struct packet *packet, gsize at)
{
    return (guint32)get16(packet, at) << 16 | get16(packet, at + 2);
}

static bool has(const struct packet *packet, gsize count)
{
    return packet->size - packet->at >= count;
}

// The name at AT, owned by the caller, with the bytes that it takes there; NULL when it is broken.
static char *name_at(const struct packet *packet, gsize at, gsize *length_r)
{
    char *expanded = NULL;
    long length = 0;
    if (at >= packet->size || packet->size > G_MAXINT ||
        ares_expand_name(packet->data + at, packet->data, (int)packet->size, &expanded, &length) !=
            ARES_SUCCESS)
        return NULL;
    char *name = g_strdup(expanded);
    ares_free_string(expanded);
    *length_r = (gsize)length;
    return name;
}

static bool skip_name(struct packet *packet)
{
    gsize length = 0;
    g_autofree char *name = name_at(packet, packet->at, &length);
    packet->at += name ? length : 0;
    return name && packet->at <= packet->size;
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

// The text of the record whose data stand at packet->at, or NULL.
static char *text_of(const struct packet *packet, enum dns_type type, gsize size)
{
    const guint8 *data = packet->data + packet->at;
    char buffer[INET6_ADDRSTRLEN];
    gsize length;
    switch (type) {
    case DNS_A:
        return size == 4 ? g_strdup(inet_ntop(AF_INET, data, buffer, sizeof buffer)) : NULL;
    case DNS_AAAA:
        return size == 16 ? g_strdup(inet_ntop(AF_INET6, data, buffer, sizeof buffer)) : NULL;
    case DNS_TXT:
        return txt_of(data, size);
    case DNS_MX:
        return size > 2 ? name_at(packet, packet->at + 2, &length) : NULL;
    case DNS_PTR:
        return size > 0 ? name_at(packet, packet->at, &length) : NULL;
    }
    return NULL;
}

// Reads the record at packet->at. False when the packet ends or is broken there.
static bool read_record(struct packet *packet, enum dns_type type, struct dns_answer *answer)
{
    if (!skip_name(packet) || !has(packet, 10))
        return false;
    const guint16 is = get16(packet, packet->at), class = get16(packet, packet->at + 2);
    const guint32 ttl = get32(packet, packet->at + 4);
    const gsize size = get16(packet, packet->at + 8);
    packet->at += 10;
    if (!has(packet, size))
        return false;
    char *text = is == type && class == ns_c_in ? text_of(packet, type, size) : NULL;
    if (text)
        g_ptr_array_add(answer->records, text);
    answer->ttl = MIN(answer->ttl, ttl);
    packet->at += size;
    return true;
}

// What the packet says; NULL when it is broken.
static struct dns_answer *read_answer(const guint8 *data, gsize size, enum dns_type type)
{
    struct packet packet = {data, size, HEADER_BYTES};
    struct dns_answer *answer = g_new0(struct dns_answer, 1);
    answer->records = g_ptr_array_new_with_free_func(g_free);
    answer->ttl = G_MAXUINT32;
    const guint questions = size >= HEADER_BYTES ? get16(&packet, 4) : 0;
    const guint count = size >= HEADER_BYTES ? get16(&packet, 6) : 0;
    bool sound = true;
    for (guint i = 0; sound && i < questions; i++) {
        sound = skip_name(&packet) && has(&packet, 4);
        packet.at += sound ? 4 : 0;
    }
    for (guint i = 0; sound && i < count && answer->records->len < RECORDS_MAX; i++)
        sound = read_record(&packet, type, answer);
    if (answer->ttl == G_MAXUINT32)
        answer->ttl = 300;
    if (!sound)
        g_clear_pointer(&answer, dns_answer_free);
    return answer;
}

static void take_answer(void *data, int status, int timeouts, unsigned char *bytes, int size)
{
    struct question *question = data;
    (void)timeouts;
    question->answered = true;
    question->status = status;
    // A name that is not there comes with its packet too.
    const bool useful =
        status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
    if (!useful)
        return;
    question->answer = read_answer(bytes, bytes && size > 0 ? (gsize)size : 0, question->type);
    if (question->answer)
        question->answer->exists = status != ARES_ENOTFOUND;
    else
        question->status = ARES_EBADRESP;
}

// Has CHANNEL ask SERVERS, in this order.
static bool use_servers(ares_channel channel, const char *servers, GError **err)
{
    struct ares_addr_port_node nodes[DNS_SERVERS_MAX] = {{0}};
    struct dns_server list[DNS_SERVERS_MAX];
    const guint count = dns_servers_parse(servers, list);
    if (count == 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "dns.server: %s is no address", servers);
    for (guint i = 0; i < count; i++) {
        struct ares_addr_port_node *node = &nodes[i];
        const bool v4 = ip_is_v4(&list[i].address);
        node->next = i + 1 < count ? node + 1 : NULL;
        node->family = v4 ? AF_INET : AF_INET6;
        node->udp_port = node->tcp_port = list[i].port;
        if (v4)
            memcpy(&node->addr.addr4, list[i].address.bytes + 12, 4);
        else
            memcpy(&node->addr.addr6, list[i].address.bytes, 16);
    }
    const int status = ares_set_servers_ports(channel, nodes);
    return status == ARES_SUCCESS ||
           mda_fail(err, MDA_ERROR_TEMP, "DNS: %s", ares_strerror(status));
}

static bool open_channel(const char *servers, ares_channel *channel_r, GError **err)
{
    struct ares_options options = {.flags =
                                       ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = FIRST_WAIT_MS,
                                   .tries = ROUNDS_MAX,
                                   .ednspsz = UDP_BYTES};
    int status = ares_init_options(channel_r, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_EDNSPSZ | ARES_OPT_NOROTATE);
    if (status != ARES_SUCCESS)
        return mda_fail(err, MDA_ERROR_TEMP, "DNS: %s", ares_strerror(status));
    if (!*servers || use_servers(*channel_r, servers, err))
        return true;
    ares_destroy(*channel_r);
    return false;
}

// Waits for the sockets of CHANNEL, or until it wants to try again.
static void turn(ares_channel channel, int milliseconds)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd fds[ARES_GETSOCK_MAXNUM];
    const guint wanted = (guint)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    nfds_t count = 0;
    for (guint i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        // The bits of ARES_GETSOCK_READABLE and _WRITABLE, which shift a signed 1 too far for the last.
        const bool readable = wanted & (1u << i), writable = wanted & (1u << (i + 16));
        const short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
        if (events)
            fds[count++] = (struct pollfd){.fd = sockets[i], .events = events};
    }
    struct timeval most = {milliseconds / 1000, milliseconds % 1000 * 1000}, left;
    const struct timeval *until = ares_timeout(channel, &most, &left);
    const int ready = poll(fds, count, (int)(until->tv_sec * 1000 + (until->tv_usec + 999) / 1000));
    for (nfds_t i = 0; ready > 0 && i < count; i++) {
        const bool in = fds[i].revents & (POLLIN | POLLERR | POLLHUP);
        const bool out = fds[i].revents & POLLOUT;
        ares_process_fd(channel, in ? fds[i].fd : ARES_SOCKET_BAD,
                        out ? fds[i].fd : ARES_SOCKET_BAD);
    }
    if (ready <= 0) // time for another try
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static bool ask(const char *name, enum dns_type type, const char *servers, struct deadline deadline,
                struct dns_answer **answer_r, GError **err)
{
    struct question question = {.name = name, .type = type};
    ares_channel channel;
    if (!open_channel(servers, &channel, err))
        return false;
    ares_query(channel, name, ns_c_in, (int)type, take_answer, &question);
    while (!question.answered && !deadline_passed(&deadline))
        turn(channel, deadline_left(&deadline));
    const bool late = !question.answered;
    ares_destroy(channel); // answers what is still asked: with ARES_EDESTRUCTION
    if (question.answer) {
        *answer_r = question.answer;
        return true;
    }
    if (late || question.status == ARES_ETIMEOUT)
        return mda_fail(err, MDA_ERROR_TEMP, "DNS: no answer for %s in time", name);
    if (question.status == ARES_EBADNAME)
        return mda_fail(err, MDA_ERROR_SYNTAX, "%s is no domain name", name);
    return mda_fail(err, MDA_ERROR_TEMP, "DNS: no server answers for %s: %s", name,
                    ares_strerror(question.status));
}

extern const struct dns_api MODULE_SYMBOL;
const struct dns_api MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .ask = ask};
