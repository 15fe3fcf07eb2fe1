// SPDX-License-Identifier: MIT
// foreverypart, break, extracttext (RFC 5703 §3, §7).
#include "sieve/lang/fields.h"

#include <string.h>

static const struct sieve_tag loop_tags[] = {{.name = "name", .value = 's'}, {.name = NULL}};

static const char *name_of(const struct sieve_node *node)
{
    const struct sieve_tag_use *use = sieve_node_tag(node, "name");
    return use ? sieve_arg_text(use->value, 0)->raw : NULL;
}

// The block is checked here, where it is known that it stands in this loop.
static bool foreverypart_check(struct sieve_checker *checker, struct sieve_node *node)
{
    if (checker->loops->len >= SIEVE_MAX_LOOPS)
        return sieve_check_error(checker, node->at, MSG_LOOPS_TOO_DEEP, SIEVE_MAX_LOOPS);
    g_ptr_array_add(checker->loops, node);
    sieve_check_block(checker, node->block);
    g_ptr_array_set_size(checker->loops, (gint)checker->loops->len - 1);
    return true;
}

static bool is_below(struct sieve_run *run, guint n, gint root)
{
    struct sieve_mime_part part = {.parent = (gint)n};
    while (part.parent >= 0) {
        run->host->part(run->host->data, (guint)part.parent, &part);
        if (part.parent == root)
            return true;
    }
    return root < 0;
}

// The last of the parts in part N; N when there are none.
static guint last_below(struct sieve_run *run, guint n)
{
    guint last = n, count = run->host->part_count(run->host->data);
    while (last + 1 < count && is_below(run, last + 1, (gint)n))
        last++;
    return last;
}

// At the top the message itself is the first part; in a loop its children are.
static enum sieve_flow foreverypart_run(struct sieve_run *run, const struct sieve_node *node)
{
    gint outer = run->part;
    enum sieve_flow flow = FLOW_NEXT;
    // An included script is checked on its own; the loops around its include count too.
    if (run->loops >= SIEVE_MAX_LOOPS)
        return sieve_run_fail(run, MSG_LOOPS_TOO_DEEP, SIEVE_MAX_LOOPS);
    run->loops++;
    // Counted anew each time: the block may make the message another one.
    for (guint i = outer < 0 ? 0 : (guint)outer + 1;
         flow == FLOW_NEXT && i < run->host->part_count(run->host->data); i++) {
        if (outer >= 0 && !is_below(run, i, outer))
            continue;
        run->part = (gint)i;
        run->part_replaced = false;
        flow = sieve_run_block(run, node->block);
        // RFC 5703 §5: the loop "does not go into" what is in a part that was replaced.
        if (run->part_replaced)
            i = last_below(run, i);
        run->part_replaced = false;
        if (flow == FLOW_BREAK && run->break_loop == node) {
            flow = FLOW_NEXT;
            break;
        }
    }
    run->part = outer;
    run->loops--;
    return flow;
}

static const struct sieve_verb foreverypart = {.name = "foreverypart",
                                               .kind = VERB_COMMAND,
                                               .takes = TAKES_BLOCK,
                                               .tags = loop_tags,
                                               .checks_block = true,
                                               .check = foreverypart_check,
                                               .run = foreverypart_run};

static bool break_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const char *name = name_of(node);
    for (guint i = checker->loops->len; i > 0; i--) {
        struct sieve_node *loop = g_ptr_array_index(checker->loops, i - 1);
        const char *loop_name = name_of(loop);
        if (!name || (loop_name && strcmp(loop_name, name) == 0)) {
            node->data = loop;
            return true;
        }
    }
    if (name)
        return sieve_check_error(checker, node->at, MSG_BREAK_NO_SUCH_LOOP, name);
    return sieve_check_error(checker, node->at, MSG_BREAK_OUTSIDE);
}

static enum sieve_flow break_run(struct sieve_run *run, const struct sieve_node *node)
{
    run->break_loop = node->data;
    return FLOW_BREAK;
}

static const struct sieve_verb break_ = {.name = "break",
                                         .kind = VERB_COMMAND,
                                         .tags = loop_tags,
                                         .check = break_check,
                                         .run = break_run};

static const struct sieve_verb *const loop_verbs[] = {&foreverypart, &break_, NULL};

const struct sieve_extension sieve_ext_foreverypart = {.name = "foreverypart", .verbs = loop_verbs};

// ---- extracttext

static const struct sieve_tag extract_tags[] = {
    {.name = "first", .value = 'n'},
    {.name = "lower", .group = "*", .id = 40},
    {.name = "upper", .group = "*", .id = 40},
    {.name = "lowerfirst", .group = "*", .id = 30},
    {.name = "upperfirst", .group = "*", .id = 30},
    {.name = "quotewildcard", .group = "*", .id = 20},
    {.name = "length", .group = "*", .id = 10},
    {.name = NULL},
};

static bool extracttext_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *name = g_ptr_array_index(node->positional, 0);
    if (checker->loops->len == 0)
        return sieve_check_error(checker, node->at, MSG_EXTRACTTEXT_OUTSIDE);
    return sieve_variable_declare(checker, name->at, sieve_arg_text(name, 0)->raw) &&
           sieve_modifiers_check(checker, node);
}

static char *first_characters(char *text, guint64 count)
{
    const char *at = text;
    for (; *at && count > 0; count--)
        at = g_utf8_next_char(at);
    text[at - text] = '\0';
    return text;
}

static char *part_text(struct sieve_run *run)
{
    const struct sieve_host *host = run->host;
    struct sieve_mime_part part = {0};
    if ((guint)run->part >= host->part_count(host->data))
        return g_strdup("");
    host->part(host->data, (guint)run->part, &part);
    if (part.multipart || part.message)
        return g_strdup("");
    return sieve_part_is_html(&part) ? host->part_html(host->data, (guint)run->part)
                                     : host->part_text(host->data, (guint)run->part);
}

static enum sieve_flow extracttext_run(struct sieve_run *run, const struct sieve_node *node)
{
    const struct sieve_arg *arg = g_ptr_array_index(node->positional, 0);
    g_autofree char *name = g_ascii_strdown(sieve_arg_text(arg, 0)->raw, -1);
    char *text = run->part < 0 ? g_strdup("") : part_text(run);
    if (sieve_has_tag(node, "first"))
        text = first_characters(text, sieve_tag_number(node, "first", 0));
    sieve_variable_set(run, name, sieve_modify(run, node, text));
    return FLOW_NEXT;
}

static const struct sieve_verb extracttext = {.name = "extracttext",
                                              .kind = VERB_COMMAND,
                                              .positional = "s",
                                              .labels = "varname",
                                              .tags = extract_tags,
                                              .check = extracttext_check,
                                              .run = extracttext_run};

static const struct sieve_verb *const extract_verbs[] = {&extracttext, NULL};

static const char *const extract_needs[] = {"variables", "foreverypart", NULL};

const struct sieve_extension sieve_ext_extracttext = {
    .name = "extracttext", .verbs = extract_verbs, .needs = extract_needs};
