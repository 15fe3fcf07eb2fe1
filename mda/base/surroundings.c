// SPDX-License-Identifier: MIT
#include "base/surroundings.h"

#include "base/auto.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

// More descriptors than this are not tried one by one, on kernels without close_range(2).
#define TRIED_MAX 65536

static const char *const passing[] = {"PATH",    "HOME", "SHELL",    "TMPDIR", "USER",
                                      "LOGNAME", "LANG", "LANGUAGE", "TZ"};

static const char *const of_message[] = {
    // Postfix (local(8), pipe(8)), Exim and OpenSMTPD
    "SENDER", "RECIPIENT", "ORIGINAL_RECIPIENT", "LOCAL", "LOCAL_PART", "LOCAL_PART_PREFIX",
    "LOCAL_PART_SUFFIX", "DOMAIN", "EXTENSION", "HOST", "MESSAGE_ID", "CLIENT_ADDRESS",
    "CLIENT_HELO", "CLIENT_HOSTNAME", "CLIENT_PROTOCOL", "QUALIFY_DOMAIN",
    // qmail
    "EXT", "EXT2", "EXT3", "EXT4", "DEFAULT", "DTLINE", "RPLINE", "NEWSENDER"};

static bool may_pass(const char *name, bool message)
{
    for (gsize i = 0; i < G_N_ELEMENTS(passing); i++) {
        if (strcmp(passing[i], name) == 0)
            return true;
    }
    for (gsize i = 0; message && i < G_N_ELEMENTS(of_message); i++) {
        if (strcmp(of_message[i], name) == 0)
            return true;
    }
    return g_str_has_prefix(name, "LC_");
}

static char *name_of(const char *variable)
{
    return g_strndup(variable, strcspn(variable, "="));
}

char **surroundings_environment(bool message)
{
    GPtrArray *list = g_ptr_array_new();
    for (char **at = environ; at && *at; at++) {
        g_autofree char *name = name_of(*at);
        // A value that is a function of a shell would run in its place (CVE-2014-6271).
        const char *value = strchr(*at, '=');
        if (value && may_pass(name, message) && !g_str_has_prefix(value, "=() {"))
            g_ptr_array_add(list, g_strdup(*at));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

void surroundings_forget(void)
{
    g_auto(GStrv) names = g_listenv();
    for (guint i = 0; names && names[i]; i++) {
        if (!may_pass(names[i], false) && !g_str_has_prefix(names[i], "BACKSTOP_"))
            unsetenv(names[i]);
    }
}

static unsigned tried_end(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > TRIED_MAX)
        return TRIED_MAX;
    return (unsigned)limit.rlim_cur;
}

void surroundings_seal(void)
{
    if (syscall(SYS_close_range, 3U, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (unsigned fd = 3; fd < tried_end(); fd++)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

static void close_from(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0U) == 0)
        return;
    for (unsigned fd = first; fd <= last && fd < tried_end(); fd++)
        close((int)fd);
}

void surroundings_close(int keep)
{
    if (keep < 3) {
        close_from(3, UINT_MAX);
        return;
    }
    close_from(3, (unsigned)keep - 1);
    close_from((unsigned)keep + 1, UINT_MAX);
}

bool surroundings_silence(void)
{
    mda_autofd null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return false;
    for (int fd = 0; fd <= 2; fd++) {
        // dup2 of a descriptor to itself would leave it to be closed by exec.
        if (fd == null ? fcntl(fd, F_SETFD, 0) != 0 : dup2(null, fd) < 0)
            return false;
    }
    if (null <= 2)
        null = -1;
    return true;
}
