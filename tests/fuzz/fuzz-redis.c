// SPDX-License-Identifier: MIT
// libFuzzer: what a Redis server says to each question that a ledger asks. The module's own files
// are linked, with a connection of ours (Makefile.am).
// Run in the build directory:  tests/fuzz/fuzz-redis DIR
#include "config.h"
#include "ledger/backend.h"

#include "../fuzz/fake-stream.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct ledger_module MODULE_SYMBOL;
static struct conf *conf;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    conf = conf_new("/nonexistent");
    return conf_assign(conf, "log.destination=none", "here", NULL) ? 0 : 1;
}

static void ask(const struct ledger_backend *backend, gpointer state)
{
    static const char *const names[] = {"count", "live", "began", NULL};
    const struct ledger_hash hash = {{1, 2, 3}};
    struct sent_record record = {0};
    bool yes;
    gint64 when, values[3];
    g_autoptr(GBytes) key = NULL;
    g_autoptr(GArray) gaps = g_array_new(FALSE, FALSE, sizeof(struct ledger_gap));
    g_autoptr(GPtrArray) recorders = g_ptr_array_new();
    (void)backend->key(state, LEDGER_WRITE, &key, &yes, NULL);
    (void)backend->find(state, &hash, &hash, &hash, &yes, &record, NULL);
    (void)backend->sent_to(state, &hash, &hash, &hash, &yes, NULL);
    (void)backend->wrote_to(state, &hash, &yes, &when, NULL);
    (void)backend->has_fingerprint(state, &hash, &yes, NULL);
    (void)backend->count_since(state, 1700000000, &when, NULL);
    (void)backend->read_notes(state, names, values, NULL);
    (void)backend->read_gaps(state, gaps, recorders, NULL);
    for (guint i = 0; i < recorders->len; i++) {
        struct ledger_recorder *recorder = g_ptr_array_index(recorders, i);
        g_assert(recorder->name);
        g_free(recorder->name);
        g_free(recorder);
    }
    (void)backend->set_alive(state, "milter", 1700000000, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ledger_backend *backend = MODULE_SYMBOL.backend;
    gpointer state = NULL;
    g_autoptr(GError) err = NULL;
    fake_server_set(data, size);
    if (!backend->open("redis://u:p@127.0.0.1:6379/1", conf, LEDGER_WRITE, deadline_in(-1), &state,
                       &err)) {
        g_assert(err);
        return 0;
    }
    ask(backend, state);
    backend->free(state);
    return 0;
}
