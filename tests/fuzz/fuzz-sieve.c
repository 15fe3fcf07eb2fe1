// SPDX-License-Identifier: MIT
// libFuzzer target: a script, and behind the first NUL a message that it is run on. Without a NUL
// the script runs on a small fixed message.
#include "hosts/sieve-execute.h"
#include "sieve/sieve.h"

#include <stdint.h>
#include <string.h>

static const char fixed[] = "From: a@example.com\nTo: b@example.org\nSubject: x\n"
                            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b--\n";

static void run_script(const char *script, gsize script_size, GBytes *bytes)
{
    struct sieve_source source;
    struct sieve_host host;
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    g_autoptr(SieveProgram) program = NULL;
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(Plan) plan = plan_new();
    sieve_source_init(&source);
    source.from = g_strdup("a@example.com");
    source.to = g_strdup("b+c@example.org");
    source.now = 1700000000;
    sieve_source_set_message(&source, message);
    sieve_execute_surroundings(&source, NULL, &host);
    if (sieve_compile("fuzz", script, script_size, &host, diagnostics, &program)) {
        sieve_execute(program, &host, plan, diagnostics);
        // A program can be run again.
        sieve_execute(program, &host, plan, diagnostics);
    }
    sieve_source_release(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    gsize script_size = nul ? (gsize)(nul - data) : size;
    g_autoptr(GBytes) bytes = nul ? g_bytes_new(nul + 1, size - script_size - 1)
                                  : g_bytes_new_static(fixed, sizeof fixed - 1);
    run_script((const char *)data, script_size, bytes);
    return 0;
}
