// SPDX-License-Identifier: MIT
// What the engine asks of the world. procmail's language is imperative: a recipe may ask whether
// the one before it delivered, so every action is carried out when it is reached and its result
// told. Filled in by hosts/procmail-host.c, and by fakes in tests.
//
// Every function takes the host itself first. None of them logs unless it is said; messages that
// users know from procmail's log are the engine's, which gets what it needs to say them.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct procmail_host;

// How procmail_program.wait is meant (flags w and W).
enum procmail_wait { PROCMAIL_DONT_WAIT, PROCMAIL_WAIT, PROCMAIL_WAIT_QUIETLY };

struct procmail_program {
    char *const *argv;
    char *const *environment; // "NAME=value"
    const char *input;
    gsize input_size;
    bool newline; // send one more unless the input ends in an empty line
    enum procmail_wait wait;
    unsigned timeout;   // seconds; 0: none
    GString *output;    // where its standard output goes, or NULL: where ours goes
    gsize output_limit; // more is read and dropped; 0: none
    bool output_to_log;
    bool action;        // what the message is for: not to be done again by a retry
    bool ignore_errors; // it may leave input unread
    bool mails;         // it is what SENDMAIL names
};

struct procmail_ended {
    bool started;      // a process was made
    bool not_run;      // the program itself could not be run; that is in the log
    bool write_failed; // it did not take all its input
    bool timed_out;    // ... and was ended for it
    bool excessive;    // more output than the limit
    int status;        // exit status, or minus the signal; 0 when not waited for
    gsize sent;        // bytes that it was sent
};

enum procmail_folder { PROCMAIL_FILE, PROCMAIL_DIRECTORY, PROCMAIL_MAILDIR, PROCMAIL_MH };

struct procmail_delivery {
    const char *folder; // as the rc file names it
    char *const *links; // further folders that get a link to the same file; may be NULL
    const char *data;
    gsize size;
    gsize escape_head, escape_head_end; // "\nFrom " is escaped in an mbox within these offsets
    gsize escape_body;                  // and from this one on
    gsize from_lines;                   // bytes at the start of the data that maildirs do not get
    bool raw;                           // no newline is added, nothing escaped
    bool ignore_errors;
    const char *prefix; // of names in a plain directory (MSGPREFIX)
    unsigned timeout;   // seconds for the kernel's lock; 0: none
    // Says WHAT and QUOTED in the log.
    void (*complain)(void *context, const char *what, const char *quoted);
    void *context;
    bool verbose;  // also tell what goes well
    bool log_open; // tell of the repair of a file
};

struct procmail_delivered {
    char *folder; // what LASTFOLDER becomes, or NULL; owned by the caller
    gsize written;
    bool passing; // it failed for what another try may mend: a full disk, an I/O error
};

struct procmail_host {
    // Writes to the log.
    void (*log)(struct procmail_host *host, const char *text, gsize length);
    // The log goes to the end of the file at PATH. Returns 0 or an errno; then nothing changed.
    int (*log_open)(struct procmail_host *host, const char *path);
    int (*change_directory)(struct procmail_host *host, const char *path); // 0 or an errno
    void (*set_umask)(struct procmail_host *host, mode_t mask);
    // The text of the regular file at PATH; NULL when it cannot be read. Owned by the caller.
    char *(*read_file)(struct procmail_host *host, const char *path, gsize *length_r);
    // Runs a program to its end, or until its input is sent when it is not waited for.
    void (*run)(struct procmail_host *host, const struct procmail_program *program,
                struct procmail_ended *ended_r);
    // Goes on in two processes: 0 in the new one, its id in the old, -1 when that failed.
    pid_t (*split)(struct procmail_host *host);
    // Waits for the process PID at most TIMEOUT seconds (0: for ever), then ends it; its status.
    int (*await)(struct procmail_host *host, pid_t pid, unsigned timeout, bool *timed_out_r);
    // What the folder called NAME is or would become.
    enum procmail_folder (*folder_kind)(struct procmail_host *host, const char *name);
    // True: the message is there to stay. False: it is not there at all.
    bool (*deliver)(struct procmail_host *host, const struct procmail_delivery *delivery,
                    struct procmail_delivered *delivered_r);
    // Makes the lock file at PATH: 0 or an errno, EEXIST when it is held; then *AGE_R is its age in
    // seconds, or -1 when it is not for us to break.
    int (*lock)(struct procmail_host *host, const char *path, gint64 *age_r);
    int (*unlock)(struct procmail_host *host, const char *path); // 0 or an errno
    void (*pause)(struct procmail_host *host, unsigned seconds);
    // A signal asked us to end: whatever is under way fails, and nothing new is begun.
    bool (*interrupted)(struct procmail_host *host);
    // The user's identity is taken on for good (DROPPRIVS).
    void (*drop_privileges)(struct procmail_host *host);
    const char *host_name;
};
