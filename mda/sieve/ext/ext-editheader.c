// SPDX-License-Identifier: MIT
// addheader, deleteheader (RFC 5293). The edited header is what later tests see and what is stored
// and sent. Received and Auto-Submitted can not be deleted, for loops are found by them; Subject
// can always be changed (§6).
#include "base/text.h"
#include "sieve/lang/fields.h"
#include "sieve/lang/match-type.h"

#include <string.h>

#define MAX_VALUE 2048

enum forbidden { FORBID_ADD, FORBID_DELETE };

static bool in_words(const char *words, const char *name)
{
    g_auto(GStrv) list = g_strsplit(words ? words : "", " ", -1);
    for (guint i = 0; list[i]; i++) {
        if (*list[i] && g_ascii_strcasecmp(list[i], name) == 0)
            return true;
    }
    return false;
}

// Settings of one header: editheader_header lists keys, editheader_header/KEY/forbid_add is a
// switch.
static bool forbidden_by_key(const struct sieve_host *host, const char *name, const char *what)
{
    g_auto(GStrv) keys = g_strsplit(
        sieve_setting(host, "editheader_header") ? sieve_setting(host, "editheader_header") : "",
        " ", -1);
    for (guint i = 0; keys[i]; i++) {
        g_autofree char *name_key = g_strdup_printf("editheader_header/%s/name", keys[i]);
        g_autofree char *what_key = g_strdup_printf("editheader_header/%s/%s", keys[i], what);
        const char *named = sieve_setting(host, name_key);
        if (*keys[i] && g_ascii_strcasecmp(named ? named : keys[i], name) == 0 &&
            sieve_setting_bool(host, what_key, false))
            return true;
    }
    return false;
}

static bool is_forbidden(const struct sieve_host *host, const char *name, enum forbidden how)
{
    if (g_ascii_strcasecmp(name, "subject") == 0)
        return false;
    if (how == FORBID_DELETE && (g_ascii_strcasecmp(name, "received") == 0 ||
                                 g_ascii_strcasecmp(name, "auto-submitted") == 0))
        return true;
    const char *what = how == FORBID_ADD ? "forbid_add" : "forbid_delete";
    g_autofree char *key = g_strconcat("editheader_", what, NULL);
    return in_words(sieve_setting(host, "editheader_protected"), name) ||
           in_words(sieve_setting(host, key), name) || forbidden_by_key(host, name, what);
}

// RFC 5322 §2.2: a name of printable characters.
static bool check_name(struct sieve_checker *checker, const struct sieve_node *node,
                       const struct sieve_text *text)
{
    enum forbidden how = *node->verb->name == 'a' ? FORBID_ADD : FORBID_DELETE;
    if (text->parts)
        return true;
    if (!text_is_field_name(text->raw))
        return sieve_check_error(checker, text->at, MSG_EDIT_NAME, node->verb->name, text->raw);
    if (is_forbidden(checker->host, text->raw, how))
        sieve_check_warn(checker, text->at, MSG_EDIT_FORBIDDEN, node->verb->name,
                         how == FORBID_ADD ? "adding" : "deleting", text->raw);
    return true;
}

static const struct sieve_text *text_at(const struct sieve_node *node, guint n)
{
    return sieve_arg_text(g_ptr_array_index(node->positional, n), 0);
}

static gsize max_value(const struct sieve_host *host)
{
    return (gsize)MAX(1024, sieve_setting_size(host, "editheader_max_header_size", MAX_VALUE));
}

static bool addheader_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_text *value = text_at(node, 1);
    if (!check_name(checker, node, text_at(node, 0)))
        return false;
    if (!value->parts && strstr(value->raw, SIEVE_NUL))
        return sieve_check_error(checker, value->at, MSG_EDIT_NUL);
    if (!value->parts && strlen(value->raw) > max_value(checker->host))
        return sieve_check_error(checker, value->at, MSG_EDIT_TOO_LONG, value->raw,
                                 strlen(value->raw));
    return true;
}

static const struct sieve_tag add_tags[] = {{.name = "last"}, {.name = NULL}};

// RFC 5703 §5: what replace keeps of a header must stay.
static bool kept_by_replace(const struct sieve_run *run, const char *name)
{
    return sieve_script_uses(run->script, "replace") &&
           (g_ascii_strcasecmp(name, "Original-Subject") == 0 ||
            g_ascii_strcasecmp(name, "Original-From") == 0);
}

static enum sieve_flow addheader_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0);
    g_autofree char *value = sieve_text_expand_nul(run, text_at(node, 1));
    if (!text_is_field_name(name))
        return sieve_run_fail(run, MSG_ADD_NAME, name);
    if (strstr(value, SIEVE_NUL))
        return sieve_run_fail(run, MSG_EDIT_NUL);
    if (is_forbidden(run->host, name, FORBID_ADD) || kept_by_replace(run, name)) {
        sieve_run_warn(run, MSG_ADD_FORBIDDEN, name);
        return FLOW_NEXT;
    }
    if (strlen(value) > max_value(run->host))
        return sieve_run_fail(run, MSG_EDIT_TOO_LONG, value, strlen(value));
    sieve_view_add(run->view, name, g_strstrip(value), sieve_has_tag(node, "last"));
    return FLOW_NEXT;
}

static const struct sieve_verb addheader = {.name = "addheader",
                                            .kind = VERB_COMMAND,
                                            .positional = "ss",
                                            .labels = "field-name|value",
                                            .tags = add_tags,
                                            .check = addheader_check,
                                            .run = addheader_run};

// ---- deleteheader

static bool index_check(struct sieve_checker *checker, struct sieve_node *node,
                        const struct sieve_tag_use *use)
{
    return use->value->number > 0 ||
           sieve_check_error(checker, use->value->at, MSG_EDIT_INDEX_ZERO, node->verb->name);
}

static bool last_check(struct sieve_checker *checker, struct sieve_node *node,
                       const struct sieve_tag_use *use)
{
    for (guint i = 0; i < node->args->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG && strcmp(arg->tag, "index") == 0)
            return true;
    }
    return sieve_check_error(checker, use->arg->at, MSG_EDIT_LAST_ALONE, node->verb->name);
}

static const struct sieve_tag delete_tags[] = {
    {.name = "index", .value = 'n', .check = index_check},
    {.name = "last", .check = last_check},
    {.name = NULL},
};

static bool deleteheader_check(struct sieve_checker *checker, struct sieve_node *node)
{
    return check_name(checker, node, text_at(node, 0));
}

static bool value_matches(struct sieve_run *run, const struct sieve_node *node,
                          struct sieve_view_field *field)
{
    struct sieve_matching matching;
    if (node->positional->len < 2)
        return true;
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 1));
    sieve_matching_value(&matching, sieve_view_decoded(run->view, field));
    return sieve_matching_end(&matching);
}

static void delete_fields(struct sieve_run *run, const struct sieve_node *node, const char *name)
{
    GPtrArray *fields = sieve_view_fields(run->view);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < fields->len; i++) {
        struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0)
            g_array_append_val(found, i);
    }
    guint64 index = sieve_tag_number(node, "index", 0);
    bool last = sieve_has_tag(node, "last");
    for (guint i = found->len; i > 0; i--) {
        guint64 number = last ? found->len - i + 1 : i;
        guint at = g_array_index(found, guint, i - 1);
        if ((index == 0 || number == index) &&
            value_matches(run, node, g_ptr_array_index(fields, at)))
            sieve_view_remove(run->view, at);
    }
}

static enum sieve_flow deleteheader_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0);
    if (!text_is_field_name(name))
        return sieve_run_fail(run, MSG_DELETE_NAME, name);
    if (is_forbidden(run->host, name, FORBID_DELETE) || kept_by_replace(run, name)) {
        sieve_run_warn(run, MSG_DELETE_FORBIDDEN, name);
        return FLOW_NEXT;
    }
    delete_fields(run, node, name);
    return FLOW_NEXT;
}

static const struct sieve_verb deleteheader = {.name = "deleteheader",
                                               .kind = VERB_COMMAND,
                                               .positional = "s|l",
                                               .labels = "field name|value patterns",
                                               .takes = TAKES_MATCH,
                                               .tags = delete_tags,
                                               .check = deleteheader_check,
                                               .run = deleteheader_run};

static const struct sieve_verb *const verbs[] = {&addheader, &deleteheader, NULL};

const struct sieve_extension sieve_ext_editheader = {.name = "editheader", .verbs = verbs};
