// SPDX-License-Identifier: MIT
#include "procmail/rc-parse.h"

#include <string.h>

struct rc_parser {
    struct rc_source source;
    guint depth;
    gsize counted; // lines are counted up to here
    guint line;
};

static void condition_free(gpointer data)
{
    struct rc_condition *condition = data;
    g_free(condition->text);
    g_free(condition);
}

static void statement_free(gpointer data)
{
    struct rc_statement *statement = data;
    g_free(statement->name);
    g_free(statement->text);
    g_free(statement->head);
    g_free(statement->capture);
    g_free(statement->action_text);
    if (statement->conditions)
        g_ptr_array_unref(statement->conditions);
    if (statement->block)
        g_ptr_array_unref(statement->block);
    g_free(statement);
}

static int peek(const struct rc_parser *parser)
{
    const struct rc_source *source = &parser->source;
    return source->at < source->length ? (guchar)source->text[source->at] : -1;
}

static bool take(struct rc_parser *parser, int byte)
{
    if (peek(parser) != byte)
        return false;
    parser->source.at++;
    return true;
}

static bool skip_blanks(struct rc_parser *parser)
{
    bool any = false;
    while (take(parser, ' ') || take(parser, '\t'))
        any = true;
    return any;
}

static void skip_line(struct rc_parser *parser)
{
    while (peek(parser) != -1 && !take(parser, '\n'))
        parser->source.at++;
}

// The line number at which the parser stands; it only ever goes forward.
static guint current_line(struct rc_parser *parser)
{
    for (; parser->counted < parser->source.at; parser->counted++)
        parser->line += parser->source.text[parser->counted] == '\n';
    return parser->line + 1;
}

// The text of words that end where rc_expand says, unexpanded.
static char *raw_words(struct rc_parser *parser, enum rc_reading reading)
{
    gsize from = parser->source.at;
    struct rc_words words;
    rc_expand(&parser->source, reading, NULL, NULL, G_MAXSIZE, &words);
    rc_words_clear(&words);
    return g_strndup(parser->source.text + from, parser->source.at - from);
}

// One line; a backslash at its end takes the next one along and stays in the text.
static char *long_line(struct rc_parser *parser)
{
    GString *line = g_string_new(NULL);
    for (;;) {
        gsize from = parser->source.at;
        skip_line(parser);
        gsize to = parser->source.at;
        bool ended = to > from && parser->source.text[to - 1] == '\n';
        gsize length = to - from - (ended ? 1 : 0);
        g_string_append_len(line, parser->source.text + from, (gssize)length);
        if (length == 0 || parser->source.text[from + length - 1] != '\\')
            break;
        if (length == 1)
            g_string_truncate(line, line->len - 1);
        if (!ended)
            break;
        g_string_append_c(line, '\n');
    }
    return g_string_free(line, FALSE);
}

// The name that stands here; "" when none does. Owned by the caller.
static char *take_name(struct rc_parser *parser)
{
    gsize from = parser->source.at;
    if (rc_is_name_start(peek(parser)))
        while (rc_is_name(peek(parser)))
            parser->source.at++;
    return g_strndup(parser->source.text + from, parser->source.at - from);
}

static bool name_ends(const struct rc_parser *parser)
{
    int byte = peek(parser);
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '=';
}

static void parse_assignment(struct rc_parser *parser, struct rc_statement *statement)
{
    g_autofree char *name = take_name(parser);
    if (!*name || !name_ends(parser)) {
        statement->kind = RC_JUNK;
        gsize from = parser->source.at;
        if (!*name) {
            skip_line(parser);
            gsize to = parser->source.at;
            if (to > from && parser->source.text[to - 1] == '\n')
                to--;
            statement->text = g_strndup(parser->source.text + from, to - from);
        } else {
            statement->text = g_steal_pointer(&name);
        }
        return;
    }
    statement->name = g_steal_pointer(&name);
    skip_blanks(parser);
    statement->kind = take(parser, '=') ? RC_ASSIGNMENT : RC_REMOVAL;
    if (statement->kind == RC_ASSIGNMENT)
        statement->text = raw_words(parser, RC_VALUE);
}

void rc_head_clear(struct rc_head *head)
{
    g_clear_pointer(&head->lockfile, g_free);
    g_clear_pointer(&head->rest, g_free);
}

static char *join_words(char **words)
{
    g_autofree char *joined = g_strjoinv(" ", words);
    return *joined ? g_steal_pointer(&joined) : NULL;
}

// Flags up to what is none; true when *AT stands behind the ':' of a lockfile.
static bool read_flags(const char **at, struct rc_head *head)
{
    for (; **at; (*at)++) {
        if (**at == ' ' || **at == '\t')
            continue;
        if (**at == ':') {
            (*at)++;
            return true;
        }
        const char *flag = strchr(RC_FLAGS, **at);
        if (!flag)
            return false;
        head->flags[flag - RC_FLAGS] = true;
    }
    return false;
}

void rc_head_read(const struct rc_words *words, struct rc_head *head_r)
{
    memset(head_r, 0, sizeof *head_r);
    g_auto(GStrv) vector = rc_words_vector(words, NULL);
    if (!vector[0]) {
        head_r->count = -1;
        return;
    }
    char *end;
    head_r->count = (int)CLAMP(g_ascii_strtoll(vector[0], &end, 10), -1, 1000);
    if (end == vector[0])
        head_r->count = -1;
    const char *at = end;
    guint word = 0;
    while (vector[word]) {
        if (word > 0)
            at = vector[word];
        if (read_flags(&at, head_r)) {
            head_r->lock = true;
            if (!*at && vector[word + 1])
                at = vector[++word];
            head_r->lockfile = *at ? g_strdup(at) : NULL;
            word++;
            break;
        }
        if (*at)
            break;
        word++;
    }
    if (vector[word] && !head_r->lock) {
        char *kept = vector[word];
        vector[word] = g_strdup(at);
        g_free(kept);
    }
    head_r->rest = vector[word] ? join_words(vector + word) : NULL;
}

int rc_head_conditions(const struct rc_head *head)
{
    if (head->count >= 0)
        return head->count;
    return !head->flags[RC_ALSO] && !head->flags[RC_ALSO_IF_DONE] && !head->flags[RC_ELSE] &&
           !head->flags[RC_ON_ERROR];
}

static int unstarred_conditions(const char *text)
{
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    struct rc_head head;
    rc_expand(&source, RC_WORDS, NULL, NULL, G_MAXSIZE, &words);
    rc_head_read(&words, &head);
    int count = rc_head_conditions(&head);
    rc_head_clear(&head);
    rc_words_clear(&words);
    return count;
}

// Reads conditions; false when another recipe stands where the action is due.
static bool parse_conditions(struct rc_parser *parser, struct rc_statement *recipe)
{
    bool blank_line = false;
    for (int unstarred = unstarred_conditions(recipe->head);; unstarred--) {
        for (;;) {
            skip_blanks(parser);
            if (peek(parser) == '*' || unstarred > 0)
                break;
            if (peek(parser) == '#')
                skip_line(parser);
            else if (take(parser, '\n'))
                blank_line = true;
            else
                return !(blank_line && take(parser, ':'));
        }
        take(parser, '*');
        skip_blanks(parser);
        struct rc_condition *condition = g_new0(struct rc_condition, 1);
        condition->line = current_line(parser);
        condition->text = long_line(parser);
        g_ptr_array_add(recipe->conditions, condition);
        if (peek(parser) == -1)
            return true;
    }
}

static GPtrArray *parse_statements(struct rc_parser *parser, bool *closed_r);

static bool opens_block(const struct rc_parser *parser)
{
    const struct rc_source *source = &parser->source;
    return peek(parser) == '{' && source->at + 1 < source->length &&
           strchr(" \t\n", source->text[source->at + 1]) && parser->depth < RC_MAX_DEPTH;
}

// "VAR=|" and "VAR=!": true and the name in *NAME_R; otherwise nothing is taken.
static bool take_capture(struct rc_parser *parser, char **name_r)
{
    gsize from = parser->source.at;
    g_autofree char *name = take_name(parser);
    if (*name && name_ends(parser)) {
        skip_blanks(parser);
        if (take(parser, '=')) {
            skip_blanks(parser);
            if (peek(parser) == '|' || peek(parser) == '!') {
                *name_r = g_steal_pointer(&name);
                return true;
            }
        }
    }
    parser->source.at = from;
    return false;
}

static void parse_action(struct rc_parser *parser, struct rc_statement *recipe)
{
    skip_blanks(parser);
    recipe->action_line = current_line(parser);
    if (peek(parser) == -1) {
        recipe->action = RC_CUT_OFF;
        return;
    }
    take_capture(parser, &recipe->capture);
    if (take(parser, '!')) {
        recipe->action = RC_FORWARD;
        recipe->action_text = raw_words(parser, RC_WORDS);
    } else if (take(parser, '|')) {
        recipe->action = RC_PIPE;
        recipe->action_text = long_line(parser);
    } else if (opens_block(parser)) {
        recipe->action = RC_BLOCK;
        parser->source.at += 2;
        parser->depth++;
        recipe->block = parse_statements(parser, &recipe->closed);
        parser->depth--;
    } else {
        recipe->action = RC_FOLDER;
        recipe->action_text = raw_words(parser, RC_WORDS);
    }
}

static void parse_recipe(struct rc_parser *parser, struct rc_statement *recipe)
{
    recipe->kind = RC_RECIPE;
    recipe->head = raw_words(parser, RC_WORDS);
    recipe->conditions = g_ptr_array_new_with_free_func(condition_free);
    if (parse_conditions(parser, recipe)) {
        parse_action(parser, recipe);
        return;
    }
    recipe->action = RC_MISSING;
    recipe->action_line = current_line(parser);
    parser->source.at--; // the ':' of the recipe that follows
}

static void skip_between(struct rc_parser *parser)
{
    for (;;) {
        skip_blanks(parser);
        if (peek(parser) == '#')
            skip_line(parser);
        else if (!take(parser, '\n'))
            return;
    }
}

static GPtrArray *parse_statements(struct rc_parser *parser, bool *closed_r)
{
    GPtrArray *statements = g_ptr_array_new_with_free_func(statement_free);
    *closed_r = false;
    for (;;) {
        skip_between(parser);
        if (peek(parser) == -1)
            return statements;
        bool end = take(parser, '}');
        if (end && parser->depth > 0) {
            *closed_r = true;
            return statements;
        }
        struct rc_statement *statement = g_new0(struct rc_statement, 1);
        g_ptr_array_add(statements, statement);
        statement->line = current_line(parser);
        statement->from = parser->source.at;
        if (end)
            statement->kind = RC_STRAY_END;
        else if (take(parser, ':'))
            parse_recipe(parser, statement);
        else
            parse_assignment(parser, statement);
        statement->to = parser->source.at;
    }
}

struct rc_file *rc_file_new(const char *name, const char *text, gsize length)
{
    struct rc_file *file = g_new0(struct rc_file, 1);
    file->name = g_strdup(name);
    file->text = g_malloc(length + 1);
    for (gsize i = 0; i < length; i++)
        if (text[i])
            file->text[file->length++] = text[i];
    file->text[file->length] = '\0';
    struct rc_parser parser = {.source = {.text = file->text, .length = file->length}};
    bool closed;
    file->statements = parse_statements(&parser, &closed);
    return file;
}

void rc_file_free(struct rc_file *file)
{
    if (!file)
        return;
    g_ptr_array_unref(file->statements);
    g_free(file->text);
    g_free(file->name);
    g_free(file);
}
