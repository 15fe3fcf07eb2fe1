// SPDX-License-Identifier: MIT
// imap4flags (RFC 5232), and imapflags, the draft before it, in so far as it differs: mark and
// unmark, and no variables.
#include "base/text.h"
#include "sieve/lang/match-type.h"

#include <string.h>

// ---- Sets of flags

static bool is_system_flag(const char *flag)
{
    static const char *const names[] = {"\\answered", "\\flagged", "\\deleted", "\\seen",
                                        "\\draft"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(names[i], flag) == 0)
            return true;
    }
    return false;
}

// A keyword is an atom of IMAP (RFC 3501 §9).
static bool is_flag(const char *flag)
{
    if (*flag == '\\')
        return is_system_flag(flag);
    if (!*flag)
        return false;
    for (; *flag; flag++) {
        if (*flag <= ' ' || *flag >= 127 || strchr("(){%*\"\\]", *flag))
            return false;
    }
    return true;
}

static gint flag_index(const GPtrArray *flags, const char *flag)
{
    for (guint i = 0; i < flags->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(flags, i), flag) == 0)
            return (gint)i;
    }
    return -1;
}

// Adds the flags in TEXT, which has them with blanks between, to FLAGS; each once.
static void add_flags(GPtrArray *flags, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (guint i = 0; words[i]; i++) {
        if (is_flag(words[i]) && flag_index(flags, words[i]) < 0)
            g_ptr_array_add(flags, g_strdup(words[i]));
    }
}

static void remove_flags(GPtrArray *flags, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (guint i = 0; words[i]; i++) {
        gint index = flag_index(flags, words[i]);
        if (index >= 0)
            g_ptr_array_remove_index(flags, (guint)index);
    }
}

static GPtrArray *flags_of(const char *text)
{
    GPtrArray *flags = g_ptr_array_new_with_free_func(g_free);
    add_flags(flags, text);
    return flags;
}

GPtrArray *sieve_flags_for(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) given = node ? sieve_tag_list(run, node, "flags") : NULL;
    if (!given && run->flags->len == 0)
        return NULL;
    GPtrArray *flags = g_ptr_array_new_with_free_func(g_free);
    const GPtrArray *from = given ? given : run->flags;
    for (guint i = 0; i < from->len; i++)
        add_flags(flags, g_ptr_array_index(from, i));
    return flags;
}

// ---- Commands

static const char *describe(const struct sieve_arg *arg)
{
    return sieve_arg_describe(arg);
}

// One argument: flags; two: a variable (or a list of them) and flags.
static bool flags_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const char *name = node->verb->name, *word = sieve_verb_word(node->verb);
    const GPtrArray *args = node->positional;
    bool test = node->verb->kind == VERB_TEST;
    if (args->len == 0)
        return sieve_check_error(checker, node->at, MSG_FLAGS_NONE, name, word);
    const struct sieve_arg *first = g_ptr_array_index(args, 0);
    if (!first->texts)
        return sieve_check_error(checker, first->at, MSG_FLAGS_FIRST, name, word, describe(first));
    if (args->len == 1)
        return true;
    const struct sieve_arg *second = g_ptr_array_index(args, 1);
    if (first->kind != ARG_STRING && !test)
        return sieve_check_error(checker, first->at, MSG_FLAGS_VARIABLE, name, word,
                                 describe(first));
    if (!sieve_check_uses(checker, "variables"))
        return sieve_check_error(checker, first->at, MSG_FLAGS_NO_VARIABLES, name, word);
    if (!second->texts)
        return sieve_check_error(checker, second->at, MSG_FLAGS_SECOND, name, word,
                                 describe(second));
    if (args->len > 2)
        return sieve_check_error(checker, node->at, MSG_FLAGS_TOO_MANY, name, word, args->len);
    for (guint i = 0; i < first->texts->len; i++) {
        if (!sieve_variable_declare(checker, first->at, sieve_arg_text(first, i)->raw))
            return false;
    }
    return true;
}

static bool change_check(struct sieve_checker *checker, struct sieve_node *node)
{
    if (!flags_check(checker, node))
        return false;
    const struct sieve_arg *list = g_ptr_array_index(node->positional, node->positional->len - 1);
    for (guint i = 0; i < list->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(list, i);
        g_auto(GStrv) words = g_strsplit(text->raw, " ", -1);
        for (guint k = 0; !text->parts && words[k]; k++) {
            if (*words[k] && !is_flag(words[k])) {
                sieve_check_warn(checker, text->at, MSG_FLAG_INVALID, words[k], node->verb->name);
                return true;
            }
        }
    }
    return true;
}

enum change { CHANGE_SET, CHANGE_ADD, CHANGE_REMOVE };

static void change_flags(GPtrArray *flags, enum change change, const GPtrArray *list)
{
    if (change == CHANGE_SET)
        g_ptr_array_set_size(flags, 0);
    for (guint i = 0; i < list->len; i++) {
        if (change == CHANGE_REMOVE)
            remove_flags(flags, g_ptr_array_index(list, i));
        else
            add_flags(flags, g_ptr_array_index(list, i));
    }
}

static enum sieve_flow change_run(struct sieve_run *run, const struct sieve_node *node,
                                  enum change change)
{
    guint last = node->positional->len - 1;
    g_autoptr(GPtrArray) list = sieve_list(run, node, last);
    if (last == 0) {
        change_flags(run->flags, change, list);
        return FLOW_NEXT;
    }
    const struct sieve_arg *arg = g_ptr_array_index(node->positional, 0);
    g_autofree char *name = g_ascii_strdown(sieve_arg_text(arg, 0)->raw, -1);
    g_autoptr(GPtrArray) flags = flags_of(sieve_variable_get(run, name));
    change_flags(flags, change, list);
    sieve_variable_set(run, name, text_join(flags, " "));
    return FLOW_NEXT;
}

static enum sieve_flow setflag_run(struct sieve_run *run, const struct sieve_node *node)
{
    return change_run(run, node, CHANGE_SET);
}

static enum sieve_flow addflag_run(struct sieve_run *run, const struct sieve_node *node)
{
    return change_run(run, node, CHANGE_ADD);
}

static enum sieve_flow removeflag_run(struct sieve_run *run, const struct sieve_node *node)
{
    return change_run(run, node, CHANGE_REMOVE);
}

static const struct sieve_verb setflag = {.name = "setflag",
                                          .kind = VERB_COMMAND,
                                          .positional = "*",
                                          .check = change_check,
                                          .run = setflag_run};
static const struct sieve_verb addflag = {.name = "addflag",
                                          .kind = VERB_COMMAND,
                                          .positional = "*",
                                          .check = change_check,
                                          .run = addflag_run};
static const struct sieve_verb removeflag = {.name = "removeflag",
                                             .kind = VERB_COMMAND,
                                             .positional = "*",
                                             .check = change_check,
                                             .run = removeflag_run};

static bool match_flags(struct sieve_matching *matching, GPtrArray *flags)
{
    for (guint i = 0; i < flags->len; i++) {
        if (sieve_matching_value(matching, g_ptr_array_index(flags, i)))
            return true;
    }
    return false;
}

// A key with several flags stands for each of them, as :flags reads it.
static GPtrArray *split_keys(GPtrArray *keys)
{
    GPtrArray *split = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < keys->len; i++) {
        g_auto(GStrv) words = g_strsplit(g_ptr_array_index(keys, i), " ", -1);
        for (guint k = 0; words[k]; k++) {
            if (*words[k] || !words[1])
                g_ptr_array_add(split, g_strdup(words[k]));
        }
    }
    g_ptr_array_unref(keys);
    return split;
}

static bool hasflag_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    guint last = node->positional->len - 1;
    GPtrArray *keys = sieve_list(run, node, last);
    bool split = node->match->type == MATCH_IS || node->match->type == MATCH_CONTAINS;
    sieve_matching_begin(&matching, run, node->match, split ? split_keys(keys) : keys);
    if (last == 0) {
        match_flags(&matching, run->flags);
        return sieve_matching_end(&matching);
    }
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = g_ascii_strdown(g_ptr_array_index(names, i), -1);
        g_autoptr(GPtrArray) flags = flags_of(sieve_variable_get(run, name));
        if (match_flags(&matching, flags))
            break;
    }
    return sieve_matching_end(&matching);
}

static const struct sieve_verb hasflag = {.name = "hasflag",
                                          .kind = VERB_TEST,
                                          .positional = "*",
                                          .takes = TAKES_MATCH,
                                          .check = flags_check,
                                          .test = hasflag_test};

static const struct sieve_tag tags[] = {{.name = "flags", .value = 'l', .verbs = "keep fileinto"},
                                        {.name = NULL}};

static const struct sieve_verb *const verbs[] = {&setflag, &addflag, &removeflag, &hasflag, NULL};

static bool imap4flags_require(struct sieve_checker *checker, struct sieve_position at)
{
    return !sieve_check_uses(checker, "imapflags") ||
           sieve_check_error(checker, at, MSG_FLAGS_BOTH);
}

const struct sieve_extension sieve_ext_imap4flags = {
    .name = "imap4flags", .verbs = verbs, .tags = tags, .require = imap4flags_require};

// ---- imapflags (draft-melnikov-sieve-imapflags)

static enum sieve_flow mark_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    add_flags(run->flags, "\\Flagged");
    return FLOW_NEXT;
}

static enum sieve_flow unmark_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    remove_flags(run->flags, "\\Flagged");
    return FLOW_NEXT;
}

static const struct sieve_verb mark = {.name = "mark", .kind = VERB_COMMAND, .run = mark_run};
static const struct sieve_verb unmark = {.name = "unmark", .kind = VERB_COMMAND, .run = unmark_run};
static const struct sieve_verb *const old_verbs[] = {&setflag, &addflag, &removeflag,
                                                     &mark,    &unmark,  NULL};

static bool imapflags_require(struct sieve_checker *checker, struct sieve_position at)
{
    return !sieve_check_uses(checker, "imap4flags") ||
           sieve_check_error(checker, at, MSG_FLAGS_BOTH);
}

const struct sieve_extension sieve_ext_imapflags = {
    .name = "imapflags", .verbs = old_verbs, .require = imapflags_require};
