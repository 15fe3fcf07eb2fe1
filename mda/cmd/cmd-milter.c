// SPDX-License-Identifier: MIT
// backstop milter: options, and becoming the user; milter/ does the work.
#include "milter/milter.h"

#include "base/log.h"
#include "cmd/options.h"
#include "delivery/user.h"
#include "ledger/heartbeat.h"
#include "ledger/ledger.h"

#include <stdio.h>

static char *socket_option;

static const GOptionEntry entries[] = {{"socket", 's', 0, G_OPTION_ARG_FILENAME, &socket_option,
                                        "Where to listen, instead of [milter] socket",
                                        "unix:PATH|inet:PORT@HOST"},
                                       G_OPTION_ENTRY_NULL};

// Finds the place to listen at, and becomes [milter] user.
static bool settle(struct command_context *context, struct milter_place *place_r, GError **err)
{
    const char *name = conf_string(context->conf, CONF_MILTER_USER);
    struct mail_user user = {.uid = (uid_t)-1};
    bool become = *name && geteuid() == 0;
    bool done = (!become || user_find(name, &user, err) == USER_KNOWN) &&
                milter_prepare(context->conf, socket_option, user.uid, place_r, err);
    if (done && become) {
        done = user_become(&user, err);
        conf_set_home(context->conf, user.home);
    }
    user_clear(&user);
    return done;
}

int cmd_milter(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "",
                       "Records accepted outgoing mail for the MTA, stamps it and signs its "
                       "envelope sender, as the settings say.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    struct milter_place place;
    if (!conf_load(context->conf, NULL, &err) || !settle(context, &place, &err)) {
        fprintf(stderr, "backstop milter: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    // Who records for everybody opens the ledger himself.
    const struct milter_api *api = (const struct milter_api *)module_load("milter", &err);
    if (!api || !conf_assign(context->conf, "ledger.socket=", "milter", &err)) {
        fprintf(stderr, "backstop milter: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    // Modules are loaded before there are threads; a ledger that is not to be had now may be later.
    g_autoptr(Ledger) ledger = NULL;
    if (!ledger_open(context->conf, LEDGER_WRITE, deadline_in(MILTER_RECORD_MS), &ledger, &err))
        log_line(LOG_LEVEL_WARNING, "milter: %s", err->message);
    if (milter_is_open(place.socket))
        log_line(LOG_LEVEL_WARNING,
                 "milter: whoever can connect to %s gets stamps, tags and records for what he says",
                 place.socket);
    // Several on one host are told apart by their sockets: while one is silent, another is not.
    g_autofree char *who = g_str_equal(place.socket, milter_default_socket())
                               ? g_strdup("milter")
                               : g_strconcat("milter ", place.socket, NULL);
    heartbeat_begin(context->conf, who);
    const int status = api->run(context->conf, &place);
    heartbeat_end();
    milter_place_clear(&place);
    return status;
}
