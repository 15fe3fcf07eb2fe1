// SPDX-License-Identifier: MIT
// backstop filter: standard input to standard output with the verdict in front, for procmail's
// `:0 fw`, maildrop's `xfilter` and the like. A filter that fails is ignored by its caller, who
// keeps the message that it has: so nothing is written before everything is known.
#include "base/files.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "judge/judge.h"
#include "message/compose.h"
#include "message/intake.h"
#include "message/spool.h"

#include <stdio.h>

static struct intake_options given;

static const GOptionEntry entries[] = {
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &given.sender,
     "Envelope sender; <> is the null sender", "ADDRESS"},
    {"recipient", 'r', 0, G_OPTION_ARG_FILENAME, &given.recipient, "Final recipient", "ADDRESS"},
    {"original-recipient", 'a', 0, G_OPTION_ARG_FILENAME, &given.original_recipient,
     "Recipient before aliases and forwards", "ADDRESS"},
    G_OPTION_ENTRY_NULL};

static bool write_filtered(const struct message *message, const struct judged *judged, GError **err)
{
    g_autofree char *header = judge_header(judged);
    g_autoptr(Content) content = compose(message, header);
    struct file_segment from_line = {message->from_line, message->from_line_length};
    if (message->from_line && !files_write(1, &from_line, 1, err))
        return false;
    return files_write(1, (const struct file_segment *)(gpointer)content->segments->data,
                       content->segments->len, err);
}

static bool filter(const struct conf *conf, GError **err)
{
    g_autoptr(GBytes) bytes = NULL;
    if (!spool_read(0, NULL, &bytes, err))
        return false;
    g_autoptr(Message) message = message_new(bytes);
    struct envelope envelope;
    intake_envelope(&given, message, &envelope);
    struct judged judged;
    judge_if_automatic(conf, message, &envelope, &judged);
    bool done = write_filtered(message, &judged, err);
    judged_clear(&judged);
    envelope_clear(&envelope);
    return done;
}

int cmd_filter(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[OPTION...] < MESSAGE > MESSAGE",
                       "Copies the message and puts the verdict in front as X-Backstop.", &argc,
                       &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    output_await("a message");
    if (conf_load(context->conf, NULL, &err) && filter(context->conf, &err))
        return STATUS_OK;
    fprintf(stderr, "backstop: %s\n", err->message);
    return STATUS_TEMPFAIL;
}
