// SPDX-License-Identifier: MIT
#include "cmd/scan-folder.h"

#include "base/error.h"
#include "store/read.h"

#include <stdio.h>

#define NAMES_MAX 10000000
#define MESSAGE_MAX_BYTES (64 * 1024 * 1024)

struct folder_visit {
    struct scan *scan;
    const struct tree_folder *folder;
};

// The envelope as delivery left it in the stored message.
static void read_envelope(const struct message *message, struct envelope *envelope)
{
    g_autofree char *path = message_header(message, "Return-Path", 0);
    g_autofree char *recipient = message_header(message, "Delivered-To", 0);
    g_autofree char *original = message_header(message, "X-Original-To", 0);
    envelope->sender = envelope_address(path);
    envelope->recipient = envelope_address(recipient);
    envelope->original_recipient = envelope_address(original);
    if (!path && message->from_line && g_str_has_prefix(message->from_line, "From MAILER-DAEMON "))
        envelope->sender = g_strdup("");
}

static bool may_be_report(const struct scan *scan, GBytes *header)
{
    g_autoptr(Message) message = message_new(header);
    const struct bounce_settings settings = judge_settings(scan->conf);
    struct envelope envelope = {0};
    read_envelope(message, &envelope);
    const bool trait = bounce_has_trait(&settings, message, &envelope);
    envelope_clear(&envelope);
    return trait;
}

static void judge_one(const struct folder_visit *visit, GBytes *bytes, const char *name,
                      gint64 offset)
{
    struct scan *scan = visit->scan;
    g_autoptr(Message) message = message_new(bytes);
    struct envelope envelope = {0};
    read_envelope(message, &envelope);
    g_autoptr(Judgement) judgement =
        judge_message(scan->conf, scan->rules, message, &envelope, JUDGE_REHEARSAL);
    envelope_clear(&envelope);
    const struct scanned scanned = {visit->folder, name, offset, judgement};
    if (judgement->report->class != BOUNCE_NONE)
        scan->report(&scanned, scan->data);
}

static bool is_stopped(const struct scan *scan)
{
    return scan->stop && scan->stop(scan->data);
}

static bool visit_mbox(GBytes *bytes, gint64 offset, gpointer data)
{
    const struct folder_visit *visit = data;
    if (is_stopped(visit->scan))
        return false;
    if (may_be_report(visit->scan, bytes))
        judge_one(visit, bytes, NULL, offset);
    if (visit->scan->step)
        visit->scan->step(visit->scan->total, visit->scan->data);
    return true;
}

static void visit_name(const struct folder_visit *visit, const char *name)
{
    const struct tree_folder *folder = visit->folder;
    g_autoptr(GBytes) header = read_header(folder->path, name);
    // What vanished meanwhile was moved by somebody else.
    if (header && may_be_report(visit->scan, header)) {
        g_autoptr(GBytes) whole = read_message(folder->path, name, MESSAGE_MAX_BYTES);
        if (whole)
            judge_one(visit, whole, name, 0);
    }
    if (visit->scan->step)
        visit->scan->step(visit->scan->total, visit->scan->data);
}

bool scan_folder(struct scan *scan, const struct tree_folder *folder, GError **err)
{
    struct folder_visit visit = {scan, folder};
    gint64 end, size;
    if (folder->kind == READ_MBOX)
        return read_each_mbox(folder->path, 0, MESSAGE_MAX_BYTES, visit_mbox, &visit, &end, &size,
                              err);
    g_autoptr(GPtrArray) names = NULL;
    if (!read_list(folder->path, folder->kind, NAMES_MAX, &names, err))
        return false;
    scan->total += names->len;
    for (guint i = 0; i < names->len && !is_stopped(scan); i++)
        visit_name(&visit, g_ptr_array_index(names, i));
    return true;
}

void scan_count(struct scan_table *table, const struct judgement *judgement)
{
    table->counts[judgement->verdict][judgement->report->class]++;
    table->reports++;
}

void scan_print(const struct scan_table *table)
{
    printf("%-16s", "");
    for (int verdict = VERDICT_GENUINE; verdict <= VERDICT_UNKNOWN; verdict++)
        printf(" %11s", verdict_name((enum verdict)verdict));
    for (int class = BOUNCE_DSN_FAILURE; class <= BOUNCE_FEEDBACK_REPORT; class ++) {
        guint sum = 0;
        for (int verdict = VERDICT_GENUINE; verdict <= VERDICT_UNKNOWN; verdict++)
            sum += table->counts[verdict][class];
        if (sum == 0)
            continue;
        printf("\n%-16s", bounce_class_name((enum bounce_class) class));
        for (int verdict = VERDICT_GENUINE; verdict <= VERDICT_UNKNOWN; verdict++)
            printf(" %11u", table->counts[verdict][class]);
    }
    printf("\n%-16s", "all");
    for (int verdict = VERDICT_GENUINE; verdict <= VERDICT_UNKNOWN; verdict++) {
        guint sum = 0;
        for (int class = BOUNCE_DSN_FAILURE; class <= BOUNCE_FEEDBACK_REPORT; class ++)
            sum += table->counts[verdict][class];
        printf(" %11u", sum);
    }
    printf("\n");
}
