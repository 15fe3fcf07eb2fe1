// SPDX-License-Identifier: MIT
// mime (RFC 5703 §4): header, address and exists look at the MIME parts, and header at the pieces
// of structured fields.
#include "sieve/lang/mimevalue.h"

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
        return sieve_check_error(checker, option->arg->at, MSG_MIME_TAGS, node->verb->name);
    if (!sieve_has_tag(node, "mime") && (option || anychild))
        return sieve_check_error(checker, (option ? option : anychild)->arg->at, MSG_MIME_TAG_ALONE,
                                 (option ? option : anychild)->tag->name, node->verb->name,
                                 sieve_verb_word(node->verb));
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

struct parameter {
    char *name; // as written: "title*0*"
    char *value;
};

static void parameter_clear(gpointer data)
{
    struct parameter *parameter = data;
    g_free(parameter->name);
    g_free(parameter->value);
}

// The parameters behind AT, struct parameter.
static GArray *take_parameters(const char *at)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct parameter));
    g_array_set_clear_func(list, parameter_clear);
    while (*(at = skip_blanks(at)) == ';') {
        at++;
        struct parameter parameter = {.name = take_token(&at)};
        at = skip_blanks(at);
        if (parameter.name && *at == '=') {
            at++;
            parameter.value = take_value(&at);
        }
        if (parameter.value)
            g_array_append_val(list, parameter);
        else
            parameter_clear(&parameter);
        at += strcspn(at, ";");
    }
    return list;
}

static const char *parameter_value(const GArray *list, const char *name)
{
    for (guint i = 0; i < list->len; i++) {
        const struct parameter *parameter = &g_array_index(list, struct parameter, i);
        if (g_ascii_strcasecmp(parameter->name, name) == 0)
            return parameter->value;
    }
    return NULL;
}

static void append_unescaped(GString *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '%' && g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
            char c = (char)(g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]));
            g_string_append_c(out, c ? c : ' ');
            text += 2;
        } else {
            g_string_append_c(out, *text);
        }
    }
}

// RFC 2231 §4: charset'language'text, the charset made UTF-8 by what does so for encoded words.
static char *decode_extended(const struct sieve_host *host, const char *value)
{
    const char *first = strchr(value, '\'');
    const char *second = first ? strchr(first + 1, '\'') : NULL;
    g_autoptr(GString) bytes = g_string_new(NULL);
    append_unescaped(bytes, second ? second + 1 : value);
    if (!second || g_str_is_ascii(bytes->str) || g_ascii_strncasecmp(value, "utf-8'", 6) == 0)
        return g_utf8_make_valid(bytes->str, (gssize)bytes->len);
    g_autofree char *base64 = g_base64_encode((const guchar *)bytes->str, bytes->len);
    g_autofree char *word = g_strdup_printf("=?%.*s?B?%s?=", (int)(first - value), value, base64);
    return host->decode(host->data, word);
}

// RFC 2231 §3: the pieces name*0, name*1* … joined; NULL: there are none. When the first is
// EXTENDED the percent signs of those that are not escaped become so.
static char *join_pieces(const GArray *list, const char *name, bool extended)
{
    GString *out = NULL;
    for (guint n = 0;; n++) {
        g_autofree char *plain_name = g_strdup_printf("%s*%u", name, n);
        g_autofree char *escaped_name = g_strconcat(plain_name, "*", NULL);
        const char *escaped = parameter_value(list, escaped_name);
        const char *value = escaped ? escaped : parameter_value(list, plain_name);
        if (!value)
            break;
        if (!out)
            out = g_string_new(NULL);
        gsize from = out->len;
        g_string_append(out, value);
        for (; extended && !escaped && from < out->len; from++) {
            if (out->str[from] == '%')
                g_string_insert(out, (gssize)from + 1, "25");
        }
    }
    return out ? g_string_free(out, FALSE) : NULL;
}

// The value of parameter NAME, or NULL. Owned by the caller.
static char *find_parameter(const struct sieve_host *host, const GArray *list, const char *name)
{
    g_autofree char *starred = g_strconcat(name, "*", NULL);
    const char *escaped = parameter_value(list, starred), *plain = parameter_value(list, name);
    if (escaped)
        return decode_extended(host, escaped);
    if (plain)
        return g_strdup(plain);
    g_autofree char *first = g_strconcat(name, "*0*", NULL);
    bool extended = parameter_value(list, first) != NULL;
    g_autofree char *joined = join_pieces(list, name, extended);
    return joined && extended ? decode_extended(host, joined) : g_steal_pointer(&joined);
}

static bool match_parameters(struct sieve_run *run, const struct sieve_node *node, const char *at,
                             struct sieve_matching *matching)
{
    g_autoptr(GPtrArray) names = sieve_tag_list(run, node, "param");
    g_autoptr(GArray) parameters = take_parameters(at);
    bool found = false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *value = find_parameter(run->host, parameters, g_ptr_array_index(names, i));
        found |= value != NULL;
        if (value && sieve_matching_value(matching, value))
            return true;
    }
    // :count is of those that are there (§4.1); where none is, the text is empty.
    return !found && node->match->type != MATCH_COUNT && sieve_matching_value(matching, "");
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
    bool ok = type && (!content_type || subtype) && (!*at || *at == ';');
    if (option->tag->id == MIME_PARAM)
        return match_parameters(run, node, ok ? at : "", matching);
    if (!ok)
        return node->match->type != MATCH_COUNT && sieve_matching_value(matching, "");
    g_autofree char *both = subtype ? g_strdup_printf("%s/%s", type, subtype) : g_strdup(type);
    const char *piece = option->tag->id == MIME_TYPE      ? type
                        : option->tag->id == MIME_SUBTYPE ? (subtype ? subtype : "")
                                                          : both;
    return sieve_matching_value(matching, piece);
}
