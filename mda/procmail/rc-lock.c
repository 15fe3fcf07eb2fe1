// SPDX-License-Identifier: MIT
// Lock files: LOCKFILE for the whole run, a recipe's own for its action.
#include "procmail/rc-engine.h"

#include <errno.h>
#include <string.h>

// How often a failure that may pass (no space, a directory that is being made) is borne.
#define PASSING_FAILURES 8

static bool may_pass(int code)
{
    return code == ENOSPC || code == EDQUOT || code == ENOENT || code == ENOTDIR || code == EIO;
}

// The lock is older than LOCKTIMEOUT: takes it away. False when that was refused.
static bool break_lock(struct rc_engine *engine, const char *name)
{
    if (engine->host->unlock(engine->host, name) != 0) {
        rc_say_quoted(engine, "Forced unlock denied on", name);
        return false;
    }
    rc_say_quoted(engine, "Forcing lock on", name);
    engine->host->pause(engine->host, (unsigned)MAX(engine->numbers[RC_SUSPEND], 0));
    return true;
}

static bool lock_name(struct rc_engine *engine, const char *name)
{
    struct procmail_host *host = engine->host;
    int passing = PASSING_FAILURES;
    bool refused = false;
    while (!host->interrupted(host)) {
        gint64 age = -1;
        rc_say_verbose(engine, "Locking", name);
        int code = host->lock(host, name, &age);
        if (code == 0)
            return true;
        long limit = engine->numbers[RC_LOCKTIMEOUT];
        bool stale = code == EEXIST && limit > 0 && age > limit;
        if (stale && !refused) {
            if (break_lock(engine, name))
                continue;
            refused = true;
        } else if (stale || (code != EEXIST && (!may_pass(code) || --passing == 0))) {
            rc_say_quoted(engine, "Lock failure on", name);
            return false;
        } else {
            refused = false;
        }
        if (code == EEXIST)
            passing = PASSING_FAILURES;
        host->pause(host, (unsigned)MAX(engine->numbers[RC_LOCKSLEEP], 1));
    }
    rc_say(engine, "Terminating prematurely whilst waiting for lockfile");
    rc_quote(engine, name);
    engine->hasty = true;
    rc_end(engine, RC_STOPPED);
    return false;
}

void rc_unlock(struct rc_engine *engine, char **held)
{
    if (!*held)
        return;
    rc_say_verbose(engine, "Unlocking", *held);
    if (engine->host->unlock(engine->host, *held) != 0)
        rc_say_quoted(engine, "Couldn't unlock", *held);
    g_clear_pointer(held, g_free);
}

bool rc_lock(struct rc_engine *engine, char **held, const char *name)
{
    if (*held && strcmp(*held, name) == 0)
        return true;
    rc_unlock(engine, held);
    if (!*name)
        return true;
    if (!lock_name(engine, name))
        return false;
    *held = g_strdup(name);
    return true;
}

void rc_lock_mailbox(struct rc_engine *engine, const char *mailbox)
{
    gint64 age;
    g_autofree char *name = g_strconcat(mailbox, rc_get(engine, "LOCKEXT"), NULL);
    bool spool =
        g_str_has_prefix(mailbox, "/var/mail/") || g_str_has_prefix(mailbox, "/var/spool/mail/");
    if (engine->global_lock && strcmp(name, engine->global_lock) == 0)
        return;
    int code = spool ? engine->host->lock(engine->host, name, &age) : EEXIST;
    if (code == 0) {
        rc_unlock(engine, &engine->local_lock);
        engine->local_lock = g_steal_pointer(&name);
    } else if (code == EACCES || code == EPERM || code == EROFS) {
        rc_say_verbose(engine, "Bypassed locking", name); // the kernel's lock is left
    } else {
        rc_lock(engine, &engine->local_lock, name);
    }
}

void rc_lock_local(struct rc_engine *engine, const char *name, const char *implicit)
{
    if (!name && (strcmp(implicit, "/dev/null") == 0 || strcmp(implicit, "|") == 0))
        return;
    g_autofree char *lock =
        name ? g_strdup(name) : g_strconcat(implicit, rc_get(engine, "LOCKEXT"), NULL);
    if (engine->global_lock && strcmp(lock, engine->global_lock) == 0)
        rc_say_quoted(engine, "Deadlock attempted on", lock);
    else
        rc_lock(engine, &engine->local_lock, lock);
}
