// SPDX-License-Identifier: MIT
// backstop doctor: what is known of this site, what each source of evidence could do with it, what
// would have become of reports that came, and the one setting that would help most.
#include "base/clock.h"
#include "base/error.h"
#include "cmd/doctor-reports.h"
#include "cmd/options.h"
#include "ledger/ledger.h"
#include "ledger/sentfolder.h"

#include <stdio.h>
#include <string.h>

#define INDEX_MS 30000
#define INDEX_MAX 200000

static char *folder_option;

static const GOptionEntry entries[] = {
    {"folder", 'f', 0, G_OPTION_ARG_FILENAME, &folder_option,
     "Judge the reports in this maildir instead of the inbox and Junk", "MAILDIR"},
    G_OPTION_ENTRY_NULL};

// One line of what could be done, and whether it is done.
struct advice {
    bool ready;
    const char *source;
    char *state;        // owned
    const char *remedy; // the setting that would make it work, or NULL
    int worth;          // how much it would help
};

static void advise(GArray *advices, bool ready, const char *source, const char *remedy, int worth,
                   const char *format, ...) G_GNUC_PRINTF(6, 7);

static void advise(GArray *advices, bool ready, const char *source, const char *remedy, int worth,
                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const struct advice advice = {ready, source, g_strdup_vprintf(format, arguments), remedy,
                                  worth};
    va_end(arguments);
    g_array_append_val(advices, advice);
}

static void clear_advice(gpointer data)
{
    g_free(((struct advice *)data)->state);
}

static void examine_ledger(const struct conf *conf, GArray *advices)
{
    g_autoptr(Ledger) ledger = NULL;
    g_autoptr(GError) err = NULL;
    struct ledger_extent extent;
    if (!ledger_open(conf, LEDGER_READ, deadline_in(INDEX_MS), &ledger, &err) ||
        !ledger_extent(ledger, &extent, &err)) {
        const bool none = g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE);
        advise(advices, false, "ledger",
               none ? "record outgoing mail: backstop sent, backstop milter"
                    : "[ledger] url, or what it names: see the line on the ledger above",
               90, "%s", none ? "nothing was ever recorded" : err->message);
        return;
    }
    const bool complete = conf_bool(conf, CONF_LEDGER_COMPLETE);
    advise(advices, complete && extent.messages > 0, "ledger",
           "[ledger] complete = yes, once everything is recorded", 80,
           "%" G_GINT64_FORMAT " messages in %s; %s", extent.messages, ledger_name(ledger),
           complete ? "said to be complete" : "not said to be complete, so absence proves nothing");
    advise(advices, extent.has_recipients && complete, "correspondent",
           "record recipients as well (pipe arguments, milter)", 40, "%s",
           !extent.has_recipients      ? "no recipient was ever recorded"
           : extent.guessed_recipients ? "recipients were read from headers; Bcc may be missing"
                                       : "recipients are recorded");
}

static void examine_sent_folder(const struct conf *conf, GArray *advices)
{
    g_autoptr(SentFolder) sentfolder = NULL;
    g_autoptr(GError) err = NULL;
    struct ledger_extent extent;
    if (sentfolder_open(conf, INDEX_MAX, deadline_in(INDEX_MS), &sentfolder, &err) &&
        ledger_extent(sentfolder->ledger, &extent, &err))
        advise(advices, extent.messages > 0, "sent-folder", NULL, 0,
               "%" G_GINT64_FORMAT " messages indexed%s", extent.messages,
               sentfolder->whole ? "" : ", more are waiting");
    else
        advise(advices, false, "sent-folder", "[identity] sent-folders", 70, "%s", err->message);
}

static void examine_setting(const struct conf *conf, GArray *advices, const char *source,
                            enum setting setting, int worth, const char *without)
{
    const struct setting_row *row = conf_row(setting);
    const bool set = *conf_string(conf, setting) != '\0';
    static char remedies[CONF_COUNT][64];
    g_snprintf(remedies[setting], sizeof remedies[setting], "[%s] %s", row->section, row->key);
    advise(advices, set, source, remedies[setting], worth, "%s",
           set ? conf_string(conf, setting) : without);
}

static void examine(const struct conf *conf, GArray *advices)
{
    examine_setting(conf, advices, "identity", CONF_IDENTITY_DOMAINS, 60,
                    "our domains: only each message's recipient is known to be ours");
    examine_ledger(conf, advices);
    examine_sent_folder(conf, advices);
    if (*conf_string(conf, CONF_IDENTITY_NETWORKS))
        examine_setting(conf, advices, "trail", CONF_IDENTITY_NETWORKS, 0, "");
    else
        examine_setting(conf, advices, "trail", CONF_IDENTITY_RELAYS, 85,
                        "our relays are not known, so the trail proves nothing");
    examine_setting(conf, advices, "msgid", CONF_IDENTITY_MESSAGE_ID, 20,
                    "no pattern; learnt from the Sent folder where there is one");
    examine_setting(conf, advices, "dkim", CONF_DKIM_KEY_FILE, 10, "keys come from DNS");
    examine_setting(conf, advices, "batv", CONF_BATV_KEY_FILE, 30,
                    "envelope senders are not signed");
    examine_setting(conf, advices, "stamp", CONF_STAMP_KEY_FILE, 25, "mail is not stamped");
    examine_setting(conf, advices, "recipient", CONF_IDENTITY_NEVER_SENDS, 5,
                    "no address is known never to send");
}

static void print_advices(GArray *advices)
{
    const struct advice *best = NULL;
    for (guint i = 0; i < advices->len; i++) {
        const struct advice *advice = &g_array_index(advices, struct advice, i);
        printf("%s %-14s %s\n", advice->ready ? "+" : "-", advice->source, advice->state);
        if (!advice->ready && advice->remedy && (!best || advice->worth > best->worth))
            best = advice;
    }
    if (best)
        printf("\nWhat would help most: %s\n", best->remedy);
}

int cmd_doctor(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "",
                       "Tells what is known of this site, what each source of evidence can do "
                       "with it, and which setting would help most.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    if (!options_configure(context, NULL, &err))
        fprintf(stderr, "backstop: %s\n", err->message);
    g_autoptr(GArray) advices = g_array_new(FALSE, FALSE, sizeof(struct advice));
    g_array_set_clear_func(advices, clear_advice);
    examine(context->conf, advices);
    print_advices(advices);
    doctor_reports(context->conf, folder_option);
    return STATUS_OK;
}
