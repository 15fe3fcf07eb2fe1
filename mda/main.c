// SPDX-License-Identifier: MIT
// The table of commands, and which one is meant: by argv[1], or by the name that we were called by.
// The one place where the outcome of a delivery becomes an exit status: 0 delivered, 77 refused by
// a user's explicit rule, and 75 (the MTA keeps the mail) for everything else.
#include "base/ending.h"
#include "base/module.h"
#include "base/survive.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

// As shells count the signals that ended a program.
#define STATUS_BY_SIGNAL 128

static const struct command commands[] = {
#define X(suffix, name, summary) {name, summary, cmd_##suffix},
    COMMAND_LIST(X)
#undef X
};

struct personality {
    const char *name;
    int (*run)(struct command_context *context, int argc, char **argv);
};

static const struct personality personalities[] = {
#define X(suffix, name) {name, cmd_##suffix},
    PERSONALITY_LIST(X)
#undef X
};

static int delivery_status(const struct delivery_result *result)
{
    switch (result->end) {
    case DELIVERY_DELIVERED:
        return EX_OK;
    case DELIVERY_REFUSED:
        return EX_NOPERM;
    case DELIVERY_NO_USER:
        return EX_NOUSER;
    case DELIVERY_BY_STATUS:
        return result->status;
    case DELIVERY_DEFERRED:
        break;
    }
    return EX_TEMPFAIL;
}

// STATUS as a command returned it.
static int exit_status(const struct command_context *context, int status)
{
    return status == STATUS_RESULT ? delivery_status(&context->result) : status;
}

static const struct command *find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static int print_help(void)
{
    printf("Usage: backstop [-c FILE] [--set SECTION.KEY=VALUE] [COMMAND] [OPTION...]\n\n"
           "A local delivery agent that keeps bounces of mail that you never sent out of your "
           "inbox.\nWithout a command it delivers the message on standard input.\n\nCommands:\n");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].summary);
    printf("\n`backstop COMMAND --help` tells the options of each; see also backstop(1).\n");
    return STATUS_OK;
}

// How many arguments the common option at argv[0] takes up; 0: it is none.
static int take_common_option(int argc, char **argv)
{
    struct conf_request *request = conf_request();
    bool file = strcmp(argv[0], "-c") == 0 || strcmp(argv[0], "--config") == 0;
    bool set = strcmp(argv[0], "--set") == 0;
    const char *value = NULL;
    int used = 0;
    if ((file || set) && argc > 1) {
        value = argv[1];
        used = 2;
    } else if (g_str_has_prefix(argv[0], "--config=") || g_str_has_prefix(argv[0], "--set=")) {
        file = argv[0][2] == 'c';
        value = strchr(argv[0], '=') + 1;
        used = 1;
    }
    if (used > 0 && file) {
        g_free(request->file);
        request->file = g_strdup(value);
    } else if (used > 0) {
        g_ptr_array_add(request->overrides, g_strdup(value));
    }
    return used;
}

// Whoever reads what a command prints has seen enough (head, a pager): it ends as any program does,
// and is no accident for the launcher to tell of.
static void end_unheard(int number)
{
    _exit(survive_end(number + STATUS_BY_SIGNAL));
}

// STATUS of a command that prints; what could not be printed was not done.
static int ended(int status)
{
    if (output_finish())
        return status;
    fprintf(stderr, "backstop: standard output cannot be written: %s\n", g_strerror(errno));
    clearerr(stdout);
    return STATUS_TEMPFAIL;
}

// The same where exit() is called from within: --help.
static void at_exit(void)
{
    if (ended(STATUS_OK) != STATUS_OK)
        _exit(survive_end(STATUS_TEMPFAIL));
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static int run_command(struct command_context *context, int argc, char **argv)
{
    static const char *const help_words[] = {"--help", "-h", "-?", "help", NULL};
    static const char *const version_words[] = {"--version", "-V", "version", NULL};
    int at = 1, used;
    while (at < argc && (used = take_common_option(argc - at, argv + at)) > 0)
        at += used;
    if (at + 1 < argc && strcmp(argv[at], "help") == 0 && find_command(argv[at + 1])) {
        argv[at] = argv[at + 1]; // as COMMAND --help
        argv[at + 1] = (char *)"--help";
    }
    if (at < argc && is_one_of(argv[at], help_words))
        return ended(print_help());
    if (at < argc && is_one_of(argv[at], version_words)) {
        printf("backstop %s\n", PACKAGE_VERSION);
        return ended(STATUS_OK);
    }
    const struct command *command = at < argc ? find_command(argv[at]) : NULL;
    if (command && command->run == cmd_deliver)
        return command->run(context, argc - at, argv + at);
    if (command) {
        survive_reset();
        signal(SIGPIPE, end_unheard);
        (void)!atexit(at_exit);
        return ended(command->run(context, argc - at, argv + at));
    }
    if (at < argc && argv[at][0] != '-') {
        // The MTA keeps the mail until its configuration is mended.
        fprintf(stderr, "backstop: there is no command \"%s\"; backstop --help lists all\n",
                argv[at]);
        return command_defer(context);
    }
    // No command: deliver, with what is left as its options.
    argv[at - 1] = (char *)"deliver";
    return find_command("deliver")->run(context, argc - at + 1, argv + at - 1);
}

// The marks of an unfinished run go with the last call of all, when the MTA has its status: until
// then it could still try again.
static int end(int status)
{
    if (status == EX_TEMPFAIL || !ending_is_due())
        return survive_end(status);
    fflush(NULL);
    if (survive_was_heard(status))
        ending_finish();
    _exit(status);
}

int main(int argc, char **argv)
{
    survive_begin();
#ifdef INSTALLED
    module_from_installed();
#endif
    if (argc < 1)
        return EX_TEMPFAIL;
    g_autofree char *name = g_path_get_basename(argv[0]);
    g_autoptr(Conf) conf = conf_new(NULL);
    struct command_context context = {.conf = conf, .program = "backstop"};
    for (gsize i = 0; i < G_N_ELEMENTS(personalities); i++) {
        if (strcmp(personalities[i].name, name) == 0) {
            context.program = name;
            return end(exit_status(&context, personalities[i].run(&context, argc, argv)));
        }
    }
    return end(exit_status(&context, run_command(&context, argc, argv)));
}
