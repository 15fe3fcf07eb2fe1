// SPDX-License-Identifier: MIT
#include "answer/mailto.h"
#include "base/text.h"

#include <string.h>

#define MAX_RECIPIENTS 8
#define MAX_FIELDS 16

void mailto_clear(struct mailto *mailto)
{
    g_clear_pointer(&mailto->recipients, g_ptr_array_unref);
    g_clear_pointer(&mailto->to, g_ptr_array_unref);
    g_clear_pointer(&mailto->cc, g_ptr_array_unref);
    g_clear_pointer(&mailto->fields, g_ptr_array_unref);
    g_clear_pointer(&mailto->subject, g_free);
    g_clear_pointer(&mailto->body, g_free);
}

// Percent-decodes TEXT; NULL when it is wrongly encoded.
static char *decode(const char *text)
{
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        if (*text != '%') {
            g_string_append_c(out, *text);
        } else if (g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
            char c = (char)(g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]));
            if (c)
                g_string_append_c(out, c);
            text += 2;
        } else {
            g_string_free(out, TRUE);
            return NULL;
        }
    }
    return g_string_free(out, FALSE);
}

// An address goes into a line of the header: an encoded line end would end it (RFC 6068 §7).
static bool has_control(const char *address)
{
    for (; *address; address++) {
        if ((guchar)*address < ' ' || *address == 0x7f)
            return true;
    }
    return false;
}

static bool is_listed(const GPtrArray *list, const char *address)
{
    for (guint i = 0; i < list->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(list, i), address) == 0)
            return true;
    }
    return false;
}

// Adds the addresses of LIST, which has commas between.
static bool add_recipients(struct mailto *mailto, GPtrArray *shown, const char *list,
                           char *(*check)(const char *), char **why_r)
{
    g_auto(GStrv) addresses = g_strsplit(list, ",", -1);
    for (guint i = 0; addresses[i]; i++) {
        char *address = g_strstrip(addresses[i]);
        if (!*address)
            continue;
        g_autofree char *wrong = has_control(address) ? g_strdup("a control character")
                                 : check              ? check(address)
                                                      : NULL;
        if (wrong) {
            *why_r = g_strdup_printf("invalid recipient '%s': %s", address, wrong);
            return false;
        }
        if (is_listed(mailto->recipients, address) || mailto->recipients->len >= MAX_RECIPIENTS)
            continue;
        g_ptr_array_add(mailto->recipients, g_strdup(address));
        g_ptr_array_add(shown, g_strdup(address));
    }
    return true;
}

// Fields that a notification sets itself or that could make it look like something else.
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"auto-submitted",
                                        "received",
                                        "message-id",
                                        "data",
                                        "bcc",
                                        "in-reply-to",
                                        "references",
                                        "resent-date",
                                        "resent-from",
                                        "resent-sender",
                                        "resent-to",
                                        "resent-cc",
                                        "resent-bcc",
                                        "resent-msg-id",
                                        "from",
                                        "sender",
                                        "date",
                                        "mime-version",
                                        "content-type",
                                        "content-transfer-encoding",
                                        "return-path",
                                        "x-sieve"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static bool take_field(struct mailto *mailto, const char *name, const char *value,
                       char *(*check)(const char *), char **why_r)
{
    if (!text_is_field_name(name)) {
        *why_r = g_strdup("a name before = cannot be that of a header field");
        return false;
    }
    if (g_ascii_strcasecmp(name, "to") == 0)
        return add_recipients(mailto, mailto->to, value, check, why_r);
    if (g_ascii_strcasecmp(name, "cc") == 0)
        return add_recipients(mailto, mailto->cc, value, check, why_r);
    if (g_ascii_strcasecmp(name, "body") == 0) {
        if (!mailto->body)
            mailto->body = g_strdup(value);
    } else if (g_ascii_strcasecmp(name, "subject") == 0) {
        if (!mailto->subject)
            mailto->subject = g_strdelimit(g_strdup(value), "\r\n", ' ');
    } else if (!is_reserved(name) && mailto->fields->len < 2 * MAX_FIELDS) {
        g_ptr_array_add(mailto->fields, g_strdup(name));
        g_ptr_array_add(mailto->fields, g_strdelimit(g_strdup(value), "\r\n", ' '));
    }
    return true;
}

// RFC 6068 §2: what may stand in a URI of mail without being encoded.
static bool is_uri_text(const char *text, const char *more)
{
    for (; *text; text++) {
        if (!g_ascii_isalnum(*text) && !strchr("-._~!$'()*+,;:@%", *text) && !strchr(more, *text))
            return false;
    }
    return true;
}

static bool take_pair(struct mailto *mailto, char *pair, char *(*check)(const char *), char **why_r)
{
    char *equals = strchr(pair, '=');
    if (equals)
        *equals++ = '\0';
    const char *text = equals ? equals : "";
    if (!is_uri_text(pair, "") || !is_uri_text(text, "=")) {
        *why_r = g_strdup("invalid character");
        return false;
    }
    g_autofree char *name = decode(pair), *value = decode(text);
    if (!name || !value) {
        *why_r = g_strdup("invalid % encoding");
        return false;
    }
    return take_field(mailto, name, value, check, why_r);
}

static bool take_fields(struct mailto *mailto, const char *query, char *(*check)(const char *),
                        char **why_r)
{
    g_auto(GStrv) pairs = g_strsplit(query, "&", -1);
    for (guint i = 0; pairs[i]; i++) {
        if (!take_pair(mailto, pairs[i], check, why_r))
            return false;
    }
    return true;
}

static bool parse_into(struct mailto *mailto, const char *rest, char *(*check)(const char *),
                       char **why_r)
{
    const char *query = strchr(rest, '?');
    g_autofree char *path = query ? g_strndup(rest, (gsize)(query - rest)) : g_strdup(rest);
    g_auto(GStrv) pieces = g_strsplit(path, ",", -1);
    if (!is_uri_text(path, "")) {
        *why_r = g_strdup("invalid character in an address");
        return false;
    }
    for (guint i = 0; pieces[i]; i++) {
        g_autofree char *address = decode(pieces[i]);
        if (!address) {
            *why_r = g_strdup("invalid % encoding");
            return false;
        }
        // A comma that was encoded stands in the address.
        if (!add_recipients(mailto, mailto->to, address, check, why_r))
            return false;
    }
    return !query || take_fields(mailto, query + 1, check, why_r);
}

bool mailto_parse(const char *uri, char *(*check)(const char *address), struct mailto *mailto_r,
                  char **why_r)
{
    struct mailto mailto = {.recipients = g_ptr_array_new_with_free_func(g_free),
                            .to = g_ptr_array_new_with_free_func(g_free),
                            .cc = g_ptr_array_new_with_free_func(g_free),
                            .fields = g_ptr_array_new_with_free_func(g_free)};
    if (g_ascii_strncasecmp(uri, "mailto:", 7) != 0) {
        *why_r = g_strdup("not a mailto URI");
        mailto_clear(&mailto);
        return false;
    }
    if (!parse_into(&mailto, uri + 7, check, why_r)) {
        mailto_clear(&mailto);
        return false;
    }
    *mailto_r = mailto;
    return true;
}
