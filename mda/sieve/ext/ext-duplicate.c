// SPDX-License-Identifier: MIT
// duplicate (RFC 7352), under its old name too. The test only asks; that the message was seen is
// recorded by an action at the end, so that a delivery that fails is not taken for a duplicate
// later.
#include "sieve/lang/fields.h"

#include <string.h>

#define DEFAULT_PERIOD (14 * 86400)
#define MAX_PERIOD (7 * 86400)

static bool source_check(struct sieve_checker *checker, struct sieve_node *node,
                         const struct sieve_tag_use *use)
{
    for (guint i = 0; i + 1 < node->tags->len; i++) {
        const struct sieve_tag *other = g_array_index(node->tags, struct sieve_tag_use, i).tag;
        if (other->id == 1)
            return sieve_check_error(checker, use->arg->at, MSG_DUPLICATE_TAGS, other->name,
                                     use->tag->name);
    }
    return true;
}

static const struct sieve_tag tags[] = {
    {.name = "header", .value = 's', .id = 1, .check = source_check},
    {.name = "uniqueid", .value = 's', .id = 1, .check = source_check},
    {.name = "handle", .value = 's'},
    {.name = "seconds", .value = 'n'},
    {.name = "last"},
    {.name = NULL},
};

// What identifies the message; NULL: nothing does, so that it is no duplicate (§3).
static char *unique_id(struct sieve_run *run, const struct sieve_node *node)
{
    char *given = sieve_tag_string(run, node, "uniqueid");
    if (given)
        return given;
    g_autofree char *named = sieve_tag_string(run, node, "header");
    const char *name = named ? named : "Message-ID";
    GPtrArray *fields = sieve_view_fields(run->view);
    for (guint i = 0; i < fields->len; i++) {
        struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0)
            return g_strdup(sieve_view_decoded(run->view, field));
    }
    return NULL;
}

static void plan_mark(struct sieve_run *run, const char *key, gint64 seconds)
{
    for (guint i = 0; i < run->plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(run->plan->actions, i);
        if (action->kind == PLAN_DUPLICATE && strcmp(action->handle, key) == 0)
            return;
    }
    struct plan_action *action = plan_add(run->plan, PLAN_DUPLICATE);
    action->handle = g_strdup(key);
    action->seconds = seconds;
}

static bool duplicate_test(struct sieve_run *run, const struct sieve_node *node)
{
    const struct sieve_host *host = run->host;
    g_autofree char *id = unique_id(run, node);
    if (!id)
        return false;
    g_autofree char *handle = sieve_tag_string(run, node, "handle");
    g_autofree char *key = g_strdup_printf("%s%s%s", handle ? handle : "", handle ? "\n" : "", id);
    gint64 most = sieve_setting_seconds(host, "duplicate_max_period", MAX_PERIOD);
    gint64 seconds = sieve_setting_seconds(host, "duplicate_default_period", DEFAULT_PERIOD);
    guint64 given = sieve_tag_number(node, "seconds", (guint64)seconds);
    seconds = given > (guint64)most ? most : (gint64)given;
    bool seen = host->duplicate_seen && host->duplicate_seen(host->data, key);
    // :last: the time runs from the last one seen, else from the first (§3.2).
    if (!seen || sieve_has_tag(node, "last"))
        plan_mark(run, key, seconds);
    return seen;
}

static const struct sieve_verb duplicate = {
    .name = "duplicate", .kind = VERB_TEST, .tags = tags, .test = duplicate_test};
static const struct sieve_verb *const verbs[] = {&duplicate, NULL};

static bool duplicate_require(struct sieve_checker *checker, struct sieve_position at)
{
    if (sieve_check_uses(checker, "duplicate") &&
        sieve_check_uses(checker, "vnd.dovecot.duplicate"))
        return sieve_check_error(checker, at, MSG_DUPLICATE_BOTH);
    return true;
}

const struct sieve_extension sieve_ext_duplicate = {
    .name = "duplicate", .verbs = verbs, .require = duplicate_require};

const struct sieve_extension sieve_ext_dovecot_duplicate = {
    .name = "vnd.dovecot.duplicate", .verbs = verbs, .require = duplicate_require};
