// SPDX-License-Identifier: MIT
#include "cmd/command.h"
int cmd_deliver(struct command_context *context, int argc, char **argv)
{
    (void)context, (void)argc, (void)argv;
    return command_outcome(MDA_DEFER);
}
