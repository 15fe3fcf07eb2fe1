// SPDX-License-Identifier: MIT
// The judge's word as variables of the rc file. A message without any trait of automatic mail is
// not judged, so that plain mail takes the short way.
#include "hosts/procmail-rules.h"

#include "conf/load.h"
#include "judge/judge.h"
#include "message/intake.h"

// What is counted when the delivery is settled.
static struct judged pending;

void procmail_count(const struct conf *conf)
{
    judge_count(conf, &pending);
    judged_clear(&pending);
    pending = (struct judged){0};
}

static void preset(struct rc_engine *engine, const char *verdict, const char *class,
                   const char *reasons)
{
    rc_engine_preset(engine, "BACKSTOP_VERDICT", verdict);
    rc_engine_preset(engine, "BACKSTOP_CLASS", class);
    rc_engine_preset(engine, "BACKSTOP_REASONS", reasons);
}

void procmail_judged(struct rc_engine *engine, const struct judged *judged)
{
    preset(engine, verdict_name(judged->verdict), bounce_class_name(judged->class),
           judged->because ? judged->because : "");
}

void procmail_judge(struct conf *conf, const char *home, struct rc_engine *engine, const char *text,
                    gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, size);
    g_autoptr(Message) message = message_new(bytes);
    struct envelope envelope = {0};
    struct intake_options options = {0};
    preset(engine, "none", "none", "");
    if (!conf_load(conf, home, &error)) {
        preset(engine, "unknown", "none", error->message);
        return;
    }
    intake_envelope(&options, message, &envelope);
    judged_clear(&pending);
    judge_if_automatic(conf, message, &envelope, &pending);
    procmail_judged(engine, &pending);
    envelope_clear(&envelope);
}
