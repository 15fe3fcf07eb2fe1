// SPDX-License-Identifier: MIT
// doveconf knows its own language: it is asked, and what it says is kept until one of the files
// that it read is another. A process for each message must not cost the time of two.
#include "delivery/dovecot.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "conf/load.h"
#include "delivery/user.h"
#include "hosts/dovecot-conf.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOVECONF_MILLISECONDS 30000
#define OUTPUT_MAX_BYTES (4 * 1024 * 1024)
#define FILES_MAX 500 // that one configuration is made of
#define SITE_CACHE "/var/cache/backstop"
#define FORMAT "2" // of what is kept

static const char *doveconf_path(void)
{
    static const char *const places[] = {"/usr/bin/doveconf", "/usr/local/bin/doveconf",
                                         "/opt/dovecot/bin/doveconf"};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

// ---- Is it still what it was?

static void add_file(GChecksum *sum, const char *path, guint *left);

static void add_included(GChecksum *sum, const char *directory, const char *pattern, guint *left)
{
    glob_t found;
    g_autofree char *whole = g_path_is_absolute(pattern)
                                 ? g_strdup(pattern)
                                 : g_build_filename(directory, pattern, NULL);
    if (glob(whole, 0, NULL, &found) != 0)
        return;
    for (gsize i = 0; i < found.gl_pathc; i++)
        add_file(sum, found.gl_pathv[i], left);
    globfree(&found);
}

// The file and those that it includes, their names and contents; one that cannot be read counts by
// its name.
static void add_file(GChecksum *sum, const char *path, guint *left)
{
    g_autofree char *text = NULL;
    g_autofree char *directory = g_path_get_dirname(path);
    g_checksum_update(sum, (const guchar *)path, (gssize)strlen(path) + 1);
    if (*left == 0 || !files_read(path, FILES_TEXT_MAX, &text, NULL, NULL))
        return;
    (*left)--;
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        if (g_str_has_prefix(line, "!include_try"))
            line += strlen("!include_try");
        else if (g_str_has_prefix(line, "!include"))
            line += strlen("!include");
        else
            continue;
        if (g_ascii_isspace(*line))
            add_included(sum, directory, line + strspn(line, " \t"), left);
    }
}

static char *digest_of(const char *file, const char *program, const char *service)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    struct stat status = {0};
    guint left = FILES_MAX;
    if (stat(program, &status) != 0)
        return NULL;
    g_autofree char *about =
        g_strdup_printf(FORMAT " %s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, service, program,
                        (gint64)status.st_mtime, (gint64)status.st_size);
    g_checksum_update(sum, (const guchar *)about, (gssize)strlen(about));
    add_file(sum, file, &left);
    return g_strdup(g_checksum_get_string(sum));
}

// ---- What is kept

// Where we keep it, or NULL: the site's place, else one in the home of the account that we run as.
static char *cache_directory(bool write)
{
    if (access(SITE_CACHE, write ? W_OK | X_OK : X_OK) == 0)
        return g_strdup(SITE_CACHE);
    struct mail_user account = {0};
    struct stat status;
    char *directory = NULL;
    if (user_find(NULL, &account, NULL) == USER_KNOWN && stat(account.home, &status) == 0 &&
        status.st_uid == geteuid())
        directory = g_build_filename(account.home, ".cache", "backstop", NULL);
    user_clear(&account);
    return directory;
}

static char *cache_path(const char *digest, bool write)
{
    g_autofree char *directory = cache_directory(write);
    g_autofree char *name = g_strdup_printf("dovecot-%.16s.conf", digest);
    return directory ? g_build_filename(directory, name, NULL) : NULL;
}

static char *recall(const char *digest)
{
    for (int write = 0; write <= 1; write++) {
        g_autofree char *path = cache_path(digest, write);
        g_autofree char *text = NULL;
        g_autofree char *first = g_strdup_printf("# %s\n", digest);
        struct stat status;
        if (path &&
            files_read_as(path, FILES_NO_LINK, FILES_TEXT_MAX, &text, NULL, &status, NULL) &&
            files_check_ours(path, &status, FILES_OURS_OR_ROOTS, NULL) &&
            !(status.st_mode & (S_IWGRP | S_IWOTH)) && g_str_has_prefix(text, first))
            return g_steal_pointer(&text);
    }
    return NULL;
}

// That it cannot be kept costs time, nothing else.
static void keep(const char *digest, const char *text)
{
    g_autofree char *path = cache_path(digest, true);
    if (!path)
        return;
    g_autofree char *directory = g_path_get_dirname(path);
    g_autoptr(GError) why = NULL;
    if (files_make_path(directory, 0700, false, &why) &&
        !files_replace(path, text, strlen(text), 0644, &why))
        g_clear_error(&why);
}

// ---- doveconf

static bool run_doveconf(const char *program, const char *file, const char *filter, char **text_r,
                         GError **err)
{
    const char *const argv[] = {program, "-n", "-c", file, "-f", filter, NULL};
    static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    const struct process process = {
        .path = program,
        .argv = (char *const *)argv,
        .environment = (char *const *)environment,
        .output_limit = OUTPUT_MAX_BYTES,
        .deadline = deadline_in(DOVECONF_MILLISECONDS),
    };
    g_autoptr(GBytes) output = NULL;
    int status = 0;
    if (!process_run(&process, &status, &output, err))
        return false;
    if (status != 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s -n -c %s: status %d", program, file, status);
    gsize size = 0;
    const char *bytes = g_bytes_get_data(output, &size);
    *text_r = g_strndup(bytes, size);
    return true;
}

static char *translate(const char *text, const char *digest)
{
    guint missing = 0;
    // What Dovecot has built in, where that is not what we have.
    g_autofree char *whole =
        g_strconcat("base_dir = /run/dovecot\nlda_mailbox_autocreate = no\n", text, NULL);
    g_autofree char *ours = dovecot_conf_translate(whole, &missing);
    return g_strconcat("# ", digest, "\n", ours, "\n[rules]\nlanguage = sieve\n", NULL);
}

// Dovecot's configuration FILE as settings of ours. Owned by the caller; NULL with *err.
static char *settings_of(const char *file, const char *service, GError **err)
{
    const char *program = doveconf_path();
    g_autofree char *by_service = g_strconcat("service=", service, NULL);
    g_autofree char *by_protocol = g_strconcat("protocol=", service, NULL);
    g_autofree char *text = NULL;
    if (!program) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s: there is no doveconf to read it", file);
        return NULL;
    }
    if (access(file, R_OK) != 0) {
        mda_fail_errno(err, errno, "%s", file);
        return NULL;
    }
    g_autofree char *digest = digest_of(file, program, service);
    char *known = digest ? recall(digest) : NULL;
    if (known)
        return known;
    if (!run_doveconf(program, file, by_service, &text, NULL) &&
        !run_doveconf(program, file, by_protocol, &text, err))
        return NULL;
    char *settings = translate(text, digest ? digest : "");
    if (digest)
        keep(digest, settings);
    return settings;
}

bool dovecot_load_site(struct conf *conf, const char *service, GError **err)
{
    struct conf_request *request = conf_request();
    if (!conf_load_site(conf, err))
        return false;
    const char *file = conf_string(conf, CONF_DOVECOT_CONFIG);
    bool needed = *file || request->dovecot_needed;
    if (request->dovecot)
        file = request->dovecot;
    if (!*file || (!needed && (access(file, F_OK) != 0 || !doveconf_path())))
        return true;
    char *settings = settings_of(file, service, err);
    if (!settings)
        return false;
    g_free(request->beneath);
    g_free(request->beneath_name);
    request->beneath = settings;
    request->beneath_name = g_strdup(file);
    g_autoptr(Conf) again = conf_new(NULL);
    conf_swap(conf, again);
    return conf_load_site(conf, err);
}
