// SPDX-License-Identifier: MIT
// Called as `procmail`: that program's rc files and exit statuses. What differs is listed
// in backstop-procmail(7); --strict-procmail takes back what can be taken back.
#include "cmd/procmail.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/survive.h"
#include "cmd/procmail-options.h"
#include "config.h"
#include "delivery/intake.h"
#include "delivery/user.h"
#include "hosts/procmail-host.h"
#include "message/compose.h"
#include "procmail/engine.h"
#include "store/store.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#define SYSTEM_RC "/etc/procmailrc"
#define SPOOL_DIRECTORY "/var/mail"
// How often somebody may put something back into the mail spool while we move it away.
#define SPOOL_TRIES 5
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

struct run {
    const struct procmail_options *options;
    struct procmail_world world;
    struct rc_engine *engine;
    struct mail_user user;
    struct command_context *context;
    char *text; // the message; the engine's
    gsize size;
    const struct judged *judged; // a judgement that was made already, or NULL
    bool delivered;              // what is left is the status
    bool busy;                   // another run is at this very delivery
    bool certain;                // the mail bears its MTA's mark: equal mail is the same (store.h)
};

// Takes out what a sender put there as our verdict.
static void take_out_forged(GString *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(text->str, text->len);
    g_autoptr(GBytes) sound = compose_unforged(bytes);
    gsize size = 0;
    const char *data = g_bytes_get_data(sound, &size);
    if (sound == bytes)
        return;
    g_string_truncate(text, 0);
    g_string_append_len(text, data, (gssize)size);
}

static bool read_input(GString *text)
{
    char buffer[65536];
    for (;;) {
        ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got == 0)
            return true;
        if (got < 0 && errno == EINTR && !procmail_interrupted(NULL))
            continue;
        if (got < 0)
            return false;
        g_string_append_len(text, buffer, got);
    }
}

// "From ADDRESS" of an existing From_ line, its date left out.
static char *from_without_date(const char *line, gsize length)
{
    gsize at = strlen("From ");
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (at < length && !strchr(" \t\n", line[at]))
        at++;
    return g_strndup(line, at);
}

static char *invoker_name(void)
{
    const struct passwd *invoker = getpwuid(getuid());
    return invoker ? g_strdup(invoker->pw_name) : g_strdup_printf("%d", (int)getuid());
}

// The From_ line as -f and -d ask for it.
static void set_from_line(const struct procmail_options *options, GString *text)
{
    if (!options->deliver && !options->from)
        return;
    gsize blank = strspn(text->str, "\n");
    g_string_erase(text, 0, (gssize)blank);
    const char *newline = g_str_has_prefix(text->str, "From ") ? strchr(text->str, '\n') : NULL;
    gsize length = newline ? (gsize)(newline + 1 - text->str) : 0;
    if (length > 0 && !options->from)
        return; // what is there is as good
    bool refresh = options->from && strcmp(options->from, "-") == 0;
    g_autofree char *sender = options->from && !refresh ? g_strdup(options->from) : invoker_name();
    g_autofree char *start = length > 0 && refresh ? from_without_date(text->str, length)
                                                   : g_strdup_printf("From %s", sender);
    time_t now = time(NULL);
    struct tm parts;
    char date[64];
    strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime_r(&now, &parts));
    g_autofree char *line = g_strdup_printf("%s  %s\n", start, date);
    g_string_erase(text, 0, (gssize)length);
    g_string_prepend(text, line);
}

static bool is_dangerous(const char *variable)
{
    static const char *const prefixes[] = {"LD_", "_RLD", "LIBPATH=", "ELF_LD_", "AOUT_LD_"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(variable, prefixes[i]))
            return true;
    return !strchr(variable, '=');
}

static void take_environment(struct run *run)
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
static void preset_unless_kept(struct run *run, const char *name, const char *value)
{
    const bool keeps = run->options->preserve && run->options->filter;
    if (!keeps || !rc_engine_value(run->engine, name))
        rc_engine_preset(run->engine, name, value);
}

static void preset_variables(struct run *run)
{
    struct rc_engine *engine = run->engine;
    const struct mail_user *user = &run->user;
    g_autofree char *spool = g_strconcat(SPOOL_DIRECTORY "/", user->name, NULL);
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

static void go_to_maildir(struct run *run, enum rc_place place)
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
static bool run_file(struct run *run, const char *name, enum rc_role role, bool warn,
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
    bool trusted = null || (place == IN_CURRENT && run->user.uid != 0);
    bool safe = !text || trusted || is_safe(path, &status, &run->user, role);
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
static enum rc_end run_named_files(struct run *run, GPtrArray *files)
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

static enum rc_end run_default_files(struct run *run)
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
static void judge(struct run *run)
{
    const char *home = rc_engine_value(run->engine, "HOME");
    if (run->judged)
        procmail_judged(run->engine, run->judged);
    else
        procmail_judge(run->context, home ? home : run->user.home, run->engine, run->text,
                       run->size);
}

// Lets a retry of this delivery leave out what was done. False: another run is still at it.
static bool remember(struct run *run)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(run->text, run->size);
    g_autoptr(Message) message = message_new(bytes);
    const struct envelope envelope = {.sender = (char *)run->options->from,
                                      .recipient = run->user.name};
    g_autofree char *directory =
        g_build_filename(conf_string(run->context->conf, CONF_STATE_DIRECTORY), "deliveries", NULL);
    g_autofree char *name = intake_fingerprint(message, &envelope, "rc");
    run->certain = store_is_certain(intake_arrival(message), (gint64)time(NULL));
    return procmail_world_remember(&run->world, directory, name);
}

static enum rc_end run_files(struct run *run)
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
    run->busy = !run->options->filter && run->context && !remember(run);
    if (run->busy)
        return RC_STOPPED;
    if (files->len > 0 && !run->options->preserve)
        rc_engine_preset(run->engine, "COMSAT", "no");
    return files->len > 0 ? run_named_files(run, files) : run_default_files(run);
}

// QUIT, for which procmail says 0 and loses the mail, is left out even of the strict statuses.
static int failure_status(const struct run *run, int signal_number)
{
    bool soft = run->options->soft || signal_number == SIGTERM || signal_number == SIGQUIT;
    return run->options->strict && !soft ? EX_CANTCREAT : EX_TEMPFAIL;
}

static int finish(struct run *run, enum rc_end end)
{
    struct rc_engine *engine = run->engine;
    bool delivered = end == RC_DELIVERED;
    if (run->busy)
        return rc_engine_finish(engine, EX_TEMPFAIL);
    if (end == RC_HANDED_OVER)
        return EX_OK;
    if (end == RC_FELL_OFF || end == RC_LEFT)
        delivered = rc_engine_default(engine);
    if (delivered)
        survive_committed();
    run->delivered = delivered;
    int asked = procmail_begin_end();
    bool left = end == RC_STOPPED && !asked; // HOST: the user wants it to end here
    return rc_engine_finish(engine, delivered || left ? EX_OK : failure_status(run, asked));
}

static int deliver_for_user(struct run *run, GString *text)
{
    procmail_world_open(&run->world, false);
    run->engine = rc_engine_new(&run->world.host);
    preset_variables(run);
    run->size = text->len;
    run->text = g_string_free(text, FALSE);
    rc_engine_message(run->engine, run->text, run->size, run->options->ignore_length);
    rc_engine_arguments(run->engine, (char *const *)run->options->arguments->pdata);
    int status = finish(run, run_files(run));
    if (status != EX_TEMPFAIL)
        procmail_world_finish(&run->world, run->certain);
    else if (run->delivered) // EXITCODE: somebody wants to see it once more
        procmail_world_forget(&run->world);
    rc_engine_free(run->engine);
    procmail_world_close(&run->world);
    user_clear(&run->user);
    return status;
}

// May the mailbox NAME of the mail spool be written to? As procmail: a file or directory of the
// user's own, by one name. What may not be there is none of the user's mail.
static bool is_bogus(int spool, const char *name, const struct mail_user *user)
{
    struct stat status;
    if (fstatat(spool, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    const bool directory = S_ISDIR(status.st_mode);
    return status.st_uid != user->uid || !(directory || S_ISREG(status.st_mode)) ||
           (!directory && status.st_nlink > 1);
}

// Somebody put another file, or a link to one, where the user's mailbox belongs: it goes out of the
// way, under a name that nobody can have foreseen.
static bool move_bogus(int spool, const char *name)
{
    g_autofree char *aside = g_strdup_printf("BOGUS.%s.%08x", name, g_random_int());
    const bool moved = renameat(spool, name, spool, aside) == 0;
    fprintf(stderr,
            moved ? "procmail: Renamed bogus \"%s/%s\" into \"%s\"\n"
                  : "procmail: Couldn't rename bogus \"%s/%s\" into \"%s\"\n",
            SPOOL_DIRECTORY, name, aside);
    return moved;
}

// Before we become the user, who may neither rename in the mail spool nor, perhaps, make files
// there: root makes an empty mailbox for those who have none.
static void prepare_spool(const struct mail_user *user)
{
    struct stat status;
    mda_autofd spool = open(SPOOL_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (strchr(user->name, '/') || *user->name == '.' || spool < 0 || fstat(spool, &status) != 0)
        return;
    for (guint tries = 0; tries < SPOOL_TRIES; tries++) {
        if (is_bogus(spool, user->name, user) && !move_bogus(spool, user->name))
            return; // it is refused when it is opened
        if (geteuid() != 0 || user->uid == 0)
            return;
        mda_autofd fd =
            openat(spool, user->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 && fchown(fd, user->uid, status.st_gid) != 0)
            unlinkat(spool, user->name, 0);
        if (fd >= 0 || errno != EEXIST || !is_bogus(spool, user->name, user))
            return;
    }
}

// Finds the user and becomes that user; 0, or the status to end with.
static int become(struct run *run, const char *name)
{
    g_autoptr(GError) error = NULL;
    if (!name)
        unsetenv("HOME"); // procmail goes by the user database
    switch (user_find(name, &run->user, &error)) {
    case USER_UNKNOWN:
        if (name) {
            fprintf(stderr, "procmail: Unknown user \"%s\"\n", name);
            return EX_NOUSER;
        }
        run->user = (struct mail_user){.name = g_strdup_printf("#%d", (int)geteuid()),
                                       .home = g_strdup("/"),
                                       .uid = geteuid(),
                                       .gid = getegid()};
        break;
    case USER_TROUBLE:
        fprintf(stderr, "procmail: %s\n", error->message);
        return EX_TEMPFAIL;
    case USER_KNOWN:
    default:
        break;
    }
    if (!run->options->filter)
        prepare_spool(&run->user);
    if (user_become(&run->user, &error))
        return 0;
    fprintf(stderr, "procmail: Insufficient privileges\n");
    // An MTA that is set up wrong: the mail can wait until that is mended. Root's trouble passes.
    return run->options->strict && geteuid() != 0 ? EX_NOPERM : EX_TEMPFAIL;
}

// Several recipients: each but the last in a process of its own, so that one's rc file cannot
// harm another's mail.
static int deliver_to_each(struct run *run, GString *text)
{
    int failed = 0;
    char **recipient = run->options->rest;
    for (; recipient[0] && recipient[1]; recipient++) {
        pid_t pid = fork();
        int status = 0;
        if (pid == 0)
            break;
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
            failed = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
    }
    int status = become(run, *recipient);
    if (!status)
        status = deliver_for_user(run, text);
    return failed ? failed : status;
}

static int deliver(struct command_context *context, const struct procmail_options *options)
{
    struct run run = {.options = options, .context = context};
    bool any_file = false;
    for (char **at = options->rest; *at; at++)
        any_file = any_file || !strchr(*at, '=');
    if (options->filter && !any_file) {
        fprintf(stderr, "procmail: Missing rcfile\n");
        return EX_NOINPUT;
    }
    GString *text = g_string_new(NULL);
    if (!read_input(text)) {
        fprintf(stderr, "procmail: cannot read the message: %s\n", g_strerror(errno));
        return EX_TEMPFAIL;
    }
    take_out_forged(text);
    set_from_line(options, text);
    if (options->deliver)
        return deliver_to_each(&run, text);
    int status = become(&run, NULL);
    return status ? status : deliver_for_user(&run, text);
}

int procmail_rules(const struct procmail_rules_case *rules_case, GString *text)
{
    struct procmail_options options = {
        .from = rules_case->sender,
        .arguments = g_ptr_array_new(),
        .rest = rules_case->assignments,
    };
    g_ptr_array_add(options.arguments, NULL);
    struct run run = {
        .options = &options,
        .user = {.name = g_strdup(rules_case->user->name),
                 .home = g_strdup(rules_case->user->home),
                 .shell = g_strdup(rules_case->user->shell),
                 .uid = rules_case->user->uid,
                 .gid = rules_case->user->gid},
        .judged = rules_case->judged,
        .context = rules_case->context,
    };
    set_from_line(&options, text);
    procmail_limit_programs(rules_case->programs);
    int status = deliver_for_user(&run, text);
    procmail_options_clear(&options);
    return status;
}

// For an MTA: it would kill us a little later, and bounce the message.
static void limit_time(void)
{
    procmail_limit_programs(deadline_in(PROCMAIL_PROGRAMS_SECONDS * 1000));
    survive_watchdog(PROCMAIL_WATCHDOG_SECONDS);
}

int cmd_procmail_agent(struct command_context *context, int argc, char **argv)
{
    struct procmail_options options = {0};
    (void)argc;
    procmail_options_take(&options, argv);
    int status;
    if (options.version) {
        fprintf(stderr, "procmail (backstop " PACKAGE_VERSION ")\n");
        status = EX_OK;
    } else if (options.help) {
        procmail_options_help();
        status = EX_USAGE;
    } else if (options.lmtp) {
        char *lmtp[] = {(char *)"lmtp", NULL};
        status = cmd_lmtp(context, 1, lmtp);
    } else {
        if (!options.filter)
            limit_time();
        status = deliver(context, &options);
    }
    procmail_options_clear(&options);
    return status;
}
