// SPDX-License-Identifier: MIT
// Exim's configuration as exim -bP config prints it, which an admin may see.
#include "site/site.h"

#include <string.h>

// How many lines of CONFIG have WORD and do not begin with #.
static bool says(const char *config, const char *word)
{
    g_auto(GStrv) lines = g_strsplit(config, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *text = *line + strspn(*line, " \t");
        g_autoptr(GString) even = g_string_new(NULL); // one blank around signs
        for (; *text; text++) {
            if ((*text != ' ' && *text != '\t') || (even->len && even->str[even->len - 1] != ' '))
                g_string_append_c(even, *text == '\t' ? ' ' : *text);
        }
        if (even->str[0] != '#' && strstr(even->str, word))
            return true;
    }
    return false;
}

bool site_exim(GArray *lines)
{
    static const char *const arguments[] = {"-bP", "config", NULL};
    g_autofree char *config = site_ask("exim", arguments);
    if (!config)
        config = site_ask("exim4", arguments);
    if (!config)
        return false;
    if (says(config, "verify = recipient"))
        site_ok(lines, "recipients are verified before mail is taken (verify = recipient)");
    else
        site_fault(lines, g_strdup("in the ACL of acl_smtp_rcpt: require verify = recipient"),
                   "recipients are not verified, so unknown ones are accepted and bounced later");
    if (says(config, "search*@") || says(config, "search*"))
        site_fault(lines, g_strdup("look addresses up without the *, in the router that has it"),
                   "a lookup with a default (lsearch*) takes every address, known or not");
    if (says(config, "driver = autoreply") && !says(config, "once ="))
        site_fault(lines,
                   g_strdup("set once = FILE and once_repeat = 7d in the autoreply transport, and "
                            "senders = ! : in its router"),
                   "an auto-responder answers every message (driver = autoreply without once)");
    return true;
}
