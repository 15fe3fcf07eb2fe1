// SPDX-License-Identifier: MIT
#include "bounce/traces.h"

#include "base/address.h"

#include <string.h>

#define SUBJECT_MAX_BYTES 60
// A shorter subject ("Hello", "Test") is common to much mail.
#define SUBJECT_MIN_BYTES 12
#define RECIPIENTS_MAX 20

char *report_subject_key(const char *subject)
{
    GString *key = g_string_new(NULL);
    for (; subject && *subject && key->len < SUBJECT_MAX_BYTES; subject++) {
        if (g_ascii_isalpha(*subject) || (guchar)*subject >= 0x80)
            g_string_append_c(key, g_ascii_tolower(*subject));
    }
    while (g_str_has_prefix(key->str, "re") || g_str_has_prefix(key->str, "fw"))
        g_string_erase(key, 0, 2);
    return g_string_free(key, FALSE);
}

static void trace_free(gpointer data)
{
    struct report_trace *trace = data;
    g_free(trace->fact);
    g_free(trace);
}

static void add(GPtrArray *traces, const char *kind, char *text, bool of_genuine,
                bool of_backscatter)
{
    if (!text || !*text) {
        g_free(text);
        return;
    }
    struct report_trace *trace = g_new0(struct report_trace, 1);
    *trace = (struct report_trace){kind, text, of_genuine, of_backscatter};
    g_ptr_array_add(traces, trace);
}

GPtrArray *report_traces(const struct message *message, const struct report *report)
{
    GPtrArray *traces = g_ptr_array_new_with_free_func(trace_free);
    for (guint i = 0; i < report->recipients->len && i < RECIPIENTS_MAX; i++) {
        const struct report_recipient *recipient = g_ptr_array_index(report->recipients, i);
        add(traces, "recipient", address_fold(recipient->final), true, true);
        add(traces, "recipient", address_fold(recipient->original), true, true);
    }
    char *host = domain_organisation(report->reporting_mta);
    add(traces, "host", host ? host : g_strdup(report->reporting_mta), true, false);
    g_autofree char *from = message_header(message, "From", 0);
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    address_scan(from, 1, authors);
    add(traces, "sender", authors->len > 0 ? g_strdup(authors->pdata[0]) : NULL, true, false);
    g_autofree char *key = report_subject_key(report->original.subject);
    if (strlen(key) >= SUBJECT_MIN_BYTES)
        add(traces, "subject", g_steal_pointer(&key), false, true);
    return traces;
}
