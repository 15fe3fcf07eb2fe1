// SPDX-License-Identifier: MIT
// Called as `sendmail`: the arguments are the real one's.
#include "milter/sendmail-wrapper.h"

#include "base/log.h"
#include "cmd/options.h"

int cmd_sendmail(struct command_context *context, int argc, char **argv)
{
    (void)argc;
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err))
        log_line(LOG_LEVEL_WARNING, "%s", err->message);
    return sendmail_run(context->conf, conf_string(context->conf, CONF_SENDMAIL_COMMAND), argv + 1);
}
