// SPDX-License-Identifier: MIT
// backstop setup: finds the user's mail, learns from it, shows what it would do with the reports
// that lie there, and writes what has to be written. With --yes nothing is asked.
#include "base/error.h"
#include "base/files.h"
#include "cmd/learn-show.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/scan-folder.h"
#include "cmd/setup-files.h"
#include "cmd/setup-places.h"
#include "cmd/setup-site.h"
#include "delivery/user.h"
#include "learn/history.h"
#include "ledger/learnt.h"
#include "ledger/sentfolder.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Reports in the inbox that are judged, the newest.
#define REPORTS_MAX 300
#define RC_MAX_BYTES (1024 * 1024)

static gboolean yes, forward, undo, site, quiet;

static const GOptionEntry entries[] = {
    {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Ask nothing", NULL},
    {"forward", 0, 0, G_OPTION_ARG_NONE, &forward, "Write ~/.forward, too", NULL},
    {"undo", 0, 0, G_OPTION_ARG_NONE, &undo, "Take everything back that setup wrote and learnt",
     NULL},
    {"site", 0, 0, G_OPTION_ARG_NONE, &site,
     "For an admin: propose the system's file from the mail server's settings", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "No progress bar", NULL},
    G_OPTION_ENTRY_NULL};

struct setup {
    struct command_context *context;
    const char *home;
    struct places places;
    GArray *lines; // struct setup_line
    struct progress progress;
};

static int complain(const GError *err)
{
    fprintf(stderr, "backstop setup: %s\n", err->message);
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG) ? STATUS_NO : STATUS_TEMPFAIL;
}

static bool agree(const char *question)
{
    char answer[16] = "";
    if (yes)
        return true;
    if (!isatty(STDIN_FILENO))
        return false;
    printf("%s [Y/n] ", question);
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && strchr("yYjJoOsS\n", answer[0]);
}

static void clear_line(gpointer data)
{
    struct setup_line *line = data;
    g_free(line->value);
    g_free(line->reason);
}

// Brings a setting into force for this run, and notes it for the file.
static bool settle(struct setup *setup, enum setting setting, const char *value, const char *reason,
                   GError **err)
{
    const struct setting_row *row = conf_row(setting);
    if (strcmp(conf_origin(setup->context->conf, setting), "built-in") != 0)
        return true; // somebody set it
    g_autofree char *assignment = g_strdup_printf("%s.%s=%s", row->section, row->key, value);
    const struct setup_line line = {setting, g_strdup(value), g_strdup(reason)};
    g_array_append_val(setup->lines, line);
    return conf_assign(setup->context->conf, assignment, "setup", err);
}

// Words of a list, each in quotes where it has blanks.
static char *join_list(const GPtrArray *words)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < words->len; i++) {
        const char *word = words->pdata[i];
        const char *quote = strpbrk(word, " \t,") ? "\"" : "";
        g_string_append_printf(list, "%s%s%s%s", i ? " " : "", quote, word, quote);
    }
    return g_string_free(list, FALSE);
}

static bool settle_location(struct setup *setup, GError **err)
{
    const char *location = setup->places.location;
    const bool usual = !location || strcmp(location, "maildir:~/Maildir") == 0;
    return usual || settle(setup, CONF_STORE_LOCATION, location, setup->places.reason, err);
}

// Folders of sent mail that nobody would find by the built-in ways.
static bool settle_sent(struct setup *setup, GError **err)
{
    g_autoptr(GPtrArray) found = sentfolder_paths(setup->context->conf);
    const guint usual = found->len;
    for (guint i = 0; i < setup->places.sent->len; i++) {
        const char *path = setup->places.sent->pdata[i];
        if (!g_ptr_array_find_with_equal_func(found, path, g_str_equal, NULL))
            g_ptr_array_add(found, g_strdup(path));
    }
    if (found->len == usual)
        return true;
    g_autofree char *list = join_list(found);
    return settle(setup, CONF_IDENTITY_SENT_FOLDERS, list,
                  "All folders of sent mail, also those of other accounts", err);
}

static bool settle_stores(struct setup *setup, GError **err)
{
    if (setup->places.stores->len == 0)
        return true;
    g_autofree char *list = join_list(setup->places.stores);
    return settle(setup, CONF_LEARN_FOLDERS, list,
                  "Other mail of yours, from which backstop learns what you send", err);
}

static void show_places(const struct setup *setup)
{
    const struct conf *conf = setup->context->conf;
    g_autoptr(GPtrArray) sent = sentfolder_paths(conf);
    printf("Your mail:  %s\n", conf_string(conf, CONF_STORE_LOCATION));
    for (guint i = 0; i < sent->len; i++)
        printf("%s  %s\n", i ? "          " : "Sent mail:", (const char *)sent->pdata[i]);
    if (sent->len == 0)
        printf("Sent mail:  none was found; [identity] sent-folders would name a folder of it\n");
}

static void step(guint64 total, gpointer data)
{
    struct setup *setup = data;
    setup->progress.total = total;
    progress_step(&setup->progress);
}

static bool learn(struct setup *setup, GError **err)
{
    struct learn_counts counts;
    const struct learn_request request = {.conf = setup->context->conf,
                                          .max = G_MAXUINT,
                                          .deadline = deadline_in(-1),
                                          .step = step,
                                          .data = setup};
    setup->progress = progress_begin(!quiet);
    if (!learn_history(&request, &counts, err))
        return false;
    progress_end(&setup->progress);
    printf("\nWhat %u messages teach:\n", counts.read);
    return learn_show(setup->context->conf, stdout, "  ", err);
}

struct trial {
    struct scan_table table;
};

static void count(const struct scanned *scanned, gpointer data)
{
    struct trial *trial = data;
    scan_count(&trial->table, scanned->judgement);
}

static bool is_enough(gpointer data)
{
    const struct trial *trial = data;
    return trial->table.reports >= REPORTS_MAX;
}

// What would have become of the reports in the inbox.
static void try_inbox(const struct setup *setup)
{
    const struct conf *conf = setup->context->conf;
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    g_autofree char *root = NULL;
    const struct store *store = store_for(conf_string(conf, CONF_STORE_LOCATION), &root, NULL);
    g_autofree char *inbox = store ? store->folder_path(root, NULL, NULL) : NULL;
    if (!inbox || read_kind(inbox) == READ_NONE)
        return;
    struct trial trial = {0};
    struct scan scan = {
        .conf = conf, .rules = rules, .report = count, .stop = is_enough, .data = &trial};
    const struct tree_folder folder = {inbox, (char *)"", read_kind(inbox), USE_NONE};
    if (!scan_folder(&scan, &folder, NULL) || trial.table.reports == 0)
        return;
    printf("\nThe last %u reports in your inbox would be:\n", trial.table.reports);
    scan_print(&trial.table);
}

static bool write_settings(const struct setup *setup, GError **err)
{
    const struct conf *conf = setup->context->conf;
    g_autofree char *path = conf_user_file(setup->home);
    g_autofree char *text = setup_file_with(conf, path, setup->lines);
    if (!text) {
        printf("\nNo setting has to be written.\n");
        return true;
    }
    printf("\n%s would say:\n", path);
    for (guint i = 0; i < setup->lines->len; i++) {
        const struct setup_line *line = &g_array_index(setup->lines, struct setup_line, i);
        printf("  [%s] %s = %s\n      (%s)\n", conf_row(line->setting)->section,
               conf_row(line->setting)->key, line->value, line->reason);
    }
    if (!agree("Write this?"))
        return true;
    if (!setup_write(conf, path, text, err))
        return false;
    printf("%s was written.\n", path);
    return true;
}

// The path by which an MTA can start us. Owned by the caller.
static char *program_path(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : NULL;
    char *found = g_find_program_in_path("backstop");
    if (found)
        return found;
    char *beside = directory ? g_build_filename(directory, "backstop", NULL) : NULL;
    if (beside && access(beside, X_OK) == 0)
        return beside;
    g_free(beside);
    return g_strdup("backstop");
}

// A .forward that hands the mail to a program or a mailbox of this user's, and to nobody else.
static bool may_replace(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *at = g_strstrip(*line);
        if (*at && *at != '#' && *at != '|' && *at != '\\' && *at != '/' &&
            !g_str_has_prefix(at, "\"|"))
            return false;
    }
    return true;
}

static bool do_forward(const struct setup *setup, GError **err)
{
    g_autofree char *path = g_build_filename(setup->home, ".forward", NULL);
    g_autofree char *program = program_path();
    g_autofree char *line = g_strdup_printf("\"|%s\"", program);
    g_autofree char *old = NULL;
    gsize size;
    g_autoptr(GError) none = NULL;
    if (!files_read(path, RC_MAX_BYTES, &old, &size, &none) &&
        !g_error_matches(none, MDA_ERROR, MDA_ERROR_GONE)) {
        g_propagate_error(err, g_steal_pointer(&none));
        return false;
    }
    if (old && strstr(old, "backstop")) {
        printf("\n%s hands your mail to backstop already.\n", path);
        return true;
    }
    if (!forward) {
        printf("\nThis line in %s lets backstop deliver your mail (setup --forward writes it):\n\n"
               "  %s\n",
               path, line);
        return true;
    }
    if (old && !may_replace(old))
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "%s sends your mail elsewhere and is left as it is; the line is %s", path,
                        line);
    g_autofree char *text = g_strconcat(line, "\n", NULL);
    g_autofree char *question = g_strdup_printf("Write %s into %s?", line, path);
    if (!agree(question))
        return true;
    if (!setup_write(setup->context->conf, path, text, err))
        return false;
    printf("\n%s was written: %s\n", path, line);
    return true;
}

static int set_up(struct setup *setup)
{
    g_autoptr(GError) err = NULL;
    if (!settle_location(setup, &err) || !settle_sent(setup, &err) || !settle_stores(setup, &err))
        return complain(err);
    show_places(setup);
    if (!yes && !isatty(STDIN_FILENO)) {
        fprintf(stderr, "backstop setup: nothing was learnt or written; --yes does without "
                        "questions\n");
        return STATUS_NO;
    }
    if (!agree("Learn from this mail? It is only read."))
        return STATUS_OK;
    if (!learn(setup, &err))
        return complain(err);
    try_inbox(setup);
    if (!write_settings(setup, &err) || !do_forward(setup, &err))
        return complain(err);
    return STATUS_OK;
}

static int take_back(const struct conf *conf)
{
    g_autoptr(GError) err = NULL;
    const bool undone = setup_undo(conf, &err);
    g_autoptr(GError) trouble = NULL;
    if (!learn_forget(conf, &trouble))
        return complain(trouble);
    printf("What was learnt is forgotten.\n");
    return undone ? STATUS_OK : complain(err);
}

int cmd_setup(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[--yes] [--forward] | --undo | --site",
                       "Finds your mail, learns from it what you send, shows what it would do with "
                       "the reports\nin your inbox, and writes the settings that differ from the "
                       "built-in ones.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    struct mail_user user = {0};
    if (!conf_load(context->conf, NULL, &err) || user_find(NULL, &user, &err) != USER_KNOWN)
        return complain(err);
    int status;
    if (undo) {
        status = take_back(context->conf);
    } else if (site) {
        status = setup_site(context->conf, yes);
    } else {
        struct setup setup = {.context = context, .home = user.home};
        setup.lines = g_array_new(FALSE, FALSE, sizeof(struct setup_line));
        g_array_set_clear_func(setup.lines, clear_line);
        places_find(user.home, user.name, &setup.places);
        status = set_up(&setup);
        places_clear(&setup.places);
        g_array_unref(setup.lines);
    }
    user_clear(&user);
    return status;
}
