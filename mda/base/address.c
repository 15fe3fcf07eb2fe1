// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

static const guint8 mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_atext(unsigned char c)
{
    return g_ascii_isalnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool is_domain(unsigned char c)
{
    return g_ascii_isalnum(c) || c >= 0x80 || c == '.' || c == '-' || c == '_';
}

// The first byte of the local part that ends before AT; AT itself when there is none.
static const char *local_part(const char *text, const char *at)
{
    const char *start = at;
    if (start > text && start[-1] == '"') {
        for (start -= 1; start > text && start[-1] != '"'; start--) {
            if (start[-1] == '\n')
                return at;
        }
        return start > text ? start - 1 : at;
    }
    while (start > text && is_atext((unsigned char)start[-1]))
        start--;
    // "'user@host'" and "rfc822;user@host" begin behind the quote.
    while (start < at && strchr("'`", *start))
        start++;
    return start;
}

static const char *domain_end(const char *domain)
{
    if (*domain == '[') {
        // Up to the next '@': many that are never closed must not each be read to the end.
        const char *close = strpbrk(domain, "]@ \t\r\n");
        return close && *close == ']' ? close + 1 : domain;
    }
    const char *end = domain;
    while (is_domain((unsigned char)*end))
        end++;
    while (end > domain && strchr(".-_", end[-1]))
        end--;
    return end;
}

bool address_scan(const char *text, guint max, GPtrArray *addresses)
{
    for (const char *at = text ? strchr(text, '@') : NULL; at; at = strchr(at + 1, '@')) {
        const char *start = local_part(text, at), *end = domain_end(at + 1);
        if (start == at || end == at + 1)
            continue;
        g_autofree char *address = g_ascii_strdown(start, end - start);
        if (g_ptr_array_find_with_equal_func(addresses, address, g_str_equal, NULL))
            continue;
        if (addresses->len >= max)
            return false;
        g_ptr_array_add(addresses, g_steal_pointer(&address));
    }
    return true;
}

char *address_fold(const char *address)
{
    if (!address)
        return NULL;
    g_autofree char *copy = g_ascii_strdown(address, -1);
    char *start = g_strstrip(copy);
    gsize length = strlen(start);
    if (length >= 2 && start[0] == '<' && start[length - 1] == '>') {
        start[length - 1] = '\0';
        start = g_strstrip(start + 1);
        length = strlen(start);
    }
    while (length > 0 && start[length - 1] == '.')
        start[--length] = '\0';
    return g_strdup(start);
}

// The tags that signed return paths bear. Barracuda writes "btv1==TAG==user", some write the tag
// behind the user; the rest follow the draft.
char *address_untagged(const char *address)
{
    char *folded = address_fold(address);
    char *at = folded ? strrchr(folded, '@') : NULL;
    if (!at)
        return folded;
    if (g_str_has_prefix(folded, "prvs=") || g_str_has_prefix(folded, "btv1==")) {
        // Behind the last '=' of the tag: a local part may hold '=' itself, a tag may not.
        const bool draft = folded[0] == 'p';
        const char *user = strstr(folded + (draft ? 5 : 6), draft ? "=" : "==");
        user = user ? user + (draft ? 1 : 2) : NULL;
        if (user && user < at)
            memmove(folded, user, strlen(user) + 1);
        return folded;
    }
    char *tag = strstr(folded, "=prvs=");
    if (tag && tag > folded && tag < at)
        memmove(tag, at, strlen(at) + 1);
    return folded;
}

bool domain_among(const char *domain, const char *const *patterns)
{
    if (!domain)
        return false;
    const gsize length = strlen(domain);
    for (; *patterns; patterns++) {
        const char *pattern = *patterns;
        const bool below = pattern[0] == '.';
        const char *bare = pattern + below;
        const gsize bare_length = strlen(bare);
        if (bare_length == 0 || bare_length > length)
            continue;
        const char *tail = domain + length - bare_length;
        if (g_ascii_strcasecmp(tail, bare) == 0 && (tail == domain || (below && tail[-1] == '.')))
            return true;
    }
    return false;
}

bool ip_parse(const char *text, struct ip_address *address_r)
{
    char buffer[INET6_ADDRSTRLEN + 16];
    if (!text)
        return false;
    while (*text == '[' || *text == ' ')
        text++;
    if (g_ascii_strncasecmp(text, "IPv6:", 5) == 0)
        text += 5;
    const gsize length = strcspn(text, "]% ");
    if (length == 0 || length >= sizeof buffer)
        return false;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    if (inet_pton(AF_INET6, buffer, address_r->bytes) == 1)
        return true;
    guint8 v4[4];
    if (inet_pton(AF_INET, buffer, v4) != 1)
        return false;
    memcpy(address_r->bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(address_r->bytes + 12, v4, sizeof v4);
    return true;
}

bool ip_is_v4(const struct ip_address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool ip_in_network(const struct ip_address *address, const char *network)
{
    const char *slash = strchr(network, '/');
    g_autofree char *base =
        slash ? g_strndup(network, (gsize)(slash - network)) : g_strdup(network);
    struct ip_address first;
    if (!ip_parse(base, &first) || ip_is_v4(&first) != ip_is_v4(address))
        return false;
    const gint64 most = ip_is_v4(&first) ? 32 : 128;
    gint64 bits = most;
    if (slash) {
        char *end;
        bits = g_ascii_strtoll(slash + 1, &end, 10);
        if (end == slash + 1 || *end || bits < 0 || bits > most)
            return false;
    }
    bits += 128 - most;
    for (gsize i = 0; i < sizeof first.bytes && bits > 0; i++, bits -= 8) {
        const guint8 mask = bits >= 8 ? 0xff : (guint8)(0xff << (8 - bits));
        if ((address->bytes[i] ^ first.bytes[i]) & mask)
            return false;
    }
    return true;
}

static bool in_any(const struct ip_address *address, const char *const *networks)
{
    for (; *networks; networks++) {
        if (ip_in_network(address, *networks))
            return true;
    }
    return false;
}

bool ip_is_loopback(const struct ip_address *address)
{
    static const char *const networks[] = {"127.0.0.0/8", "::1", NULL};
    return in_any(address, networks);
}

// The IPv4 address inside a 6to4 address (RFC 3056).
static bool ip_is_6to4(const struct ip_address *address, struct ip_address *inner_r)
{
    static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address->bytes[0] != 0x20 || address->bytes[1] != 0x02)
        return false;
    memcpy(inner_r->bytes, mapped, sizeof mapped);
    memcpy(inner_r->bytes + sizeof mapped, address->bytes + 2, 4);
    return true;
}

bool ip_is_private(const struct ip_address *address)
{
    static const char *const networks[] = {"127.0.0.0/8",    "::1",
                                           "10.0.0.0/8",     "172.16.0.0/12",
                                           "192.168.0.0/16", "100.64.0.0/10",
                                           "169.254.0.0/16", "fe80::/10",
                                           "fc00::/7",       NULL};
    struct ip_address inner;
    return in_any(ip_is_6to4(address, &inner) ? &inner : address, networks);
}

char *ip_text(const struct ip_address *address)
{
    char buffer[INET6_ADDRSTRLEN] = "";
    if (ip_is_v4(address))
        inet_ntop(AF_INET, address->bytes + 12, buffer, sizeof buffer);
    else
        inet_ntop(AF_INET6, address->bytes, buffer, sizeof buffer);
    return g_strdup(buffer);
}
