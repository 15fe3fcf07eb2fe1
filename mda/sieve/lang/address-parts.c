// SPDX-License-Identifier: MIT
// Why not the MIME library's parser: an address test must not load it (most mail needs no MIME),
// and what counts as an address decides where mail goes, so it must not depend on that library's
// version.
#include "sieve/lang/address-parts.h"

#include <string.h>

#define MAX_ADDRESSES 1000
#define MAX_COMMENTS 20

static bool is_atom(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static const char *skip_comment(const char *at)
{
    guint depth = 0;
    do {
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '(')
            depth++;
        else if (*at == ')')
            depth--;
        at++;
    } while (*at && depth > 0 && depth < MAX_COMMENTS);
    return at;
}

static const char *skip_blanks(const char *at)
{
    for (;;) {
        if (*at == '(')
            at = skip_comment(at);
        else if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
            at++;
        else
            return at;
    }
}

// The quoted string at AT without its quotes; NULL when it does not end.
static const char *take_quoted(const char *at, GString *out)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1])
            at++;
        g_string_append_c(out, *at);
    }
    return *at == '"' ? at + 1 : NULL;
}

// Words with dots between, as far as they go. NULL when there is none.
static const char *take_local(const char *at, GString *out)
{
    const char *start = at;
    for (;;) {
        const char *word = skip_blanks(at);
        if (*word == '"') {
            word = take_quoted(word, out);
            if (!word || !g_str_is_ascii(out->str))
                return NULL;
        } else if (is_atom(*word) || *word == '.') {
            while (is_atom(*word) || *word == '.')
                g_string_append_c(out, *word++);
        } else {
            return at == start ? NULL : at;
        }
        at = word;
        const char *behind = skip_blanks(at);
        // Blanks may stand around the dots alone (obs-local-part).
        if (*behind != '.' && (out->len == 0 || out->str[out->len - 1] != '.'))
            return at;
        at = behind;
        if (*behind != '.' && !is_atom(*behind) && *behind != '"')
            return at;
    }
}

static const char *take_literal(const char *at, GString *out)
{
    while (*at && *at != ']')
        g_string_append_c(out, *at++);
    if (*at != ']')
        return NULL;
    g_string_append_c(out, ']');
    return at + 1;
}

static const char *take_domain(const char *at, GString *out)
{
    at = skip_blanks(at);
    if (*at == '[')
        return take_literal(at, out);
    for (;;) {
        gsize before = out->len;
        while (is_atom(*at) || (guchar)*at >= 128)
            g_string_append_c(out, *at++);
        if (out->len == before)
            return NULL;
        const char *behind = skip_blanks(at);
        if (*behind != '.')
            return at;
        g_string_append_c(out, '.');
        at = skip_blanks(behind + 1);
    }
}

// local@domain at AT; NULL when there is none. *why_r: what is wrong with it, static or owned.
static const char *take_spec(const char *at, GString *local, GString *domain, char **why_r)
{
    const char *behind = take_local(at, local);
    if (!behind) {
        *why_r = g_strdup("nothing fit stands before the @");
        return NULL;
    }
    at = skip_blanks(behind);
    if (*at != '@') {
        // An 8-bit local part is none (RFC 5322), though RFC 6532 would have it.
        *why_r = (guchar)*at >= 128
                     ? g_strdup("nothing fit stands before the @")
                     : g_strdup_printf("\"%s\" has no @ and domain behind it", local->str);
        return NULL;
    }
    at = take_domain(at + 1, domain);
    if (!at)
        *why_r = g_strdup("nothing fit stands behind the @");
    return at;
}

// A display name (words, quoted strings, dots, 8-bit text) up to '<' or ':'. NULL when there is
// none.
static const char *skip_phrase(const char *at)
{
    for (;;) {
        at = skip_blanks(at);
        if (*at == '"') {
            g_autoptr(GString) ignored = g_string_new(NULL);
            at = take_quoted(at, ignored);
            if (!at)
                return NULL;
        } else if (is_atom(*at) || *at == '.' || *at == '@' || (guchar)*at >= 128) {
            at++;
        } else {
            return at;
        }
    }
}

// The source route of RFC 822 is skipped: "@a,@b:".
static const char *skip_route(const char *at)
{
    if (*at != '@')
        return at;
    const char *colon = strpbrk(at, ":>");
    return colon && *colon == ':' ? colon + 1 : at;
}

static const char *take_angle(const char *at, GString *local, GString *domain, char **why_r)
{
    at = take_spec(skip_blanks(at + 1), local, domain, why_r);
    if (!at)
        return NULL;
    at = skip_blanks(at);
    if (*at != '>') {
        *why_r = g_strdup("the '<' is not closed by '>'");
        return NULL;
    }
    return at + 1;
}

static void address_free(gpointer data)
{
    struct sieve_address *address = data;
    g_free(address->local);
    g_free(address->domain);
    g_free(address->text);
    g_free(address);
}

// A local part that is no dot-atom is quoted again.
static char *join_address(const char *local, const char *domain)
{
    const char *at = local;
    bool dots = *local == '.' || strstr(local, "..") || g_str_has_suffix(local, ".");
    while (is_atom(*at) || *at == '.' || (guchar)*at >= 128)
        at++;
    if (!*at && *local && !dots)
        return g_strdup_printf("%s@%s", local, domain);
    GString *out = g_string_new("\"");
    for (at = local; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *at);
    }
    g_string_append_printf(out, "\"@%s", domain);
    return g_string_free(out, FALSE);
}

static void add_address(GPtrArray *list, const GString *local, const GString *domain,
                        const char *from, const char *to)
{
    struct sieve_address *address = g_new0(struct sieve_address, 1);
    if (local) {
        address->local = g_strdup(local->str);
        address->domain = g_strdup(domain->str);
        address->text = join_address(local->str, domain->str);
    } else {
        address->text = g_strstrip(g_strndup(from, (gsize)(to - from)));
    }
    g_ptr_array_add(list, address);
}

// Behind an entry that could not be read: the next ',' or ';' outside of quotes and comments.
static const char *skip_broken(const char *at)
{
    g_autoptr(GString) ignored = g_string_new(NULL);
    bool angle = false;
    while (*at && (angle || (*at != ',' && *at != ';'))) {
        const char *next = at + 1;
        if (*at == '"')
            next = take_quoted(at, ignored);
        else if (*at == '(')
            next = skip_comment(at);
        // What does not end is skipped whole; to look for its end again and again would take long.
        if (!next)
            return at + strlen(at);
        angle = *at == '<' || (angle && *at != '>');
        at = next;
    }
    return at;
}

// Where the list goes on behind an address that ended at AT. What follows without a comma is not
// read: it may be anything.
static const char *behind_address(const char *at, bool *group)
{
    at = skip_blanks(at);
    if (*at == ';' && *group) {
        *group = false;
        return at + 1;
    }
    return *at == ',' ? at + 1 : at + strlen(at);
}

// Steps over an empty group ("undisclosed-recipients:;"): it is text, and no address.
static const char *take_group(GPtrArray *list, const char *at, const char *members, bool *group)
{
    const char *first = skip_blanks(members);
    *group = true;
    if (*first != ';')
        return first;
    *group = false;
    add_address(list, NULL, NULL, at, first + 1);
    return behind_address(first + 1, group);
}

// The entry at AT. Returns where the list goes on. *GROUP: are we in one?
static const char *take_entry(GPtrArray *list, const char *at, bool *group)
{
    g_autoptr(GString) local = g_string_new(NULL), domain = g_string_new(NULL);
    g_autofree char *why = NULL;
    const char *end = take_spec(at, local, domain, &why);
    if (end) {
        add_address(list, local, domain, at, end);
        return behind_address(end, group);
    }
    const char *name = skip_phrase(at);
    if (name && *name == ':')
        return take_group(list, at, name + 1, group);
    if (name && *name == '<') {
        g_autofree char *angle_why = NULL;
        g_string_truncate(local, 0);
        g_string_truncate(domain, 0);
        const char *route = skip_route(skip_blanks(name + 1));
        end = take_angle(route - 1, local, domain, &angle_why);
        if (end) {
            add_address(list, local, domain, at, end);
            return behind_address(end, group);
        }
    }
    end = skip_broken(at);
    add_address(list, NULL, NULL, at, end);
    return *end ? end + 1 : end;
}

GPtrArray *sieve_addresses_parse(const char *value)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(address_free);
    const char *at = skip_blanks(value);
    bool group = false;
    while (*at && list->len < MAX_ADDRESSES) {
        if (*at == ',' || (*at == ';' && group))
            at++;
        else
            at = take_entry(list, at, &group);
        at = skip_blanks(at);
    }
    return list;
}

char *sieve_address_parse_one(const char *text, char **why_r)
{
    g_autoptr(GString) local = g_string_new(NULL), domain = g_string_new(NULL);
    g_autofree char *why = NULL;
    const char *at = skip_blanks(text);
    if (!*at) {
        *why_r = g_strdup("it is empty");
        return NULL;
    }
    const char *name = skip_phrase(at);
    const char *end = name && *name == '<' ? take_angle(name, local, domain, &why)
                                           : take_spec(at, local, domain, &why);
    if (end) {
        end = skip_blanks(end);
        if (*end == ',')
            why = g_strdup("there is more than one (',')");
        else if (*end)
            why = g_strdup("something stands behind its end");
    }
    if (why) {
        *why_r = g_steal_pointer(&why);
        return NULL;
    }
    return join_address(local->str, domain->str);
}

// The local part of a path (RFC 5321 §4.1.2): words with dots anywhere, or a quoted string; UTF-8
// counts (RFC 6531 §3.3). NULL when it is none.
static const char *path_local(const char *at, GString *out)
{
    if (*at == '"')
        return take_quoted(at, out);
    while (is_atom(*at) || *at == '.' || (guchar)*at >= 128)
        g_string_append_c(out, *at++);
    return out->len > 0 ? at : NULL;
}

static const char *path_domain(const char *at, GString *out)
{
    if (*at == '[')
        return take_literal(at, out);
    for (;;) {
        gsize before = out->len;
        while (g_ascii_isalnum(*at) || *at == '-' || *at == '_' || (guchar)*at >= 128)
            g_string_append_c(out, *at++);
        if (out->len == before)
            return NULL;
        if (*at != '.')
            return at;
        g_string_append_c(out, *at++);
    }
}

struct sieve_address *sieve_path_parse(const char *text)
{
    g_autoptr(GString) local = g_string_new(NULL), domain = g_string_new(NULL);
    // RFC 5228 §5.4: "All tests against envelopes MUST drop source routes."
    const char *at = skip_route(text);
    at = g_utf8_validate(text, -1, NULL) ? path_local(at, local) : NULL;
    if (at && *at == '@')
        at = path_domain(at + 1, domain);
    if (!at || *at)
        return NULL;
    struct sieve_address *address = g_new0(struct sieve_address, 1);
    address->local = g_strdup(local->str);
    address->domain = domain->len > 0 ? g_strdup(domain->str) : NULL;
    g_autofree char *whole = join_address(local->str, domain->str);
    address->text = domain->len > 0 ? g_steal_pointer(&whole) : g_strdup(local->str);
    return address;
}

void sieve_address_free(struct sieve_address *address)
{
    if (address)
        address_free(address);
}

bool sieve_address_same(const char *a, const char *b)
{
    const char *a_at = strrchr(a, '@'), *b_at = strrchr(b, '@');
    if (!a_at || !b_at)
        return g_ascii_strcasecmp(a, b) == 0;
    return a_at - a == b_at - b && strncmp(a, b, (gsize)(a_at - a)) == 0 &&
           g_ascii_strcasecmp(a_at, b_at) == 0;
}
