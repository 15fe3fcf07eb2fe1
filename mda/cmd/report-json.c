// SPDX-License-Identifier: MIT
#include "cmd/report-json.h"

static void add_strings(struct json *json, const char *key, const GPtrArray *list)
{
    json_begin_array(json, key);
    for (guint i = 0; i < list->len; i++)
        json_string(json, NULL, g_ptr_array_index(list, i));
    json_end_array(json);
}

static void add_recipients(struct json *json, const struct report *report)
{
    json_begin_array(json, "recipients");
    for (guint i = 0; i < report->recipients->len; i++) {
        const struct report_recipient *one = g_ptr_array_index(report->recipients, i);
        json_begin_object(json, NULL);
        json_string(json, "final", one->final);
        json_string(json, "original", one->original);
        json_string(json, "action", one->action);
        json_string(json, "status", one->status);
        json_string(json, "diagnostic", one->diagnostic);
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_received(struct json *json, const struct original *original)
{
    json_begin_array(json, "received");
    for (guint i = 0; i < original->received->len; i++) {
        const struct received_hop *hop = g_ptr_array_index(original->received, i);
        json_begin_object(json, NULL);
        json_string(json, "from", hop->from);
        json_string(json, "name", hop->name);
        json_string(json, "by", hop->by);
        json_string(json, "address", hop->address);
        json_string(json, "date", hop->date);
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_original(struct json *json, const struct original *original)
{
    json_begin_object(json, "original");
    json_string(json, "message_id", original->message_id);
    json_string(json, "from", original->from);
    json_string(json, "return_path", original->return_path);
    json_string(json, "to", original->to);
    json_string(json, "cc", original->cc);
    json_string(json, "date", original->date);
    json_string(json, "subject", original->subject);
    add_received(json, original);
    add_strings(json, "references", original->references);
    json_bool(json, "full", original->full);
    json_string(json, "where", original->where);
    json_end_object(json);
}

void report_to_json(struct json *json, const struct report *report)
{
    json_begin_object(json, "report");
    json_string(json, "reporting_mta", report->reporting_mta);
    add_recipients(json, report);
    add_strings(json, "refused_as", report->refused_as);
    json_end_object(json);
    add_original(json, &report->original);
    add_strings(json, "limits", report->limits);
}
