// SPDX-License-Identifier: MIT
#include "hosts/sieve-execute.h"

#include "base/ending.h"
#include "base/text.h"
#include "delivery/carry-out.h"
#include "message/compose.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

// The maildir of this process's run, NULL: none. One command works on one.
static const char *world_path;

static bool world_mailbox_exists(void *data, const char *mailbox)
{
    (void)data;
    g_autofree char *absolute = world_path ? g_canonicalize_filename(world_path, NULL) : NULL;
    g_autofree char *location = absolute ? g_strconcat("maildir:", absolute, NULL) : NULL;
    g_autofree char *path = NULL;
    if (g_ascii_strcasecmp(mailbox, "INBOX") == 0)
        return true;
    const struct store *store = location ? store_for(location, &path, NULL) : NULL;
    g_autofree char *folder = store ? store->folder_path(path, mailbox, NULL) : NULL;
    return folder && g_file_test(folder, G_FILE_TEST_IS_DIR);
}

static bool world_call(void *data, const struct sieve_program_call *call, GBytes **output_r,
                       GError **err)
{
    return sieve_program_run(data, call, output_r, err);
}

void sieve_execute_world(struct sieve_source *source, const char *path, struct sieve_host *host)
{
    world_path = path;
    source->mailbox_exists = world_mailbox_exists;
    if (path) {
        g_free(source->maildir);
        source->maildir = g_canonicalize_filename(path, NULL);
    }
    sieve_source_host(source, host);
    host->call = world_call;
}

static struct content *content_of(gpointer data, GBytes *bytes)
{
    const struct message *message = data;
    struct content *content = content_new();
    if (bytes) {
        gsize size = 0;
        const char *text = g_bytes_get_data(bytes, &size);
        content_append(content, text, size);
    } else {
        content_append(content, message->data, message->size);
    }
    return content;
}

static bool name_mail(gpointer data, const struct plan_action *action, GError **err)
{
    (void)data;
    (void)err;
    g_autofree char *line = plan_action_describe(action);
    printf("  (not sent: %s)\n", line);
    return true;
}

static bool name_answer(gpointer data, const struct plan_action *action, GBytes **sent_r,
                        GError **err)
{
    (void)sent_r;
    return name_mail(data, action, err);
}

static bool name_reject(gpointer data, const struct plan_action *action, bool *caller_refuses_r,
                        GError **err)
{
    *caller_refuses_r = false;
    return name_mail(data, action, err);
}

static void print_line(const char *mark, const char *text)
{
    g_autofree char *shown = text_escaped(text, false);
    printf("  %s %s\n", mark, shown);
}

bool sieve_execute_into(struct sieve_source *source, const struct plan *plan, const char *path)
{
    struct message *message = sieve_source_message(source);
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *location = g_strconcat("maildir:", absolute, NULL);
    g_autofree char *fingerprint = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, message->bytes);
    const struct run_outgoing outgoing = {.redirect = name_mail,
                                          .answer = name_answer,
                                          .reject = name_reject,
                                          .pipe = name_mail,
                                          .remember = name_mail};
    struct run_request request = {
        .plan = plan,
        .location = location,
        .sender = source->from,
        .fingerprint = fingerprint,
        .arrival = (gint64)time(NULL),
        .keywords = true,
        .fsync = true,
        .mode = 0600,
        .lock_milliseconds = 5000,
        .content_of = content_of,
        .content_data = message,
        .outgoing = &outgoing,
    };
    struct run_result result = {0};
    run_plan(&request, &result);
    for (guint i = 0; result.places && i < result.places->len; i++)
        print_line("->", g_ptr_array_index(result.places, i));
    for (guint i = 0; result.troubles && i < result.troubles->len; i++)
        print_line("!!", g_ptr_array_index(result.troubles, i));
    bool delivered = result.outcome == MDA_DELIVERED;
    ending_finish();
    run_result_clear(&result);
    return delivered;
}
