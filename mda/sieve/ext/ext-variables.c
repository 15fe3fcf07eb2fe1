// SPDX-License-Identifier: MIT
// set and string (RFC 5229). Expansion is text.c's.
#include "sieve/lang/match-type.h"

#include <string.h>

// id: the precedence (§4.1).
static const struct sieve_tag set_tags[] = {
    {.name = "lower", .group = "*", .id = 40},
    {.name = "upper", .group = "*", .id = 40},
    {.name = "lowerfirst", .group = "*", .id = 30},
    {.name = "upperfirst", .group = "*", .id = 30},
    {.name = "quotewildcard", .group = "*", .id = 20},
    {.name = "length", .group = "*", .id = 10},
    {.name = NULL},
};

bool sieve_modifiers_check(struct sieve_checker *checker, const struct sieve_node *node)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag_use *use = &g_array_index(node->tags, struct sieve_tag_use, i);
        for (guint k = 0; k < i && use->tag->id > 0; k++) {
            const struct sieve_tag *other = g_array_index(node->tags, struct sieve_tag_use, k).tag;
            if (other->id == use->tag->id)
                return sieve_check_error(checker, use->arg->at, MSG_MODIFIERS, other->name,
                                         use->tag->name);
        }
    }
    return true;
}

static char *quote_each(const char *text, const char *special)
{
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        if (strchr(special, *text))
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

static char *change_first(const char *text, char (*change)(char))
{
    char *out = g_strdup(text);
    out[0] = change(out[0]);
    return out;
}

static char *apply(const char *modifier, const char *text)
{
    if (strcmp(modifier, "lower") == 0)
        return g_ascii_strdown(text, -1);
    if (strcmp(modifier, "upper") == 0)
        return g_ascii_strup(text, -1);
    if (strcmp(modifier, "lowerfirst") == 0)
        return change_first(text, g_ascii_tolower);
    if (strcmp(modifier, "upperfirst") == 0)
        return change_first(text, g_ascii_toupper);
    if (strcmp(modifier, "quotewildcard") == 0)
        return quote_each(text, "*?\\");
    if (strcmp(modifier, "quoteregex") == 0)
        return quote_each(text, "\\^$.|?*+()[]{}");
    if (strcmp(modifier, "encodeurl") == 0)
        return g_uri_escape_string(text, NULL, FALSE);
    return g_strdup_printf("%ld", g_utf8_strlen(text, -1));
}

// An escaped octet is three bytes, and those of one character belong together.
static gsize url_end(const char *text, gsize end)
{
    if (end > 0 && text[end - 1] == '%')
        end -= 1;
    else if (end > 1 && text[end - 2] == '%')
        end -= 2;
    while (end >= 3 && text[end] == '%' && strchr("89abAB", text[end + 1]) && text[end - 3] == '%')
        end -= 3;
    return end;
}

// What one modifier wrote for one character is cut to MOST bytes whole or not at all: half an
// escape would mean something else.
static void cut_units(const char *modifier, char *text, gsize most)
{
    if (strlen(text) <= most)
        return;
    gsize end = most, slashes = 0;
    if (strcmp(modifier, "encodeurl") == 0) {
        end = url_end(text, most);
    } else if (g_str_has_prefix(modifier, "quote")) {
        while (slashes < end && text[end - 1 - slashes] == '\\')
            slashes++;
        end -= slashes % 2;
    }
    sieve_utf8_cut(text, end);
}

char *sieve_modify(struct sieve_run *run, const struct sieve_node *node, char *value)
{
    const gsize most =
        (gsize)sieve_setting_size(run->host, "variables_max_value_size", SIEVE_MAX_VARIABLE);
    for (int precedence = 40; precedence > 0; precedence -= 5) {
        for (guint i = 0; i < node->tags->len; i++) {
            const struct sieve_tag *tag = g_array_index(node->tags, struct sieve_tag_use, i).tag;
            if (tag->id != precedence || strcmp(tag->group ? tag->group : "", "*") != 0)
                continue;
            char *changed = apply(tag->name, value);
            cut_units(tag->name, changed, most);
            g_free(value);
            value = changed;
        }
    }
    return value;
}

static bool set_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *name = g_ptr_array_index(node->positional, 0);
    return sieve_variable_declare(checker, name->at, sieve_arg_text(name, 0)->raw) &&
           sieve_modifiers_check(checker, node);
}

static enum sieve_flow set_run(struct sieve_run *run, const struct sieve_node *node)
{
    const struct sieve_arg *arg = g_ptr_array_index(node->positional, 0);
    g_autofree char *name = g_ascii_strdown(sieve_arg_text(arg, 0)->raw, -1);
    const struct sieve_arg *value = g_ptr_array_index(node->positional, 1);
    char *text = sieve_text_expand_nul(run, sieve_arg_text(value, 0));
    sieve_variable_set(run, name, sieve_modify(run, node, text));
    sieve_run_trace(run, "  ${%s} = '%.200s'", name, sieve_variable_get(run, name));
    return FLOW_NEXT;
}

static const struct sieve_verb set = {.name = "set",
                                      .kind = VERB_COMMAND,
                                      .positional = "ss",
                                      .labels = "name|value",
                                      .tags = set_tags,
                                      .check = set_check,
                                      .run = set_run};

// :count counts the strings that are not empty (§5).
static bool string_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autoptr(GPtrArray) sources = sieve_list(run, node, 0);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 1));
    for (guint i = 0; i < sources->len; i++) {
        const char *source = g_ptr_array_index(sources, i);
        if (node->match->type == MATCH_COUNT && !*source)
            continue;
        if (sieve_matching_value(&matching, source))
            break;
    }
    return sieve_matching_end(&matching);
}

static const struct sieve_verb string = {.name = "string",
                                         .kind = VERB_TEST,
                                         .positional = "ll",
                                         .labels = "source|key list",
                                         .takes = TAKES_MATCH,
                                         .test = string_test};

static const struct sieve_verb *const verbs[] = {&set, &string, NULL};

const struct sieve_extension sieve_ext_variables = {.name = "variables", .verbs = verbs};
