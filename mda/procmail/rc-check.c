// SPDX-License-Identifier: MIT
// The mistakes that people make, from what the language does with them.
#include "procmail/rc-check.h"

#include "procmail/rc-macros.h"
#include "procmail/rc-parse.h"
#include "procmail/rc-regex.h"

#include <string.h>

struct checker {
    GPtrArray *findings;
    const struct rc_file *file;
    bool loop_guard; // a condition keeps mail from daemons away
};

static void finding_free(gpointer data)
{
    struct rc_finding *finding = data;
    g_free(finding->text);
    g_free(finding);
}

static void find(struct checker *checker, guint line, bool error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void find(struct checker *checker, guint line, bool error, const char *format, ...)
{
    va_list arguments;
    struct rc_finding *finding = g_new0(struct rc_finding, 1);
    finding->line = line;
    finding->error = error;
    va_start(arguments, format);
    finding->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(checker->findings, finding);
}

#define WRONG(line, ...) find(checker, line, true, __VA_ARGS__)
#define RISKY(line, ...) find(checker, line, false, __VA_ARGS__)

static void check_junk(struct checker *checker, const struct rc_statement *statement)
{
    const char *text = statement->text;
    if (!*text)
        return;
    if (text[0] == '0' && (!text[1] || strchr(" :cfwhbHBDAaEe", text[1])))
        WRONG(statement->line, "\"%s\" is skipped: a recipe begins with \":0\"", text);
    else if (text[0] == '*')
        WRONG(statement->line, "a condition without a recipe is skipped: %s", text);
    else if (strcmp(text, "\r") == 0)
        WRONG(statement->line, "a carriage return: the file has DOS line ends");
    else
        WRONG(statement->line, "skipped: %s", text);
}

static void check_assignment(struct checker *checker, const struct rc_statement *statement)
{
    static const char *const shell_words[] = {"export", "set",  "if",    "then",
                                              "fi",     "else", "setenv"};
    for (gsize i = 0; i < G_N_ELEMENTS(shell_words); i++)
        if (strcmp(statement->name, shell_words[i]) == 0)
            WRONG(statement->line, "\"%s\" is no command here: it unsets a variable of that name",
                  statement->name);
    if (!statement->text)
        return;
    gsize length = strlen(statement->text);
    if (length >= 2 && strcmp(statement->text + length - 2, "\r\n") == 0)
        WRONG(statement->line, "%s ends in a carriage return: the file has DOS line ends",
              statement->name);
    if (strchr(statement->text, ';') && !strpbrk(statement->text, "'\"`"))
        RISKY(statement->line, "the ';' becomes part of %s", statement->name);
    if (g_str_has_prefix(statement->text, "~/"))
        WRONG(statement->line, "'~' is not expanded: write $HOME");
}

// "$NAME" in a condition that has no "$" in front is a newline and the letters NAME.
static bool has_unexpanded_variable(const char *text)
{
    for (const char *at = text; (at = strchr(at, '$')); at++) {
        bool escaped = at > text && at[-1] == '\\';
        if (!escaped && (at[1] == '{' || g_ascii_isupper(at[1])) && at[2] && at[2] != ')')
            return true;
    }
    return false;
}

static void check_pattern(struct checker *checker, guint line, const char *pattern)
{
    bool any_case, invalid;
    g_autofree char *expanded = rc_macros_expand(pattern, false, &any_case);
    rc_regex_free(rc_regex_new(expanded, true, &invalid));
    if (invalid)
        WRONG(line, "the parentheses do not match: %s", pattern);
    if (strstr(pattern, "[[:"))
        WRONG(line, "[[:name:]] is no character class here");
    if (strstr(pattern, " # ") || strstr(pattern, "\t# "))
        WRONG(line, "a comment on a condition's line is part of the expression");
    if (has_unexpanded_variable(pattern))
        WRONG(line, "variables are expanded only behind \"* $\"");
    const char *brace = strchr(pattern, '{');
    if (brace && g_ascii_isdigit(brace[1]) && strchr(brace, '}'))
        WRONG(line, "{n} is no repetition here");
    if (g_str_has_prefix(pattern, "\\<") || g_str_has_prefix(pattern, "\\>"))
        WRONG(line, "the backslash at the start is dropped: write \"()%s\"", pattern);
    if (g_str_has_suffix(pattern, "\r"))
        WRONG(line, "ends in a carriage return: the file has DOS line ends");
    if (strstr(pattern, "FROM_DAEMON") || strstr(pattern, "X-Loop"))
        checker->loop_guard = true;
}

static void check_condition(struct checker *checker, const struct rc_condition *condition)
{
    const char *at = condition->text;
    bool expands = false;
    for (;; at++) {
        if (*at == '$')
            expands = true;
        else if (*at != '!' && *at != ' ' && *at != '\t')
            break;
    }
    char *end;
    g_ascii_strtod(at, &end);
    if (end != at && *end == '^') { // a weight
        g_ascii_strtod(end + 1, &end);
        at = end + strspn(end, " \t");
    }
    const char *area = strstr(at, "??");
    if (area && strcspn(at, " ?^(") <= (gsize)(area - at) && rc_is_name_start((guchar)*at))
        at = area + 2 + strspn(area + 2, " \t!");
    if (*at == '$')
        expands = true;
    if (*at == '?' || *at == '<' || *at == '>' || expands)
        return;
    check_pattern(checker, condition->line, at);
}

static char **raw_words(const char *text)
{
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    rc_expand(&source, RC_WORDS, NULL, NULL, G_MAXSIZE, &words);
    char **vector = rc_words_vector(&words, NULL);
    rc_words_clear(&words);
    return vector;
}

static bool is_mbox(const char *raw)
{
    g_autofree char *name = g_strstrip(g_strdup(raw));
    gsize length = strcspn(name, " \t\n#");
    name[length] = '\0';
    g_strdelimit(name, "\"'", ' ');
    g_strstrip(name);
    return *name && !g_str_has_suffix(name, "/") && !g_str_has_suffix(name, "/.") &&
           strcmp(name, "/dev/null") != 0 && strcmp(name, "$DEFAULT") != 0;
}

static void check_folder(struct checker *checker, const struct rc_statement *recipe,
                         const struct rc_head *head)
{
    g_auto(GStrv) words = raw_words(recipe->action_text);
    const char *text = recipe->action_text, *sign = strchr(text, '=');
    guint line = recipe->action_line;
    gsize name = 0;
    while (rc_is_name((guchar)text[name]))
        name++;
    if (name > 0 && sign == text + name && rc_is_name_start((guchar)text[0]))
        WRONG(line, "this is a mailbox called \"%s\"; an assignment needs a block { }", words[0]);
    if (text[0] == '{' && text[1] && !strchr(" \t\n", text[1]))
        WRONG(line, "'{' without a blank behind it begins the name of a mailbox");
    if (g_str_has_prefix(text, "~/"))
        WRONG(line, "'~' is not expanded: write $HOME");
    if (strchr(text, '\r'))
        WRONG(line, "the name ends in a carriage return: the file has DOS line ends");
    bool mbox = is_mbox(text);
    if (mbox && words[0] && words[1])
        WRONG(line, "only the first word names the mailbox, \"%s\" is skipped", words[1]);
    if (mbox && !head->lock && !strchr(text, '$'))
        RISKY(recipe->line, "no lockfile for a mailbox file: write \":0:\"");
    if (!mbox && head->lock && !strchr(text, '$'))
        RISKY(recipe->line, "this needs no lockfile");
    if (strstr(text, "$MATCH") || strstr(text, "${MATCH"))
        RISKY(line, "MATCH comes from the message: it may hold \"/\" or \"..\"");
    if (head->flags[RC_FILTER])
        WRONG(recipe->line, "flag f has no meaning for a mailbox");
}

static void check_pipe(struct checker *checker, const struct rc_statement *recipe,
                       const struct rc_head *head)
{
    const char *text = recipe->action_text;
    if (head->flags[RC_FILTER] && !head->flags[RC_WAIT] && !head->flags[RC_WAIT_QUIETLY])
        RISKY(recipe->line, "a filter without w: what it prints is taken even when it fails");
    if (head->lock && !head->lockfile && !strstr(text, ">>") && !recipe->capture)
        WRONG(recipe->line, "no \">>\" tells the lockfile's name: write it behind the ':'");
    bool shell = strpbrk(text, "&|<>~;?*[") != NULL;
    if (shell && strstr(text, "$MATCH") && !strstr(text, "\"$MATCH") && !strstr(text, "$MATCH\""))
        RISKY(recipe->action_line, "the shell splits an unquoted $MATCH, which the sender chose");
    if (strstr(text, "formail") && strstr(text, " -r") && !checker->loop_guard)
        RISKY(recipe->line, "answers also bounces and lists: add \"* ! ^FROM_DAEMON\" and X-Loop");
}

static void check_statements(struct checker *checker, const GPtrArray *statements);

static void check_recipe(struct checker *checker, const struct rc_statement *recipe)
{
    struct rc_source source = {.text = recipe->head, .length = strlen(recipe->head)};
    struct rc_words words;
    struct rc_head head;
    rc_expand(&source, RC_WORDS, NULL, NULL, G_MAXSIZE, &words);
    rc_head_read(&words, &head);
    rc_words_clear(&words);
    if (head.rest && strcmp(head.rest, "\r") == 0)
        WRONG(recipe->line, "ends in a carriage return: the file has DOS line ends");
    else if (head.rest)
        WRONG(recipe->line, "not understood on the recipe's line: %s", head.rest);
    bool outer = checker->loop_guard;
    for (guint i = 0; i < recipe->conditions->len; i++)
        check_condition(checker, g_ptr_array_index(recipe->conditions, i));
    switch (recipe->action) {
    case RC_MISSING:
        WRONG(recipe->line, "the recipe has no action");
        break;
    case RC_CUT_OFF:
        WRONG(recipe->line, "the file ends before the recipe's action");
        break;
    case RC_BLOCK:
        if (!recipe->closed)
            WRONG(recipe->line, "the block is not closed");
        check_statements(checker, recipe->block);
        break;
    case RC_PIPE:
        check_pipe(checker, recipe, &head);
        break;
    case RC_FOLDER:
        check_folder(checker, recipe, &head);
        break;
    case RC_FORWARD:
    default:
        if (!checker->loop_guard)
            RISKY(recipe->line, "forwards also what was forwarded before: guard it with X-Loop");
    }
    checker->loop_guard = outer;
    rc_head_clear(&head);
}

static void check_statements(struct checker *checker, const GPtrArray *statements)
{
    for (guint i = 0; i < statements->len; i++) {
        const struct rc_statement *statement = g_ptr_array_index(statements, i);
        switch (statement->kind) {
        case RC_JUNK:
            check_junk(checker, statement);
            break;
        case RC_STRAY_END:
            WRONG(statement->line, "this '}' closes nothing");
            break;
        case RC_RECIPE:
            check_recipe(checker, statement);
            break;
        case RC_ASSIGNMENT:
        case RC_REMOVAL:
        default:
            check_assignment(checker, statement);
        }
    }
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    const struct rc_finding *first = *(struct rc_finding *const *)a;
    const struct rc_finding *second = *(struct rc_finding *const *)b;
    return first->line < second->line ? -1 : first->line > second->line;
}

GPtrArray *rc_check(const char *name, const char *text, gsize length)
{
    g_autoptr(RcFile) file = rc_file_new(name, text, length);
    struct checker checker = {.findings = g_ptr_array_new_with_free_func(finding_free),
                              .file = file};
    check_statements(&checker, file->statements);
    g_ptr_array_sort(checker.findings, compare_lines);
    return checker.findings;
}
