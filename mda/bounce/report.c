// SPDX-License-Identifier: MIT
#include "bounce/report.h"

#include <string.h>

static const char *const class_names[] = {
    [BOUNCE_NONE] = "none",
    [BOUNCE_DSN_FAILURE] = "dsn-failure",
    [BOUNCE_DSN_DELAY] = "dsn-delay",
    [BOUNCE_DSN_SUCCESS] = "dsn-success",
    [BOUNCE_MDN] = "mdn",
    [BOUNCE_AUTO_REPLY] = "auto-reply",
    [BOUNCE_CHALLENGE] = "challenge",
    [BOUNCE_VIRUS_NOTICE] = "virus-notice",
    [BOUNCE_FEEDBACK_REPORT] = "feedback-report",
};

const char *bounce_class_name(enum bounce_class class)
{
    return class_names[class];
}

bool bounce_class_parse(const char *name, enum bounce_class *class_r)
{
    for (gsize i = 0; i < G_N_ELEMENTS(class_names); i++) {
        if (strcmp(name, class_names[i]) == 0) {
            *class_r = (enum bounce_class)i;
            return true;
        }
    }
    return false;
}

static void recipient_free(gpointer data)
{
    struct report_recipient *recipient = data;
    g_free(recipient->final);
    g_free(recipient->original);
    g_free(recipient->action);
    g_free(recipient->status);
    g_free(recipient->diagnostic);
    g_free(recipient);
}

static void hop_free(gpointer data)
{
    struct received_hop *hop = data;
    g_free(hop->from);
    g_free(hop->name);
    g_free(hop->address);
    g_free(hop->by);
    g_free(hop->date);
    g_free(hop->raw);
    g_free(hop);
}

struct report *report_new(void)
{
    struct report *report = g_new0(struct report, 1);
    report->recipients = g_ptr_array_new_with_free_func(recipient_free);
    report->refused_as = g_ptr_array_new_with_free_func(g_free);
    report->limits = g_ptr_array_new_with_free_func(g_free);
    report->original.received = g_ptr_array_new_with_free_func(hop_free);
    report->original.fields = g_ptr_array_new_with_free_func(g_free);
    report->original.references = g_ptr_array_new_with_free_func(g_free);
    report->original.replaced_ids = g_ptr_array_new_with_free_func(g_free);
    return report;
}

static void original_clear(struct original *original)
{
    g_free(original->message_id);
    g_free(original->from);
    g_free(original->return_path);
    g_free(original->to);
    g_free(original->cc);
    g_free(original->date);
    g_free(original->subject);
    g_free(original->where);
    g_clear_pointer(&original->body, g_bytes_unref);
    g_ptr_array_unref(original->received);
    g_ptr_array_unref(original->fields);
    g_ptr_array_unref(original->references);
    g_ptr_array_unref(original->replaced_ids);
}

void report_free(struct report *report)
{
    if (!report)
        return;
    g_free(report->rule);
    g_free(report->reporting_mta);
    g_ptr_array_unref(report->recipients);
    g_ptr_array_unref(report->refused_as);
    g_ptr_array_unref(report->limits);
    g_clear_pointer(&report->trace, g_ptr_array_unref);
    original_clear(&report->original);
    g_free(report);
}

struct report_recipient *report_add_recipient(struct report *report)
{
    struct report_recipient *recipient = g_new0(struct report_recipient, 1);
    g_ptr_array_add(report->recipients, recipient);
    return recipient;
}

struct received_hop *original_add_hop(struct original *original)
{
    struct received_hop *hop = g_new0(struct received_hop, 1);
    g_ptr_array_add(original->received, hop);
    return hop;
}

void report_add_limit(struct report *report, const char *what)
{
    if (!g_ptr_array_find_with_equal_func(report->limits, what, g_str_equal, NULL))
        g_ptr_array_add(report->limits, g_strdup(what));
}
