// SPDX-License-Identifier: MIT
// backstop procmail check and run: rc files looked at and tried out.
#include "procmail/rc-check.h"

#include "base/auto.h"
#include "base/files.h"
#include "cmd/options.h"
#include "hosts/procmail-host.h"
#include "hosts/procmail-rules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static int check(struct command_context *context, int argc, char **argv)
{
    const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
    if (!options_parse(context, entries, "FILE...",
                       "Tells what is wrong or risky in procmail rc files. Exit status: 0 nothing "
                       "wrong, 1 errors.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (argc < 2) {
        fprintf(stderr, "backstop procmail check: name a FILE\n");
        return STATUS_USAGE;
    }
    int status = STATUS_OK;
    for (int i = 1; i < argc; i++) {
        g_autofree char *text = NULL;
        gsize length;
        g_autoptr(GError) error = NULL;
        if (!files_read_argument(argv[i], FILES_TEXT_MAX, &text, &length, &error)) {
            fprintf(stderr, "backstop procmail check: %s\n", error->message);
            return STATUS_TEMPFAIL;
        }
        g_autoptr(GPtrArray) findings = rc_check(argv[i], text, length);
        for (guint j = 0; j < findings->len; j++) {
            const struct rc_finding *finding = g_ptr_array_index(findings, j);
            printf("%s:%u: %s: %s\n", argv[i], finding->line, finding->error ? "error" : "warning",
                   finding->text);
            if (finding->error)
                status = STATUS_NO;
        }
    }
    return fflush(stdout) == 0 ? status : STATUS_TEMPFAIL;
}

static void preset(struct rc_engine *engine, const struct procmail_world *world)
{
    const char *home = g_get_home_dir();
    g_autofree char *spool = g_strconcat("/var/mail/", g_get_user_name(), NULL);
    const char *path = getenv("PATH");
    rc_engine_preset(engine, "HOME", home);
    rc_engine_preset(engine, "LOGNAME", g_get_user_name());
    rc_engine_preset(engine, "SHELL", "/bin/sh");
    rc_engine_preset(engine, "PATH", path ? path : "/usr/local/bin:/usr/bin:/bin");
    rc_engine_preset(engine, "HOST", world->host.host_name);
    rc_engine_preset(engine, "ORGMAIL", spool);
    rc_engine_preset(engine, "DEFAULT", spool);
    rc_engine_preset(engine, "MAILDIR", ".");
}

// Runs FILE on the message. Dry: conditions are tested and their programs run, deliveries told.
static int run_on(struct command_context *context, const char *file, char **assignments,
                  char *message, gsize size, bool dry_run)
{
    struct procmail_world world;
    gsize length = 0;
    procmail_world_open(&world, dry_run);
    struct rc_engine *engine = rc_engine_new(&world.host);
    g_autofree char *text = world.host.read_file(&world.host, file, &length);
    preset(engine, &world);
    procmail_judge(context->conf, g_get_home_dir(), engine, message, size);
    rc_engine_message(engine, message, size, false);
    rc_engine_trace(engine, true);
    int status = STATUS_TEMPFAIL;
    if (text) {
        for (char **at = assignments; at && *at; at++)
            rc_engine_assign(engine, *at);
        enum rc_end end = rc_engine_run(engine, file, text, length);
        bool delivered = end == RC_DELIVERED;
        if (end == RC_FELL_OFF || end == RC_LEFT)
            delivered = rc_engine_default(engine);
        bool asked = procmail_begin_end();
        bool well = delivered || end == RC_HANDED_OVER || (end == RC_STOPPED && !asked);
        status = rc_engine_finish(engine, well ? STATUS_OK : STATUS_TEMPFAIL);
    } else {
        rc_engine_say(engine, "Couldn't read", file);
    }
    rc_engine_free(engine);
    procmail_world_close(&world);
    return status;
}

static int run(struct command_context *context, int argc, char **argv)
{
    gboolean dry_run = FALSE;
    g_auto(GStrv) assignments = NULL;
    const GOptionEntry entries[] = {{"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
                                     "Deliver nothing, tell what would be", NULL},
                                    {"assign", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &assignments,
                                     "Assign before the file is run", "NAME=VALUE"},
                                    G_OPTION_ENTRY_NULL};
    if (!options_parse(context, entries, "[OPTION...] FILE [MESSAGE]",
                       "Runs a procmail rc file on a message (standard input) and tells on "
                       "standard error the result\nand score of each condition. With --dry-run the "
                       "programs of conditions and backquotes are run, those\nof actions are not. "
                       "Exit status: as procmail's.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "backstop procmail run: name one FILE and at most one MESSAGE\n");
        return STATUS_USAGE;
    }
    g_autoptr(GError) error = NULL;
    char *message;
    gsize size;
    if (!files_read_argument(argv[2] ? argv[2] : "-", FILES_MESSAGE_MAX, &message, &size, &error)) {
        fprintf(stderr, "backstop procmail run: %s\n", error->message);
        return STATUS_TEMPFAIL;
    }
    return run_on(context, argv[1], assignments, message, size, dry_run);
}

int cmd_procmail(struct command_context *context, int argc, char **argv)
{
    static const GOptionEntry told[] = {{"dry-run", 'n', 0, G_OPTION_ARG_NONE, NULL,
                                         "run: deliver nothing, tell what would be", NULL},
                                        {"assign", 'a', 0, G_OPTION_ARG_NONE, NULL,
                                         "run: assign before the file is run", "NAME=VALUE"},
                                        G_OPTION_ENTRY_NULL};
    if (options_told(told, "check|run"))
        return STATUS_USAGE;
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return check(context, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return run(context, argc - 1, argv + 1);
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    fprintf(help ? stdout : stderr,
            "Usage:\n  backstop procmail check FILE...\n"
            "  backstop procmail run [OPTION...] FILE [MESSAGE]\n\n"
            "  -n, --dry-run              run: deliver nothing, tell what would be\n"
            "  -a, --assign=NAME=VALUE    run: assign before the file is run\n\n"
            "To deliver mail as procmail does, call the program by the name procmail.\n");
    return help ? STATUS_OK : STATUS_USAGE;
}
