// SPDX-License-Identifier: MIT
// Recovery: after a fault the parser skips to the end of the smallest structure that it is in
// (list, test list, command, block) and goes on behind it. Where a larger structure begins or ends
// first, it stays there, and the larger structure is asked for its own end.
#include "sieve/lang/parse.h"

#include "sieve/lang/lex.h"
#include "sieve/limits.h"

#include <string.h>

struct sieve_parser {
    struct sieve_lexer lexer;
    guint errors_before;
    guint nodes;
    bool faulty; // something is not where it belongs
};

enum outcome {
    PARSED,  // or made valid again by recovery
    LOST,    // stands before what belongs to an outer structure
    REFUSED, // beyond a limit, or a list of no tests: no use in going on with the structure around
};

void sieve_text_free(gpointer data)
{
    struct sieve_text *text = data;
    g_free(text->raw);
    g_clear_pointer(&text->parts, g_ptr_array_unref);
    g_free(text);
}

void sieve_arg_free(gpointer data)
{
    struct sieve_arg *arg = data;
    g_free(arg->tag);
    g_free(arg->written);
    g_clear_pointer(&arg->texts, g_ptr_array_unref);
    g_free(arg);
}

void sieve_node_free(gpointer data)
{
    struct sieve_node *node = data;
    if (node->data_free)
        node->data_free(node->data);
    g_clear_pointer(&node->positional, g_ptr_array_unref);
    g_clear_pointer(&node->tags, g_array_unref);
    g_free(node->match);
    g_ptr_array_unref(node->args);
    g_ptr_array_unref(node->tests);
    g_clear_pointer(&node->block, g_ptr_array_unref);
    g_free(node->name);
    g_free(node);
}

const struct sieve_text *sieve_arg_text(const struct sieve_arg *arg, guint n)
{
    return g_ptr_array_index(arg->texts, n);
}

bool sieve_arg_is_constant(const struct sieve_arg *arg)
{
    if (!arg || !arg->texts)
        return false;
    for (guint i = 0; i < arg->texts->len; i++) {
        if (sieve_arg_text(arg, i)->parts)
            return false;
    }
    return true;
}

static struct sieve_node *node_new(struct sieve_parser *parser)
{
    struct sieve_node *node = g_new0(struct sieve_node, 1);
    node->name = g_strdup(parser->lexer.word->str);
    node->at = parser->lexer.at;
    node->args = g_ptr_array_new_with_free_func(sieve_arg_free);
    node->tests = g_ptr_array_new_with_free_func(sieve_node_free);
    node->constant = -1;
    return node;
}

static void complain(struct sieve_parser *parser, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void complain(struct sieve_parser *parser, const char *format, ...)
{
    parser->faulty = true;
    // The lexer has told already what is wrong with this one.
    if (parser->lexer.token == TOKEN_ERROR || parser->lexer.told)
        return;
    va_list args;
    va_start(args, format);
    sieve_diagnose_v(parser->lexer.diagnostics, SIEVE_ERROR, parser->lexer.file, parser->lexer.at,
                     format, args);
    va_end(args);
}

static bool is(const struct sieve_parser *parser, enum sieve_token token)
{
    return parser->lexer.token == token;
}

static void next(struct sieve_parser *parser)
{
    sieve_lexer_next(&parser->lexer);
}

// Skips to END of the structure that the parser is in; LOST where an outer one begins or ends
// first. A block that follows a faulty command is taken for its own.
static enum outcome recover(struct sieve_parser *parser, enum sieve_token end)
{
    static const struct {
        enum sieve_token begin, end;
    } levels[] = {{TOKEN_OPEN_BRACKET, TOKEN_CLOSE_BRACKET},
                  {TOKEN_OPEN_PAREN, TOKEN_CLOSE_PAREN},
                  {TOKEN_END, TOKEN_SEMICOLON}, // which nothing begins
                  {TOKEN_OPEN_BRACE, TOKEN_CLOSE_BRACE}};
    guint level = 0, nesting = 1;
    while (levels[level].end != end)
        level++;
    for (; !is(parser, TOKEN_END); next(parser)) {
        if (end == TOKEN_SEMICOLON && is(parser, TOKEN_OPEN_BRACE))
            return PARSED;
        if (is(parser, levels[level].begin))
            nesting++;
        else if (is(parser, end) && --nesting == 0)
            return PARSED;
        for (guint i = level + 1; i < G_N_ELEMENTS(levels); i++) {
            if (is(parser, levels[i].begin) || is(parser, levels[i].end))
                return LOST;
        }
    }
    return LOST;
}

static struct sieve_arg *arg_add(struct sieve_parser *parser, struct sieve_node *node,
                                 enum sieve_arg_kind kind)
{
    struct sieve_arg *arg = g_new0(struct sieve_arg, 1);
    arg->kind = kind;
    arg->at = parser->lexer.at;
    g_ptr_array_add(node->args, arg);
    return arg;
}

static void take_text(struct sieve_parser *parser, struct sieve_arg *arg)
{
    struct sieve_text *text = g_new0(struct sieve_text, 1);
    text->at = parser->lexer.at;
    text->raw = g_strdup(parser->lexer.word->str);
    if (!arg->texts)
        arg->texts = g_ptr_array_new_with_free_func(sieve_text_free);
    g_ptr_array_add(arg->texts, text);
    next(parser);
}

// Behind the last of a list: its END, called NAME.
static enum outcome close_list(struct sieve_parser *parser, enum sieve_token end, const char *name)
{
    if (!is(parser, end)) {
        complain(parser, MSG_LIST_NOT_CLOSED, name, sieve_token_describe(&parser->lexer));
        if (recover(parser, end) == LOST)
            return LOST;
    }
    next(parser);
    return PARSED;
}

static enum outcome parse_list(struct sieve_parser *parser, struct sieve_node *node)
{
    struct sieve_arg *arg = arg_add(parser, node, ARG_LIST);
    arg->texts = g_ptr_array_new_with_free_func(sieve_text_free);
    next(parser);
    for (const char *behind = "[";; behind = ",") {
        if (!is(parser, TOKEN_STRING)) {
            complain(parser, MSG_LIST_WANTS_STRING, behind, sieve_token_describe(&parser->lexer));
            recover(parser, TOKEN_CLOSE_BRACKET);
            break;
        }
        take_text(parser, arg);
        if (!is(parser, TOKEN_COMMA))
            break;
        next(parser);
    }
    return close_list(parser, TOKEN_CLOSE_BRACKET, "list in [ ]");
}

static bool begins_argument(const struct sieve_parser *parser)
{
    return is(parser, TOKEN_OPEN_BRACKET) || is(parser, TOKEN_STRING) || is(parser, TOKEN_NUMBER) ||
           is(parser, TOKEN_TAG);
}

static void take_tag(struct sieve_parser *parser, struct sieve_arg *arg)
{
    arg->written = g_strdup(parser->lexer.word->str);
    arg->tag = g_ascii_strdown(arg->written, -1);
    next(parser);
}

static enum outcome parse_argument(struct sieve_parser *parser, struct sieve_node *node)
{
    if (node->args->len >= SIEVE_MAX_ARGUMENTS) {
        complain(parser, MSG_TOO_MANY_ARGUMENTS, node->name);
        return LOST;
    }
    switch (parser->lexer.token) {
    case TOKEN_OPEN_BRACKET:
        return parse_list(parser, node);
    case TOKEN_STRING:
        take_text(parser, arg_add(parser, node, ARG_STRING));
        break;
    case TOKEN_NUMBER:
        arg_add(parser, node, ARG_NUMBER)->number = parser->lexer.number;
        next(parser);
        break;
    default:
        take_tag(parser, arg_add(parser, node, ARG_TAG));
        break;
    }
    return PARSED;
}

static enum outcome parse_arguments(struct sieve_parser *parser, struct sieve_node *node,
                                    guint depth);

static enum outcome parse_test(struct sieve_parser *parser, struct sieve_node *node, guint depth)
{
    if (depth >= SIEVE_MAX_NESTING || ++parser->nodes > SIEVE_MAX_NODES) {
        complain(parser, MSG_TESTS_TOO_DEEP, SIEVE_MAX_NESTING);
        return REFUSED;
    }
    struct sieve_node *test = node_new(parser);
    g_ptr_array_add(node->tests, test);
    next(parser);
    return parse_arguments(parser, test, depth + 1);
}

static enum outcome parse_test_list(struct sieve_parser *parser, struct sieve_node *node,
                                    guint depth)
{
    node->test_list = true;
    next(parser);
    for (const char *behind = "(";; behind = ",") {
        if (!is(parser, TOKEN_IDENTIFIER)) {
            complain(parser, MSG_LIST_WANTS_TEST, behind, sieve_token_describe(&parser->lexer));
            recover(parser, TOKEN_CLOSE_PAREN);
            break;
        }
        enum outcome outcome = parse_test(parser, node, depth);
        if (outcome == REFUSED)
            return REFUSED;
        if (outcome == LOST) {
            recover(parser, TOKEN_CLOSE_PAREN);
            break;
        }
        if (!is(parser, TOKEN_COMMA))
            break;
        next(parser);
    }
    enum outcome outcome = close_list(parser, TOKEN_CLOSE_PAREN, "list in ( )");
    if (node->tests->len > 0)
        return outcome;
    complain(parser, MSG_TESTS_LOST, node->name);
    return REFUSED;
}

static enum outcome parse_arguments(struct sieve_parser *parser, struct sieve_node *node,
                                    guint depth)
{
    while (begins_argument(parser)) {
        enum outcome outcome = parse_argument(parser, node);
        if (outcome != PARSED)
            return outcome;
    }
    if (is(parser, TOKEN_IDENTIFIER))
        return parse_test(parser, node, depth) == PARSED ? PARSED : LOST;
    if (is(parser, TOKEN_OPEN_PAREN))
        return parse_test_list(parser, node, depth);
    return PARSED;
}

static enum outcome parse_commands(struct sieve_parser *parser, GPtrArray *commands, guint depth);

static enum outcome parse_block(struct sieve_parser *parser, struct sieve_node *node, guint depth)
{
    node->block = g_ptr_array_new_with_free_func(sieve_node_free);
    next(parser);
    if (depth + 1 >= SIEVE_MAX_NESTING) {
        complain(parser, MSG_BLOCKS_TOO_DEEP, SIEVE_MAX_NESTING);
        if (recover(parser, TOKEN_CLOSE_BRACE) == LOST)
            return LOST;
        next(parser);
        return PARSED;
    }
    enum outcome outcome = parse_commands(parser, node->block, depth + 1);
    if (outcome != REFUSED && is(parser, TOKEN_CLOSE_BRACE)) {
        next(parser);
        return PARSED;
    }
    if (outcome != PARSED)
        return outcome;
    complain(parser, MSG_BLOCK_NOT_CLOSED, sieve_token_describe(&parser->lexer));
    // Whose '}' it is that comes now is doubtful: the outer block, if there is one, has it.
    return recover(parser, TOKEN_CLOSE_BRACE);
}

static enum outcome parse_command(struct sieve_parser *parser, struct sieve_node *node, guint depth)
{
    enum outcome outcome = parse_arguments(parser, node, 1);
    if (outcome == REFUSED)
        return REFUSED;
    if (outcome == LOST) {
        if (recover(parser, TOKEN_SEMICOLON) == LOST)
            return LOST;
    } else if (!is(parser, TOKEN_SEMICOLON) && !is(parser, TOKEN_OPEN_BRACE)) {
        complain(parser, MSG_COMMAND_NOT_ENDED, sieve_token_describe(&parser->lexer));
        if (recover(parser, TOKEN_SEMICOLON) == LOST)
            return LOST;
    }
    if (!is(parser, TOKEN_SEMICOLON))
        return parse_block(parser, node, depth);
    next(parser);
    return PARSED;
}

static enum outcome parse_commands(struct sieve_parser *parser, GPtrArray *commands, guint depth)
{
    while (is(parser, TOKEN_IDENTIFIER)) {
        if (++parser->nodes > SIEVE_MAX_NODES) {
            complain(parser, MSG_SCRIPT_TOO_COMPLEX, SIEVE_MAX_NODES);
            return REFUSED;
        }
        struct sieve_node *node = node_new(parser);
        g_ptr_array_add(commands, node);
        next(parser);
        enum outcome outcome = parse_command(parser, node, depth);
        if (outcome != PARSED)
            return outcome;
    }
    return PARSED;
}

GPtrArray *sieve_parse(const char *file, const char *text, gsize size,
                       struct sieve_diagnostics *diagnostics)
{
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(sieve_node_free);
    struct sieve_parser parser = {.errors_before = diagnostics->errors};
    if (size > SIEVE_MAX_SCRIPT_EVER) {
        sieve_diagnose(diagnostics, SIEVE_ERROR, file, (struct sieve_position){0, 0},
                       MSG_SCRIPT_TOO_BIG_EVER, SIEVE_MAX_SCRIPT_EVER);
        return NULL;
    }
    sieve_lexer_init(&parser.lexer, file, text, size, diagnostics);
    parse_commands(&parser, commands, 0);
    if (!parser.faulty && !is(&parser, TOKEN_END))
        complain(&parser, MSG_NOT_A_COMMAND, sieve_token_describe(&parser.lexer));
    sieve_lexer_release(&parser.lexer);
    if (diagnostics->errors > parser.errors_before)
        return NULL;
    return g_steal_pointer(&commands);
}
