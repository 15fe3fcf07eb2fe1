// SPDX-License-Identifier: MIT
// Called as `procmail`: that program's options, rc files and exit statuses. What differs is listed
// in backstop-procmail(7); --strict-procmail takes back what can be taken back.
#include "cmd/command.h"
#include "cmd/procmail-options.h"
#include "config.h"
#include "delivery/procmail-agent.h"

#include <stdio.h>

int cmd_procmail_agent(struct command_context *context, int argc, char **argv)
{
    struct procmail_options options = {0};
    (void)argc;
    procmail_options_take(&options, argv);
    int status = STATUS_OK;
    if (options.version) {
        fprintf(stderr, "procmail (backstop " PACKAGE_VERSION ")\n");
    } else if (options.help) {
        procmail_options_help();
        status = STATUS_USAGE;
    } else if (options.lmtp) {
        char *lmtp[] = {(char *)"lmtp", NULL};
        status = cmd_lmtp(context, 1, lmtp);
    } else {
        procmail_agent_run(context->conf, &options, &context->result);
        status = STATUS_RESULT;
    }
    procmail_options_clear(&options);
    return status;
}
