// SPDX-License-Identifier: MIT
#include "delivery/execute.h"

#include "base/content.h"
#include "base/ending.h"
#include "base/text.h"
#include "delivery/carry-out.h"

#include <time.h>

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
    GPtrArray *lines = data;
    (void)err;
    g_autofree char *line = plan_action_describe(action);
    g_ptr_array_add(lines, g_strdup_printf("(not sent: %s)", line));
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

static void add_lines(GPtrArray *lines, const char *mark, const GPtrArray *texts)
{
    for (guint i = 0; texts && i < texts->len; i++) {
        g_autofree char *shown = text_escaped(g_ptr_array_index(texts, i), false);
        g_ptr_array_add(lines, g_strdup_printf("%s %s", mark, shown));
    }
}

bool execute_plan_into(struct message *message, const char *sender, const struct plan *plan,
                       const char *path, GPtrArray *lines)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *location = g_strconcat("maildir:", absolute, NULL);
    g_autofree char *fingerprint = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, message->bytes);
    const struct run_outgoing outgoing = {.data = lines,
                                          .redirect = name_mail,
                                          .answer = name_answer,
                                          .reject = name_reject,
                                          .pipe = name_mail,
                                          .remember = name_mail};
    struct run_request request = {
        .plan = plan,
        .location = location,
        .sender = sender,
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
    add_lines(lines, "->", result.places);
    add_lines(lines, "!!", result.troubles);
    bool delivered = result.outcome == MDA_DELIVERED;
    ending_finish();
    run_result_clear(&result);
    return delivered;
}
