// SPDX-License-Identifier: MIT
// vacation (RFC 5230) and vacation-seconds (RFC 6131). The script says what to answer; whether this
// message may be answered at all, and whether its sender was answered lately, is settled when the
// plan is carried out.
#include "sieve/lang/address-parts.h"
#include "sieve/lang/engine.h"

#define DAY 86400

static gint64 period(const struct sieve_host *host, const char *name, gint64 fallback)
{
    return sieve_setting_seconds(host, name, fallback);
}

// The time within the limits of the site.
static gint64 bounded(const struct sieve_host *host, gint64 seconds)
{
    gint64 least = period(host, "vacation_min_period", DAY);
    gint64 most = period(host, "vacation_max_period", 0);
    if (seconds < least)
        seconds = least;
    return most > 0 && seconds > most ? most : seconds;
}

static bool period_check(struct sieve_checker *checker, struct sieve_node *node,
                         const struct sieve_tag_use *use)
{
    (void)node;
    gint64 unit = use->tag->id;
    gint64 seconds = use->value->number > (guint64)(G_MAXINT64 / DAY)
                         ? G_MAXINT64
                         : (gint64)use->value->number * unit;
    gint64 least = period(checker->host, "vacation_min_period", DAY);
    gint64 most = period(checker->host, "vacation_max_period", 0);
    if (seconds < least)
        sieve_check_warn(checker, use->value->at, MSG_SECONDS_LOW, use->tag->name,
                         use->value->number);
    else if (most > 0 && seconds > most)
        sieve_check_warn(checker, use->value->at, MSG_SECONDS_HIGH, use->tag->name,
                         use->value->number);
    return true;
}

static bool from_check(struct sieve_checker *checker, struct sieve_node *node,
                       const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    g_autofree char *why = NULL;
    g_autofree char *address = text->parts ? NULL : sieve_address_parse_one(text->raw, &why);
    return address || text->parts ||
           sieve_check_error(checker, text->at, MSG_VACATION_FROM, text->raw, why);
}

static bool addresses_check(struct sieve_checker *checker, struct sieve_node *node,
                            const struct sieve_tag_use *use)
{
    (void)node;
    for (guint i = 0; i < use->value->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(use->value, i);
        g_autofree char *why = NULL;
        g_autofree char *address = text->parts ? NULL : sieve_address_parse_one(text->raw, &why);
        if (!address && !text->parts)
            sieve_check_warn(checker, text->at, MSG_VACATION_ADDRESS, text->raw, why);
    }
    return true;
}

static const struct sieve_tag tags[] = {
    {.name = "days", .group = "days", .value = 'n', .id = DAY, .check = period_check},
    {.name = "subject", .value = 's'},
    {.name = "from", .value = 's', .check = from_check},
    {.name = "addresses", .value = 'l', .check = addresses_check},
    {.name = "mime"},
    {.name = "handle", .value = 's'},
    {.name = NULL},
};

static const char *written(const struct sieve_node *node, const char *tag)
{
    const struct sieve_tag_use *use = sieve_node_tag(node, tag);
    return use ? sieve_arg_text(use->value, 0)->raw : NULL;
}

// RFC 5230 §4.2: without a handle the arguments identify the answer, as the script has them:
// variables are not put in.
static char *default_handle(const struct sieve_node *node)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *pieces[] = {written(node, "subject"), written(node, "from"),
                            sieve_has_tag(node, "mime") ? "mime" : "",
                            sieve_arg_text(g_ptr_array_index(node->positional, 0), 0)->raw};
    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
        const char *piece = pieces[i] ? pieces[i] : "";
        g_checksum_update(sum, (const guchar *)piece, -1);
        g_checksum_update(sum, (const guchar *)"\n", 1);
    }
    return g_strdup(g_checksum_get_string(sum));
}

static gint64 chosen_period(struct sieve_run *run, const struct sieve_node *node)
{
    gint64 seconds = period(run->host, "vacation_default_period", 7 * DAY);
    guint64 days = sieve_tag_number(node, "days", G_MAXUINT64);
    guint64 given = sieve_tag_number(node, "seconds", G_MAXUINT64);
    if (days != G_MAXUINT64)
        seconds = days > 365000 ? 365000LL * DAY : (gint64)days * DAY;
    else if (given != G_MAXUINT64)
        seconds = given > (guint64)G_MAXINT32 ? G_MAXINT32 : (gint64)given;
    // :seconds 0 asks for an answer to every message (RFC 6131 §3).
    return bounded(run->host, seconds);
}

static enum sieve_flow vacation_run(struct sieve_run *run, const struct sieve_node *node)
{
    enum sieve_flow flow = FLOW_NEXT;
    g_autofree char *from = sieve_tag_string(run, node, "from"), *why = NULL;
    g_autofree char *ok = from ? sieve_address_parse_one(from, &why) : NULL;
    if (from && !ok) {
        sieve_run_error(run, MSG_VACATION_FROM, from, why);
        g_clear_pointer(&from, g_free);
    }
    struct plan_action *action = sieve_act(run, PLAN_VACATION, &flow);
    if (!action)
        return flow;
    action->text = sieve_string(run, node, 0);
    action->subject = sieve_tag_string(run, node, "subject");
    action->from = g_steal_pointer(&from);
    action->addresses = sieve_tag_list(run, node, "addresses");
    action->mime = sieve_has_tag(node, "mime");
    action->handle = sieve_tag_string(run, node, "handle");
    if (!action->handle)
        action->handle = default_handle(node);
    action->seconds = chosen_period(run, node);
    sieve_fcc_take(run, node, action);
    return FLOW_NEXT;
}

static const struct sieve_verb vacation = {.name = "vacation",
                                           .kind = VERB_COMMAND,
                                           .positional = "s",
                                           .labels = "reason",
                                           .tags = tags,
                                           .run = vacation_run};

static const struct sieve_verb *const verbs[] = {&vacation, NULL};

const struct sieve_extension sieve_ext_vacation = {.name = "vacation", .verbs = verbs};

// vacation-seconds brings vacation with it (RFC 6131 §2).
static bool seconds_require(struct sieve_checker *checker, struct sieve_position at)
{
    guint index = 0;
    const struct sieve_extension *extension = sieve_extension_find("vacation", &index);
    return sieve_check_enable(checker, at, extension, index);
}

static const struct sieve_tag seconds_tags[] = {
    {.name = "seconds",
     .group = "days",
     .value = 'n',
     .verbs = "vacation",
     .id = 1,
     .check = period_check},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_vacation_seconds = {
    .name = "vacation-seconds", .tags = seconds_tags, .require = seconds_require};
