// SPDX-License-Identifier: MIT
// include, return, global (RFC 6609), and import and export of the draft before it. Included
// scripts are compiled into the program, so that what is wrong in them is known before any mail
// comes.
#include "base/error.h"
#include "sieve/lang/engine.h"

#include <string.h>

static bool location_check(struct sieve_checker *checker, struct sieve_node *node,
                           const struct sieve_tag_use *use)
{
    guint locations = 0;
    for (guint i = 0; i < node->tags->len; i++)
        locations += g_array_index(node->tags, struct sieve_tag_use, i).tag->group != NULL;
    return locations <= 1 || sieve_check_error(checker, use->arg->at, MSG_INCLUDE_LOCATION);
}

static const struct sieve_tag include_tags[] = {
    {.name = "personal", .group = "*", .check = location_check},
    {.name = "global", .group = "*", .check = location_check},
    {.name = "once"},
    {.name = "optional"},
    {.name = NULL},
};

static const char *location_name(enum sieve_location location)
{
    return location == SIEVE_GLOBAL ? "global" : "personal";
}

static const char *name_of(const struct sieve_node *node)
{
    return sieve_arg_text(g_ptr_array_index(node->positional, 0), 0)->raw;
}

static enum sieve_location location_of(const struct sieve_node *node)
{
    return sieve_has_tag(node, "global") ? SIEVE_GLOBAL : SIEVE_PERSONAL;
}

static bool name_valid(const char *name)
{
    if (!*name || strlen(name) > SIEVE_MAX_SCRIPT_NAME || !g_utf8_validate(name, -1, NULL))
        return false;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (; *name; name++) {
        if ((guchar)*name < 32 || *name == 127 || *name == '/')
            return false;
    }
    return true;
}

static bool is_script(const struct sieve_script *script, const char *name,
                      enum sieve_location location)
{
    return script->location == location && strcmp(script->name, name) == 0;
}

// A script that includes itself, through others or directly, would never end.
static bool is_circular(const struct sieve_checker *checker, const char *name,
                        enum sieve_location location)
{
    for (; checker; checker = checker->includer) {
        if (checker->includer && is_script(checker->script, name, location))
            return true;
    }
    return false;
}

static guint depth_of(const struct sieve_checker *checker)
{
    guint depth = 0;
    for (; checker->includer; checker = checker->includer)
        depth++;
    return depth;
}

static bool find_included(struct sieve_checker *checker, const char *name,
                          enum sieve_location location, guint *index_r)
{
    for (guint i = 1; i < checker->program->scripts->len; i++) {
        if (is_script(g_ptr_array_index(checker->program->scripts, i), name, location)) {
            *index_r = i;
            return true;
        }
    }
    return false;
}

static bool load(struct sieve_checker *checker, const struct sieve_node *node, char **text_r,
                 gsize *size_r)
{
    const struct sieve_host *host = checker->host;
    const char *name = name_of(node);
    g_autoptr(GError) err = NULL;
    if (host->load && host->load(host->data, location_of(node), name, text_r, size_r, &err))
        return true;
    bool gone = err && g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE);
    if (gone && sieve_has_tag(node, "optional"))
        return true;
    if (gone || !err)
        return sieve_check_error(checker, node->at, MSG_INCLUDE_MISSING,
                                 location_name(location_of(node)), name);
    return sieve_check_error(checker, node->at, MSG_INCLUDE_UNREADABLE,
                             location_name(location_of(node)), name, err->message);
}

static bool include_check(struct sieve_checker *checker, struct sieve_node *node)
{
    g_autofree char *script = NULL;
    gsize size = 0;
    const struct sieve_text *text = sieve_arg_text(g_ptr_array_index(node->positional, 0), 0);
    if (text->parts)
        return sieve_check_error(checker, text->at, MSG_INCLUDE_VARIABLE);
    if (!name_valid(text->raw))
        return sieve_check_error(checker, text->at, MSG_INCLUDE_NAME, text->raw);
    return load(checker, node, &script, &size);
}

static bool check_limits(struct sieve_checker *checker, const struct sieve_node *node)
{
    const struct sieve_host *host = checker->host;
    gint64 deepest =
        sieve_setting_number(host, "include_max_nesting_depth", SIEVE_MAX_INCLUDE_DEPTH);
    guint most = (guint)sieve_setting_number(host, "include_max_includes", SIEVE_MAX_INCLUDES);
    if (depth_of(checker) >= (guint)deepest)
        return sieve_check_error(checker, node->at, MSG_INCLUDES_TOO_DEEP, (int)deepest);
    if (!sieve_has_tag(node, "once") && is_circular(checker, name_of(node), location_of(node)))
        return sieve_check_error(checker, node->at, MSG_INCLUDE_CIRCLE);
    return checker->program->scripts->len <= most ||
           sieve_check_error(checker, node->at, MSG_TOO_MANY_INCLUDES, name_of(node), most);
}

// What a script includes is looked at when it is valid itself: its errors come first.
static bool include_finish(struct sieve_checker *checker, struct sieve_node *node)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    guint index = 0;
    const char *name = name_of(node);
    if (find_included(checker, name, location_of(node), &index) &&
        !is_circular(checker, name, location_of(node))) {
        node->data = GUINT_TO_POINTER(index);
        return true;
    }
    if (!check_limits(checker, node) || !load(checker, node, &text, &size))
        return false;
    if (!text) // optional, and not there
        return true;
    if (!find_included(checker, name, location_of(node), &index) &&
        !sieve_check_script(checker, checker->program, checker->host, checker->diagnostics, name,
                            location_of(node), text, size, &index)) {
        const struct sieve_script *script = g_ptr_array_index(checker->program->scripts, index);
        return sieve_check_error(checker, node->at, MSG_INCLUDE_FAULTY,
                                 !script->commands ? "parse"
                                 : !script->valid  ? "validate"
                                                   : "use",
                                 name);
    }
    node->data = GUINT_TO_POINTER(index);
    return true;
}

static enum sieve_flow include_run(struct sieve_run *run, const struct sieve_node *node)
{
    guint index = GPOINTER_TO_UINT(node->data);
    if (index == 0) // optional, and not there
        return FLOW_NEXT;
    if (sieve_has_tag(node, "once") && run->included[index])
        return FLOW_NEXT;
    if (run->include_depth >= SIEVE_MAX_INCLUDE_DEPTH)
        return sieve_run_fail(run, MSG_INCLUDES_NESTED);
    run->include_depth++;
    enum sieve_flow flow = sieve_run_script(run, index);
    run->include_depth--;
    return flow;
}

static const struct sieve_verb include = {.name = "include",
                                          .kind = VERB_COMMAND,
                                          .positional = "s",
                                          .labels = "value",
                                          .tags = include_tags,
                                          .check = include_check,
                                          .finish = include_finish,
                                          .run = include_run};

static enum sieve_flow return_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)run;
    (void)node;
    return FLOW_RETURN;
}

static const struct sieve_verb return_ = {
    .name = "return", .kind = VERB_COMMAND, .run = return_run};

// ---- global variables

static bool declare_global(struct sieve_checker *checker, const struct sieve_text *text)
{
    if (!sieve_variable_name_valid(text->raw))
        return sieve_check_error(checker, text->at, MSG_GLOBAL_VARIABLE_NAME, text->raw);
    char *name = g_ascii_strdown(text->raw, -1);
    if (g_hash_table_contains(checker->script->locals, name)) {
        g_free(name);
        return sieve_check_error(checker, text->at, MSG_GLOBAL_USED_LOCALLY, text->raw);
    }
    bool is_new = g_hash_table_add(checker->script->globals, name);
    // Told of the first that is one too many.
    if (is_new && g_hash_table_size(checker->script->globals) == SIEVE_MAX_VARIABLES + 1)
        return sieve_check_error(checker, text->at, MSG_TOO_MANY_GLOBALS, text->raw,
                                 SIEVE_MAX_VARIABLES);
    return true;
}

static bool global_check(struct sieve_checker *checker, struct sieve_node *node)
{
    static const char *const before[] = {"require", "import", "export", NULL};
    if (strcmp(node->verb->name, "global") != 0 && !sieve_check_stands_behind(checker, before))
        return sieve_check_error(checker, node->at, MSG_IMPORT_LATE, node->verb->name);
    if (!sieve_check_uses(checker, "variables"))
        return sieve_check_error(checker, node->at, MSG_GLOBAL_NO_VARIABLES, node->verb->name);
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    bool ok = true;
    for (guint i = 0; i < names->texts->len; i++)
        ok &= declare_global(checker, sieve_arg_text(names, i));
    return ok;
}

static const struct sieve_verb global = {.name = "global",
                                         .kind = VERB_COMMAND,
                                         .positional = "l",
                                         .labels = "variables",
                                         .check = global_check};
static const struct sieve_verb import = {.name = "import",
                                         .kind = VERB_COMMAND,
                                         .positional = "l",
                                         .labels = "variables",
                                         .check = global_check};
static const struct sieve_verb export = {.name = "export",
                                         .kind = VERB_COMMAND,
                                         .positional = "l",
                                         .labels = "variables",
                                         .check = global_check};

static const struct sieve_verb *const verbs[] = {&include, &return_, &global,
                                                 &import,  &export,  NULL};

static bool available(const struct sieve_host *host)
{
    return host->load != NULL;
}

const struct sieve_extension sieve_ext_include = {
    .name = "include", .verbs = verbs, .available = available};
