// SPDX-License-Identifier: MIT
#include "sieve/lang/match-type.h"

#include "sieve/lang/registry.h"

#include <string.h>

bool sieve_relation_parse(const char *text, enum sieve_relation *relation_r)
{
    static const char *const names[] = {
        [RELATION_GT] = "gt", [RELATION_GE] = "ge", [RELATION_LT] = "lt",
        [RELATION_LE] = "le", [RELATION_EQ] = "eq", [RELATION_NE] = "ne"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(names[i], text) == 0) {
            *relation_r = (enum sieve_relation)i;
            return true;
        }
    }
    return false;
}

static bool check_comparator(struct sieve_checker *checker, struct sieve_node *node,
                             const struct sieve_tag_use *use)
{
    (void)node;
    const char *name = sieve_arg_text(use->value, 0)->raw;
    const struct sieve_comparator *comparator = sieve_comparator_find(name);
    if (sieve_arg_is_constant(use->value) && comparator &&
        (!comparator->extension || sieve_check_uses(checker, comparator->extension)))
        return true;
    return sieve_check_error(checker, use->value->at, MSG_NO_SUCH_COMPARATOR, name);
}

const struct sieve_tag sieve_match_tags[] = {
    {.name = "is", .group = "MATCH-TYPE", .verbs = "@match @key", .id = MATCH_IS},
    {.name = "contains", .group = "MATCH-TYPE", .verbs = "@match @key", .id = MATCH_CONTAINS},
    {.name = "matches", .group = "MATCH-TYPE", .verbs = "@match @key", .id = MATCH_MATCHES},
    {.name = "comparator",
     .group = "comparator",
     .value = 's',
     .verbs = "@match",
     .check = check_comparator},
    {.name = NULL},
};

static const struct sieve_tag_use *tag_of_group(const struct sieve_node *node, const char *group)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag_use *use = &g_array_index(node->tags, struct sieve_tag_use, i);
        if (use->tag->group && strcmp(use->tag->group, group) == 0)
            return use;
    }
    return NULL;
}

const struct sieve_arg *sieve_match_keys(const struct sieve_node *node)
{
    const GPtrArray *args = node->positional;
    if (!(node->verb->takes & TAKES_MATCH_KEY))
        return args->len > 0 ? g_ptr_array_index(args, args->len - 1) : NULL;
    const struct sieve_tag_use *type = tag_of_group(node, "MATCH-TYPE");
    return type ? type->key : NULL;
}

// Constant regular expressions are checked now.
static bool check_regexes(struct sieve_checker *checker, const struct sieve_node *node)
{
    if (node->match->comparator == &sieve_ascii_numeric)
        return sieve_check_error(checker, node->at, MSG_REGEX_COMPARATOR);
    const struct sieve_arg *keys = sieve_match_keys(node);
    for (guint i = 0; keys && keys->texts && i < keys->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(keys, i);
        g_autoptr(GError) err = NULL;
        g_autoptr(Regex) regex = text->parts ? NULL : sieve_ere_compile(text->raw, false, &err);
        if (!regex && !text->parts)
            return sieve_check_error(checker, text->at, MSG_BAD_REGEX, text->raw, err->message);
    }
    return true;
}

bool sieve_match_check(struct sieve_checker *checker, struct sieve_node *node)
{
    struct sieve_match *match = g_new0(struct sieve_match, 1);
    node->match = match;
    const struct sieve_tag_use *type = tag_of_group(node, "MATCH-TYPE");
    const struct sieve_tag_use *comparator = tag_of_group(node, "comparator");
    match->type = type ? (enum sieve_match_type)type->tag->id : MATCH_IS;
    match->comparator = node->verb->octet ? &sieve_octet : &sieve_ascii_casemap;
    if (comparator)
        match->comparator = sieve_comparator_find(sieve_arg_text(comparator->value, 0)->raw);
    if (type && type->value)
        sieve_relation_parse(sieve_arg_text(type->value, 0)->raw, &match->relation);
    // RFC 6134 §2.2: the list decides how it compares.
    if (match->type == MATCH_LIST && comparator)
        return sieve_check_error(checker, comparator->arg->at, MSG_LIST_COMPARATOR);
    bool substring = match->type == MATCH_CONTAINS || match->type == MATCH_MATCHES;
    if (substring && !match->comparator->substring)
        return sieve_check_error(checker, (comparator ? comparator : type)->arg->at,
                                 MSG_COMPARATOR_NO_PARTS, match->comparator->name, type->tag->name);
    return match->type != MATCH_REGEX || check_regexes(checker, node);
}

// ---- At run time

void sieve_match_values_set(struct sieve_run *run, GPtrArray *values)
{
    if (!sieve_script_uses(run->script, "variables")) {
        g_ptr_array_unref(values);
        return;
    }
    g_clear_pointer(&run->match_values, g_ptr_array_unref);
    run->match_values = values;
}

void sieve_matching_begin(struct sieve_matching *matching, struct sieve_run *run,
                          const struct sieve_match *match, GPtrArray *keys)
{
    *matching = (struct sieve_matching){.run = run, .match = match, .keys = keys};
    if (match->type != MATCH_REGEX)
        return;
    matching->regexes = g_ptr_array_new();
    for (guint i = 0; i < keys->len; i++) {
        g_autoptr(GError) err = NULL;
        bool caseless = match->comparator != &sieve_octet;
        struct regex *regex = sieve_ere_compile(g_ptr_array_index(keys, i), caseless, &err);
        if (!regex)
            sieve_run_error(run, MSG_BAD_REGEX, (char *)g_ptr_array_index(keys, i), err->message);
        g_ptr_array_add(matching->regexes, regex);
    }
}

static bool match_glob(struct sieve_matching *matching, const char *key, const char *value)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(values, g_strdup(value));
    if (!sieve_glob(matching->match->comparator, key, value, values))
        return false;
    sieve_match_values_set(matching->run, g_steal_pointer(&values));
    return true;
}

char *sieve_list_name(const char *name)
{
    return *name == ':' ? g_strconcat("urn:ietf:params:sieve", name, NULL) : g_strdup(name);
}

// ${0} is what was found in the list, and there are no more (RFC 6134 §2.2).
static bool match_list(struct sieve_matching *matching, const char *key, const char *value)
{
    const struct sieve_host *host = matching->run->host;
    g_autofree char *list = sieve_list_name(key);
    if (!host->list_contains || !host->list_contains(host->data, list, value))
        return false;
    GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(values, g_strdup(value));
    sieve_match_values_set(matching->run, values);
    return true;
}

static bool match_regex(struct sieve_matching *matching, const struct regex *regex,
                        const char *value)
{
    struct regex_span spans[SIEVE_MAX_MATCH_VALUES];
    if (!regex)
        return false;
    guint groups = MIN(regex_groups(regex) + 1, SIEVE_MAX_MATCH_VALUES);
    enum regex_result result = sieve_ere_search(regex, value, spans, groups);
    if (result == REGEX_LIMIT)
        sieve_run_warn(matching->run, MSG_REGEX_GIVEN_UP);
    if (result != REGEX_YES)
        return false;
    GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < groups; i++) {
        gsize length = spans[i].start < 0 ? 0 : (gsize)(spans[i].end - spans[i].start);
        g_ptr_array_add(values, g_strndup(value + MAX(spans[i].start, 0), length));
    }
    sieve_match_values_set(matching->run, values);
    return true;
}

static bool relation_holds(enum sieve_relation relation, int order)
{
    switch (relation) {
    case RELATION_GT:
        return order > 0;
    case RELATION_GE:
        return order >= 0;
    case RELATION_LT:
        return order < 0;
    case RELATION_LE:
        return order <= 0;
    case RELATION_EQ:
        return order == 0;
    default:
        return order != 0;
    }
}

static bool match_key(struct sieve_matching *matching, guint key_index, const char *value)
{
    const struct sieve_match *match = matching->match;
    const char *key = g_ptr_array_index(matching->keys, key_index);
    switch (match->type) {
    case MATCH_IS:
        return match->comparator->compare(value, key) == 0;
    case MATCH_CONTAINS:
        return match->comparator->contains(value, key);
    case MATCH_MATCHES:
        return match_glob(matching, key, value);
    case MATCH_REGEX:
        return match_regex(matching, g_ptr_array_index(matching->regexes, key_index), value);
    case MATCH_LIST:
        return match_list(matching, key, value);
    default:
        return relation_holds(match->relation, match->comparator->compare(value, key));
    }
}

static void match_keys(struct sieve_matching *matching, const char *value)
{
    for (guint i = 0; i < matching->keys->len && !matching->matched; i++) {
        matching->matched = match_key(matching, i, value);
        sieve_run_trace(matching->run, "  '%.200s' against '%.200s': %s", value,
                        (char *)g_ptr_array_index(matching->keys, i),
                        matching->matched ? "yes" : "no");
    }
}

bool sieve_matching_value(struct sieve_matching *matching, const char *value)
{
    matching->values++;
    if (matching->match->type != MATCH_COUNT && !matching->matched)
        match_keys(matching, value);
    return matching->matched;
}

bool sieve_matching_end(struct sieve_matching *matching)
{
    if (matching->match->type == MATCH_COUNT) {
        char count[16];
        g_snprintf(count, sizeof count, "%u", matching->values);
        match_keys(matching, count);
    }
    for (guint i = 0; matching->regexes && i < matching->regexes->len; i++)
        regex_free(g_ptr_array_index(matching->regexes, i));
    g_clear_pointer(&matching->regexes, g_ptr_array_unref);
    g_ptr_array_unref(matching->keys);
    return matching->matched;
}
