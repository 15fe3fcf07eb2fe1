// SPDX-License-Identifier: MIT
// backstop expire: what is too old, or too much, leaves the Junk folder.
#include "base/json.h"
#include "base/text.h"
#include "cmd/options.h"
#include "delivery/junk.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_NAME_BYTES 200
#define DAY (24 * 60 * 60)

static gboolean dry_run;
static gboolean verbose;

static gboolean as_json;

static const GOptionEntry entries[] = {
    {"json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a folder", NULL},
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "Show what would go, remove nothing", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Name each message", NULL},
    G_OPTION_ENTRY_NULL};

static void print_message(const char *name, gint64 age, guint64 size, void *data)
{
    (void)data;
    g_autofree char *shown = text_printable(name, -1, SHOWN_NAME_BYTES);
    g_autofree char *bytes = g_format_size(size);
    printf("%s %s  %.1f days  %s\n", dry_run ? "would remove" : "removed", shown, (double)age / DAY,
           bytes);
}

static void print_json(const char *path, const struct expire_result *result)
{
    struct json *json = json_new();
    json_begin_object(json, NULL);
    json_string(json, "folder", path);
    json_bool(json, "dry_run", dry_run);
    json_number(json, "seen", (gint64)result->seen);
    json_number(json, "removed", (gint64)result->removed);
    json_number(json, "removed_bytes", (gint64)result->removed_bytes);
    json_number(json, "stale", (gint64)result->stale);
    json_number(json, "failed", (gint64)result->failed);
    json_end_object(json);
    g_autofree char *text = json_free_to_text(json);
    puts(text);
}

static void print_result(const char *path, const struct expire_result *result)
{
    if (as_json) {
        print_json(path, result);
        return;
    }
    g_autofree char *bytes = g_format_size(result->removed_bytes);
    printf("%s: %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " (%s) %s", path, result->seen,
           result->removed, bytes, dry_run ? "would be removed" : "removed");
    if (result->stale)
        printf(", and %" G_GUINT64_FORMAT " stale files in tmp", result->stale);
    if (result->failed)
        printf(", %" G_GUINT64_FORMAT " could not be removed", result->failed);
    printf("\n");
}

// One folder: by name in the mail store, or a path (with a slash in front). A folder that nobody
// made yet has nothing in it; one that was asked for by path should be there.
static bool expire_one(const struct conf *conf, const char *folder, GError **err)
{
    bool is_path = folder && g_path_is_absolute(folder);
    g_autofree char *path = is_path ? g_strdup(folder) : junk_path(conf, folder, err);
    if (!path)
        return false;
    struct expire_policy policy;
    if (!junk_policy(conf, &policy, err))
        return false;
    policy.dry_run = dry_run;
    struct expire_result result = {0};
    g_autoptr(GError) trouble = NULL;
    if (!expire_folder(path, &policy, g_get_real_time() / G_USEC_PER_SEC,
                       (dry_run || verbose) && !as_json ? print_message : NULL, NULL, &result,
                       &trouble)) {
        if (is_path || !g_error_matches(trouble, MDA_ERROR, MDA_ERROR_GONE) ||
            g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK)) {
            g_propagate_error(err, g_steal_pointer(&trouble));
            return false;
        }
    }
    print_result(path, &result);
    return result.failed == 0 ||
           mda_fail(err, MDA_ERROR_TEMP, "%s: some messages could not be removed", path);
}

int cmd_expire(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(
            context, entries, "[--dry-run] [--verbose] [FOLDER...]",
            "Removes what is older than [junk] expire, or beyond max-messages and max-size, from "
            "the Junk folder,\nor from the maildir folders given by name or absolute path. "
            "Flagged messages stay\nunless [junk] expire-flagged = yes.",
            &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err)) {
        fprintf(stderr, "backstop: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    int status = STATUS_OK;
    for (int i = 1; i < MAX(argc, 2); i++) {
        g_autoptr(GError) trouble = NULL;
        if (!expire_one(context->conf, i < argc ? argv[i] : NULL, &trouble)) {
            fprintf(stderr, "backstop: %s\n", trouble->message);
            status = STATUS_TEMPFAIL;
        }
    }
    return status;
}
