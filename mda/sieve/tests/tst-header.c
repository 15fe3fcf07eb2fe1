// SPDX-License-Identifier: MIT
// header, exists, size (RFC 5228 §5.5, 5.7, 5.9). A name that no header field can have matches
// nothing and is no error (§2.4.2.2).
#include "base/text.h"
#include "sieve/lang/fields.h"
#include "sieve/lang/match-type.h"
#include "sieve/lang/mimevalue.h"

static bool header_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    for (guint i = 0; i < names->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(names, i);
        if (!text->parts && !text_is_field_name(text->raw))
            sieve_check_warn(checker, text->at, MSG_FIELD_NAME, text->raw);
    }
    return sieve_mime_check(checker, node);
}

static bool header_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    g_autoptr(GPtrArray) values = sieve_values(run, node, names);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 1));
    for (guint i = 0; i < values->len; i++) {
        const struct sieve_value *value = g_ptr_array_index(values, i);
        if (sieve_mime_value(run, node, value, &matching))
            break;
    }
    return sieve_matching_end(&matching);
}

const struct sieve_verb sieve_tst_header = {.name = "header",
                                            .kind = VERB_TEST,
                                            .positional = "ll",
                                            .labels = "header names|key list",
                                            .takes = TAKES_MATCH,
                                            .check = header_check,
                                            .test = header_test};

static bool exists_check(struct sieve_checker *checker, struct sieve_node *node)
{
    return sieve_mime_check(checker, node);
}

static bool exists_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    for (guint i = 0; i < names->len; i++) {
        if (!sieve_value_exists(run, node, g_ptr_array_index(names, i)))
            return false;
    }
    return true;
}

const struct sieve_verb sieve_tst_exists = {.name = "exists",
                                            .kind = VERB_TEST,
                                            .positional = "l",
                                            .labels = "header fields",
                                            .check = exists_check,
                                            .test = exists_test};

enum { SIZE_OVER, SIZE_UNDER };

static const struct sieve_tag size_tags[] = {{.name = "over", .group = "*", .id = SIZE_OVER},
                                             {.name = "under", .group = "*", .id = SIZE_UNDER},
                                             {.name = NULL}};

static bool size_check(struct sieve_checker *checker, struct sieve_node *node)
{
    if (node->tags->len == 0)
        return sieve_check_error(checker, node->at, MSG_SIZE_WITHOUT_TAG);
    if (node->tags->len > 1)
        return sieve_check_error(checker,
                                 g_array_index(node->tags, struct sieve_tag_use, 1).arg->at,
                                 MSG_SIZE_BOTH_TAGS);
    return true;
}

static bool size_test(struct sieve_run *run, const struct sieve_node *node)
{
    guint64 size = sieve_view_size(run->view), limit = sieve_number(node, 0);
    sieve_run_trace(run, "  size %" G_GUINT64_FORMAT " against %" G_GUINT64_FORMAT, size, limit);
    return sieve_has_tag(node, "over") ? size > limit : size < limit;
}

const struct sieve_verb sieve_tst_size = {.name = "size",
                                          .kind = VERB_TEST,
                                          .positional = "n",
                                          .labels = "limit",
                                          .tags = size_tags,
                                          .check = size_check,
                                          .test = size_test};
