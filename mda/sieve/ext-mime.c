// SPDX-License-Identifier: MIT
// mime (RFC 5703 §4): header, address and exists look at the MIME parts, and header at the pieces
// of structured fields.
#include "sieve/mimevalue.h"

#include <string.h>

enum { MIME_TYPE = 1, MIME_SUBTYPE, MIME_CONTENTTYPE, MIME_PARAM };

static const struct sieve_tag tags[] = {
    {.name = "mime", .verbs = "header address exists"},
    {.name = "anychild", .verbs = "header address exists"},
    {.name = "type", .group = "*", .verbs = "header", .id = MIME_TYPE},
    {.name = "subtype", .group = "*", .verbs = "header", .id = MIME_SUBTYPE},
    {.name = "contenttype", .group = "*", .verbs = "header", .id = MIME_CONTENTTYPE},
    {.name = "param", .group = "*", .value = 'l', .verbs = "header", .id = MIME_PARAM},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_mime = {.name = "mime", .tags = tags};

static const struct sieve_tag_use *option_of(const struct sieve_node *node, guint *count_r)
{
    const struct sieve_tag_use *option = NULL;
    *count_r = 0;
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag_use *use = &g_array_index(node->tags, struct sieve_tag_use, i);
        if (use->tag >= tags + 2 && use->tag <= tags + 5) {
            option = use;
            ++*count_r;
        }
    }
    return option;
}

bool sieve_mime_check(struct sieve_checker *checker, struct sieve_node *node)
{
    guint count = 0;
    const struct sieve_tag_use *option = option_of(node, &count);
    const struct sieve_tag_use *anychild = sieve_node_tag(node, "anychild");
    if (count > 1)
        return sieve_check_error(
            checker, option->arg->at,
            "the :type, :subtype, :contenttype, and :param arguments for the %s test "
            "are mutually exclusive, but more than one was specified",
            node->verb->name);
    if (!sieve_has_tag(node, "mime") && (option || anychild))
        return sieve_check_error(
            checker, (option ? option : anychild)->arg->at,
            "the :%s tag for the %s %s cannot be specified without the :mime tag",
            (option ? option : anychild)->tag->name, node->verb->name, sieve_verb_word(node->verb));
    return true;
}

// ---- Structured fields (RFC 2045 §5.1, RFC 2183 §2)

static bool is_token(char c)
{
    return (guchar)c > 32 && (guchar)c < 127 && !strchr("()<>@,;:\\\"/[]?=", c);
}

static const char *skip_blanks(const char *at)
{
    for (guint depth = 0; *at; at++) {
        if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth == 0 && !strchr(" \t\r\n", *at))
            break;
    }
    return at;
}

static char *take_token(const char **at)
{
    const char *start = skip_blanks(*at);
    const char *end = start;
    while (is_token(*end))
        end++;
    *at = end;
    return end > start ? g_strndup(start, (gsize)(end - start)) : NULL;
}

// A parameter's value: a token or a quoted string.
static char *take_value(const char **at)
{
    const char *from = skip_blanks(*at);
    if (*from != '"')
        return take_token(at);
    GString *out = g_string_new(NULL);
    for (from++; *from && *from != '"'; from++) {
        if (*from == '\\' && from[1])
            from++;
        g_string_append_c(out, *from);
    }
    *at = *from ? from + 1 : from;
    return g_string_free(out, FALSE);
}

// RFC 2231: what stands percent-encoded behind charset'language'. Only UTF-8 and ASCII need no
// conversion; other charsets are left as they are.
static char *decode_extended(const char *value)
{
    const char *first = strchr(value, '\'');
    const char *second = first ? strchr(first + 1, '\'') : NULL;
    char *plain = g_uri_unescape_string(second ? second + 1 : value, NULL);
    return plain ? plain : g_strdup(value);
}

// The value of parameter NAME behind AT, or NULL.
static char *find_parameter(const char *at, const char *name)
{
    while (*(at = skip_blanks(at)) == ';') {
        at++;
        g_autofree char *key = take_token(&at);
        at = skip_blanks(at);
        if (!key || *at != '=') {
            at += strcspn(at, ";");
            continue;
        }
        at++;
        g_autofree char *value = take_value(&at);
        gsize length = strlen(key);
        bool extended = length > 0 && key[length - 1] == '*';
        if (extended)
            key[length - 1] = '\0';
        if (value && g_ascii_strcasecmp(key, name) == 0)
            return extended ? decode_extended(value) : g_steal_pointer(&value);
        at += strcspn(at, ";");
    }
    return NULL;
}

static bool match_parameters(struct sieve_run *run, const struct sieve_node *node, const char *at,
                             struct sieve_matching *matching)
{
    g_autoptr(GPtrArray) names = sieve_tag_list(run, node, "param");
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *value = find_parameter(at, g_ptr_array_index(names, i));
        if (sieve_matching_value(matching, value ? value : ""))
            return true;
    }
    return false;
}

bool sieve_mime_value(struct sieve_run *run, const struct sieve_node *node,
                      const struct sieve_value *value, struct sieve_matching *matching)
{
    guint count = 0;
    const struct sieve_tag_use *option = option_of(node, &count);
    if (!option)
        return sieve_matching_value(matching, value->text);
    bool content_type = g_ascii_strcasecmp(value->name, "content-type") == 0;
    bool disposition = g_ascii_strcasecmp(value->name, "content-disposition") == 0;
    const char *at = value->text;
    g_autofree char *type = content_type || disposition ? take_token(&at) : NULL, *subtype = NULL;
    at = skip_blanks(at);
    if (type && content_type && *at == '/') {
        at++;
        subtype = take_token(&at);
        at = skip_blanks(at);
    }
    // What is no such field has the empty string for all its pieces.
    bool sound = type && (!content_type || subtype) && (!*at || *at == ';');
    if (option->tag->id == MIME_PARAM)
        return match_parameters(run, node, sound ? at : "", matching);
    if (!sound)
        return sieve_matching_value(matching, "");
    g_autofree char *both = subtype ? g_strdup_printf("%s/%s", type, subtype) : g_strdup(type);
    const char *piece = option->tag->id == MIME_TYPE      ? type
                        : option->tag->id == MIME_SUBTYPE ? (subtype ? subtype : "")
                                                          : both;
    return sieve_matching_value(matching, piece);
}
