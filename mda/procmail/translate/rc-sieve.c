// SPDX-License-Identifier: MIT
// Statements as Sieve commands.
//
// Design rationale:
// - A recipe that delivers without c ends the run, so its commands end in "stop".
// - What cannot be said becomes a comment in its place and a remark; a recipe with a condition that
//   is lost is left out whole, for a test too few would file other people's mail.
// - Values that stand fast when the file is read are put in; what MATCH or a block sets becomes a
//   variable of the script.
#include "procmail/translate/rc-sieve.h"

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

static void emit_comment(struct rc_sieve *sieve, const char *text, gsize length)
{
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_strdelimit(lines[i], "\r", ' ');
        if (lines[i + 1] || *g_strstrip(lines[i]))
            rc_sieve_emit(sieve, "# %s", lines[i]);
    }
}

static void translate_all(struct rc_sieve *sieve, const struct rc_file *file,
                          const GPtrArray *statements);

static void set_match(struct rc_sieve *sieve, guint group)
{
    if (group == 0)
        return;
    rc_sieve_need(sieve, "variables");
    rc_sieve_emit(sieve, "set \"MATCH\" \"${%u}\";", group);
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
        said = rc_sieve_act_folder(sieve, recipe, copy);
        break;
    case RC_FORWARD:
        said = rc_sieve_act_forward(sieve, recipe, copy);
        break;
    case RC_PIPE:
        said = rc_sieve_act_pipe(sieve, recipe, head);
        break;
    case RC_MISSING:
    case RC_CUT_OFF:
    default:
        rc_sieve_remark(sieve, RC_LOST, "a recipe without an action");
        said = false;
    }
    bool goes_on = copy || head->flags[RC_FILTER] || recipe->capture;
    if (said && !goes_on)
        rc_sieve_emit(sieve, "stop;");
    return said;
}

static void emit_lost(struct rc_sieve *sieve)
{
    rc_sieve_emit(sieve, "# not translated: see the remarks for line %u", sieve->line);
}

static void translate_duplicate(struct rc_sieve *sieve)
{
    rc_sieve_need(sieve, "duplicate");
    rc_sieve_remark(sieve, RC_DIFFERS, "messages are remembered for a time instead of by number");
    rc_sieve_emit(sieve, "if duplicate {");
    rc_sieve_emit(sieve, "    discard;");
    rc_sieve_emit(sieve, "    stop;");
    rc_sieve_emit(sieve, "}");
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
    if (rc_sieve_is_duplicate_check(recipe)) {
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
            rc_sieve_emit(sieve, "%s %s {", word, test);
        sieve->depth += bare ? 0 : 1;
        set_match(sieve, match);
        bool said = translate_action(sieve, file, recipe, &head);
        sieve->depth -= bare ? 0 : 1;
        if (!said) {
            g_string_truncate(script, before);
            emit_lost(sieve);
        } else if (!bare) {
            rc_sieve_emit(sieve, "}");
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
    rc_sieve_emit(sieve, "include :personal :optional %s;", quoted);
    if (strcmp(name, "SWITCHRC") == 0)
        rc_sieve_emit(sieve, "stop;");
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
    rc_sieve_emit(sieve, "set \"%s\" %s;", name, quoted);
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
            rc_sieve_emit(sieve, "stop;");
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
    const char *place = rc_sieve_value(sieve, "DEFAULT");
    if (!*place)
        return;
    g_autofree char *copy = g_strdup(place);
    g_hash_table_remove(sieve->values, "DEFAULT");
    g_autofree char *folder = rc_sieve_folder(sieve, copy);
    if (folder && *folder)
        rc_sieve_fileinto(sieve, copy, false);
    else if (strcmp(copy, "/dev/null") == 0)
        rc_sieve_emit(sieve, "discard;");
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
