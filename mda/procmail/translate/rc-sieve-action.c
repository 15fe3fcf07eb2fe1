// SPDX-License-Identifier: MIT
// Actions of recipes as Sieve actions, and folders as mailboxes.
#include "procmail/translate/rc-sieve.h"

#include <string.h>

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

char *rc_sieve_folder(struct rc_sieve *sieve, const char *path)
{
    static const char *const roots[] = {"Maildir", "Mail", "mail"};
    const char *home = rc_sieve_value(sieve, "HOME");
    if (g_str_has_prefix(path, "/var/mail/") || g_str_has_prefix(path, "/var/spool/mail/") ||
        strcmp(path, rc_sieve_value(sieve, "ORGMAIL")) == 0)
        return g_strdup("");
    if (strcmp(path, rc_sieve_value(sieve, "DEFAULT")) == 0)
        return g_strdup("");
    const char *rest = strip_prefix(path, rc_sieve_value(sieve, "MAILDIR"));
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

void rc_sieve_fileinto(struct rc_sieve *sieve, const char *path, bool copy)
{
    if (strcmp(path, "/dev/null") == 0) {
        if (!copy)
            rc_sieve_emit(sieve, "discard;");
        return;
    }
    g_autofree char *folder = rc_sieve_folder(sieve, path);
    if (!folder)
        return;
    if (!*folder) {
        rc_sieve_emit(sieve, "keep;");
        return;
    }
    g_autofree char *quoted = rc_sieve_string(folder);
    rc_sieve_need(sieve, "fileinto");
    rc_sieve_need(sieve, "mailbox");
    if (copy)
        rc_sieve_need(sieve, "copy");
    rc_sieve_emit(sieve, "fileinto%s :create %s;", copy ? " :copy" : "", quoted);
}

// --- actions: each says whether it could be said

bool rc_sieve_act_folder(struct rc_sieve *sieve, const struct rc_statement *recipe, bool copy)
{
    g_auto(GStrv) words = rc_sieve_words(sieve, recipe->action_text, RC_WORDS);
    guint before = sieve->remarks->len;
    if (!words)
        return false;
    for (guint i = 0; words[i]; i++)
        rc_sieve_fileinto(sieve, words[i], copy || words[i + 1]);
    return sieve->remarks->len == before;
}

bool rc_sieve_act_forward(struct rc_sieve *sieve, const struct rc_statement *recipe, bool copy)
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
            if (!strchr(addresses[j], '@') && !strstr(addresses[j], "${")) {
                rc_sieve_remark(sieve, RC_LOST, "%s is no address for Sieve: it needs a domain",
                                addresses[j]);
                return false;
            }
            g_autofree char *quoted = rc_sieve_string(addresses[j]);
            bool last = !words[i + 1] && !addresses[j + 1];
            if (copy || !last)
                rc_sieve_need(sieve, "copy");
            rc_sieve_emit(sieve, "redirect%s %s;", copy || !last ? " :copy" : "", quoted);
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
            rc_sieve_emit(sieve, "deleteheader %s;", quoted_name);
        if (option == 'i')
            rc_sieve_remark(sieve, RC_DIFFERS, "the old %s is not kept as Old-%s", name, name);
        if (*value && option == 'a')
            rc_sieve_emit(sieve, "if not exists %s { addheader :last %s %s; }", quoted_name,
                          quoted_name, quoted_value);
        else if (*value)
            rc_sieve_emit(sieve, "addheader :last %s %s;", quoted_name, quoted_value);
    }
    return true;
}

// The mailbox that a delivery agent is told with -m.
static bool act_agent(struct rc_sieve *sieve, char **arguments, bool copy)
{
    for (guint i = 0; arguments[i]; i++) {
        if (strcmp(arguments[i], "-m") == 0 && arguments[i + 1]) {
            rc_sieve_fileinto(sieve, arguments[i + 1], copy);
            return true;
        }
    }
    rc_sieve_emit(sieve, "keep;");
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

bool rc_sieve_act_pipe(struct rc_sieve *sieve, const struct rc_statement *recipe,
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
    rc_sieve_emit(sieve, "%s%s %s%s;", head->flags[RC_FILTER] ? "filter" : "pipe",
                  copy && !head->flags[RC_FILTER] ? " :copy" : "", program, arguments);
    return true;
}

// ":0 Wh: lock" and "| formail -D 8192 cache": the recipe that drops a message seen before.
bool rc_sieve_is_duplicate_check(const struct rc_statement *recipe)
{
    g_autofree char *line = recipe->action_text ? g_strdup(recipe->action_text) : g_strdup("");
    return recipe->action == RC_PIPE && recipe->conditions->len == 0 && strstr(line, "formail") &&
           strstr(line, " -D") && !needs_shell(line);
}
