// SPDX-License-Identifier: MIT
#include "bounce/mention.h"

#include "bounce/trait.h"

#include <string.h>

#define TEXT_MAX_BYTES 8192 // of the text that is searched
#define LABEL_MAX_BYTES 60

static bool is_address_char(char c)
{
    return g_ascii_isalnum(c) || strchr("!#$%&*+-/=?^_{|}~.'", c);
}

// A domain that mail can be sent to: two labels and more, the last one of letters (or "xn--…").
static bool is_domain(const char *domain)
{
    const char *dot = strrchr(domain, '.');
    if (!dot || dot == domain || strlen(dot) < 3 || strstr(domain, ".."))
        return false;
    return g_ascii_isalpha(dot[1]);
}

// The address around the '@' at TEXT[at]; NULL when there is none.
static char *address_around(const char *text, gsize length, gsize at, gsize *start_r)
{
    gsize start = at, end = at + 1;
    while (start > 0 && is_address_char(text[start - 1]))
        start--;
    while (end < length && (g_ascii_isalnum(text[end]) || text[end] == '.' || text[end] == '-'))
        end++;
    while (end > at && (text[end - 1] == '.' || text[end - 1] == '-'))
        end--;
    while (start < at && strchr("'=/*?&", text[start]))
        start++;
    const char *equals = memchr(text + start, '=', at - start); // a URL's "?user=ann@x.example"
    if (equals && memchr(text + start, '/', at - start))
        start = (gsize)(equals + 1 - text);
    if (start == at || end <= at + 2 || end - start > 320)
        return NULL;
    g_autofree char *domain = g_strndup(text + at + 1, end - at - 1);
    if (!is_domain(domain))
        return NULL;
    *start_r = start;
    return g_strndup(text + start, end - start);
}

// Does the line up to START, before an address, say that what follows is an identifier?
static bool is_labelled_id(const char *text, gsize start)
{
    static const char *const labels[] = {
        "message-id",     "message id",    "messageid",     "msgid",       "msg-id",
        "message token",  "token",         "identificativ", "in-reply-to", "references",
        "queue id",       "queue-id",      "trace id",      "tracking id", "nachrichten-id",
        "message number", "id du message", "content-id",    "session id",  "boundary",
        "transaction id", "reference id",  "mail id",       "identifiant", "identificador",
    };
    gsize from = start;
    while (from > 0 && start - from < LABEL_MAX_BYTES && text[from - 1] != '\n')
        from--;
    g_autofree char *line = g_ascii_strdown(text + from, (gssize)(start - from));
    const char *colon = strpbrk(line, ":=#<");
    if (!colon)
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        const char *label = strstr(line, labels[i]);
        if (label && label < colon)
            return true;
    }
    return false;
}

bool mention_next(const char *text, gsize length, gsize *at, struct mention *mention_r)
{
    gsize end = MIN(length, TEXT_MAX_BYTES);
    for (gsize i = MAX(*at, 1); i < end; i++) {
        if (text[i] != '@')
            continue;
        gsize start = 0;
        char *address = address_around(text, end, i, &start);
        if (!address || is_labelled_id(text, start)) {
            g_free(address);
            continue;
        }
        *at = i + 1;
        *mention_r = (struct mention){address, start};
        return true;
    }
    *at = end;
    return false;
}

static bool stands_in(struct facts *facts, const char *field, const char *lower)
{
    for (char **value = facts_header(facts, field); *value; value++) {
        if (strstr(*value, lower))
            return true;
    }
    return false;
}

static bool is_readers(struct facts *facts, const char *lower)
{
    const struct envelope *envelope = facts->envelope;
    return stands_in(facts, "to", lower) || stands_in(facts, "delivered-to", lower) ||
           stands_in(facts, "x-original-to", lower) ||
           (envelope && envelope->recipient && g_ascii_strcasecmp(envelope->recipient, lower) == 0);
}

// Whom a notice asks to turn to.
static bool is_role(const char *lower)
{
    static const char *const roles[] = {"postmaster@", "support@",  "admin@",      "helpdesk@",
                                        "abuse@",      "help@",     "security@",   "webmaster@",
                                        "noreply@",    "no-reply@", "hostmaster@", "root@"};
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
        if (g_str_has_prefix(lower, roles[i]))
            return true;
    }
    return false;
}

bool mention_reader_alone(struct facts *facts)
{
    struct mention mention;
    bool reader = false;
    for (gsize at = 0; mention_next(facts->text, facts->text_length, &at, &mention);) {
        g_autofree char *lower = g_ascii_strdown(mention.address, -1);
        g_free(mention.address);
        if (is_readers(facts, lower))
            reader = true;
        else if (!is_role(lower) && !stands_in(facts, "from", lower))
            return false;
    }
    return reader;
}

bool mention_may_be_recipient(struct facts *facts, const char *address)
{
    const char *author = facts->report->original.from;
    g_autofree char *lower = g_ascii_strdown(address, -1);
    char **to = facts_header(facts, "to");
    return !trait_names_daemon(lower) && !(author && g_ascii_strcasecmp(author, address) == 0) &&
           !(*to && strstr(*to, lower));
}
