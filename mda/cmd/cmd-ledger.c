// SPDX-License-Identifier: MIT
// backstop ledger: how far it reaches and where its gaps are; answers users who may not open it;
// takes a recorder off the list that will not come again.
#include "ledger/ledger.h"

#include "base/clock.h"
#include "cmd/options.h"
#include "ledger/serve.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS 10000
#define USAGE "status | serve | retire RECORDER"

static void print_time(const char *what, gint64 seconds)
{
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = at ? g_date_time_format_iso8601(at) : NULL;
    printf("%s%s", what, text ? text : "?");
}

static void print_gaps(const struct ledger_extent *extent)
{
    for (guint i = 0; i < extent->gap_count; i++) {
        print_time("gap from ", extent->gaps[i].from);
        if (extent->gaps[i].until == G_MAXINT64)
            puts(" on");
        else
            print_time(" until ", extent->gaps[i].until), putchar('\n');
    }
}

static int status(const struct conf *conf, GError **err)
{
    g_autoptr(Ledger) ledger = NULL;
    g_autoptr(GPtrArray) recorders = NULL;
    struct ledger_extent extent;
    if (!ledger_open(conf, LEDGER_READ, deadline_in(ASK_MS), &ledger, err) ||
        !ledger_extent(ledger, &extent, err))
        return STATUS_TEMPFAIL;
    printf("%" G_GINT64_FORMAT " messages in %s\n", extent.messages, ledger_name(ledger));
    if (extent.since == G_MAXINT64)
        puts("complete since never: nothing says how far it reaches");
    else if (extent.since == 0)
        puts("complete since ever: no record has a time");
    else
        print_time("complete since ", MAX(extent.since, extent.forgot_until)), putchar('\n');
    print_gaps(&extent);
    // A holder tells them to nobody else.
    if (!ledger_recorders(ledger, &recorders, NULL))
        return STATUS_OK;
    for (guint i = 0; i < recorders->len; i++) {
        const struct ledger_recorder *recorder = g_ptr_array_index(recorders, i);
        printf("recorder \"%s\" ", recorder->name);
        print_time("alive ", recorder->alive);
        putchar('\n');
    }
    return STATUS_OK;
}

static int retire(const struct conf *conf, const char *name, GError **err)
{
    g_autoptr(Ledger) ledger = NULL;
    return ledger_open(conf, LEDGER_WRITE, deadline_in(ASK_MS), &ledger, err) &&
                   ledger_retire(ledger, name, err)
               ? STATUS_OK
               : STATUS_TEMPFAIL;
}

int cmd_ledger(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, NULL, USAGE,
                       "Tells how far the ledger reaches and where its gaps are; answers users who "
                       "may not open it; forgets a recorder that will not come again.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    const char *verb = argc > 1 ? argv[1] : "";
    int result = STATUS_USAGE;
    if (!conf_load(context->conf, NULL, &err))
        result = STATUS_TEMPFAIL;
    else if (argc == 2 && strcmp(verb, "status") == 0)
        result = status(context->conf, &err);
    else if (argc == 2 && strcmp(verb, "serve") == 0)
        result = ledger_serve(context->conf, &err) ? STATUS_OK : STATUS_TEMPFAIL;
    else if (argc == 3 && strcmp(verb, "retire") == 0)
        result = retire(context->conf, argv[2], &err);
    else
        fputs("Usage: backstop ledger " USAGE "\n", stderr);
    if (err)
        fprintf(stderr, "backstop ledger: %s\n", err->message);
    return result;
}
