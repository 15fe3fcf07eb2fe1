// SPDX-License-Identifier: MIT
// Reports on what an rc file mails come to its user: it must be in the ledger that says what is
// ours, as what a Sieve script sends is.
#include "hosts/procmail-host.h"

#include "ledger/ledger.h"
#include "ledger/sent-record.h"
#include "message/sendmail-arguments.h"

#include <string.h>
#include <unistd.h>

#define RECORD_MS 2000

static bool is_sendmail(const char *program)
{
    const char *slash = strrchr(program, '/');
    return strcmp(slash ? slash + 1 : program, "sendmail") == 0;
}

// A shell's "formail -r | $SENDMAIL -t", unless it records by itself.
static bool shell_mails(const struct procmail_program *program)
{
    for (char *const *word = program->argv + 1; *word; word++) {
        if (strstr(*word, "backstop"))
            return false;
        if (strstr(*word, "sendmail") || strstr(*word, "$SENDMAIL") || strstr(*word, "${SENDMAIL"))
            return true;
    }
    return false;
}

static void record(const struct procmail_world *world, const struct procmail_program *program)
{
    const struct sendmail_arguments arguments = sendmail_arguments_read(program->argv + 1);
    g_autoptr(GPtrArray) recipients G_GNUC_UNUSED = arguments.recipients;
    if (!arguments.carries_message)
        return;
    g_autoptr(GBytes) bytes = g_bytes_new_static(program->input, program->input_size);
    sent_record_or_gap(world->conf, bytes, arguments.sender,
                       sendmail_arguments_recipients(&arguments), RECORD_MS, "rc file");
}

void procmail_record_mailed(const struct procmail_world *world,
                            const struct procmail_program *program)
{
    const bool direct = program->mails || is_sendmail(program->argv[0]);
    if (!world->conf || world->dry_run || geteuid() != world->user ||
        (!direct && !shell_mails(program)) || !ledger_is_used(world->conf))
        return;
    const struct sent_message unseen = {.time = g_get_real_time() / G_USEC_PER_SEC};
    if (direct)
        record(world, program);
    else
        (void)!ledger_note_failure(world->conf, &unseen, NULL);
}
