// SPDX-License-Identifier: MIT
// External lists (RFC 6134); and what redirect can ask of the outgoing envelope (RFC 6009).
#include "sieve/lang/dates.h"
#include "sieve/lang/match-type.h"

#include <string.h>

static bool valid_ext_list_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = sieve_list_name(g_ptr_array_index(names, i));
        if (!run->host->list_exists(run->host->data, name))
            return false;
    }
    return true;
}

static const struct sieve_verb valid_ext_list = {.name = "valid_ext_list",
                                                 .kind = VERB_TEST,
                                                 .positional = "l",
                                                 .labels = "ext-list-names",
                                                 .test = valid_ext_list_test};
static const struct sieve_verb *const list_verbs[] = {&valid_ext_list, NULL};

static const struct sieve_tag list_tags[] = {
    {.name = "list", .group = "MATCH-TYPE", .verbs = "@match", .id = MATCH_LIST},
    {.name = "list", .verbs = "redirect"},
    {.name = NULL},
};

static bool lists_available(const struct sieve_host *host)
{
    return host->list_exists && host->list_contains;
}

const struct sieve_extension sieve_ext_extlists = {
    .name = "extlists", .verbs = list_verbs, .tags = list_tags, .available = lists_available};

// ---- redirect-dsn

static bool ret_check(struct sieve_checker *checker, struct sieve_node *node,
                      const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    return text->parts || g_ascii_strcasecmp(text->raw, "full") == 0 ||
           g_ascii_strcasecmp(text->raw, "hdrs") == 0 ||
           sieve_check_error(checker, text->at, MSG_DSN_RET, text->raw);
}

// NEVER alone, or some of SUCCESS, FAILURE, DELAY (RFC 3461 §4.1).
static bool notify_check(struct sieve_checker *checker, struct sieve_node *node,
                         const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    g_auto(GStrv) words = g_strsplit(text->raw, ",", -1);
    bool ok = words[0] != NULL;
    for (guint i = 0; words[i]; i++) {
        const char *word = g_strstrip(words[i]);
        bool never = g_ascii_strcasecmp(word, "never") == 0;
        ok &= (never && !words[1]) || g_ascii_strcasecmp(word, "success") == 0 ||
              g_ascii_strcasecmp(word, "failure") == 0 || g_ascii_strcasecmp(word, "delay") == 0;
    }
    return text->parts || ok || sieve_check_error(checker, text->at, MSG_DSN_NOTIFY, text->raw);
}

static const struct sieve_tag dsn_tags[] = {
    {.name = "notify", .value = 's', .verbs = "redirect", .check = notify_check},
    {.name = "ret", .value = 's', .verbs = "redirect", .check = ret_check},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_redirect_dsn = {.name = "redirect-dsn", .tags = dsn_tags};

// ---- redirect-deliverby

// RFC 6009 §5: :bymode and :bytrace say how the time is meant.
static bool beside_time(struct sieve_checker *checker, struct sieve_node *node,
                        const struct sieve_tag_use *use)
{
    for (guint i = 0; i < node->args->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG && g_str_has_prefix(arg->tag, "bytime"))
            return true;
    }
    return sieve_check_error(checker, use->arg->at, MSG_DELIVERBY_ALONE, use->tag->name);
}

static bool bymode_check(struct sieve_checker *checker, struct sieve_node *node,
                         const struct sieve_tag_use *use)
{
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    bool ok = text->parts || g_ascii_strcasecmp(text->raw, "notify") == 0 ||
              g_ascii_strcasecmp(text->raw, "return") == 0;
    return (ok || sieve_check_error(checker, text->at, MSG_DELIVERBY_MODE, text->raw)) &&
           beside_time(checker, node, use);
}

// A date and time of RFC 3339.
static bool bytime_check(struct sieve_checker *checker, struct sieve_node *node,
                         const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    g_autoptr(GDateTime) when = text->parts ? NULL : g_date_time_new_from_iso8601(text->raw, NULL);
    return when || text->parts ||
           sieve_check_error(checker, text->at, MSG_DELIVERBY_TIME, text->raw);
}

static const struct sieve_tag deliverby_tags[] = {
    {.name = "bytimerelative", .group = "bytime", .value = 'n', .verbs = "redirect"},
    {.name = "bytimeabsolute",
     .group = "bytime",
     .value = 's',
     .verbs = "redirect",
     .check = bytime_check},
    {.name = "bymode", .value = 's', .verbs = "redirect", .check = bymode_check},
    {.name = "bytrace", .verbs = "redirect", .check = beside_time},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_redirect_deliverby = {.name = "redirect-deliverby",
                                                             .tags = deliverby_tags};
