// SPDX-License-Identifier: MIT
#include "hosts/sieve-execute.h"

#include "store/store.h"

#include <string.h>

// The maildir of this process's run, NULL: none. One command works on one.
static const char *simulated_path;

static bool simulated_mailbox_exists(void *data, const char *mailbox)
{
    (void)data;
    g_autofree char *absolute =
        simulated_path ? g_canonicalize_filename(simulated_path, NULL) : NULL;
    g_autofree char *location = absolute ? g_strconcat("maildir:", absolute, NULL) : NULL;
    g_autofree char *path = NULL;
    if (g_ascii_strcasecmp(mailbox, "INBOX") == 0)
        return true;
    const struct store *store = location ? store_for(location, &path, NULL) : NULL;
    g_autofree char *folder = store ? store->folder_path(path, mailbox, NULL) : NULL;
    return folder && g_file_test(folder, G_FILE_TEST_IS_DIR);
}

static bool simulated_call(void *data, const struct sieve_program_call *call, GBytes **output_r,
                           GError **err)
{
    return sieve_program_run(data, call, output_r, err);
}

void sieve_execute_surroundings(struct sieve_source *source, const char *path,
                                struct sieve_host *host)
{
    simulated_path = path;
    source->mailbox_exists = simulated_mailbox_exists;
    if (path) {
        g_free(source->maildir);
        source->maildir = g_canonicalize_filename(path, NULL);
    }
    sieve_source_host(source, host);
    host->call = simulated_call;
}
