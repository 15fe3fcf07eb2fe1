// SPDX-License-Identifier: MIT
#include "hosts/procmail-rules.h"

#include "base/survive.h"
#include "conf/load.h"
#include "hosts/procmail-host.h"
#include "message/intake.h"
#include "procmail/rc-procmail.h"
#include "store/store.h"

#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_RC "/etc/procmailrc"
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

struct rules_run {
    const struct procmail_options *options;
    const struct procmail_rules_case *given;
    struct procmail_world world;
    struct rc_engine *engine;
    char *text; // the message; the engine's
    gsize size;
    bool delivered; // what is left is the status
    bool busy;      // another run is at this very delivery
    bool certain;   // the mail bears its MTA's mark: equal mail is the same (store.h)
};

static bool is_dangerous(const char *variable)
{
    static const char *const prefixes[] = {"LD_", "_RLD", "LIBPATH=", "ELF_LD_", "AOUT_LD_"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(variable, prefixes[i]))
            return true;
    return !strchr(variable, '=');
}

static void take_environment(struct rules_run *run)
{
    for (char **at = environ; *at; at++) {
        bool keep = run->options->preserve ? !is_dangerous(*at) : g_str_has_prefix(*at, "TZ=");
        if (!keep)
            continue;
        const char *sign = strchr(*at, '=');
        g_autofree char *name = g_strndup(*at, (gsize)(sign - *at));
        if (!run->options->filter || strcmp(name, "ORGMAIL") != 0)
            rc_engine_preset(run->engine, name, sign + 1);
    }
}

static void preset_shell(struct rc_engine *engine, const struct mail_user *user)
{
    const struct passwd *entry = user->shell ? NULL : getpwuid(user->uid);
    const char *shell = entry ? entry->pw_shell : user->shell;
    rc_engine_preset(engine, "SHELL", "/bin/sh");
    if (shell && *shell)
        rc_engine_preset(engine, "USER_SHELL", shell);
}

// Presets NAME; a general filter (-m) that keeps the environment (-p) keeps what the caller set.
static void preset_unless_kept(struct rules_run *run, const char *name, const char *value)
{
    const bool keeps = run->options->preserve && run->options->filter;
    if (!keeps || !rc_engine_value(run->engine, name))
        rc_engine_preset(run->engine, name, value);
}

static void preset_variables(struct rules_run *run)
{
    struct rc_engine *engine = run->engine;
    const struct mail_user *user = run->given->user;
    g_autofree char *spool = g_strconcat(PROCMAIL_SPOOL "/", user->name, NULL);
    g_autofree char *path = g_strconcat(user->home, "/bin:" DEFAULT_PATH, NULL);
    take_environment(run);
    rc_engine_preset(engine, "LOGNAME", user->name);
    rc_engine_preset(engine, "HOME", user->home);
    preset_shell(engine, user);
    preset_unless_kept(run, "PATH", path);
    preset_unless_kept(run, "HOST", run->world.host.host_name);
    if (!run->options->filter) {
        rc_engine_preset(engine, "ORGMAIL", spool);
        rc_engine_preset(engine, "DEFAULT", spool);
    }
}

enum rc_place { IN_HOME, IN_CURRENT, ABSOLUTE };
enum rc_role { SYSTEM_FILE, DEFAULT_FILE, NAMED_FILE };

// Nobody but the user and root may have written the file that was opened, whose state is STATUS, or
// replaced it.
static bool is_safe(const char *path, const struct stat *opened, const struct mail_user *user,
                    enum rc_role role)
{
    const bool is_default = role == DEFAULT_FILE;
    struct stat status;
    mode_t group = is_default && opened->st_gid != user->gid ? S_IWGRP : 0;
    if (opened->st_uid != 0 && (opened->st_uid != user->uid || role == SYSTEM_FILE))
        return false;
    if (opened->st_mode & (S_IWOTH | group))
        return false;
    g_autofree char *directory = g_path_get_dirname(path);
    if (stat(directory, &status) != 0 || status.st_mode & S_ISVTX)
        return status.st_mode & S_ISVTX;
    const mode_t others = S_IWOTH | S_IXOTH, group_write = S_IWGRP | S_IXGRP;
    if ((status.st_mode & others) == others)
        return false;
    return !is_default || status.st_gid == user->gid ||
           (status.st_mode & group_write) != group_write;
}

static void go_to_maildir(struct rules_run *run, enum rc_place place)
{
    struct rc_engine *engine = run->engine;
    if (rc_engine_value(engine, "MAILDIR"))
        return; // the command line did
    const char *home = rc_engine_value(engine, "HOME");
    const char *directory = place == IN_CURRENT || !home ? "." : home;
    if (chdir(directory) != 0) {
        rc_engine_say(engine, "Couldn't chdir to", directory);
        directory = ".";
    }
    rc_engine_preset(engine, "MAILDIR", directory);
}

// Runs the rc file NAME; false when it is not there or not to be trusted.
static bool run_file(struct rules_run *run, const char *name, enum rc_role role, bool warn,
                     enum rc_end *end_r)
{
    struct rc_engine *engine = run->engine;
    enum rc_place place = g_path_is_absolute(name)                               ? ABSOLUTE
                          : g_str_has_prefix(name, "./") || run->options->filter ? IN_CURRENT
                                                                                 : IN_HOME;
    const char *base = rc_engine_value(engine, "HOME");
    g_autofree char *path =
        place == IN_HOME ? g_strconcat(base ? base : "", "/", name, NULL) : g_strdup(name);
    gsize length = 0;
    struct stat status;
    bool null = strcmp(path, "/dev/null") == 0;
    g_autofree char *text = null ? g_strdup("") : procmail_read_rc(path, &length, &status);
    // As procmail does, a file named "./x" is trusted; but root trusts nobody's.
    bool trusted = null || (place == IN_CURRENT && run->given->user->uid != 0);
    bool safe = !text || trusted || is_safe(path, &status, run->given->user, role);
    if (!safe)
        rc_engine_say(engine, "Suspicious rcfile", path);
    if (!text || !safe) {
        if (warn || !safe)
            rc_engine_say(engine, "Couldn't read", path);
        return false;
    }
    go_to_maildir(run, place);
    *end_r = rc_engine_run(engine, path, text, length);
    return true;
}

// The rc files of the command line: the next one is for when one is missing or not for this host.
static enum rc_end run_named_files(struct rules_run *run, GPtrArray *files)
{
    enum rc_end end = RC_FELL_OFF;
    bool warn = true;
    for (guint i = 0; i < files->len; i++) {
        rc_engine_last_file(run->engine, i + 1 == files->len);
        if (!run_file(run, g_ptr_array_index(files, i), NAMED_FILE, warn, &end))
            warn = false;
        else if (end != RC_LEFT)
            return end;
    }
    return end == RC_LEFT ? RC_FELL_OFF : end;
}

static enum rc_end run_default_files(struct rules_run *run)
{
    enum rc_end end = RC_FELL_OFF;
    if (!run->options->preserve)
        run_file(run, SYSTEM_RC, SYSTEM_FILE, false, &end);
    if (end != RC_FELL_OFF && end != RC_LEFT)
        return end;
    const char *home = rc_engine_value(run->engine, "HOME");
    g_autofree char *path = g_strconcat(home ? home : "", "/.procmailrc", NULL);
    end = RC_FELL_OFF;
    run_file(run, path, DEFAULT_FILE, false, &end);
    return end;
}

// After the assignments of the command line, which may name another HOME.
static void judge(struct rules_run *run)
{
    const char *home = rc_engine_value(run->engine, "HOME");
    if (run->given->judged)
        procmail_judged(run->engine, run->given->judged);
    else
        procmail_judge(run->given->conf, home ? home : run->given->user->home, run->engine,
                       run->text, run->size);
}

// Lets a retry of this delivery leave out what was done. False: another run is still at it.
static bool remember(struct rules_run *run)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(run->text, run->size);
    g_autoptr(Message) message = message_new(bytes);
    const struct envelope envelope = {.sender = (char *)run->options->from,
                                      .recipient = run->given->user->name};
    g_autofree char *directory =
        g_build_filename(conf_string(run->given->conf, CONF_STATE_DIRECTORY), "deliveries", NULL);
    g_autofree char *name = intake_fingerprint(message, &envelope, "rc");
    run->certain = store_is_certain(intake_arrival(message), (gint64)time(NULL));
    return procmail_world_remember(&run->world, directory, name);
}

static enum rc_end run_files(struct rules_run *run)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    for (char **at = run->options->deliver ? NULL : run->options->rest; at && *at; at++) {
        if (strchr(*at, '=')) {
            rc_engine_assign(run->engine, *at);
            continue;
        }
        g_ptr_array_add(files, *at);
        if (run->options->filter) {
            rc_engine_arguments(run->engine, at + 1);
            break;
        }
    }
    judge(run);
    run->busy = !run->options->filter && !remember(run);
    if (run->busy)
        return RC_STOPPED;
    if (files->len > 0 && !run->options->preserve)
        rc_engine_preset(run->engine, "COMSAT", "no");
    return files->len > 0 ? run_named_files(run, files) : run_default_files(run);
}

// QUIT, for which procmail says 0 and loses the mail, is left out even of the strict statuses.
static int failure_status(const struct rules_run *run, int signal_number)
{
    bool soft = run->options->soft || signal_number == SIGTERM || signal_number == SIGQUIT;
    return run->options->strict && !soft ? EX_CANTCREAT : EX_TEMPFAIL;
}

static int finish(struct rules_run *run, enum rc_end end)
{
    struct rc_engine *engine = run->engine;
    bool delivered = end == RC_DELIVERED;
    if (run->busy)
        return rc_engine_finish(engine, EX_TEMPFAIL);
    if (end == RC_HANDED_OVER)
        return EX_OK;
    if (end == RC_FELL_OFF || end == RC_LEFT)
        delivered = rc_engine_default(engine);
    // What the journal has of it is not done again: the MTA's next try does what is owed alone.
    const bool owes = delivered && run->world.journal && rc_engine_owes(engine);
    if (owes)
        return rc_engine_finish(engine, EX_TEMPFAIL);
    if (delivered)
        survive_committed();
    run->delivered = delivered;
    int asked = procmail_begin_end();
    bool left = end == RC_STOPPED && !asked; // HOST: the user wants it to end here
    return rc_engine_finish(engine, delivered || left ? EX_OK : failure_status(run, asked));
}

static int deliver(struct rules_run *run, GString *text)
{
    procmail_world_open(&run->world, false);
    run->world.conf = run->given->conf;
    run->world.user = run->given->user->uid;
    run->engine = rc_engine_new(&run->world.host);
    preset_variables(run);
    run->size = text->len;
    run->text = g_string_free(text, FALSE);
    rc_engine_message(run->engine, run->text, run->size, run->options->ignore_length);
    rc_engine_arguments(run->engine, (char *const *)run->options->arguments->pdata);
    int status = finish(run, run_files(run));
    if (status != EX_TEMPFAIL)
        procmail_world_finish(&run->world, run->certain);
    else // EXITCODE: somebody wants to see once more what is delivered
        procmail_world_defer(&run->world, run->delivered);
    rc_engine_free(run->engine);
    procmail_world_close(&run->world);
    return status;
}

int procmail_rules(const struct procmail_rules_case *rules_case, GString *text)
{
    struct rules_run run = {.options = rules_case->options, .given = rules_case};
    return deliver(&run, text);
}
