// SPDX-License-Identifier: MIT
// A summary for programs: one JSON object.
#include "report/summary.h"

#include "base/json.h"

static void add_verdicts(struct json *json, const guint64 *verdicts)
{
    for (guint i = 0; i < SUMMARY_VERDICTS; i++)
        json_number(json, summary_verdict_name(i), (gint64)verdicts[i]);
}

static void add_day(struct json *json, const struct summary_day *day)
{
    json_begin_object(json, NULL);
    json_string(json, "day", day->day);
    add_verdicts(json, day->verdicts);
    json_number(json, "taken_back", (gint64)day->taken_back);
    json_number(json, "missed", (gint64)day->missed);
    json_begin_array(json, "hours");
    for (guint i = 0; i < TALLY_HOURS; i++)
        json_number(json, NULL, day->hours[i]);
    json_end_array(json);
    json_end_object(json);
}

static void add_wave(struct json *json, const struct summary_wave *wave)
{
    json_begin_object(json, NULL);
    json_string(json, "begin", wave->begin);
    json_string(json, "peak", wave->peak);
    json_string(json, "ebb", wave->goes_on ? NULL : wave->ebb);
    json_number(json, "reports", (gint64)wave->reports);
    json_number(json, "at_peak", (gint64)wave->at_peak);
    json_end_object(json);
}

static void add_names(struct json *json, const char *key, enum tally_kind kind, const GArray *names)
{
    json_begin_array(json, key);
    for (guint i = 0; i < names->len; i++) {
        const struct summary_name *name = &g_array_index(names, struct summary_name, i);
        json_begin_object(json, NULL);
        json_string(json, "name", name->name);
        json_number(json, "count", (gint64)name->count);
        if (kind == TALLY_SETTING)
            json_string(json, "advice", summary_advice(name->name));
        json_end_object(json);
    }
    json_end_array(json);
}

char *summary_json(const struct summary *summary)
{
    static const char *const keys[TALLY_KINDS] = {"classes",   "rules",    "hosts",
                                                  "addresses", "subjects", "settings"};
    struct json *json = json_new();
    json_begin_object(json, NULL);
    json_string(json, "source", summary->source);
    json_begin_object(json, "total");
    add_verdicts(json, summary->verdicts);
    json_number(json, "taken_back", (gint64)summary->taken_back);
    json_number(json, "missed", (gint64)summary->missed);
    json_end_object(json);
    json_begin_array(json, "days");
    for (guint i = 0; i < summary->days->len; i++)
        add_day(json, g_ptr_array_index(summary->days, i));
    json_end_array(json);
    json_begin_array(json, "waves");
    for (guint i = 0; i < summary->waves->len; i++)
        add_wave(json, &g_array_index(summary->waves, struct summary_wave, i));
    json_end_array(json);
    for (enum tally_kind kind = 0; kind < TALLY_KINDS; kind++)
        add_names(json, keys[kind], kind, summary->names[kind]);
    json_end_object(json);
    return json_free_to_text(json);
}
