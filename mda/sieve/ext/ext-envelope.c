// SPDX-License-Identifier: MIT
// envelope (RFC 5228 §5.4), with the parts of envelope-dsn and envelope-deliverby (RFC 6009 §3,
// §5). The null sender is the empty string whatever part of the address is asked for.
#include "sieve/lang/match.h"
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
        return sieve_check_error(
            checker, text->at, "specified envelope part '%s' is not supported by the envelope test",
            text->raw);
    if (!part->address && has_address_part(node, &tag))
        return sieve_check_error(
            checker, text->at,
            "address part ':%s' specified while non-address envelope part '%s' "
            "is tested with the envelope test",
            tag, text->raw);
    return true;
}

static bool envelope_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    bool sound = true;
    for (guint i = 0; sound && i < names->texts->len; i++) {
        if (!sieve_arg_text(names, i)->parts)
            sound &= check_part(checker, node, sieve_arg_text(names, i));
    }
    return sound;
}

// An envelope address as it is; one that does not parse is text without parts.
static void match_address(struct sieve_matching *matching, const struct sieve_node *node,
                          const char *text)
{
    const char *at = strrchr(text, '@');
    struct sieve_address address = {.text = (char *)text};
    g_autofree char *local = at ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);
    gsize length = strlen(local);
    if (length > 1 && local[0] == '"' && local[length - 1] == '"') {
        g_autofree char *inner = g_strndup(local + 1, length - 2);
        g_free(local);
        local = g_strcompress(inner);
    }
    address.local = local;
    address.domain = at ? (char *)at + 1 : NULL;
    g_autofree char *piece =
        *text ? sieve_address_part(matching->run, sieve_address_part_of(node), &address)
              : g_strdup("");
    if (piece)
        sieve_matching_value(matching, piece);
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

static const struct sieve_verb *const verbs[] = {&envelope, NULL};

const struct sieve_extension sieve_ext_envelope = {.name = "envelope", .verbs = verbs};
const struct sieve_extension sieve_ext_envelope_dsn = {.name = "envelope-dsn"};
const struct sieve_extension sieve_ext_envelope_deliverby = {.name = "envelope-deliverby"};
