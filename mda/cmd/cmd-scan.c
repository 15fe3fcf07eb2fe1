// SPDX-License-Identifier: MIT
// backstop scan: judges whole folders that are there already, tells what it found, and files
// backscatter away on request.
//
// Design rationale
// - A message is moved by one rename() from cur or new of a maildir to cur of the Junk folder,
//   flags and all: IMAP servers see it go and come, as when a mail program moves it.
// - A log line is written before each move, so that every move can be undone, also of a scan that
//   was interrupted.
#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/scan-folder.h"
#include "delivery/junk.h"
#include "learn/history.h"
#include "store/move.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX_BYTES (256 * 1024 * 1024)
#define SHOWN_BYTES 300

static gboolean move, dry_run, all, quiet;
static char *undo, *log_path;

static const GOptionEntry entries[] = {
    {"move", 'm', 0, G_OPTION_ARG_NONE, &move, "Move backscatter into the Junk folder", NULL},
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "With --move: show what would be moved", NULL},
    {"log", 'l', 0, G_OPTION_ARG_FILENAME, &log_path,
     "With --move: where each move is written down", "LOG"},
    {"undo", 'u', 0, G_OPTION_ARG_FILENAME, &undo, "Move everything back that LOG says", "LOG"},
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "Show every report, not the doubtful ones alone",
     NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "No progress bar, and no report by itself", NULL},
    G_OPTION_ENTRY_NULL};

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

struct work {
    const struct conf *conf;
    struct scan_table table;
    struct progress progress;
    char *junk; // the Junk folder's path; NULL: nothing is moved
    int log;    // -1: nothing is moved
    guint moved, failed, elsewhere;
};

static int complain(const GError *err)
{
    fprintf(stderr, "backstop scan: %s\n", err->message);
    return STATUS_TEMPFAIL;
}

static bool is_stopped(gpointer data)
{
    (void)data;
    return interrupted;
}

static void step(guint64 total, gpointer data)
{
    struct work *work = data;
    work->progress.total = total;
    progress_step(&work->progress);
}

static bool write_log(struct work *work, const char *from, const char *to, GError **err)
{
    g_autofree char *line = g_strdup_printf("%s\t%s\n", from, to);
    const struct file_segment segment = {line, strlen(line)};
    return files_write(work->log, &segment, 1, err) && files_sync(work->log, "the log", err);
}

static bool move_message(struct work *work, const struct scanned *scanned, GError **err)
{
    const char *slash = strrchr(scanned->name, '/');
    const char *base = slash ? slash + 1 : scanned->name;
    g_autofree char *from = g_build_filename(scanned->folder->path, scanned->name, NULL);
    const bool flagged = strstr(base, ":2,") != NULL;
    g_autofree char *to = g_strconcat(work->junk, "/cur/", base, flagged ? "" : ":2,", NULL);
    if (strpbrk(from, "\t\n"))
        return mda_fail(err, MDA_ERROR_CONFIG, "a name with a tab or a line end in it");
    if (!write_log(work, from, to, err) || !move_message_file(from, to, err))
        return false;
    learn_ignore(work->conf, work->junk, base);
    return true;
}

static void consider_move(struct work *work, const struct scanned *scanned)
{
    if (!move || scanned->judgement->verdict != VERDICT_BACKSCATTER)
        return;
    if (scanned->folder->kind != READ_MAILDIR) {
        work->elsewhere++;
        return;
    }
    g_autoptr(GError) err = NULL;
    if (dry_run || move_message(work, scanned, &err)) {
        work->moved++;
        return;
    }
    fprintf(stderr, "\nbackstop scan: %s\n", err->message);
    work->failed++;
}

static void show(const struct scanned *scanned)
{
    const struct judgement *judgement = scanned->judgement;
    g_autofree char *place = scanned->name
                                 ? g_build_filename(scanned->folder->path, scanned->name, NULL)
                                 : g_strdup_printf("%s at byte %" G_GINT64_FORMAT,
                                                   scanned->folder->path, scanned->offset);
    g_autofree char *shown = text_printable(place, -1, SHOWN_BYTES);
    g_autofree char *because = text_printable(judgement->because, -1, 2 * SHOWN_BYTES);
    printf("%s: %s, %s\n    because %s\n", shown, bounce_class_name(judgement->report->class),
           verdict_name(judgement->verdict), because);
}

static void take_report(const struct scanned *scanned, gpointer data)
{
    struct work *work = data;
    const enum verdict verdict = scanned->judgement->verdict;
    const bool doubtful =
        verdict == VERDICT_SUSPECT || (dry_run && move && verdict == VERDICT_BACKSCATTER);
    scan_count(&work->table, scanned->judgement);
    if (!quiet && (all || doubtful))
        show(scanned);
    consider_move(work, scanned);
}

// The folders at PATH: of a store all but Junk, and what holds mail of the user's own.
static GPtrArray *folders_at(const struct work *work, const char *path)
{
    GPtrArray *folders = tree_folders(path);
    for (guint i = folders->len; i-- > 0;) {
        const struct tree_folder *folder = g_ptr_array_index(folders, i);
        const bool named = strcmp(folder->path, path) == 0;
        if (!named &&
            (folder->use == USE_JUNK || folder->use == USE_TRASH || folder->use == USE_DRAFTS ||
             folder->use == USE_SENT || g_strcmp0(folder->path, work->junk) == 0))
            g_ptr_array_remove_index(folders, i);
    }
    return folders;
}

static bool scan_path(struct work *work, struct scan *scan, const char *path, GError **err)
{
    g_autofree char *real = realpath(path, NULL);
    if (!real)
        return mda_fail_errno(err, errno, "%s", path);
    g_autoptr(GPtrArray) folders = folders_at(work, real);
    const enum read_kind kind = read_kind(real);
    const struct tree_folder alone = {real, (char *)"", kind, USE_NONE};
    if (folders->len == 0)
        return scan_folder(scan, &alone, err);
    for (guint i = 0; i < folders->len && !interrupted; i++) {
        if (!scan_folder(scan, g_ptr_array_index(folders, i), err))
            return false;
    }
    return true;
}

static bool make_junk(const char *junk, GError **err)
{
    static const char *const parts[] = {"cur", "new", "tmp"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_build_filename(junk, parts[i], NULL);
        if (!files_make_path(path, 0700, true, err))
            return false;
    }
    return true;
}

static bool open_log(struct work *work, GError **err)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *stamp = g_date_time_format(now, "scan-%Y%m%d-%H%M%S.log");
    const char *state = conf_string(work->conf, CONF_STATE_DIRECTORY);
    if (!log_path) {
        if (!files_make_path(state, 0700, false, err))
            return false;
        log_path = g_build_filename(state, stamp, NULL);
    }
    work->log = open(log_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return work->log >= 0 || mda_fail_errno(err, errno, "open %s", log_path);
}

static bool prepare_move(struct work *work, GError **err)
{
    work->junk = junk_path(work->conf, NULL, move ? err : NULL);
    if (!move)
        return true;
    return work->junk && (dry_run || (make_junk(work->junk, err) && open_log(work, err)));
}

static void print_result(const struct work *work)
{
    printf("%s%" G_GUINT64_FORMAT " messages, %u reports%s\n", interrupted ? "Interrupted: " : "",
           work->progress.done, work->table.reports, work->table.reports ? ":" : "");
    if (work->table.reports > 0)
        scan_print(&work->table);
    if (move)
        printf("%u %s into %s%s%s\n", work->moved, dry_run ? "would be moved" : "were moved",
               work->junk, dry_run || !work->moved ? "" : "; to undo it: backstop scan --undo ",
               dry_run || !work->moved ? "" : log_path);
    if (work->elsewhere > 0)
        printf("%u stay where they are: messages are moved out of maildirs only\n",
               work->elsewhere);
    if (move && !dry_run && work->moved == 0 && work->failed == 0)
        unlink(log_path);
}

static int scan_all(const struct conf *conf, int argc, char **argv)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    struct work work = {.conf = conf, .log = -1, .progress = progress_begin(!quiet)};
    struct scan scan = {.conf = conf,
                        .rules = rules,
                        .report = take_report,
                        .step = step,
                        .stop = is_stopped,
                        .data = &work};
    if (!prepare_move(&work, &err))
        return complain(err);
    const struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool sound = true;
    for (int i = 1; i < argc && !interrupted; i++) {
        g_clear_error(&err);
        if (!scan_path(&work, &scan, argv[i], &err)) {
            complain(err);
            sound = false;
        }
    }
    progress_end(&work.progress);
    print_result(&work);
    g_free(work.junk);
    if (work.log >= 0)
        close(work.log);
    return interrupted || work.failed || !sound ? STATUS_TEMPFAIL : STATUS_OK;
}

// A mail program may have changed the flags behind ":" since.
static char *find_moved(const char *path)
{
    if (access(path, F_OK) == 0)
        return g_strdup(path);
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *folder = g_path_get_dirname(directory);
    g_autofree char *wanted = read_lasting_name(path);
    g_autoptr(GPtrArray) names = NULL;
    if (!read_list(folder, READ_MAILDIR, G_MAXUINT, &names, NULL))
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *lasting = read_lasting_name(names->pdata[i]);
        if (strcmp(lasting, wanted) == 0)
            return g_build_filename(folder, names->pdata[i], NULL);
    }
    return NULL;
}

static int undo_log(const char *path)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    gsize size;
    guint back = 0, gone = 0;
    if (!files_read(path, LOG_MAX_BYTES, &text, &size, &err))
        return complain(err);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) parts = g_strsplit(*line, "\t", 2);
        if (g_strv_length(parts) != 2)
            continue;
        g_autofree char *now = find_moved(parts[1]);
        g_autoptr(GError) why = NULL;
        if (!now) {
            gone++; // deleted, moved on, or never moved
        } else if (move_message_file(now, parts[0], &why)) {
            back++;
        } else {
            fprintf(stderr, "backstop scan: %s\n", why->message);
            gone++;
        }
    }
    printf("%u were moved back%s\n", back, gone ? "; others are not there any more" : "");
    return STATUS_OK;
}

int cmd_scan(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(
            context, entries, "[--move] [--dry-run] FOLDER... | --undo LOG",
            "Judges the reports in whole folders and shows them in a table by class and "
            "verdict, the\ndoubtful ones with the reasons. FOLDER is a maildir (with all "
            "folders in it), an mbox,\nan MH folder or a directory of messages.",
            &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err))
        return complain(err);
    if (undo)
        return undo_log(undo);
    if (argc < 2) {
        fprintf(stderr, "backstop scan: which folder?\n");
        return STATUS_USAGE;
    }
    return scan_all(context->conf, argc, argv);
}
