// SPDX-License-Identifier: MIT
// The judge's word as variables of the rc file. A message without any trait of automatic mail is
// not judged, so that plain mail takes the short way.
#include "hosts/procmail-rules.h"

#include "conf/load.h"
#include "judge/judge.h"
#include "message/intake.h"

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
    struct bounce_settings settings = judge_settings(conf);
    intake_envelope(&options, message, &envelope);
    if (bounce_has_trait(&settings, message, &envelope)) {
        struct judged judged = {0};
        judge_in_child(conf, message, &envelope, &judged);
        procmail_judged(engine, &judged);
        judged_clear(&judged);
    }
    envelope_clear(&envelope);
}
