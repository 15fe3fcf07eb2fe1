// SPDX-License-Identifier: MIT
// backstop milter: the part that decides what is recorded, stamped and signed. The module
// backstop-milter.so speaks with the MTA.
#include "cmd/milter.h"

#include "base/address.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/heartbeat.h"
#include "cmd/options.h"
#include "delivery/user.h"
#include "evidence/batv.h"
#include "evidence/keys.h"
#include "evidence/stamp.h"
#include "ledger/ledger.h"
#include "message/date.h"
#include "message/mime.h"

#include <stdio.h>
#include <string.h>

// The MTA waits for us meanwhile.
#define RECORD_MS 2000
// A Date may be this far ahead of our clock before it is no Date.
#define FUTURE_SECONDS (24 * 3600)

#define DATED_BACK_SECONDS (24 * 3600)

static char *socket_option;

static const GOptionEntry entries[] = {{"socket", 's', 0, G_OPTION_ARG_FILENAME, &socket_option,
                                        "Where to listen, instead of [milter] socket",
                                        "unix:PATH|inet:PORT@HOST"},
                                       G_OPTION_ENTRY_NULL};

bool outgoing_is_internal(const struct conf *conf, const char *address)
{
    struct ip_address parsed;
    if (!ip_parse(address, &parsed))
        return false;
    for (const char *const *network = conf_list(conf, CONF_MILTER_INTERNAL); *network; network++) {
        if (ip_in_network(&parsed, *network))
            return true;
    }
    return false;
}

static void record(const struct conf *conf, const struct outgoing *outgoing, GError **err)
{
    g_autoptr(Ledger) ledger = NULL;
    g_autoptr(GPtrArray) recipients = g_ptr_array_new();
    for (guint i = 0; i < outgoing->recipients->len; i++)
        g_ptr_array_add(recipients, g_ptr_array_index(outgoing->recipients, i));
    g_ptr_array_add(recipients, NULL);
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *subject = outgoing->subject ? mime_decode_header(outgoing->subject, -1) : NULL;
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    address_scan(outgoing->from, 1, authors);
    gint64 dated;
    if (!date_parse(outgoing->date, &dated) || dated <= 0 || dated >= now + FUTURE_SECONDS)
        dated = 0;
    const struct sent_message message = {
        .message_id = outgoing->message_id,
        .time = dated ? dated : now,
        .live = true,
        .date = dated,
        .subject = subject,
        .sender = outgoing->sender,
        .author = authors->len > 0 ? g_ptr_array_index(authors, 0) : NULL,
        .recipients = (const char *const *)recipients->pdata,
    };
    if (ledger_open(conf, LEDGER_WRITE, deadline_in(RECORD_MS), &ledger, err) &&
        ledger_record(ledger, &message, err))
        (void)!ledger_prune(ledger, NULL);
}

// The keys of FILE, or NULL when it is not set or cannot be read, which is logged.
static GPtrArray *load_keys(const struct conf *conf, enum setting file)
{
    GPtrArray *keys = NULL;
    g_autoptr(GError) err = NULL;
    if (*conf_string(conf, file) && !keys_read(conf_string(conf, file), &keys, &err))
        log_line(LOG_LEVEL_WARNING, "milter: %s", err->message);
    return keys;
}

static char *make_stamp(const struct conf *conf, const struct outgoing *outgoing)
{
    GPtrArray *keys = outgoing->stamped ? NULL : load_keys(conf, CONF_STAMP_KEY_FILE);
    char *stamp =
        keys ? stamp_make(keys, outgoing->from, outgoing->date, outgoing->message_id) : NULL;
    g_clear_pointer(&keys, g_ptr_array_unref);
    return stamp;
}

static char *sign_sender(const struct conf *conf, const struct outgoing *outgoing)
{
    if (!strchr(outgoing->sender, '@') || !batv_is_signed(conf, outgoing->sender))
        return NULL;
    GPtrArray *keys = load_keys(conf, CONF_BATV_KEY_FILE);
    if (!keys)
        return NULL;
    char *tagged = batv_sign(keys, outgoing->sender, g_get_real_time() / G_USEC_PER_SEC,
                             (guint)conf_number(conf, CONF_BATV_DAYS));
    g_ptr_array_unref(keys);
    if (strcmp(tagged, outgoing->sender) == 0)
        g_clear_pointer(&tagged, g_free);
    return tagged;
}

// The gap that OUTGOING leaves begins with its Date, which may be some hours back.
static gint64 missing_from(const struct outgoing *outgoing)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gint64 dated;
    return date_parse(outgoing->date, &dated) ? CLAMP(dated, now - DATED_BACK_SECONDS, now) : now;
}

void outgoing_handle(const struct conf *conf, const struct outgoing *outgoing,
                     struct outgoing_changes *changes_r)
{
    *changes_r = (struct outgoing_changes){NULL, NULL};
    if (!outgoing->ours)
        return;
    g_autoptr(GError) err = NULL;
    record(conf, outgoing, &err);
    if (err) {
        log_line(LOG_LEVEL_WARNING, "milter: not recorded: %s", err->message);
        heartbeat_missed(missing_from(outgoing));
    }
    if (!err)
        log_line(LOG_LEVEL_DEBUG, "milter: recorded %s from %s", outgoing->message_id,
                 outgoing->sender);
    changes_r->stamp = make_stamp(conf, outgoing);
    changes_r->new_sender = sign_sender(conf, outgoing);
}

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
    if (!options_configure(context, NULL, &err) || !settle(context, &place, &err)) {
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
    if (!ledger_open(context->conf, LEDGER_WRITE, deadline_in(RECORD_MS), &ledger, &err))
        log_line(LOG_LEVEL_WARNING, "milter: %s", err->message);
    if (milter_is_open(place.socket))
        log_line(LOG_LEVEL_WARNING,
                 "milter: whoever can connect to %s gets stamps, tags and records for what he says",
                 place.socket);
    heartbeat_begin(context->conf, "milter");
    const int status = api->run(context->conf, &place);
    heartbeat_end();
    milter_place_clear(&place);
    return status;
}
