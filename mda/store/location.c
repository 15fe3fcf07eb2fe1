// SPDX-License-Identifier: MIT
#include "store/location.h"

#include "base/error.h"

#include <string.h>

#define INBOX_KEY ":INBOX="

void location_clear(struct location *location)
{
    g_clear_pointer(&location->driver, g_free);
    g_clear_pointer(&location->root, g_free);
    g_clear_pointer(&location->inbox, g_free);
}

// Does a key, as Dovecot writes it, begin here?
static bool is_key(const char *text)
{
    gsize length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return length > 0 && text[length] == '=';
}

static bool is_word(const char *text, const char *word)
{
    gsize length = strlen(word);
    return strncmp(text, word, length) == 0 && (text[length] == ':' || text[length] == '\0');
}

// Behind the path: the first ":" with a key, or a switch, behind it.
static const char *find_options(const char *text)
{
    const char *at = strchr(text, ':');
    while (at && !is_key(at + 1) && !is_word(at + 1, "UTF-8") && !is_word(at + 1, "NO-NOSELECT"))
        at = strchr(at + 1, ':');
    return at ? at : text + strlen(text);
}

static bool take_layout(struct location *location, const char *value, GError **err)
{
    const bool maildir = g_strcmp0(location->driver, "maildir") == 0;
    location->by_folders = maildir && g_ascii_strcasecmp(value, "fs") == 0;
    if (location->by_folders || g_ascii_strcasecmp(value, maildir ? "maildir++" : "fs") == 0)
        return true;
    return mda_fail(err, MDA_ERROR_CONFIG, "there is no layout %s here", value);
}

static bool take_option(struct location *location, const char *option, GError **err)
{
    static const char *const passed_over[] = {
        "INDEX",      "INDEXPVT",    "INDEXCACHE",      "CONTROL",       "ALT",
        "ALTNOCHECK", "LISTINDEX",   "VOLATILEDIR",     "SUBSCRIPTIONS", "BROKENCHAR",
        "ITERINDEX",  "NO-NOSELECT", "NO-FS-VALIDATION"};
    g_auto(GStrv) pair = g_strsplit(option, "=", 2);
    const char *value = pair[0] && pair[1] ? pair[1] : "";
    if (!pair[0] || !*pair[0])
        return true;
    if (strcmp(pair[0], "INBOX") == 0) {
        g_free(location->inbox);
        location->inbox = g_strdup(value);
        return true;
    }
    if (strcmp(pair[0], "LAYOUT") == 0)
        return take_layout(location, value, err);
    for (gsize i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        if (strcmp(pair[0], passed_over[i]) == 0)
            return true;
    }
    return mda_fail(err, MDA_ERROR_CONFIG,
                    "%s is not known here, and mail might lie elsewhere by it", pair[0]);
}

static bool take_options(struct location *location, const char *text, GError **err)
{
    g_auto(GStrv) options = g_strsplit(text, ":", -1);
    for (guint i = 0; options[i]; i++) {
        if (!take_option(location, options[i], err))
            return false;
    }
    if (g_strcmp0(location->driver, "lmtp") == 0)
        return true;
    if (!g_path_is_absolute(location->root) ||
        (location->inbox && !g_path_is_absolute(location->inbox)))
        return mda_fail(err, MDA_ERROR_CONFIG, "the path is not absolute");
    return true;
}

bool location_parse(const char *text, struct location *location_r, GError **err)
{
    const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
    const bool has_driver = colon && (!slash || colon < slash);
    const char *path = has_driver ? colon + 1 : text;
    const char *options = has_driver ? find_options(path) : path + strlen(path);
    *location_r = (struct location){
        .driver = has_driver ? g_strndup(text, (gsize)(colon - text)) : NULL,
        .root = g_strndup(path, (gsize)(options - path)),
    };
    if (take_options(location_r, options, err))
        return true;
    g_prefix_error(err, "[store] location = %s: ", text);
    location_clear(location_r);
    return false;
}

char *location_join(const char *root, const char *inbox)
{
    return inbox ? g_strconcat(root, INBOX_KEY, inbox, NULL) : g_strdup(root);
}

void location_split(const char *path, char **root_r, char **inbox_r)
{
    const char *key = strstr(path, INBOX_KEY);
    *root_r = key ? g_strndup(path, (gsize)(key - path)) : g_strdup(path);
    *inbox_r = key ? g_strdup(key + strlen(INBOX_KEY)) : NULL;
}
