// SPDX-License-Identifier: MIT
// Statements as Sieve commands.
//
// Design rationale:
// - A recipe that delivers without c ends the run, so its commands end in "stop".
// - What cannot be said becomes a comment in its place and a remark; a recipe with a condition that
//   is lost is left out whole, for a test too few would file other people's mail.
// - Values that stand fast when the file is read are put in; what MATCH or a block sets becomes a
//   variable of the script.
#include "procmail/rc-sieve.h"

#include <stdlib.h>
#include <string.h>

static void remark_free(gpointer data)
{
    struct rc_remark *remark = data;
    g_free(remark->text);
    g_free(remark);
}

void rc_translation_clear(struct rc_translation *translation)
{
    g_clear_pointer(&translation->script, g_free);
    g_clear_pointer(&translation->remarks, g_ptr_array_unref);
}

void rc_sieve_remark(struct rc_sieve *sieve, enum rc_remark_kind kind, const char *format, ...)
{
    va_list arguments;
    struct rc_remark *remark = g_new0(struct rc_remark, 1);
    remark->line = sieve->line;
    remark->kind = kind;
    va_start(arguments, format);
    remark->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(sieve->remarks, remark);
}

void rc_sieve_need(struct rc_sieve *sieve, const char *extension)
{
    g_hash_table_add(sieve->needs, (gpointer)extension);
}

char *rc_sieve_string(const char *text)
{
    GString *quoted = g_string_new("\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *text);
    }
    return g_string_free(g_string_append_c(quoted, '"'), FALSE);
}

static void emit(struct rc_sieve *sieve, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void emit(struct rc_sieve *sieve, const char *format, ...)
{
    va_list arguments;
    for (guint i = 0; i < sieve->depth; i++)
        g_string_append(sieve->script, "    ");
    va_start(arguments, format);
    g_string_append_vprintf(sieve->script, format, arguments);
    va_end(arguments);
    g_string_append_c(sieve->script, '\n');
}

static void emit_comment(struct rc_sieve *sieve, const char *text, gsize length)
{
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_strdelimit(lines[i], "\r", ' ');
        if (lines[i + 1] || *g_strstrip(lines[i]))
            emit(sieve, "# %s", lines[i]);
    }
}

// --- values

struct lookup {
    struct rc_sieve *sieve;
    bool lost;
    char *scratch;
};

static const char *lookup_value(void *context, const char *name)
{
    struct lookup *lookup = context;
    struct rc_sieve *sieve = lookup->sieve;
    if (g_hash_table_contains(sieve->moving, name)) {
        rc_sieve_need(sieve, "variables");
        g_free(lookup->scratch);
        return lookup->scratch = g_strdup_printf("${%s}", name);
    }
    const char *value = g_hash_table_lookup(sieve->values, name);
    if (!value) {
        lookup->lost = true;
        rc_sieve_remark(sieve, RC_LOST, "what $%s is cannot be known here", name);
    }
    return value;
}

static char *lookup_output(void *context, const char *command, gsize limit)
{
    struct lookup *lookup = context;
    (void)limit;
    lookup->lost = true;
    rc_sieve_remark(lookup->sieve, RC_LOST, "what `%s` prints cannot be known here", command);
    return g_strdup("");
}

static void lookup_complain(void *context, const char *what, const char *quoted)
{
    struct lookup *lookup = context;
    lookup->lost = true;
    rc_sieve_remark(lookup->sieve, RC_LOST, "%s%s%s", what, quoted ? " " : "",
                    quoted ? quoted : "");
}

char **rc_sieve_words(struct rc_sieve *sieve, const char *text, enum rc_reading reading)
{
    struct lookup lookup = {.sieve = sieve};
    struct rc_scope scope = {&lookup, lookup_value, lookup_output, lookup_complain};
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    rc_expand(&source, reading, &scope, NULL, 64 * 1024, &words);
    char **vector = rc_words_vector(&words, NULL);
    if (words.overflow || words.arguments >= 0)
        lookup.lost = true;
    rc_words_clear(&words);
    g_free(lookup.scratch);
    if (!lookup.lost && vector[0])
        return vector;
    g_strfreev(vector);
    return NULL;
}

static const char *value_of(struct rc_sieve *sieve, const char *name)
{
    const char *value = g_hash_table_lookup(sieve->values, name);
    return value ? value : "";
}

// --- folders

static const char *strip_prefix(const char *path, const char *prefix)
{
    gsize length = strlen(prefix);
    while (length > 1 && prefix[length - 1] == '/')
        length--;
    if (length < 2 || strncmp(path, prefix, length) != 0 ||
        (path[length] != '/' && path[length] != '\0'))
        return path;
    path += length;
    while (*path == '/')
        path++;
    return path;
}

// The mailbox that a path stands for, "" for the inbox; NULL when it is no place for mail in Sieve.
static char *folder_of(struct rc_sieve *sieve, const char *path)
{
    static const char *const roots[] = {"Maildir", "Mail", "mail"};
    const char *home = value_of(sieve, "HOME");
    if (g_str_has_prefix(path, "/var/mail/") || g_str_has_prefix(path, "/var/spool/mail/") ||
        strcmp(path, value_of(sieve, "ORGMAIL")) == 0)
        return g_strdup("");
    if (strcmp(path, value_of(sieve, "DEFAULT")) == 0)
        return g_strdup("");
    const char *rest = strip_prefix(path, value_of(sieve, "MAILDIR"));
    if (rest == path && *home)
        rest = strip_prefix(path, home);
    for (gsize i = 0; i < G_N_ELEMENTS(roots); i++) {
        g_autofree char *root = g_strconcat(roots[i], "/", NULL);
        if (g_str_has_prefix(rest, root))
            rest += strlen(root);
    }
    if (*rest == '/') {
        rc_sieve_remark(sieve, RC_LOST, "%s lies outside the mailboxes", path);
        return NULL;
    }
    g_autofree char *name = g_strdup(rest);
    if (g_str_has_suffix(name, "/."))
        name[strlen(name) - 2] = '\0';
    while (*name && name[strlen(name) - 1] == '/')
        name[strlen(name) - 1] = '\0';
    const char *start = *name == '.' ? name + 1 : name; // Maildir++
    bool inbox = !*start || g_ascii_strcasecmp(start, "inbox") == 0 ||
                 strcmp(start, "Maildir") == 0 || strcmp(start, "mbox") == 0;
    return g_strdelimit(g_strdup(inbox ? "" : start), "/", '.');
}

static void emit_fileinto(struct rc_sieve *sieve, const char *path, bool copy)
{
    if (strcmp(path, "/dev/null") == 0) {
        if (!copy)
            emit(sieve, "discard;");
        return;
    }
    g_autofree char *folder = folder_of(sieve, path);
    if (!folder)
        return;
    if (!*folder) {
        emit(sieve, "keep;");
        return;
    }
    g_autofree char *quoted = rc_sieve_string(folder);
    rc_sieve_need(sieve, "fileinto");
    rc_sieve_need(sieve, "mailbox");
    if (copy)
        rc_sieve_need(sieve, "copy");
    emit(sieve, "fileinto%s :create %s;", copy ? " :copy" : "", quoted);
}

// --- actions: each says whether it could be said

static bool act_folder(struct rc_sieve *sieve, const struct rc_statement *recipe, bool copy)
{
    g_auto(GStrv) words = rc_sieve_words(sieve, recipe->action_text, RC_WORDS);
    guint before = sieve->remarks->len;
    if (!words)
        return false;
    for (guint i = 0; words[i]; i++)
        emit_fileinto(sieve, words[i], copy || words[i + 1]);
    return sieve->remarks->len == before;
}

static bool act_forward(struct rc_sieve *sieve, const struct rc_statement *recipe, bool copy)
{
    g_auto(GStrv) words = rc_sieve_words(sieve, recipe->action_text, RC_WORDS);
    if (!words)
        return false;
    for (guint i = 0; words[i]; i++) {
        g_auto(GStrv) addresses = g_strsplit(words[i], ",", -1);
        for (guint j = 0; addresses[j]; j++) {
            if (!*g_strstrip(addresses[j]))
                continue;
            if (*addresses[j] == '-') {
                rc_sieve_remark(sieve, RC_LOST, "options of the mailer (%s)", addresses[j]);
                return false;
            }
            g_autofree char *quoted = rc_sieve_string(addresses[j]);
            bool last = !words[i + 1] && !addresses[j + 1];
            if (copy || !last)
                rc_sieve_need(sieve, "copy");
            emit(sieve, "redirect%s %s;", copy || !last ? " :copy" : "", quoted);
        }
    }
    return true;
}

static char *argument_list(char **arguments)
{
    if (!arguments[0])
        return g_strdup("");
    GString *list = g_string_new(" [");
    for (guint i = 0; arguments[i]; i++) {
        g_autofree char *quoted = rc_sieve_string(arguments[i]);
        g_string_append_printf(list, "%s%s", i ? ", " : "", quoted);
    }
    return g_string_free(g_string_append_c(list, ']'), FALSE);
}

// formail's options that add and remove fields: "-A 'Name: value'", "-I", "-a", also run together.
static bool act_formail(struct rc_sieve *sieve, char **arguments)
{
    for (guint i = 0; arguments[i]; i++) {
        char option = arguments[i][0] == '-' ? arguments[i][1] : '\0';
        if (option == 'f' && !arguments[i][2])
            continue;
        const char *field = option && arguments[i][2] ? arguments[i] + 2 : arguments[i + 1];
        const char *colon = field ? strchr(field, ':') : NULL;
        if (!option || !strchr("AaIi", option) || !colon) {
            rc_sieve_remark(sieve, RC_LOST, "formail %s", arguments[i]);
            return false;
        }
        if (!arguments[i][2])
            i++;
        g_autofree char *name = g_strndup(field, (gsize)(colon - field));
        g_autofree char *quoted_name = rc_sieve_string(name);
        g_autofree char *value = g_strstrip(g_strdup(colon + 1));
        g_autofree char *quoted_value = rc_sieve_string(value);
        rc_sieve_need(sieve, "editheader");
        if (option == 'I' || option == 'i')
            emit(sieve, "deleteheader %s;", quoted_name);
        if (option == 'i')
            rc_sieve_remark(sieve, RC_DIFFERS, "the old %s is not kept as Old-%s", name, name);
        if (*value && option == 'a')
            emit(sieve, "if not exists %s { addheader :last %s %s; }", quoted_name, quoted_name,
                 quoted_value);
        else if (*value)
            emit(sieve, "addheader :last %s %s;", quoted_name, quoted_value);
    }
    return true;
}

// The mailbox that a delivery agent is told with -m.
static bool act_agent(struct rc_sieve *sieve, char **arguments, bool copy)
{
    for (guint i = 0; arguments[i]; i++) {
        if (strcmp(arguments[i], "-m") == 0 && arguments[i + 1]) {
            emit_fileinto(sieve, arguments[i + 1], copy);
            return true;
        }
    }
    emit(sieve, "keep;");
    return true;
}

static bool is_program(const char *path, const char *name)
{
    g_autofree char *base = g_path_get_basename(path);
    return strcmp(base, name) == 0;
}

static bool needs_shell(const char *line)
{
    return strpbrk(line, "&|<>;?*[") != NULL;
}

static bool act_pipe(struct rc_sieve *sieve, const struct rc_statement *recipe,
                     const struct rc_head *head)
{
    static const char *const agents[] = {"deliver", "dovecot-lda", "backstop"};
    bool copy = head->flags[RC_COPY];
    const char *line = recipe->action_text;
    if (recipe->capture || needs_shell(line)) {
        rc_sieve_remark(sieve, RC_LOST,
                        "a shell command: make a program of it for pipe or "
                        "filter:%s",
                        line);
        return false;
    }
    g_auto(GStrv) words = rc_sieve_words(sieve, line, RC_WORDS);
    if (!words || !*words[0])
        return false;
    if (is_program(words[0], "formail") && head->flags[RC_FILTER])
        return act_formail(sieve, words + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(agents) && !head->flags[RC_FILTER]; i++)
        if (is_program(words[0], agents[i]))
            return act_agent(sieve, words + 1, copy);
    g_autofree char *base = g_path_get_basename(words[0]);
    g_autofree char *program = rc_sieve_string(base);
    g_autofree char *arguments = argument_list(words + 1);
    if (head->flags[RC_GIVE_HEADER] != head->flags[RC_GIVE_BODY])
        rc_sieve_remark(sieve, RC_DIFFERS, "%s gets the whole message", base);
    rc_sieve_remark(sieve, RC_DIFFERS, "%s must lie in the directory of Sieve's programs", base);
    rc_sieve_need(sieve, head->flags[RC_FILTER] ? "vnd.dovecot.filter" : "vnd.dovecot.pipe");
    if (copy && !head->flags[RC_FILTER])
        rc_sieve_need(sieve, "copy");
    emit(sieve, "%s%s %s%s;", head->flags[RC_FILTER] ? "filter" : "pipe",
         copy && !head->flags[RC_FILTER] ? " :copy" : "", program, arguments);
    return true;
}

// ":0 Wh: lock" and "| formail -D 8192 cache": the recipe that drops a message seen before.
static bool is_duplicate_check(const struct rc_statement *recipe)
{
    g_autofree char *line = recipe->action_text ? g_strdup(recipe->action_text) : g_strdup("");
    return recipe->action == RC_PIPE && recipe->conditions->len == 0 && strstr(line, "formail") &&
           strstr(line, " -D") && !needs_shell(line);
}

// --- statements

static void translate_all(struct rc_sieve *sieve, const struct rc_file *file,
                          const GPtrArray *statements);

static void set_match(struct rc_sieve *sieve, guint group)
{
    if (group == 0)
        return;
    rc_sieve_need(sieve, "variables");
    emit(sieve, "set \"MATCH\" \"${%u}\";", group);
    g_hash_table_add(sieve->moving, g_strdup("MATCH"));
}

// The inside of a recipe. True when all of it could be said.
static bool translate_action(struct rc_sieve *sieve, const struct rc_file *file,
                             const struct rc_statement *recipe, const struct rc_head *head)
{
    bool copy = head->flags[RC_COPY], said = true;
    sieve->line = recipe->action_line;
    switch (recipe->action) {
    case RC_BLOCK:
        if (copy)
            rc_sieve_remark(sieve, RC_DIFFERS, "the block works on the message itself, no copy");
        translate_all(sieve, file, recipe->block);
        return true;
    case RC_FOLDER:
        said = act_folder(sieve, recipe, copy);
        break;
    case RC_FORWARD:
        said = act_forward(sieve, recipe, copy);
        break;
    case RC_PIPE:
        said = act_pipe(sieve, recipe, head);
        break;
    case RC_MISSING:
    case RC_CUT_OFF:
    default:
        rc_sieve_remark(sieve, RC_LOST, "a recipe without an action");
        said = false;
    }
    bool goes_on = copy || head->flags[RC_FILTER] || recipe->capture;
    if (said && !goes_on)
        emit(sieve, "stop;");
    return said;
}

static void emit_lost(struct rc_sieve *sieve)
{
    emit(sieve, "# not translated: see the remarks for line %u", sieve->line);
}

static void translate_duplicate(struct rc_sieve *sieve)
{
    rc_sieve_need(sieve, "duplicate");
    rc_sieve_remark(sieve, RC_DIFFERS, "messages are remembered for a time instead of by number");
    emit(sieve, "if duplicate {");
    emit(sieve, "    discard;");
    emit(sieve, "    stop;");
    emit(sieve, "}");
}

// The test with what the flags E, A and a add to it; NULL when it is lost.
static char *whole_test(struct rc_sieve *sieve, const struct rc_head *head, char *test)
{
    if (head->flags[RC_ON_ERROR]) {
        rc_sieve_remark(sieve, RC_LOST, "flag e: in Sieve a failed action keeps the message");
        g_clear_pointer(&test, g_free);
    }
    if (!test || !(head->flags[RC_ALSO] || head->flags[RC_ALSO_IF_DONE]))
        return test;
    if (!sieve->chain) {
        rc_sieve_remark(sieve, RC_LOST, "it depends on a recipe that was not translated");
        g_clear_pointer(&test, g_free);
        return NULL;
    }
    char *both = strcmp(test, "true") == 0
                     ? g_strdup(sieve->chain)
                     : g_strdup_printf("allof (%s,\n    %s)", sieve->chain, test);
    g_free(test);
    return both;
}

static void translate_recipe(struct rc_sieve *sieve, const struct rc_file *file,
                             const struct rc_statement *recipe, bool *chain_open)
{
    struct rc_source source = {.text = recipe->head, .length = strlen(recipe->head)};
    struct rc_words words;
    struct rc_head head;
    guint match;
    rc_expand(&source, RC_WORDS, NULL, NULL, G_MAXSIZE, &words);
    rc_head_read(&words, &head);
    rc_words_clear(&words);
    gsize end = recipe->to;
    if (recipe->action == RC_BLOCK && recipe->block->len > 0)
        end = ((struct rc_statement *)g_ptr_array_index(recipe->block, 0))->from;
    bool or_else = head.flags[RC_ELSE];
    if (or_else && !*chain_open)
        rc_sieve_remark(sieve, RC_DIFFERS, "flag E: the recipe before was not translated");
    emit_comment(sieve, file->text + recipe->from, end - recipe->from);
    if (is_duplicate_check(recipe)) {
        translate_duplicate(sieve);
        *chain_open = false;
        rc_head_clear(&head);
        return;
    }
    char *test = rc_sieve_conditions(sieve, recipe, &head, &match);
    test = whole_test(sieve, &head, test);
    if (test) {
        const char *word = or_else && *chain_open ? "elsif" : "if";
        bool bare = strcmp(test, "true") == 0 && strcmp(word, "if") == 0 && !match;
        GString *script = sieve->script;
        gsize before = script->len;
        if (!bare)
            emit(sieve, "%s %s {", word, test);
        sieve->depth += bare ? 0 : 1;
        set_match(sieve, match);
        bool said = translate_action(sieve, file, recipe, &head);
        sieve->depth -= bare ? 0 : 1;
        if (!said) {
            g_string_truncate(script, before);
            emit_lost(sieve);
        } else if (!bare) {
            emit(sieve, "}");
        }
        *chain_open = said && !bare;
    } else {
        emit_lost(sieve);
        *chain_open = false;
    }
    if (!head.flags[RC_ALSO] && !head.flags[RC_ALSO_IF_DONE]) {
        g_free(sieve->chain);
        sieve->chain = g_strdup(test);
    }
    g_free(test);
    rc_head_clear(&head);
}

// Variables that only concern how procmail itself works.
static bool is_housekeeping(const char *name)
{
    static const char *const names[] = {
        "LOGFILE",    "VERBOSE",    "LOGABSTRACT", "LOG",           "SHELL",     "PATH",
        "SHELLFLAGS", "SHELLMETAS", "LOCKFILE",    "LOCKEXT",       "LOCKSLEEP", "LOCKTIMEOUT",
        "UMASK",      "TIMEOUT",    "SUSPEND",     "NORESRETRY",    "LINEBUF",   "COMSAT",
        "MSGPREFIX",  "SENDMAIL",   "DROPPRIVS",   "SENDMAILFLAGS", "PMDIR"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void translate_include(struct rc_sieve *sieve, const char *name, const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *quoted = rc_sieve_string(base);
    rc_sieve_need(sieve, "include");
    rc_sieve_remark(sieve, RC_DIFFERS, "translate %s, too, and install it as the script %s", path,
                    base);
    emit(sieve, "include :personal :optional %s;", quoted);
    if (strcmp(name, "SWITCHRC") == 0)
        emit(sieve, "stop;");
}

static void set_variable(struct rc_sieve *sieve, const char *name, const char *value)
{
    bool special = strcmp(name, "MAILDIR") == 0 || strcmp(name, "DEFAULT") == 0 ||
                   strcmp(name, "ORGMAIL") == 0;
    bool dynamic = strstr(value, "${") || sieve->depth > 0;
    if (!dynamic || special || is_housekeeping(name)) {
        if (sieve->depth > 0 && special)
            rc_sieve_remark(sieve, RC_DIFFERS, "%s is taken to hold from here on", name);
        g_hash_table_remove(sieve->moving, name);
        g_hash_table_insert(sieve->values, g_strdup(name), g_strdup(value));
        return;
    }
    g_autofree char *quoted = rc_sieve_string(value);
    rc_sieve_need(sieve, "variables");
    emit(sieve, "set \"%s\" %s;", name, quoted);
    g_hash_table_add(sieve->moving, g_strdup(name));
}

static void translate_assignment(struct rc_sieve *sieve, const struct rc_file *file,
                                 const struct rc_statement *statement)
{
    static const char *const effects[] = {"HOST", "EXITCODE", "TRAP", "DELIVERED", "SHIFT"};
    const char *name = statement->name;
    bool include = strcmp(name, "INCLUDERC") == 0 || strcmp(name, "SWITCHRC") == 0;
    emit_comment(sieve, file->text + statement->from, statement->to - statement->from);
    for (gsize i = 0; i < G_N_ELEMENTS(effects); i++) {
        if (strcmp(effects[i], name) != 0)
            continue;
        rc_sieve_remark(sieve, RC_LOST, "%s has no counterpart in Sieve", name);
        emit_lost(sieve);
        return;
    }
    if (statement->kind == RC_REMOVAL) {
        if (strcmp(name, "SWITCHRC") == 0)
            emit(sieve, "stop;");
        else if (!is_housekeeping(name) && !include)
            set_variable(sieve, name, "");
        return;
    }
    if (is_housekeeping(name))
        return;
    g_auto(GStrv) words = rc_sieve_words(sieve, statement->text, RC_VALUE);
    if (words && include)
        translate_include(sieve, name, words[0]);
    else if (words)
        set_variable(sieve, name, words[0]);
    else
        emit_lost(sieve);
}

static void translate_all(struct rc_sieve *sieve, const struct rc_file *file,
                          const GPtrArray *statements)
{
    bool chain_open = false;
    for (guint i = 0; i < statements->len; i++) {
        const struct rc_statement *statement = g_ptr_array_index(statements, i);
        sieve->line = statement->line;
        if (statement->kind == RC_RECIPE) {
            translate_recipe(sieve, file, statement, &chain_open);
            continue;
        }
        chain_open = false;
        if (statement->kind == RC_JUNK) {
            if (*statement->text)
                rc_sieve_remark(sieve, RC_DIFFERS,
                                "not understood and skipped, as procmail does: "
                                "%s",
                                statement->text);
        } else if (statement->kind != RC_STRAY_END) {
            translate_assignment(sieve, file, statement);
        }
    }
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

static char *header(struct rc_sieve *sieve, const char *name)
{
    GString *text = g_string_new(NULL);
    g_autoptr(GList) needs = g_list_sort(g_hash_table_get_keys(sieve->needs), compare_names);
    g_string_append_printf(text,
                           "# Translated from the procmail rc file %s.\n"
                           "# Sieve compares decoded header text where procmail saw it encoded.\n",
                           name);
    if (needs)
        g_string_append(text, "require [");
    for (GList *at = needs; at; at = at->next)
        g_string_append_printf(text, "\"%s\"%s", (char *)at->data, at->next ? ", " : "];\n");
    return g_string_free(g_string_append_c(text, '\n'), FALSE);
}

// What remains goes to DEFAULT.
static void emit_default(struct rc_sieve *sieve)
{
    const char *place = value_of(sieve, "DEFAULT");
    if (!*place)
        return;
    g_autofree char *copy = g_strdup(place);
    g_hash_table_remove(sieve->values, "DEFAULT");
    g_autofree char *folder = folder_of(sieve, copy);
    if (folder && *folder)
        emit_fileinto(sieve, copy, false);
    else if (strcmp(copy, "/dev/null") == 0)
        emit(sieve, "discard;");
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    const struct rc_remark *first = *(struct rc_remark *const *)a;
    const struct rc_remark *second = *(struct rc_remark *const *)b;
    return first->line < second->line ? -1 : first->line > second->line;
}

void rc_translate(const char *name, const char *text, gsize length,
                  struct rc_translation *translation_r)
{
    g_autoptr(RcFile) file = rc_file_new(name, text, length);
    struct rc_sieve sieve = {
        .script = g_string_new(NULL),
        .remarks = g_ptr_array_new_with_free_func(remark_free),
        .needs = g_hash_table_new(g_str_hash, g_str_equal),
        .values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .moving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    static const char *const known[][2] = {
        {"HOME", "/home/user"}, {"ORGMAIL", "/var/mail/user"}, {"MAILDIR", "/home/user"}};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        g_hash_table_insert(sieve.values, g_strdup(known[i][0]), g_strdup(known[i][1]));
    translate_all(&sieve, file, file->statements);
    emit_default(&sieve);
    g_ptr_array_sort(sieve.remarks, compare_lines);
    g_autofree char *head = header(&sieve, name);
    translation_r->script = g_strconcat(head, sieve.script->str, NULL);
    translation_r->remarks = sieve.remarks;
    g_string_free(sieve.script, TRUE);
    g_hash_table_unref(sieve.needs);
    g_hash_table_unref(sieve.values);
    g_hash_table_unref(sieve.moving);
    g_free(sieve.chain);
}
