// SPDX-License-Identifier: MIT
// Design rationale
// - A pattern with an @ is of an address: the envelope sender, From and Sender. One without is of a
//   host or a domain: of those addresses, or the host that handed the message to our MTA, by the
//   name that our MTA looked up and by its address. What the client calls itself anyone may say.
// - Trust keeps mail out of Junk and does nothing else, so a forged From that uses it gains no more
//   than where there is no judge at all.
// - The topmost Received line is our own MTA's. With an envelope from an LMTP client or an MTA's
//   variables, theirs counts.
#include "judge/trust.h"

#include "base/address.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "message/received.h"

#include <string.h>

#define ADDRESSES_MAX 20

// What a message is known by.
struct known {
    GPtrArray *addresses; // char *, lower case
    GPtrArray *hosts;     // char *: names and addresses
};

static void add_host(struct known *known, const char *host)
{
    if (host && *host)
        g_ptr_array_add(known->hosts, g_ascii_strdown(host, -1));
}

static struct known known_of(const struct message *message, const struct envelope *envelope)
{
    static const char *const names[] = {"From", "Sender"};
    struct known known = {g_ptr_array_new_with_free_func(g_free),
                          g_ptr_array_new_with_free_func(g_free)};
    (void)address_scan(envelope->sender, ADDRESSES_MAX, known.addresses);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = message_header(message, names[i], 0);
        (void)address_scan(value, ADDRESSES_MAX, known.addresses);
    }
    add_host(&known, envelope->client_name);
    add_host(&known, envelope->client_address);
    g_autofree char *line = message_header(message, "Received", 0);
    if (line && known.hosts->len == 0) {
        struct received received;
        received_parse(line, &received);
        add_host(&known, received.name);
        add_host(&known, received.address);
        received_clear(&received);
    }
    return known;
}

static void known_clear(struct known *known)
{
    g_ptr_array_unref(known->addresses);
    g_ptr_array_unref(known->hosts);
}

// "example.net" is that name, ".example.net" it and what is below, others are globs or networks.
static bool fits_name(const char *pattern, const char *name)
{
    const char *const patterns[] = {pattern, NULL};
    struct ip_address address;
    return domain_among(name, patterns) || text_glob(pattern, name) ||
           (ip_parse(name, &address) && ip_in_network(&address, pattern));
}

// What of KNOWN fits PATTERN; NULL: nothing does. Borrowed.
static const char *fitting(const struct known *known, const char *pattern)
{
    const bool address = strchr(pattern, '@') != NULL;
    for (guint i = 0; i < known->addresses->len; i++) {
        const char *one = g_ptr_array_index(known->addresses, i);
        const char *domain = text_domain_of(one);
        if (address ? text_glob(pattern, one) : domain && fits_name(pattern, domain))
            return one;
    }
    for (guint i = 0; i < known->hosts->len && !address; i++) {
        if (fits_name(pattern, g_ptr_array_index(known->hosts, i)))
            return g_ptr_array_index(known->hosts, i);
    }
    return NULL;
}

static char *reason(const struct known *known, const char *pattern)
{
    const char *who = *pattern ? fitting(known, pattern) : NULL;
    return who ? g_strdup_printf("%s is trusted (%s)", who, pattern) : NULL;
}

// A pattern a line; # begins a comment.
static char *reason_in_file(const struct known *known, const char *path)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    if (!*path || !files_read(path, FILES_TEXT_MAX, &text, NULL, &err)) {
        if (err && !g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE))
            log_line(LOG_LEVEL_WARNING, "judgement.trust-file: %s", err->message);
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char *found = NULL;
    for (char **line = lines; *line && !found; line++) {
        (*line)[strcspn(*line, "#")] = '\0';
        found = reason(known, g_strstrip(*line));
    }
    return found;
}

char *trust_reason(const struct conf *conf, const struct message *message,
                   const struct envelope *envelope)
{
    struct known known = known_of(message, envelope);
    char *found = NULL;
    for (const char *const *pattern = conf_list(conf, CONF_JUDGEMENT_TRUST); *pattern && !found;
         pattern++)
        found = reason(&known, *pattern);
    if (!found)
        found = reason_in_file(&known, conf_string(conf, CONF_JUDGEMENT_TRUST_FILE));
    known_clear(&known);
    return found;
}
