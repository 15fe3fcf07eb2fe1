// SPDX-License-Identifier: MIT
// Programs that a script may call: those in one configured directory, by their bare name, for a
// limited time and with limited output. A program gets the envelope in its environment and nothing
// else.
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "cmd/sieve-execute.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_SECONDS 10
#define MAX_OUTPUT (64 * 1024 * 1024)

struct child {
    pid_t pid;
    int input, output; // our ends, -1: none
    const char *data;  // what is still to be written
    gsize size;
    GString *collected;
};

static const char *directory_of(const struct sieve_source *source, int kind, gint64 *seconds_r)
{
    static const char *const kinds[] = {[SIEVE_CALL_PIPE] = "pipe",
                                        [SIEVE_CALL_FILTER] = "filter",
                                        [SIEVE_CALL_EXECUTE] = "execute"};
    g_autofree char *directory = g_strconcat(kinds[kind], "_bin_dir", NULL);
    g_autofree char *timeout = g_strconcat(kinds[kind], "_exec_timeout", NULL);
    const char *seconds = g_hash_table_lookup(source->settings, timeout);
    *seconds_r = seconds ? g_ascii_strtoll(seconds, NULL, 10) : DEFAULT_SECONDS;
    return g_hash_table_lookup(source->settings, directory);
}

static char **environment_of(const struct sieve_source *source)
{
    char **list = NULL;
    static const char *const inherited[] = {"PATH", "HOME", "LANG", "TZ"};
    for (guint i = 0; i < G_N_ELEMENTS(inherited); i++) {
        if (g_getenv(inherited[i]))
            list = g_environ_setenv(list, inherited[i], g_getenv(inherited[i]), TRUE);
    }
    list = g_environ_setenv(list, "USER", g_get_user_name(), TRUE);
    if (source->from)
        list = g_environ_setenv(list, "SENDER", source->from, TRUE);
    if (source->to)
        list = g_environ_setenv(list, "RECIPIENT", source->to, TRUE);
    if (source->orig_to)
        list = g_environ_setenv(list, "ORIG_RECIPIENT", source->orig_to, TRUE);
    list = g_environ_setenv(list, "HOST", g_get_host_name(), TRUE);
    return list;
}

// In the child, between fork and exec: only what is safe there.
static void become_program(const char *path, char **argv, char **environment, int input, int output)
{
    signal(SIGPIPE, SIG_DFL);
    if (input < 0)
        input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (output < 0)
        output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (input < 0 || output < 0 || dup2(input, STDIN_FILENO) < 0 ||
        dup2(output, STDOUT_FILENO) < 0 || setpgid(0, 0) != 0)
        _exit(126);
    execve(path, argv, environment);
    _exit(127);
}

static bool start(struct child *child, const char *path, char **argv, char **environment,
                  GError **err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    if (pipe2(in, O_CLOEXEC) != 0)
        return mda_fail_errno(err, errno, "pipe");
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return mda_fail_errno(err, errno, "pipe");
    }
    child->pid = fork();
    if (child->pid == 0)
        become_program(path, argv, environment, in[0], out[1]);
    int code = errno;
    close(in[0]);
    close(out[1]);
    child->input = in[1];
    child->output = out[0];
    if (child->pid < 0) {
        mda_close_fd(&child->input);
        mda_close_fd(&child->output);
        return mda_fail_errno(err, code, "fork");
    }
    fcntl(child->input, F_SETFL, O_NONBLOCK);
    fcntl(child->output, F_SETFL, O_NONBLOCK);
    return true;
}

static void feed(struct child *child)
{
    ssize_t wrote = write(child->input, child->data, child->size);
    if (wrote > 0) {
        child->data += wrote;
        child->size -= (gsize)wrote;
    }
    // A program may leave before it has read everything: that is its choice.
    if (child->size == 0 || (wrote < 0 && errno != EAGAIN && errno != EINTR))
        mda_close_fd(&child->input);
}

static void drain(struct child *child)
{
    char buffer[65536];
    ssize_t got = read(child->output, buffer, sizeof buffer);
    if (got > 0 && child->collected->len + (gsize)got <= MAX_OUTPUT)
        g_string_append_len(child->collected, buffer, got);
    else if (got >= 0 || (errno != EAGAIN && errno != EINTR))
        mda_close_fd(&child->output);
}

// Talks to the child until it closes its output or the time is over; false in the latter case.
static bool converse(struct child *child, const struct deadline *deadline)
{
    if (child->size == 0)
        mda_close_fd(&child->input);
    while (child->output >= 0) {
        struct pollfd fds[] = {{.fd = child->output, .events = POLLIN},
                               {.fd = child->input, .events = POLLOUT}};
        int ready = poll(fds, 2, deadline_left(deadline));
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return false;
        if (fds[0].revents)
            drain(child);
        if (child->input >= 0 && fds[1].revents)
            feed(child);
    }
    mda_close_fd(&child->input);
    return true;
}

// Waits for the child's end; false with *err when it failed or had to be stopped.
static bool reap(struct child *child, const struct deadline *deadline, bool in_time,
                 const char *name, GError **err)
{
    int status = 0;
    pid_t ended = 0;
    while (in_time && (ended = waitpid(child->pid, &status, WNOHANG)) == 0) {
        in_time = !deadline_passed(deadline);
        g_usleep(2000);
    }
    if (ended == child->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (ended == child->pid)
        return mda_fail(err, MDA_ERROR_TEMP, "program '%s' ended with status %d", name,
                        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    waitpid(child->pid, &status, 0);
    return mda_fail(err, MDA_ERROR_TEMP, "program '%s' took too long and was stopped", name);
}

static bool find_program(const char *directory, const char *name, char **path_r, GError **err)
{
    struct stat info;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || access(path, X_OK) != 0)
        return mda_fail(err, MDA_ERROR_GONE, "program '%s' not found", name);
    *path_r = g_steal_pointer(&path);
    return true;
}

// The setting NAME_input_eol = crlf or lf says how lines of the input end.
static GBytes *prepare_input(const struct sieve_source *source,
                             const struct sieve_program_call *call)
{
    static const char *const names[] = {[SIEVE_CALL_PIPE] = "pipe_input_eol",
                                        [SIEVE_CALL_FILTER] = "filter_input_eol",
                                        [SIEVE_CALL_EXECUTE] = "execute_input_eol"};
    const char *eol = g_hash_table_lookup(source->settings, names[call->kind]);
    bool lf = eol && strcmp(eol, "lf") == 0;
    gsize size = 0;
    const char *data = call->input ? g_bytes_get_data(call->input, &size) : NULL;
    GString *out = g_string_sized_new(size + 64);
    for (gsize i = 0; i < size; i++) {
        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
            continue;
        if (data[i] == '\n' && !lf)
            g_string_append_c(out, '\r');
        g_string_append_c(out, data[i]);
    }
    return g_string_free_to_bytes(out);
}

bool sieve_program_run(const struct sieve_source *source, const struct sieve_program_call *call,
                       GBytes **output_r, GError **err)
{
    gint64 seconds = 0;
    const char *directory = directory_of(source, call->kind, &seconds);
    g_autofree char *path = NULL;
    if (!directory)
        return mda_fail(err, MDA_ERROR_CONFIG, "no directory of programs is configured");
    if (!find_program(directory, call->program, &path, err))
        return false;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, path);
    for (guint i = 0; call->arguments && i < call->arguments->len; i++)
        g_ptr_array_add(argv, g_ptr_array_index(call->arguments, i));
    g_ptr_array_add(argv, NULL);
    g_auto(GStrv) environment = environment_of(source);
    g_autoptr(GBytes) input = prepare_input(source, call);
    g_autoptr(GString) collected = g_string_new(NULL);
    struct child child = {.input = -1, .output = -1, .collected = collected};
    child.data = g_bytes_get_data(input, &child.size);
    if (!start(&child, path, (char **)argv->pdata, environment, err))
        return false;
    struct deadline deadline = deadline_in(seconds * 1000);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    bool in_time = converse(&child, &deadline);
    signal(SIGPIPE, before);
    bool done = reap(&child, &deadline, in_time, call->program, err);
    mda_close_fd(&child.input);
    mda_close_fd(&child.output);
    if (done && output_r)
        *output_r = g_bytes_new(collected->str, collected->len);
    return done;
}
