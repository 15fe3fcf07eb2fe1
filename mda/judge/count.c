// SPDX-License-Identifier: MIT
// What was judged becomes part of the user's counts, once the message is settled.
#include "base/error.h"
#include "base/log.h"
#include "judge/judge.h"
#include "report/counts.h"

void judge_count(const struct conf *conf, const struct judged *judged)
{
    const char *directory = conf_string(conf, CONF_STATE_DIRECTORY);
    if (judged->class == BOUNCE_NONE || !conf_bool(conf, CONF_REPORT_COUNTS) ||
        !g_path_is_absolute(directory))
        return;
    const struct tally_event event = {
        .time = g_get_real_time() / G_USEC_PER_SEC,
        .verdict = verdict_name(judged->verdict),
        .class = bounce_class_name(judged->class),
        .rule = judged->rule,
        .host = judged->host,
        .address = judged->address,
        .subject = judged->subject,
        .setting = judged->setting,
    };
    g_autoptr(GError) err = NULL;
    if (!counts_note(directory, &event, &err))
        log_line(LOG_LEVEL_DEBUG, "not counted: %s", err->message);
}
