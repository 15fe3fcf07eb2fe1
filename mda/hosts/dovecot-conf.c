// SPDX-License-Identifier: MIT
// What doveconf prints is a tree of blocks, "name [key] {", and lines "name = value". A setting of
// 2.4 may be said in a block, "sieve_environment folder { value = x }", or as a list of switches,
// "sieve_extensions { editheader = no }"; 2.3 has most of it in "plugin { }".
#include "hosts/dovecot-conf.h"

#include "base/variables.h"
#include "hosts/dovecot-lines.h"
#include "sieve/settings.h"

#include <string.h>

struct translation {
    GHashTable *lines;   // "section" -> GString of lines
    GPtrArray *before;   // char *, in order
    GPtrArray *after;    // likewise
    GString *extensions; // of sieve_extensions blocks
    GString *reserved;   // of sieve_global_extensions blocks
    GString *lists, *uses;
    GString *forbid_add, *forbid_delete;
    GString *missing;
    guint missing_count, foreign;
    char *driver, *path, *options;    // the parts of mail_location
    char *inbox_path, *layout, *junk; // 2.4's others; the folder of \Junk
    char *base;                       // base_dir
};

static void set(struct translation *out, const char *section, const char *key, const char *value)
{
    GString *lines = g_hash_table_lookup(out->lines, section);
    if (!lines) {
        lines = g_string_new(NULL);
        g_hash_table_insert(out->lines, (gpointer)section, lines);
    }
    g_string_append_printf(lines, "%s = %s\n", key, value);
}

static void miss(struct translation *out, const struct dovecot_line *line, const char *why)
{
    g_autofree char *path = g_strjoinv(" / ", line->path);
    out->missing_count++;
    g_string_append_printf(out->missing, "# line %u: %s%s%s = %s: %s\n", line->number, path,
                           *path ? " / " : "", line->key, line->value, why);
}

// Blanks in "%{user | domain}" would end a word of a list.
static char *without_blanks_in_braces(const char *text)
{
    GString *out = g_string_new(NULL);
    bool inside = false;
    for (; *text; text++) {
        inside = (inside || g_str_has_prefix(text, "%{")) && *text != '}';
        if (!inside || *text != ' ')
            g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

// A path with variables that are known here; NULL when it has others. Owned by the caller.
static char *home_path(const char *text)
{
    static const char *const homes[] = {"%h", "%{home}"};
    const struct variables sample = {.user = "ann@example.org", .home = "/home"};
    g_autofree char *path =
        without_blanks_in_braces(g_str_has_prefix(text, "file:") ? text + 5 : text);
    for (guint i = 0; i < G_N_ELEMENTS(homes); i++) {
        g_auto(GStrv) parts = g_strsplit(path, homes[i], -1);
        g_free(path);
        path = g_strjoinv("~", parts);
    }
    g_autofree char *tried = variables_expand(path, &sample, NULL);
    return tried ? g_steal_pointer(&path) : NULL;
}

static void set_path(struct translation *out, const struct dovecot_line *line, const char *key)
{
    g_autofree char *path = home_path(line->value);
    if (path)
        set(out, "sieve", key, path);
    else
        miss(out, line, "it has variables that are not known here");
}

static void add_path(struct translation *out, const struct dovecot_line *line, GPtrArray *list)
{
    g_autofree char *path = home_path(line->value);
    if (path && !strpbrk(path, " ,"))
        g_ptr_array_add(list, g_steal_pointer(&path));
    else
        miss(out, line, "only a path of a file or directory without blanks is taken here");
}

// "file:~/sieve;active=~/.dovecot.sieve", or the script alone.
static void take_sieve(struct translation *out, const struct dovecot_line *line)
{
    g_auto(GStrv) parts = g_strsplit(line->value, ";", -1);
    g_autofree char *path = parts[0] ? home_path(parts[0]) : NULL;
    g_autofree char *active = NULL;
    for (guint i = 1; parts[0] && parts[i]; i++) {
        if (g_str_has_prefix(parts[i], "active="))
            active = home_path(parts[i] + strlen("active="));
    }
    if (!path || strpbrk(path, " ,") ||
        (strchr(line->value, ':') && !g_str_has_prefix(line->value, "file:"))) {
        miss(out, line, "only scripts in files of the user's home are taken here");
    } else if (active || !g_str_has_suffix(path, ".sieve")) {
        set(out, "sieve", "scripts", active ? active : "~/.dovecot.sieve");
        set(out, "sieve", "personal", path);
    } else {
        set(out, "sieve", "scripts", path);
    }
}

// ---- The store

static void take_location(struct translation *out, const struct dovecot_line *line)
{
    const char *colon = strchr(line->value, ':');
    if (!colon) {
        if (*line->value)
            miss(out, line, "it says no driver");
        return;
    }
    g_auto(GStrv) parts = g_strsplit(colon + 1, ":", 2);
    g_free(out->driver);
    g_free(out->path);
    g_free(out->options);
    out->driver = g_strndup(line->value, (gsize)(colon - line->value));
    out->path = g_strdup(parts[0]);
    out->options = parts[0] && parts[1] ? g_strconcat(":", parts[1], NULL) : NULL;
}

// 2.4 says the parts one by one.
static char *whole_location(const struct translation *out)
{
    const char *inbox = out->inbox_path, *layout = out->layout;
    const bool mbox = strcmp(out->driver, "mbox") == 0;
    if (mbox && !inbox && out->options && g_str_has_prefix(out->options, ":INBOX=") &&
        !strchr(out->options + 1, ':'))
        inbox = out->options + strlen(":INBOX=");
    g_autofree char *own = NULL;
    if (mbox && !inbox && out->path && (!out->options || !strstr(out->options, ":INBOX=")))
        inbox = own = g_build_filename(out->path, "inbox", NULL);
    // The folders of an mbox are in ~/mail anyway.
    if (mbox && inbox && g_strcmp0(out->path, "~/mail") == 0 && !layout)
        return g_strconcat("mbox:", inbox, NULL);
    inbox = own ? own : out->inbox_path;
    return g_strconcat(out->driver, ":", out->path ? out->path : "",
                       out->options ? out->options : "", layout ? ":LAYOUT=" : "",
                       layout ? layout : "", inbox ? ":INBOX=" : "", inbox ? inbox : "", NULL);
}

static void finish_location(struct translation *out)
{
    if (!out->driver)
        return;
    g_autofree char *whole = whole_location(out);
    g_autofree char *location = home_path(whole);
    const bool known = strcmp(out->driver, "mbox") == 0 || strcmp(out->driver, "maildir") == 0;
    // What cannot be written must not go to where nobody looks: the delivery says so.
    set(out, "store", "location", location ? location : whole);
    if (known && location)
        return;
    out->missing_count++;
    g_string_append_printf(out->missing, "# mail location %s: %s\n", whole,
                           known ? "it has variables that are not known here"
                                 : "it cannot be written here: [store] location = lmtp:unix:SOCKET "
                                   "hands the mail on to Dovecot");
}

// ---- Blocks

static const char *outer(const struct dovecot_line *line)
{
    return line->depth > 0 ? line->path[line->depth - 1] : "";
}

// The key of a block "NAME key {", or NULL when LINE does not stand in one.
static const char *block_key(const struct dovecot_line *line, const char *name)
{
    for (guint i = 0; i < line->depth; i++) {
        gsize length = strlen(name);
        if (strncmp(line->path[i], name, length) == 0 &&
            (line->path[i][length] == ' ' || line->path[i][length] == '\0'))
            return line->path[i] + length + (line->path[i][length] == ' ');
    }
    return NULL;
}

static bool is_yes(const char *value)
{
    return *value && strchr("yYtT1", *value);
}

static void add_word(GString *list, const char *mark, const char *word)
{
    if (list->len > 0)
        g_string_append_c(list, ' ');
    g_string_append_printf(list, "%s%s", mark, word);
}

static const char *without_prefix(const char *key, const char *prefix)
{
    return g_str_has_prefix(key, prefix) ? key + strlen(prefix) : key;
}

// sieve_script NAME { type = before; path = … } of 2.4.
static void take_script(struct translation *out, const struct dovecot_line *line)
{
    const char *key = without_prefix(line->key, "sieve_script_");
    const char *type = dovecot_sibling(line, "type");
    type = type ? type : dovecot_sibling(line, "sieve_script_type");
    if (!type)
        type = "personal";
    if (strcmp(key, "active_path") == 0)
        set_path(out, line, "scripts");
    else if (strcmp(key, "path") == 0 && strcmp(type, "before") == 0)
        add_path(out, line, out->before);
    else if (strcmp(key, "path") == 0 && strcmp(type, "after") == 0)
        add_path(out, line, out->after);
    else if (strcmp(key, "path") == 0 && strcmp(type, "default") == 0)
        set_path(out, line, "default");
    else if (strcmp(key, "path") == 0 && strcmp(type, "global") == 0)
        set_path(out, line, "global");
    else if (strcmp(key, "path") == 0 && strcmp(type, "personal") == 0)
        set_path(out, line, "personal");
    else if (strcmp(key, "driver") == 0 && strcmp(line->value, "file") != 0)
        miss(out, line, "scripts are files here");
    else if (strcmp(key, "type") != 0 && strcmp(key, "driver") != 0)
        miss(out, line, "there is no such setting of a script here");
}

// sieve_extlists_list NAME { dict file { path = … } }
static void take_list(struct translation *out, const struct dovecot_line *line, const char *name)
{
    const char *key =
        without_prefix(without_prefix(line->key, "dict_file_"), "sieve_extlists_list_");
    g_autofree char *path = home_path(line->value);
    if (strcmp(key, "path") == 0 && path && !strpbrk(path, " ,=")) {
        g_auto(GStrv) parts = g_strsplit(name, ",", -1);
        g_autofree char *coded = g_strjoinv("%2C", parts);
        g_autofree char *pair = g_strdup_printf("%s=%s", coded, path);
        add_word(out->lists, "", pair);
    } else if (strcmp(key, "max_lookup_size") != 0) {
        miss(out, line, "a list is a file here, a member a line");
    }
}

static void take_setting(struct translation *out, const struct dovecot_line *line, const char *name,
                         const char *value)
{
    g_autoptr(GHashTable) ignored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) err = NULL;
    if (sieve_settings_put(ignored, name, value, &err))
        set(out, "sieve-settings", name, value);
    else
        miss(out, line, err->message);
}

// mailbox NAME { special_use = \Junk }
static void take_mailbox(struct translation *out, const struct dovecot_line *line, const char *name)
{
    const char *key = without_prefix(line->key, "mailbox_");
    if (strcmp(key, "special_use") == 0) {
        const bool junk = g_ascii_strcasecmp(line->value, "\\Junk") == 0;
        g_autofree char *pair = g_strdup_printf("%s=%s", name, line->value);
        if (junk && !out->junk)
            out->junk = g_strdup(name);
        if (strpbrk(pair, " ,"))
            miss(out, line, "a name with a blank does not fit into [store] special-use");
        else
            add_word(out->uses, "", pair);
    } else if (strcmp(key, "autoexpunge") == 0) {
        const char *use = dovecot_sibling(line, "special_use");
        use = use ? use : dovecot_sibling(line, "mailbox_special_use");
        if (use && g_ascii_strcasecmp(use, "\\Junk") == 0)
            set(out, "junk", "expire", line->value);
        else
            miss(out, line, "backstop expire looks after the Junk folder alone");
    }
}

// True when LINE stands in a block that has a meaning of its own.
static bool take_block(struct translation *out, const struct dovecot_line *line)
{
    const char *key = NULL;
    if (block_key(line, "sieve_script")) {
        take_script(out, line);
    } else if (strcmp(outer(line), "sieve_extensions") == 0) {
        add_word(out->extensions, is_yes(line->value) ? "+" : "-", line->key);
    } else if (strcmp(outer(line), "sieve_global_extensions") == 0) {
        add_word(out->reserved, is_yes(line->value) ? "+" : "-", line->key);
    } else if (strcmp(outer(line), "sieve_plugins") == 0) {
        if (strcmp(line->key, "sieve_extprograms") != 0)
            miss(out, line, "there is no such plugin here");
    } else if ((key = block_key(line, "sieve_extlists_list"))) {
        take_list(out, line, key);
    } else if ((key = block_key(line, "sieve_environment"))) {
        g_autofree char *name = g_strconcat("sieve_environment/", *key ? key : line->key, NULL);
        take_setting(out, line, name, line->value);
    } else if ((key = block_key(line, "sieve_editheader_header"))) {
        const char *what = without_prefix(line->key, "sieve_editheader_header_");
        if (strcmp(what, "forbid_add") == 0 && is_yes(line->value))
            add_word(out->forbid_add, "", key);
        else if (strcmp(what, "forbid_delete") == 0 && is_yes(line->value))
            add_word(out->forbid_delete, "", key);
    } else if (g_str_has_suffix(outer(line), "test_text_value")) {
        g_autofree char *name = g_strdup_printf("%s/%s", outer(line), line->key);
        take_setting(out, line, name, line->value);
    } else if ((key = block_key(line, "mailbox"))) {
        take_mailbox(out, line, key);
    } else {
        return false;
    }
    return true;
}

// ---- Lines

static bool numbered(const char *key, const char *name)
{
    return g_str_has_prefix(key, name) &&
           key[strlen(name) + strspn(key + strlen(name), "0123456789")] == '\0';
}

static void take_sieve_line(struct translation *out, const struct dovecot_line *line)
{
    const char *key = line->key;
    if (strcmp(key, "sieve") == 0)
        take_sieve(out, line);
    else if (strcmp(key, "sieve_dir") == 0)
        set_path(out, line, "personal");
    else if (strcmp(key, "sieve_default") == 0)
        set_path(out, line, "default");
    else if (numbered(key, "sieve_before"))
        add_path(out, line, out->before);
    else if (numbered(key, "sieve_after"))
        add_path(out, line, out->after);
    else if (strcmp(key, "sieve_global") == 0 || strcmp(key, "sieve_global_dir") == 0)
        set_path(out, line, "global");
    else if (strcmp(key, "sieve_plugins") == 0 && strcmp(line->value, "sieve_extprograms") == 0)
        return; // built in
    else
        take_setting(out, line, key, line->value);
}

static void take_submission(struct translation *out, const struct dovecot_line *line)
{
    g_autofree char *server = g_strconcat("smtp://", line->value, NULL);
    if (strcmp(line->key, "submission_host") == 0)
        set(out, "sendmail", "server", server);
    else if (strcmp(line->key, "submission_ssl") == 0 && strcmp(line->value, "starttls") == 0)
        set(out, "sendmail", "starttls", "yes");
    else if (strcmp(line->key, "submission_timeout") == 0)
        set(out, "sendmail", "timeout", line->value);
    else
        miss(out, line, "see [sendmail] in backstop.conf(5)");
}

// Who the users are: Dovecot's auth process knows, whatever it knows it from.
static bool take_users_line(struct translation *out, const struct dovecot_line *line)
{
    static const struct {
        const char *key, *ours;
    } keys[] = {{"mail_home", "home"}, {"mail_uid", "uid"}, {"mail_gid", "gid"}};
    if (line->depth > 0)
        return false;
    if (strcmp(line->key, "base_dir") == 0) {
        g_free(out->base);
        out->base = g_strdup(line->value);
        return true;
    }
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(line->key, keys[i].key) != 0)
            continue;
        g_autofree char *value = without_blanks_in_braces(line->value);
        if (*value)
            set(out, "users", keys[i].ours, value);
        return true;
    }
    return false;
}

// quota_rule = *:storage=1G (a bare number is of KiB), *:bytes=N, *:messages=N.
static bool take_quota_rule(struct translation *out, const char *rule)
{
    if (!g_str_has_prefix(rule, "*:"))
        return false; // of one folder
    g_auto(GStrv) limits = g_strsplit(rule + 2, ":", -1);
    bool known = limits[0] != NULL;
    for (guint i = 0; limits[i]; i++) {
        char *equals = strchr(limits[i], '=');
        const char *value = equals ? equals + 1 : "";
        bool plain = *value && value[strspn(value, "0123456789")] == '\0';
        bool sized = g_ascii_isdigit(*value) && !strchr(value, '%');
        g_autofree char *kilobytes = plain ? g_strconcat(value, "k", NULL) : g_strdup(value);
        if (g_str_has_prefix(limits[i], "storage=") && sized)
            set(out, "quota", "storage", kilobytes);
        else if (g_str_has_prefix(limits[i], "bytes=") && sized)
            set(out, "quota", "storage", value);
        else if (g_str_has_prefix(limits[i], "messages=") && plain)
            set(out, "quota", "messages", value);
        else
            known = false;
    }
    return known;
}

static void take_line(struct translation *out, const struct dovecot_line *line)
{
    const char *key = line->key, *value = line->value;
    if (take_block(out, line))
        return;
    if (g_str_has_prefix(key, "sieve"))
        take_sieve_line(out, line);
    else if (strcmp(key, "mail_location") == 0)
        take_location(out, line);
    else if (strcmp(key, "mail_driver") == 0)
        out->driver = g_strdup(value);
    else if (strcmp(key, "mail_path") == 0)
        out->path = g_strdup(value);
    else if (strcmp(key, "mail_inbox_path") == 0)
        out->inbox_path = g_strdup(value);
    else if (strcmp(key, "mailbox_list_layout") == 0)
        out->layout = g_strdup(value);
    else if (take_users_line(out, line))
        return;
    else if (strcmp(key, "lda_mailbox_autocreate") == 0)
        set(out, "store", "create-folders", is_yes(value) ? "yes" : "no");
    else if (strcmp(key, "sendmail_path") == 0)
        set(out, "sendmail", "command", value);
    else if (g_str_has_prefix(key, "submission_"))
        take_submission(out, line);
    else if (strcmp(key, "postmaster_address") == 0 || strcmp(key, "recipient_delimiter") == 0)
        take_setting(out, line, key, value);
    else if (strcmp(key, "prefix") == 0 && *value && g_str_has_prefix(outer(line), "namespace"))
        miss(out, line,
             "folders have their names without a prefix here; INBOX in front is dropped");
    else if (strcmp(key, "quota_rule") == 0 && take_quota_rule(out, value))
        return;
    else if (g_str_has_prefix(key, "quota") || strstr(outer(line), "quota"))
        miss(out, line, "there is no such limit in these settings; see backstop.conf(5)");
    else if (g_str_has_prefix(key, "imapsieve") || g_str_has_prefix(key, "lda_") ||
             g_str_has_prefix(key, "lmtp_"))
        miss(out, line, "it has no counterpart");
    else
        out->foreign++;
}

static void set_list(struct translation *out, const char *section, const char *key,
                     const GPtrArray *list)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++)
        add_word(all, "", g_ptr_array_index(list, i));
    if (all->len > 0)
        set(out, section, key, all->str);
}

static void set_words(struct translation *out, const char *section, const char *key, GString *words)
{
    if (words->len > 0)
        set(out, section, key, words->str);
    g_string_free(words, TRUE);
}

static void finish(struct translation *out)
{
    finish_location(out);
    if (out->base) {
        g_autofree char *source = g_strdup_printf("dovecot-auth:%s/auth-userdb", out->base);
        set(out, "users", "source", source);
        g_autofree char *onward = g_strdup_printf("unix:%s/lmtp", out->base);
        set(out, "store", "onward", onward);
    }
    set_list(out, "sieve", "before", out->before);
    set_list(out, "sieve", "after", out->after);
    set_words(out, "sieve", "lists", out->lists);
    set_words(out, "store", "special-use", out->uses);
    set_words(out, "sieve-settings", "sieve_extensions", out->extensions);
    set_words(out, "sieve-settings", "sieve_global_extensions", out->reserved);
    set_words(out, "sieve-settings", "sieve_editheader_forbid_add", out->forbid_add);
    set_words(out, "sieve-settings", "sieve_editheader_forbid_delete", out->forbid_delete);
    if (out->junk)
        set(out, "junk", "folder", out->junk);
}

static void string_free(gpointer data)
{
    g_string_free(data, TRUE);
}

char *dovecot_conf_translate(const char *text, guint *missing_r)
{
    static const char *const sections[] = {"users",    "store", "quota",         "junk",
                                           "sendmail", "sieve", "sieve-settings"};
    struct translation out = {.lines =
                                  g_hash_table_new_full(g_str_hash, g_str_equal, NULL, string_free),
                              .before = g_ptr_array_new_with_free_func(g_free),
                              .after = g_ptr_array_new_with_free_func(g_free),
                              .extensions = g_string_new(NULL),
                              .reserved = g_string_new(NULL),
                              .lists = g_string_new(NULL),
                              .uses = g_string_new(NULL),
                              .forbid_add = g_string_new(NULL),
                              .forbid_delete = g_string_new(NULL),
                              .missing = g_string_new(NULL)};
    g_autoptr(GPtrArray) lines = dovecot_lines_read(text);
    for (guint i = 0; i < lines->len; i++)
        take_line(&out, g_ptr_array_index(lines, i));
    finish(&out);
    GString *conf = g_string_new("# From doveconf -n, by backstop config --from-dovecot.\n");
    for (guint i = 0; i < G_N_ELEMENTS(sections); i++) {
        const GString *section = g_hash_table_lookup(out.lines, sections[i]);
        if (section)
            g_string_append_printf(conf, "\n[%s]\n%s", sections[i], section->str);
    }
    if (out.missing->len > 0)
        g_string_append_printf(conf, "\n# Without a counterpart:\n%s", out.missing->str);
    if (out.foreign > 0)
        g_string_append_printf(conf, "\n# %u other lines are about IMAP, logins and the like.\n",
                               out.foreign);
    *missing_r = out.missing_count;
    g_hash_table_unref(out.lines);
    g_ptr_array_unref(out.before);
    g_ptr_array_unref(out.after);
    g_string_free(out.missing, TRUE);
    g_free(out.driver);
    g_free(out.path);
    g_free(out.options);
    g_free(out.layout);
    g_free(out.base);
    g_free(out.inbox_path);
    g_free(out.junk);
    return g_string_free(conf, FALSE);
}

char *dovecot_fields_translate(GHashTable *fields)
{
    GString *text = g_string_new(NULL);
    GHashTableIter at;
    gpointer key, value;
    guint missing = 0;
    g_hash_table_iter_init(&at, fields);
    while (g_hash_table_iter_next(&at, &key, &value)) {
        const char *name = strcmp(key, "mail") == 0 ? "mail_location" : key;
        if (!strpbrk(value, "\r\n"))
            g_string_append_printf(text, "%s = %s\n", name, (const char *)value);
    }
    char *out = dovecot_conf_translate(text->str, &missing);
    g_string_free(text, TRUE);
    return out;
}
