// SPDX-License-Identifier: MIT
#include "delivery/procmail-agent.h"

#include "base/auto.h"
#include "base/child.h"
#include "base/survive.h"
#include "delivery/user.h"
#include "hosts/procmail-host.h"
#include "message/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

// How often somebody may put something back into the mail spool while we move it away.
#define SPOOL_TRIES 5

struct agent {
    struct conf *conf;
    const struct procmail_options *options;
    struct mail_user user;
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
void procmail_set_from_line(const struct procmail_options *options, GString *text)
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
            PROCMAIL_SPOOL, name, aside);
    return moved;
}

// Before we become the user, who may neither rename in the mail spool nor, perhaps, make files
// there: root makes an empty mailbox for those who have none.
static void prepare_spool(const struct mail_user *user)
{
    struct stat status;
    mda_autofd spool = open(PROCMAIL_SPOOL, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
static int become(struct agent *agent, const char *name)
{
    g_autoptr(GError) error = NULL;
    if (!name)
        unsetenv("HOME"); // procmail goes by the user database
    switch (user_find(name, &agent->user, &error)) {
    case USER_UNKNOWN:
        if (name) {
            fprintf(stderr, "procmail: Unknown user \"%s\"\n", name);
            return EX_NOUSER;
        }
        agent->user = (struct mail_user){.name = g_strdup_printf("#%d", (int)geteuid()),
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
    if (!agent->options->filter)
        prepare_spool(&agent->user);
    if (user_become(&agent->user, &error))
        return 0;
    fprintf(stderr, "procmail: Insufficient privileges\n");
    // An MTA that is set up wrong: the mail can wait until that is mended. Root's trouble passes.
    return agent->options->strict && geteuid() != 0 ? EX_NOPERM : EX_TEMPFAIL;
}

static int deliver_for_user(struct agent *agent, GString *text)
{
    const struct procmail_rules_case rules_case = {
        .conf = agent->conf, .options = agent->options, .user = &agent->user};
    int status = procmail_rules(&rules_case, text);
    user_clear(&agent->user);
    return status;
}

// Several recipients: each but the last in a process of its own, so that one's rc file cannot
// harm another's mail.
static int deliver_to_each(struct agent *agent, GString *text)
{
    int failed = 0;
    char **recipient = agent->options->rest;
    for (; recipient[0] && recipient[1]; recipient++) {
        const struct deadline never = deadline_in(-1); // its programs have theirs
        struct child copy;
        int status = 0;
        const bool started = child_start(&copy, CHILD_APART);
        if (started && copy.pid == 0)
            break;
        if (!started || !child_reap(copy.pid, &never, NULL, &status) || status != 0)
            failed = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
    }
    int status = become(agent, *recipient);
    if (!status)
        status = deliver_for_user(agent, text);
    return failed ? failed : status;
}

// For an MTA: it would kill us a little later, and bounce the message.
static void limit_time(void)
{
    procmail_limit_programs(deadline_in(PROCMAIL_PROGRAMS_SECONDS * 1000));
    survive_watchdog(PROCMAIL_WATCHDOG_SECONDS);
}

static int deliver(struct conf *conf, const struct procmail_options *options)
{
    struct agent agent = {.conf = conf, .options = options};
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
    procmail_set_from_line(options, text);
    if (options->deliver)
        return deliver_to_each(&agent, text);
    int status = become(&agent, NULL);
    return status ? status : deliver_for_user(&agent, text);
}

void procmail_agent_run(struct conf *conf, const struct procmail_options *options,
                        struct delivery_result *result_r)
{
    if (!options->filter)
        limit_time();
    *result_r = procmail_result(deliver(conf, options));
    if (result_r->end != DELIVERY_DEFERRED)
        procmail_count(conf);
}

struct delivery_result procmail_result(int status)
{
    static const struct {
        int status;
        enum delivery_end end;
    } known[] = {{EX_OK, DELIVERY_DELIVERED},
                 {EX_NOUSER, DELIVERY_NO_USER},
                 {EX_NOPERM, DELIVERY_REFUSED},
                 {EX_TEMPFAIL, DELIVERY_DEFERRED}};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].status == status)
            return (struct delivery_result){.end = known[i].end};
    }
    return (struct delivery_result){.end = DELIVERY_BY_STATUS, .status = status};
}
