// SPDX-License-Identifier: MIT
// environment (RFC 5183), vnd.dovecot.environment, which makes items variables (${env.item}), and
// vnd.backstop: what the judge says of the message, as a test of its own.
#include "sieve/lang/match-type.h"

static bool match_item(struct sieve_run *run, const struct sieve_node *node, const char *item,
                       guint keys)
{
    struct sieve_matching matching;
    const struct sieve_host *host = run->host;
    g_autofree char *value = host->environment ? host->environment(host->data, item) : NULL;
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, keys));
    if (value)
        sieve_matching_value(&matching, value);
    bool result = sieve_matching_end(&matching);
    // RFC 5183 §4: an unknown item makes the test false, with :count too.
    return value && result;
}

static bool environment_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0);
    g_autofree char *item = g_ascii_strdown(name, -1);
    return match_item(run, node, item, 1);
}

static const struct sieve_verb environment = {.name = "environment",
                                              .kind = VERB_TEST,
                                              .positional = "sl",
                                              .labels = "name|key list",
                                              .takes = TAKES_MATCH,
                                              .test = environment_test};
static const struct sieve_verb *const verbs[] = {&environment, NULL};

const struct sieve_extension sieve_ext_environment = {.name = "environment", .verbs = verbs};

static bool dovecot_require(struct sieve_checker *checker, struct sieve_position at)
{
    guint index = 0;
    const struct sieve_extension *extension = sieve_extension_find("environment", &index);
    return sieve_check_enable(checker, at, extension, index);
}

const struct sieve_extension sieve_ext_dovecot_environment = {.name = "vnd.dovecot.environment",
                                                              .require = dovecot_require};

// bounce :verdict "backscatter", bounce :class "auto-reply", bounce :rule …, bounce :reasons …
enum { BOUNCE_VERDICT, BOUNCE_CLASS, BOUNCE_RULE, BOUNCE_REASONS };

static const struct sieve_tag bounce_tags[] = {
    {.name = "verdict", .group = "what", .id = BOUNCE_VERDICT},
    {.name = "class", .group = "what", .id = BOUNCE_CLASS},
    {.name = "rule", .group = "what", .id = BOUNCE_RULE},
    {.name = "reasons", .group = "what", .id = BOUNCE_REASONS},
    {.name = NULL},
};

static bool bounce_test(struct sieve_run *run, const struct sieve_node *node)
{
    const char *what = sieve_has_tag(node, "class")     ? "class"
                       : sieve_has_tag(node, "rule")    ? "rule"
                       : sieve_has_tag(node, "reasons") ? "reasons"
                                                        : "verdict";
    g_autofree char *item = g_strconcat("vnd.backstop.", what, NULL);
    return match_item(run, node, item, 0);
}

static const struct sieve_verb bounce = {.name = "bounce",
                                         .kind = VERB_TEST,
                                         .positional = "l",
                                         .labels = "key list",
                                         .takes = TAKES_MATCH,
                                         .tags = bounce_tags,
                                         .test = bounce_test};
static const struct sieve_verb *const bounce_verbs[] = {&bounce, NULL};

const struct sieve_extension sieve_ext_backstop = {.name = "vnd.backstop", .verbs = bounce_verbs};
