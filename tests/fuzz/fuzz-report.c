// SPDX-License-Identifier: MIT
// libFuzzer: the judge of what a message is, with the built-in rules: structure, status parts, the
// returned original, extraction. Every string that comes out is UTF-8.
// Run in the build directory:  tests/fuzz/fuzz-report -max_len=65536 DIR ../tests/corpus/*
#include "bounce/classify.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bounce_rules *rules;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    setenv("BACKSTOP_MODULE_DIR", ".", 0);
    rules = bounce_rules_load(NULL, NULL);
    return 0;
}

static void must_be_utf8(const char *text)
{
    g_assert(!text || g_utf8_validate(text, -1, NULL));
}

static void look_at(const struct report *report)
{
    must_be_utf8(report->reporting_mta);
    for (guint i = 0; i < report->recipients->len; i++) {
        const struct report_recipient *one = g_ptr_array_index(report->recipients, i);
        must_be_utf8(one->final);
        must_be_utf8(one->original);
        must_be_utf8(one->status);
        must_be_utf8(one->diagnostic);
    }
    must_be_utf8(report->original.message_id);
    must_be_utf8(report->original.from);
    must_be_utf8(report->original.to);
    must_be_utf8(report->original.subject);
    g_assert(report->original.where);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct envelope null_sender = {.sender = (char *)""};
    struct bounce_settings settings = {0};
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(Report) report = bounce_classify(rules, &settings, message, &null_sender);
    look_at(report);
    return 0;
}
