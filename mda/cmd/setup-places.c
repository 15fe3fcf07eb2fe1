// SPDX-License-Identifier: MIT
#include "cmd/setup-places.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "store/tree.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RC_MAX_BYTES (1024 * 1024)
#define DOVECONF_MS 2000
#define STORES_MAX 20

static bool is_maildir(const char *path)
{
    return read_kind(path) == READ_MAILDIR;
}

static bool is_mbox(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

// PATH with ~ for HOME. Owned by the caller.
static char *with_tilde(const char *home, const char *path)
{
    const gsize length = strlen(home);
    return g_str_has_prefix(path, home) && path[length] == '/'
               ? g_strconcat("~", path + length, NULL)
               : g_strdup(path);
}

// Always true.
static bool offer(struct places *places, const char *home, const char *kind, const char *path,
                  const char *reason)
{
    g_autofree char *shown = with_tilde(home, path);
    places->location = g_strconcat(kind, ":", shown, NULL);
    places->reason = reason;
    return true;
}

static char *read_file(const char *home, const char *name)
{
    g_autofree char *path = g_build_filename(home, name, NULL);
    char *text = NULL;
    gsize size;
    return files_read(path, RC_MAX_BYTES, &text, &size, NULL) ? text : NULL;
}

// "~/x", "$HOME/x", "%h/x" or "x" below HOME. Owned by the caller.
static char *absolute(const char *home, const char *path)
{
    static const char *const homes[] = {"~/", "$HOME/", "${HOME}/", "%h/", "%{home}/"};
    for (gsize i = 0; i < G_N_ELEMENTS(homes); i++) {
        if (g_str_has_prefix(path, homes[i]))
            return g_build_filename(home, path + strlen(homes[i]), NULL);
    }
    return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(home, path, NULL);
}

// The value of "set NAME=VALUE" in a muttrc, without quotes. The last one counts. NULL: none.
static char *mutt_value(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char *value = NULL;
    for (char **line = lines; *line; line++) {
        const char *at = *line + strspn(*line, " \t");
        if (!g_str_has_prefix(at, "set "))
            continue;
        at += 4;
        at += strspn(at, " \t");
        if (!g_str_has_prefix(at, name))
            continue;
        at += strlen(name);
        at += strspn(at, " \t");
        if (*at != '=')
            continue;
        g_free(value);
        value = g_strdup(at + 1);
        g_strstrip(g_strdelimit(value, "\"'\r", ' '));
    }
    return value;
}

// mutt's "=Sent" and "+Sent" lie in its folder.
static char *mutt_folder(const char *home, const char *folder, const char *name)
{
    g_autofree char *base = absolute(home, folder ? folder : "Mail");
    return *name == '=' || *name == '+' ? g_build_filename(base, name + 1, NULL)
                                        : absolute(home, name);
}

static char *read_muttrc(const char *home)
{
    static const char *const names[] = {".muttrc", ".mutt/muttrc", ".config/mutt/muttrc",
                                        ".neomuttrc", ".config/neomutt/neomuttrc"};
    char *text = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(names) && !text; i++)
        text = read_file(home, names[i]);
    return text;
}

static bool ask_mutt(struct places *places, const char *home)
{
    g_autofree char *text = read_muttrc(home);
    if (!text)
        return false;
    g_autofree char *folder = mutt_value(text, "folder");
    g_autofree char *spool = mutt_value(text, "spoolfile");
    g_autofree char *record = mutt_value(text, "record");
    if (record && *record && !strstr(record, "://")) {
        char *path = mutt_folder(home, folder, record);
        if (read_kind(path) != READ_NONE)
            g_ptr_array_add(places->sent, path);
        else
            g_free(path);
    }
    if (!spool || places->location || strstr(spool, "://"))
        return false;
    g_autofree char *path = mutt_folder(home, folder, spool);
    if (is_maildir(path))
        return offer(places, home, "maildir", path, "mutt's spoolfile is there");
    return is_mbox(path) && offer(places, home, "mbox", path, "mutt's spoolfile is there");
}

// What Dovecot says of everybody's mail, in this user's words: "maildir:~/Maildir:LAYOUT=fs".
static bool ask_dovecot(struct places *places, const char *home, const char *user)
{
    static const char *const programs[] = {"/usr/bin/doveconf", "/usr/local/bin/doveconf"};
    g_autoptr(GBytes) output = NULL;
    int status = 1;
    for (gsize i = 0; i < G_N_ELEMENTS(programs) && status != 0; i++) {
        char *argv[] = {(char *)"doveconf", (char *)"-h", (char *)"mail_location", NULL};
        const struct process process = {.path = programs[i],
                                        .argv = argv,
                                        .output_limit = 4096,
                                        .deadline = deadline_in(DOVECONF_MS)};
        g_clear_pointer(&output, g_bytes_unref);
        if (access(programs[i], X_OK) == 0 && !process_run(&process, &status, &output, NULL))
            status = 1;
    }
    if (status != 0 || !output)
        return false;
    gsize size;
    const char *data = g_bytes_get_data(output, &size);
    g_autofree char *line = g_strndup(data, size);
    line[strcspn(line, "\r\n")] = '\0';
    g_auto(GStrv) parts = g_strsplit(line, ":", -1);
    if (g_strv_length(parts) < 2 || !*parts[1])
        return false;
    g_autoptr(GString) path = g_string_new(parts[1]);
    g_string_replace(path, "%u", user, 0);
    g_string_replace(path, "%n", user, 0);
    g_autofree char *full = absolute(home, path->str);
    if (strcmp(parts[0], "maildir") == 0 && is_maildir(full))
        return offer(places, home, "maildir", full, "Dovecot keeps your mail there");
    return false;
}

static bool ask_mh(struct places *places, const char *home)
{
    g_autofree char *text = read_file(home, ".mh_profile");
    g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
    for (char **line = lines; line && *line; line++) {
        if (g_ascii_strncasecmp(*line, "Path:", 5) != 0)
            continue;
        g_autofree char *path = absolute(home, g_strstrip(*line + 5));
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            return offer(places, home, "mh", path, "~/.mh_profile says so");
    }
    return false;
}

static bool look_below(struct places *places, const char *home, const char *user)
{
    static const char *const maildirs[] = {"Maildir", ".maildir", ".mail", "mail", "Mail"};
    static const char *const boxes[] = {"mbox", "mail/inbox", "Mail/inbox", "mail/INBOX"};
    for (gsize i = 0; i < G_N_ELEMENTS(maildirs); i++) {
        g_autofree char *path = g_build_filename(home, maildirs[i], NULL);
        if (is_maildir(path))
            return offer(places, home, "maildir", path, "a maildir lies there");
    }
    // One that is still empty is where mail is meant to go.
    g_autofree char *usual = g_build_filename(home, "Maildir", NULL);
    if (g_file_test(usual, G_FILE_TEST_IS_DIR))
        return offer(places, home, "maildir", usual, "an empty maildir lies there");
    if (ask_mh(places, home))
        return true;
    for (gsize i = 0; i < G_N_ELEMENTS(boxes); i++) {
        g_autofree char *path = g_build_filename(home, boxes[i], NULL);
        if (is_mbox(path))
            return offer(places, home, "mbox", path, "an mbox lies there");
    }
    static const char *const spools[] = {"/var/mail", "/var/spool/mail"};
    for (gsize i = 0; i < G_N_ELEMENTS(spools); i++) {
        g_autofree char *path = g_build_filename(spools[i], user, NULL);
        if (is_mbox(path))
            return offer(places, home, "mbox", path, "your system keeps your mail there");
    }
    return false;
}

// Accounts that offlineimap, mbsync or getmail fetch: stores in stores.
static void find_accounts(struct places *places, const char *home)
{
    static const char *const roots[] = {"Mail",    "mail",     ".mail",
                                        "Maildir", "Maildirs", ".local/share/mail"};
    g_autofree char *own =
        places->location ? absolute(home, strchr(places->location, ':') + 1) : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(roots); i++) {
        g_autofree char *root = g_build_filename(home, roots[i], NULL);
        g_autoptr(GPtrArray) folders = NULL;
        if (g_strcmp0(root, own) == 0)
            continue;
        folders = tree_folders(root);
        for (guint n = 0; n < folders->len; n++) {
            const struct tree_folder *folder = g_ptr_array_index(folders, n);
            if (folder->use == USE_SENT)
                g_ptr_array_add(places->sent, g_strdup(folder->path));
        }
        if (folders->len > 0 && places->stores->len < STORES_MAX)
            g_ptr_array_add(places->stores, g_strdup(root));
    }
}

void places_find(const char *home, const char *user, struct places *places_r)
{
    *places_r = (struct places){.stores = g_ptr_array_new_with_free_func(g_free),
                                .sent = g_ptr_array_new_with_free_func(g_free)};
    (void)ask_dovecot(places_r, home, user);
    (void)ask_mutt(places_r, home);
    if (!places_r->location)
        (void)look_below(places_r, home, user);
    find_accounts(places_r, home);
}

void places_clear(struct places *places)
{
    g_clear_pointer(&places->location, g_free);
    g_ptr_array_unref(places->stores);
    g_ptr_array_unref(places->sent);
}
