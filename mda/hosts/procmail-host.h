// SPDX-License-Identifier: MIT
// The world as procmail's engine sees it when mail is really delivered.
#pragma once

#include "base/clock.h"
#include "base/journal.h"
#include "conf/conf.h"
#include "procmail/rc-host.h"

#include <sys/stat.h>

struct procmail_world {
    struct procmail_host host;
    int output;              // where our standard output goes, kept from the programs
    mode_t mask;             // UMASK
    bool dry_run;            // say what would be done, do nothing
    guint deliveries;        // made so far
    guint actions;           // programs that got the message so far
    const struct conf *conf; // by whose settings mail is recorded that programs send; NULL: none is
    uid_t user;              // whose ledger it is: another account leaves it alone
    struct journal *journal; // which of them an earlier run of the same mail made; NULL: not known
    char *job;               // the journal's name
};

// From now on deliveries to folders are noted in the journal NAME in DIRECTORY and those that stand
// in it are left out: what a retry by the MTA is not to do again. False when another run of the
// same mail is still at work. FINAL: as in journal_finish, which procmail_world_finish calls.
bool procmail_world_remember(struct procmail_world *world, const char *directory, const char *name);
void procmail_world_finish(struct procmail_world *world, bool final);
// The mail is to come again; ANEW: the retry is to do it all once more.
void procmail_world_defer(struct procmail_world *world, bool anew);

// Fills in the functions; takes standard output away from programs; catches the signals that ask
// us to end. Free with procmail_world_close.
void procmail_world_open(struct procmail_world *world, bool dry_run);
void procmail_world_close(struct procmail_world *world);

// The text of the rc file PATH and, unless STATUS_R is NULL, the state of what was read: it decides
// whether the file is to be trusted. NULL: it cannot be read; why is in the log unless it is not
// there. Owned by the caller.
char *procmail_read_rc(const char *path, gsize *length_r, struct stat *status_r);

// procmail-lock.c
int procmail_lock(struct procmail_host *host, const char *path, gint64 *age_r);
int procmail_unlock(struct procmail_host *host, const char *path);

// procmail-action.c
// Runs the program of an action unless the journal says that an earlier run did; notes it when it
// does well. A process that outlives us feeds it, waits and makes the note.
void procmail_act(struct procmail_host *host, const struct procmail_program *program,
                  struct procmail_ended *ended_r);

// procmail-mailed.c
// Records in the ledger, where there is one, the mail that PROGRAM is about to send: an action !
// and what is piped to sendmail. What a line for the shell sends is not seen: it leaves a gap.
void procmail_record_mailed(const struct procmail_world *world,
                            const struct procmail_program *program);

// procmail-run.c
// What a process that runs a program tells another about it.
struct procmail_watch {
    volatile pid_t program;
    volatile bool over; // ENDED tells all
    struct procmail_ended ended;
};
// Runs PROGRAM in this process's name. WATCH may be NULL; else the program does not outlive us.
void procmail_run_program(const struct procmail_program *program, struct procmail_watch *watch,
                          struct procmail_ended *ended_r);
// Waits for PID, which TERM is handed on to, and ends it at DEADLINE.
void procmail_watch_over(pid_t pid);
void procmail_run(struct procmail_host *host, const struct procmail_program *program,
                  struct procmail_ended *ended_r);
// Programs are stopped then at the latest, as at their TIMEOUT. Copies of this process that
// procmail_split makes end themselves when it is over.
void procmail_limit_programs(struct deadline deadline);
pid_t procmail_split(struct procmail_host *host);
int procmail_await(struct procmail_host *host, pid_t pid, unsigned timeout, bool *timed_out_r);
bool procmail_interrupted(struct procmail_host *host);
void procmail_catch_signals(void);
// The run is over, only its end is left to do: signals are ignored. Returns the one that
// was the reason, or 0.
int procmail_begin_end(void);

// procmail-folder.c
enum procmail_folder procmail_folder_kind(struct procmail_host *host, const char *name);
bool procmail_deliver(struct procmail_host *host, const struct procmail_delivery *delivery,
                      struct procmail_delivered *delivered_r);
