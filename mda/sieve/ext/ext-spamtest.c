// SPDX-License-Identifier: MIT
// spamtest, spamtestplus, virustest (RFC 5235): the verdict of a filter that ran before, read from
// a header field that settings name:
//   spamtest_status_header = X-Spam-Score: score=(-?[0-9]+[.][0-9])    spamtest_status_type = score
//   spamtest_score_max_value = 5.0      or  spamtest_score_max_header = X-Spam-Score: max=([0-9.]+)
// types: score (a number), strlen (as many characters), text (spamtest_text_value/3 = …).
#include "base/regex.h"
#include "sieve/lang/match-type.h"
#include "sieve/suite.h"

#include <string.h>

#define UNTESTED (-1.0)

static char *setting_of(struct sieve_run *run, bool virus, const char *key, const char *other)
{
    const char *keys[] = {key, other};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *name = g_strconcat(virus ? "virustest_" : "spamtest_", keys[i], NULL);
        const char *value = sieve_setting(run->host, name);
        if (value)
            return g_strdup(value);
    }
    return NULL;
}

// The value of "Header-Name: regex" in the message: its first group, all of the match without one,
// all of the field without a regex. NULL: not there.
static char *read_header(struct sieve_run *run, const char *specification)
{
    const char *colon = strchr(specification, ':');
    g_autofree char *name =
        colon ? g_strndup(specification, (gsize)(colon - specification)) : g_strdup(specification);
    g_autofree char *pattern = colon ? g_strstrip(g_strdup(colon + 1)) : g_strdup("");
    g_autoptr(GError) err = NULL;
    g_autoptr(Regex) regex = *pattern ? sieve_ere_compile(pattern, true, &err) : NULL;
    if (*pattern && !regex) {
        sieve_run_warn(run, MSG_VERDICT_HEADER, specification, err->message);
        return NULL;
    }
    g_strstrip(name);
    GPtrArray *fields = sieve_view_fields(run->view);
    for (guint i = 0; i < fields->len; i++) {
        struct sieve_view_field *field = g_ptr_array_index(fields, i);
        struct regex_span spans[2];
        if (g_ascii_strcasecmp(field->name, name) != 0)
            continue;
        const char *value = sieve_view_decoded(run->view, field);
        if (!regex)
            return g_strdup(value);
        guint groups = regex_groups(regex) > 0 ? 2 : 1;
        if (sieve_ere_search(regex, value, spans, groups) != REGEX_YES)
            return NULL;
        const struct regex_span *span = &spans[groups - 1];
        return span->start < 0 ? g_strdup("")
                               : g_strndup(value + span->start, (gsize)(span->end - span->start));
    }
    return NULL;
}

// A number as filters write it: [+-] digits [. or , digits], the digits on one side may be missing.
static bool parse_number(const char *text, double *number_r)
{
    g_autofree char *plain = g_strstrip(g_strdelimit(g_strdup(text), ",", '.'));
    const char *digits = plain + (*plain == '-' || *plain == '+');
    gsize before = strspn(digits, "0123456789");
    gsize point = digits[before] == '.';
    gsize behind = strspn(digits + before + point, "0123456789");
    if (before + behind == 0 || digits[before + point + behind] != '\0')
        return false;
    *number_r = g_ascii_strtod(plain, NULL);
    return true;
}

// The value (1 to 10, of a virus to 5) that the settings give to the text STATUS; 0: none.
static guint text_value(struct sieve_run *run, bool virus, const char *status)
{
    guint most = virus ? 5 : 10;
    for (guint i = 0; i <= most; i++) {
        g_autofree char *key = g_strdup_printf("text_value/%u", i),
                        *old = g_strdup_printf("text_value%u", i);
        g_autofree char *value = setting_of(run, virus, key, old);
        if (value && strcmp(value, status) == 0)
            return i;
    }
    return 0;
}

// How bad, from 0 to 1 of the greatest value; *VALUE_R is 0, or what a text stands for.
static double ratio_of(struct sieve_run *run, bool virus, guint *value_r)
{
    *value_r = 0;
    g_autofree char *header = setting_of(run, virus, "status_header", "status_header");
    g_autofree char *type = setting_of(run, virus, "status_type", "status_type");
    g_autofree char *max_value = setting_of(run, virus, "score_max_value", "max_value");
    g_autofree char *max_header = setting_of(run, virus, "score_max_header", "max_header");
    g_autofree char *status = header ? read_header(run, header) : NULL;
    double number = 0, most = 0;
    if (!status)
        return UNTESTED;
    if (type && strcmp(type, "text") == 0) {
        *value_r = text_value(run, virus, status);
        return *value_r == 0 ? UNTESTED : (double)*value_r / (virus ? 5 : 10);
    }
    g_autofree char *max = max_header ? read_header(run, max_header) : g_steal_pointer(&max_value);
    if (!max || !parse_number(max, &most))
        return UNTESTED;
    if (type && strcmp(type, "strlen") == 0)
        number = (double)strlen(status);
    else if (!parse_number(status, &number))
        return UNTESTED;
    if (most <= 0)
        return UNTESTED;
    if (number < 0)
        return 0;
    return MIN(number / most, 1.0);
}

// A suite may say which verdict there is.
static double verdict_of(struct sieve_run *run, bool virus, guint *value_r)
{
    const struct sieve_suite *suite = run->host->suite;
    const char *verdict = suite ? suite->verdict(run->host->data, virus) : NULL;
    if (!verdict)
        return ratio_of(run, virus, value_r);
    guint number = (guint)g_ascii_strtoull(verdict, NULL, 10);
    if (number == 0)
        return UNTESTED;
    if (g_str_has_suffix(verdict, "%"))
        return MIN(number, 100) / 100.0;
    *value_r = number;
    return (double)number / (virus ? 5 : 10);
}

static bool score_test(struct sieve_run *run, const struct sieve_node *node, bool virus)
{
    struct sieve_matching matching;
    guint value_of_text = 0;
    double ratio = verdict_of(run, virus, &value_of_text);
    int score = (int)value_of_text;
    if (ratio >= 0 && sieve_has_tag(node, "percent"))
        score = (int)(ratio * 100 + 0.001);
    else if (ratio >= 0 && score == 0)
        score = (int)(ratio * (virus ? 4 : 9) + 1.001);
    g_autofree char *value = g_strdup_printf("%d", score);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(keys, sieve_string(run, node, 0));
    sieve_matching_begin(&matching, run, node->match, g_steal_pointer(&keys));
    // :count is 0 for what was not tested (§2.1).
    if (node->match->type != MATCH_COUNT || ratio >= 0)
        sieve_matching_value(&matching, value);
    return sieve_matching_end(&matching);
}

static bool spamtest_test(struct sieve_run *run, const struct sieve_node *node)
{
    return score_test(run, node, false);
}

static bool virustest_test(struct sieve_run *run, const struct sieve_node *node)
{
    return score_test(run, node, true);
}

static bool percent_check(struct sieve_checker *checker, struct sieve_node *node,
                          const struct sieve_tag_use *use)
{
    (void)node;
    return sieve_check_uses(checker, "spamtestplus") ||
           sieve_check_error(checker, use->arg->at, MSG_PERCENT_ALONE);
}

static const struct sieve_tag spam_tags[] = {{.name = "percent", .check = percent_check},
                                             {.name = NULL}};

static const struct sieve_verb spamtest = {.name = "spamtest",
                                           .kind = VERB_TEST,
                                           .positional = "s",
                                           .labels = "value",
                                           .takes = TAKES_MATCH,
                                           .tags = spam_tags,
                                           .test = spamtest_test};
static const struct sieve_verb virustest = {.name = "virustest",
                                            .kind = VERB_TEST,
                                            .positional = "s",
                                            .labels = "value",
                                            .takes = TAKES_MATCH,
                                            .test = virustest_test};

static const struct sieve_verb *const spam_verbs[] = {&spamtest, NULL};
static const struct sieve_verb *const virus_verbs[] = {&virustest, NULL};

static bool spam_require(struct sieve_checker *checker, struct sieve_position at)
{
    if (sieve_check_uses(checker, "spamtest") && sieve_check_uses(checker, "spamtestplus"))
        sieve_check_warn(checker, at, MSG_SPAMTEST_BOTH);
    return true;
}

const struct sieve_extension sieve_ext_spamtest = {
    .name = "spamtest", .verbs = spam_verbs, .require = spam_require};
const struct sieve_extension sieve_ext_spamtestplus = {
    .name = "spamtestplus", .verbs = spam_verbs, .require = spam_require};
const struct sieve_extension sieve_ext_virustest = {.name = "virustest", .verbs = virus_verbs};
