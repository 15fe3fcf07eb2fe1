// SPDX-License-Identifier: MIT
// envelope (RFC 5228 §5.4), with the parts of envelope-dsn and envelope-deliverby (RFC 6009 §3,
// §5). The null sender is the empty string whatever part of the address is asked for.
#include "message/date.h"
#include "sieve/lang/match-type.h"
#include "sieve/lang/parts.h"

#include <string.h>

struct envelope_part {
    const char *name;
    bool address;
    const char *extension; // that it belongs to, NULL: envelope itself
};

static const struct envelope_part parts[] = {
    {"from", true, NULL},
    {"to", true, NULL},
    {"auth", false, NULL},
    {"notify", false, "envelope-dsn"},
    {"orcpt", false, "envelope-dsn"},
    {"ret", false, "envelope-dsn"},
    {"envid", false, "envelope-dsn"},
    {"bytimeabsolute", false, "envelope-deliverby"},
    {"bytimerelative", false, "envelope-deliverby"},
    {"bymode", false, "envelope-deliverby"},
    {"bytrace", false, "envelope-deliverby"},
};

static const struct envelope_part *find_part(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_ascii_strcasecmp(parts[i].name, name) == 0)
            return &parts[i];
    }
    return NULL;
}

static bool has_address_part(const struct sieve_node *node, const char **name_r)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag *tag = g_array_index(node->tags, struct sieve_tag_use, i).tag;
        if (tag->group && strcmp(tag->group, "ADDRESS-PART") == 0 &&
            strcmp(tag->name, "all") != 0) {
            *name_r = tag->name;
            return true;
        }
    }
    return false;
}

static bool check_part(struct sieve_checker *checker, const struct sieve_node *node,
                       const struct sieve_text *text)
{
    const struct envelope_part *part = find_part(text->raw);
    const char *tag = NULL;
    if (!part || (part->extension && !sieve_check_uses(checker, part->extension)))
        return sieve_check_error(checker, text->at, MSG_ENVELOPE_PART, text->raw);
    if (!part->address && has_address_part(node, &tag))
        return sieve_check_error(checker, text->at, MSG_ENVELOPE_NO_ADDRESS, tag, text->raw);
    return true;
}

static bool envelope_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    bool ok = true;
    for (guint i = 0; ok && i < names->texts->len; i++) {
        if (!sieve_arg_text(names, i)->parts)
            ok &= check_part(checker, node, sieve_arg_text(names, i));
    }
    return ok;
}

// One that is no path has no parts (RFC 5228 §2.7.4), and as a whole it is nobody, as with Dovecot.
static void match_address(struct sieve_matching *matching, const struct sieve_node *node,
                          const char *text)
{
    const enum sieve_address_part part = sieve_address_part_of(node);
    struct sieve_address *address = *text ? sieve_path_parse(text) : NULL;
    const bool counted = node->match->type == MATCH_COUNT;
    g_autofree char *piece = address ? sieve_address_part(matching->run, part, address)
                             : !*text || part == ADDRESS_ALL || counted ? g_strdup("")
                                                                        : NULL;
    sieve_address_free(address);
    if (piece)
        sieve_matching_value(matching, piece);
}

// RFC 6009 §3: the time, in the zone that is asked for.
static char *time_in_zone(struct sieve_run *run, const struct sieve_node *node, const char *value)
{
    int minutes = 0;
    g_autofree char *zone = sieve_tag_string(run, node, "zone");
    g_autoptr(GDateTime) when = zone ? g_date_time_new_from_iso8601(value, NULL) : NULL;
    if (!when || !date_zone_parse(zone, &minutes))
        return g_strdup(value);
    g_autoptr(GTimeZone) there = g_time_zone_new_offset(minutes * 60);
    g_autoptr(GDateTime) shown = g_date_time_to_timezone(when, there);
    return g_date_time_format(shown, minutes == 0 ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%M:%S%:z");
}

static void match_time(struct sieve_matching *matching, struct sieve_run *run,
                       const struct sieve_node *node, const char *value)
{
    g_autofree char *shown = time_in_zone(run, node, value);
    sieve_matching_value(matching, shown);
}

static bool envelope_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 1));
    for (guint i = 0; i < names->len && !matching.matched; i++) {
        const struct envelope_part *part = find_part(g_ptr_array_index(names, i));
        const char *value = part ? run->host->envelope(run->host->data, part->name) : NULL;
        if (!value)
            continue;
        if (part->address)
            match_address(&matching, node, value);
        else if (strcmp(part->name, "bytimeabsolute") == 0)
            match_time(&matching, run, node, value);
        else
            sieve_matching_value(&matching, value);
    }
    return sieve_matching_end(&matching);
}

static const struct sieve_verb envelope = {.name = "envelope",
                                           .kind = VERB_TEST,
                                           .positional = "ll",
                                           .labels = "envelope part|key list",
                                           .takes = TAKES_MATCH | TAKES_ADDRESS_PART,
                                           .check = envelope_check,
                                           .test = envelope_test};

static bool zone_check(struct sieve_checker *checker, struct sieve_node *node,
                       const struct sieve_tag_use *use)
{
    int minutes = 0;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    (void)node;
    return text->parts || date_zone_parse(text->raw, &minutes) ||
           sieve_check_error(checker, text->at, MSG_ENVELOPE_ZONE, text->raw);
}

static const struct sieve_tag deliverby_tags[] = {
    {.name = "zone", .value = 's', .verbs = "envelope", .check = zone_check}, {.name = NULL}};

static const struct sieve_verb *const verbs[] = {&envelope, NULL};

const struct sieve_extension sieve_ext_envelope = {.name = "envelope", .verbs = verbs};
const struct sieve_extension sieve_ext_envelope_dsn = {.name = "envelope-dsn"};
const struct sieve_extension sieve_ext_envelope_deliverby = {.name = "envelope-deliverby",
                                                             .tags = deliverby_tags};
