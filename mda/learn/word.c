// SPDX-License-Identifier: MIT
// Design rationale
// - Our verdict stands above the first Received line. One below it came with the message.
// - What lies in Junk was put there by the user only where he has no rules that could have done it.
// - Genuine says much: whoever failed, the host and the sender of such a report are believed.
//   Backscatter says little: the same host reports to genuine mail, too. Only the recipient and the
//   subject of the original are known by it.
#include "learn/word.h"

#include "base/address.h"
#include "base/error.h"
#include "base/log.h"
#include "bounce/classify.h"
#include "bounce/traces.h"
#include "ledger/learnt.h"
#include "message/envelope.h"
#include "report/counts.h"

#include <string.h>
#include <unistd.h>

static const struct header_field *our_verdict(const struct message *message)
{
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (header_field_is(field, "X-Backstop"))
            return field;
        if (header_field_is(field, "Received"))
            break;
    }
    return NULL;
}

static bool is_there(const char *path)
{
    return *path && access(path, F_OK) == 0;
}

// Could rules of the user's, or the site's, have put a message into Junk?
static bool has_rules(const struct conf *conf)
{
    g_autofree char *rc = g_build_filename(g_get_home_dir(), ".procmailrc", NULL);
    if (is_there(rc) || *conf_string(conf, CONF_SIEVE_DEFAULT) ||
        *conf_list(conf, CONF_SIEVE_BEFORE) || *conf_list(conf, CONF_SIEVE_AFTER))
        return true;
    for (const char *const *script = conf_list(conf, CONF_SIEVE_SCRIPTS); *script; script++) {
        g_autofree char *path = g_str_has_prefix(*script, "~/")
                                    ? g_build_filename(g_get_home_dir(), *script + 2, NULL)
                                    : g_strdup(*script);
        if (is_there(path))
            return true;
    }
    return false;
}

bool word_was_said(const struct conf *conf, enum special_use use, const struct message *message)
{
    const struct header_field *field = our_verdict(message);
    if (!field || conf_choice(conf, CONF_JUDGEMENT_BACKSCATTER) != BACKSCATTER_JUNK ||
        conf_choice(conf, CONF_JUDGEMENT_WHEN) != WHEN_BEFORE_RULES)
        return false;
    g_autofree char *value = header_field_value(field);
    const bool condemned = g_str_has_prefix(value, "backscatter;");
    if (use != USE_JUNK)
        return condemned;
    const bool kept = g_str_has_prefix(value, "genuine;") ||
                      (g_str_has_prefix(value, "unknown;") &&
                       conf_choice(conf, CONF_JUDGEMENT_UNKNOWN) == PLACE_INBOX) ||
                      (g_str_has_prefix(value, "suspect;") &&
                       conf_choice(conf, CONF_JUDGEMENT_SUSPECT) == PLACE_INBOX);
    return kept && !has_rules(conf);
}

// The user's word against our verdict is counted, for backstop report.
static void count_word(const struct conf *conf, const struct message *message,
                       const struct report *report, bool genuine, gint64 now)
{
    const struct header_field *field = our_verdict(message);
    const char *directory = conf_string(conf, CONF_STATE_DIRECTORY);
    if (!field || !conf_bool(conf, CONF_REPORT_COUNTS) || !g_path_is_absolute(directory))
        return;
    g_autofree char *value = header_field_value(field);
    const bool against =
        genuine ? !g_str_has_prefix(value, "genuine;") : !g_str_has_prefix(value, "backscatter;");
    const struct tally_event event = {.time = now,
                                      .verdict = genuine ? TALLY_TAKEN_BACK : TALLY_MISSED,
                                      .class = bounce_class_name(report->class),
                                      .rule = report->rule};
    g_autoptr(GError) err = NULL;
    if (against && !counts_note(directory, &event, &err))
        log_line(LOG_LEVEL_DEBUG, "not counted: %s", err->message);
}

bool word_learn(const struct conf *conf, struct state *state, GBytes *bytes, bool genuine,
                GError **err)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    g_autoptr(Message) message = message_new(bytes);
    const struct bounce_settings settings = {
        .mark_headers = conf_list(conf, CONF_BOUNCE_MARK_HEADERS),
        .mark_tokens = conf_list(conf, CONF_BOUNCE_MARK_TOKENS),
    };
    struct envelope envelope = {0};
    g_autofree char *path = message_header(message, "Return-Path", 0);
    envelope.sender = envelope_address(path);
    g_autoptr(Report) report = bounce_classify(rules, &settings, message, &envelope);
    envelope_clear(&envelope);
    if (report->class == BOUNCE_NONE)
        return mda_fail(err, MDA_ERROR_CONFIG, "it is no report");
    g_autoptr(GPtrArray) traces = report_traces(message, report);
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    for (guint i = 0; i < traces->len; i++) {
        const struct report_trace *trace = g_ptr_array_index(traces, i);
        if ((genuine ? trace->of_genuine : trace->of_backscatter) &&
            !learnt_note_word(state, trace->kind, trace->fact, genuine, now, err))
            return false;
    }
    count_word(conf, message, report, genuine, now);
    return true;
}
