// SPDX-License-Identifier: MIT
// Are the arguments of a command or test as it wants them (RFC 5228 §2.6)? The tags first, each
// with its parameter, then the positional ones.
#include "sieve/lang/checker.h"
#include "sieve/lang/match-type.h"
#include "sieve/lang/registry.h"

#include <string.h>

const char *sieve_arg_describe(const struct sieve_arg *arg)
{
    static const char *const names[] = {[ARG_NUMBER] = "a number",
                                        [ARG_STRING] = "a string",
                                        [ARG_LIST] = "a list of strings",
                                        [ARG_TAG] = "a tag"};
    return names[arg->kind];
}

const char *sieve_verb_word(const struct sieve_verb *verb)
{
    return verb->kind == VERB_TEST ? "test" : "command";
}

static const char *letter_describe(char letter)
{
    return letter == 'n' ? "a number" : letter == 's' ? "a string" : "a list of strings";
}

static bool fits(const struct sieve_arg *arg, char letter)
{
    switch (letter) {
    case 'n':
        return arg->kind == ARG_NUMBER;
    case 's':
        return arg->kind == ARG_STRING;
    case 'l':
        return arg->kind == ARG_STRING || arg->kind == ARG_LIST;
    default:
        return true;
    }
}

static bool prepare_texts(struct sieve_checker *checker, const struct sieve_arg *arg)
{
    bool ok = true;
    for (guint i = 0; arg->texts && i < arg->texts->len; i++)
        ok &= sieve_text_prepare(checker, g_ptr_array_index(arg->texts, i));
    return ok;
}

static const char *group_of(const struct sieve_tag *tag)
{
    return tag->group ? tag->group : tag->name;
}

static bool brings_key(const struct sieve_verb *verb, const struct sieve_tag *tag)
{
    return (verb->takes & TAKES_MATCH_KEY) && strcmp(group_of(tag), "MATCH-TYPE") == 0;
}

static bool check_duplicate(struct sieve_checker *checker, struct sieve_node *node,
                            const struct sieve_arg *arg, const struct sieve_tag *tag)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag *other = g_array_index(node->tags, struct sieve_tag_use, i).tag;
        // "*": the verb judges for itself which of its tags go together.
        if (strcmp(group_of(other), group_of(tag)) != 0 || strcmp(group_of(tag), "*") == 0)
            continue;
        const char *word = sieve_verb_word(node->verb);
        // Groups in capitals are those of the RFC's text.
        if (tag->group && g_ascii_isupper(*tag->group))
            return sieve_check_error(checker, arg->at, MSG_TAG_GROUP_TWICE, tag->group,
                                     brings_key(node->verb, tag) ? "-STRING" : "", arg->written,
                                     node->verb->name, word);
        return sieve_check_error(checker, arg->at, MSG_TAG_TWICE, tag->name, node->verb->name,
                                 word);
    }
    return true;
}

// The parameter of :value and :count.
static bool take_relation(struct sieve_checker *checker, struct sieve_tag_use *use,
                          const struct sieve_arg *value, guint *i)
{
    enum sieve_relation relation;
    bool string = value && value->kind == ARG_STRING;
    if (string && sieve_relation_parse(sieve_arg_text(value, 0)->raw, &relation)) {
        use->value = value;
        ++*i;
        return true;
    }
    g_autofree char *found = string ? g_strdup_printf("\"%s\"", sieve_arg_text(value, 0)->raw)
                                    : g_strdup(value ? sieve_arg_describe(value) : "nothing");
    return sieve_check_error(checker, use->arg->at, MSG_RELATION_WANTED, use->tag->name, found);
}

// Takes the parameter of the tag that stands at *I.
static bool take_parameter(struct sieve_checker *checker, struct sieve_node *node,
                           struct sieve_tag_use *use, guint *i)
{
    char want = use->tag->value;
    if (!want)
        return true;
    const struct sieve_arg *value =
        *i + 1 < node->args->len ? g_ptr_array_index(node->args, *i + 1) : NULL;
    if (want == 'r')
        return take_relation(checker, use, value, i);
    if (!value)
        return sieve_check_error(checker, use->arg->at, MSG_TAG_VALUE_MISSING, use->tag->name,
                                 node->verb->name, sieve_verb_word(node->verb),
                                 letter_describe(want));
    if (!fits(value, want))
        return sieve_check_error(checker, value->at, MSG_TAG_VALUE_WRONG, use->tag->name,
                                 node->verb->name, sieve_verb_word(node->verb),
                                 letter_describe(want), sieve_arg_describe(value));
    use->value = value;
    ++*i;
    return prepare_texts(checker, value);
}

// Takes the key behind the match type that stands at *I.
static bool take_key(struct sieve_checker *checker, const struct sieve_node *node,
                     struct sieve_tag_use *use, guint *i)
{
    const struct sieve_arg *key =
        *i + 1 < node->args->len ? g_ptr_array_index(node->args, *i + 1) : NULL;
    if (!key || key->kind != ARG_STRING)
        return sieve_check_error(checker, use->arg->at, MSG_KEY_WANTED, use->tag->name,
                                 node->verb->name, sieve_verb_word(node->verb),
                                 key ? sieve_arg_describe(key) : "nothing");
    use->key = key;
    ++*i;
    return prepare_texts(checker, key);
}

static bool report_unknown_tag(struct sieve_checker *checker, const struct sieve_node *node,
                               const struct sieve_arg *arg)
{
    char *key = g_strdup_printf("tag %s %s", node->verb->name, arg->tag);
    if (!g_hash_table_add(checker->reported, key))
        return false;
    return sieve_check_error(checker, arg->at, MSG_NO_SUCH_TAG, arg->written, node->verb->name,
                             sieve_verb_word(node->verb));
}

// What stands for the verb's positional arguments; "" when it takes none.
static const char *positional_of(const struct sieve_verb *verb)
{
    return verb->positional ? verb->positional : "";
}

static bool check_tag(struct sieve_checker *checker, struct sieve_node *node, guint *i)
{
    const struct sieve_arg *arg = g_ptr_array_index(node->args, *i);
    const struct sieve_tag *tag = sieve_tag_find(checker->script, node->verb, arg->tag);
    if (node->positional->len > 0 && *positional_of(node->verb) != '*')
        return sieve_check_error(checker, arg->at, MSG_TAG_BEHIND_VALUE, arg->written,
                                 node->verb->name, sieve_verb_word(node->verb));
    struct sieve_tag_use use = {.tag = tag, .arg = arg};
    if (!check_duplicate(checker, node, arg, tag) || !take_parameter(checker, node, &use, i) ||
        (brings_key(node->verb, tag) && !take_key(checker, node, &use, i)))
        return false;
    g_array_append_val(node->tags, use);
    return !tag->check || tag->check(checker, node, &use);
}

// A verb that can do without its last argument.
static bool check_optional_count(struct sieve_checker *checker, const struct sieve_node *node)
{
    if (node->positional->len >= 1 && node->positional->len <= 2)
        return true;
    return sieve_check_error(
        checker, node->at, MSG_ONE_OR_TWO_ARGUMENTS, node->verb->name, sieve_verb_word(node->verb),
        node->positional->len < 1 ? "least one argument" : "most two arguments",
        node->positional->len < 1 ? "it has none" : "it has more");
}

static bool check_count(struct sieve_checker *checker, const struct sieve_node *node)
{
    const char *want = positional_of(node->verb);
    if (strchr(want, '|'))
        return check_optional_count(checker, node);
    return node->positional->len == strlen(want) ||
           sieve_check_error(checker, node->at, MSG_ARGUMENT_COUNT, node->verb->name,
                             sieve_verb_word(node->verb), (int)strlen(want),
                             (int)node->positional->len);
}

static bool check_positional(struct sieve_checker *checker, struct sieve_node *node)
{
    const char *want = positional_of(node->verb);
    if (*want == '*')
        return true;
    if (!check_count(checker, node))
        return false;
    g_auto(GStrv) labels = g_strsplit(node->verb->labels ? node->verb->labels : "", "|", -1);
    for (guint i = 0; i < node->positional->len; i++, want++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->positional, i);
        want += *want == '|';
        if (!fits(arg, *want))
            return sieve_check_error(checker, arg->at, MSG_ARGUMENT_WRONG, node->verb->name,
                                     sieve_verb_word(node->verb), letter_describe(*want),
                                     (int)i + 1, i < g_strv_length(labels) ? labels[i] : "value",
                                     sieve_arg_describe(arg));
    }
    return true;
}

// An unknown tag is told before anything else: what its neighbours are depends on it.
static bool check_tags_known(struct sieve_checker *checker, const struct sieve_node *node)
{
    for (guint i = 0; i < node->args->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG && !sieve_tag_find(checker->script, node->verb, arg->tag))
            return report_unknown_tag(checker, node, arg);
    }
    return true;
}

bool sieve_check_arguments(struct sieve_checker *checker, struct sieve_node *node)
{
    if (!check_tags_known(checker, node))
        return false;
    for (guint i = 0; i < node->args->len; i++) {
        struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG) {
            if (!check_tag(checker, node, &i))
                return false;
            continue;
        }
        if (!prepare_texts(checker, arg))
            return false;
        g_ptr_array_add(node->positional, arg);
    }
    if (!check_positional(checker, node))
        return false;
    return !(node->verb->takes & (TAKES_MATCH | TAKES_MATCH_KEY)) ||
           sieve_match_check(checker, node);
}
