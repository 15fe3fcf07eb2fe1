// SPDX-License-Identifier: MIT
// libFuzzer: the lists that `backstop sent --ids` takes. Every line is recorded, a remark, or
// counted as none; the ledger is of this file.
// Run in the build directory:  tests/fuzz/fuzz-ids DIR
#define cmd_sent fuzz_cmd_sent
#define ledger_record fuzz_ledger_record
#define ledger_begin fuzz_ledger_begin
#define ledger_commit fuzz_ledger_commit
// Its own file once more, with a ledger of ours.
#include "cmd/cmd-sent.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint recorded;

bool ledger_record(struct ledger *ledger, const struct sent_message *message, GError **err)
{
    (void)ledger, (void)err;
    g_assert(message->message_id || *message->recipients);
    g_assert(message->time >= 0 && (!message->sender || *message->sender));
    for (const char *const *at = message->recipients; *at; at++)
        g_assert(strchr(*at, '@'));
    recorded++;
    return true;
}

bool ledger_begin(struct ledger *ledger, GError **err)
{
    (void)ledger, (void)err;
    return true;
}

bool ledger_commit(struct ledger *ledger, GError **err)
{
    (void)ledger, (void)err;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulk bulk = {.progress = progress_begin(false)};
    FILE *file = size > 0 ? fmemopen((void *)data, size, "r") : NULL;
    recorded = 0;
    if (!file)
        return 0;
    g_assert(record_lines(&bulk, file, NULL));
    g_assert(bulk.progress.done == recorded);
    progress_end(&bulk.progress);
    fclose(file);
    return 0;
}
