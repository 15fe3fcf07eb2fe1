// SPDX-License-Identifier: MIT
// date and currentdate; index (RFC 5260).
#include "message/date.h"
#include "sieve/lang/dates.h"
#include "sieve/lang/fields.h"
#include "sieve/lang/match-type.h"

static bool zone_check(struct sieve_checker *checker, struct sieve_node *node,
                       const struct sieve_tag_use *use)
{
    (void)node;
    int minutes = 0;
    const struct sieve_text *text = use->value ? sieve_arg_text(use->value, 0) : NULL;
    if (text && !text->parts && !date_zone_parse(text->raw, &minutes))
        sieve_check_warn(checker, text->at, MSG_ZONE, text->raw);
    return true;
}

static const struct sieve_tag date_tags[] = {
    {.name = "zone", .group = "zone", .value = 's', .check = zone_check},
    {.name = "originalzone", .group = "zone"},
    {.name = NULL},
};

static void check_part(struct sieve_checker *checker, const struct sieve_node *node, guint n)
{
    const struct sieve_text *text = sieve_arg_text(g_ptr_array_index(node->positional, n), 0);
    if (!text->parts && !sieve_date_part_known(text->raw))
        sieve_check_warn(checker, text->at, MSG_DATE_PART, text->raw);
}

static bool date_check(struct sieve_checker *checker, struct sieve_node *node)
{
    check_part(checker, node, 1);
    return true;
}

static bool currentdate_check(struct sieve_checker *checker, struct sieve_node *node)
{
    check_part(checker, node, 0);
    return true;
}

// The zone that NODE wants TIME shown in; ORIGINAL is the field's own.
static int zone_for(struct sieve_run *run, const struct sieve_node *node, gint64 when, int original)
{
    int minutes = 0;
    if (sieve_has_tag(node, "originalzone"))
        return original;
    g_autofree char *zone = sieve_tag_string(run, node, "zone");
    if (zone && date_zone_parse(zone, &minutes))
        return minutes;
    if (zone)
        sieve_run_warn(run, MSG_ZONE_LOCAL, zone);
    return sieve_zone_local(when);
}

static bool date_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    g_autofree char *part = sieve_string(run, node, 1);
    g_autoptr(GPtrArray) values = sieve_values(run, node, names);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 2));
    for (guint i = 0; i < values->len && !matching.matched; i++) {
        gint64 when = 0;
        int original = 0;
        if (!date_read(((struct sieve_value *)g_ptr_array_index(values, i))->raw, DATE_STANDARD,
                       &when, &original))
            continue;
        g_autofree char *value = sieve_date_part(when, zone_for(run, node, when, original), part);
        if (value)
            sieve_matching_value(&matching, value);
    }
    return sieve_matching_end(&matching);
}

static const struct sieve_verb date = {.name = "date",
                                       .kind = VERB_TEST,
                                       .positional = "ssl",
                                       .labels = "header name|date part|key list",
                                       .takes = TAKES_MATCH,
                                       .tags = date_tags,
                                       .check = date_check,
                                       .test = date_test};

static bool currentdate_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autofree char *part = sieve_string(run, node, 0);
    gint64 now = run->host->now(run->host->data);
    g_autofree char *value = sieve_date_part(now, zone_for(run, node, now, 0), part);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 1));
    if (value)
        sieve_matching_value(&matching, value);
    return sieve_matching_end(&matching);
}

static const struct sieve_tag current_tags[] = {
    {.name = "zone", .group = "zone", .value = 's', .check = zone_check}, {.name = NULL}};

static const struct sieve_verb currentdate = {.name = "currentdate",
                                              .kind = VERB_TEST,
                                              .positional = "sl",
                                              .labels = "date part|key list",
                                              .takes = TAKES_MATCH,
                                              .tags = current_tags,
                                              .check = currentdate_check,
                                              .test = currentdate_test};

static const struct sieve_verb *const verbs[] = {&date, &currentdate, NULL};

const struct sieve_extension sieve_ext_date = {.name = "date", .verbs = verbs};

// ---- index

static bool index_check(struct sieve_checker *checker, struct sieve_node *node,
                        const struct sieve_tag_use *use)
{
    return use->value->number > 0 ||
           sieve_check_error(checker, use->value->at, MSG_INDEX_ZERO, node->verb->name,
                             sieve_verb_word(node->verb));
}

static bool last_check(struct sieve_checker *checker, struct sieve_node *node,
                       const struct sieve_tag_use *use)
{
    for (guint i = 0; i < node->args->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG && g_str_equal(arg->tag, "index"))
            return true;
    }
    return sieve_check_error(checker, use->arg->at, MSG_LAST_ALONE, node->verb->name,
                             sieve_verb_word(node->verb));
}

static const struct sieve_tag index_tags[] = {
    {.name = "index", .value = 'n', .verbs = "header address date", .check = index_check},
    {.name = "last", .verbs = "header address date", .check = last_check},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_index = {.name = "index", .tags = index_tags};
