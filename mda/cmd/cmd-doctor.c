// SPDX-License-Identifier: MIT
// backstop doctor: what is known of this site, what each source of evidence could do with it, what
// would have become of reports that came, and the one setting that would help most.
#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "bounce/classify.h"
#include "cmd/doctor-advice.h"
#include "cmd/doctor-ledger.h"
#include "cmd/doctor-reports.h"
#include "cmd/doctor-site.h"
#include "cmd/learn-show.h"
#include "cmd/options.h"
#include "evidence/evidence.h"
#include "evidence/keys.h"
#include "evidence/providers.h"
#include "ledger/ledger.h"
#include "ledger/sentfolder.h"
#include "milter/socket-place.h"

#include <stdio.h>
#include <string.h>

#define INDEX_MS 30000
#define INDEX_MAX 200000

static char *folder_option, *mail_log_option;

static const GOptionEntry entries[] = {
    {"mail-log", 0, 0, G_OPTION_ARG_FILENAME, &mail_log_option,
     "Count the bounces to others in this log of the MTA", "FILE"},
    {"folder", 'f', 0, G_OPTION_ARG_FILENAME, &folder_option,
     "Judge the reports in this maildir instead of the inbox and Junk", "MAILDIR"},
    G_OPTION_ENTRY_NULL};

// Reports on mail of an account that no setting names: nothing speaks against them.
static void examine_others(const struct conf *conf, const struct doctor_seen *seen, GArray *advices)
{
    guint count = 0;
    const struct doctor_values *others = doctor_others(seen);
    g_autofree char *addresses = doctor_values_join(others, &count);
    if (!addresses)
        return;
    g_autofree char *all =
        g_strdup_printf("%s%s%s", conf_string(conf, CONF_IDENTITY_ADDRESSES),
                        *conf_string(conf, CONF_IDENTITY_ADDRESSES) ? " " : "", addresses);
    g_autofree char *remedy = advice_setting(CONF_IDENTITY_ADDRESSES, all);
    advise(advices, false, "identity", g_steal_pointer(&remedy), 30,
           "%u reports are about mail of %s: add to `addresses` what is yours", count, addresses);
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
        advise(advices, false, "sent-folder", NULL, 0, "%s", err->message);
}

static void examine_setting(const struct conf *conf, GArray *advices, const char *source,
                            enum setting setting, const char *without)
{
    const bool set = *conf_string(conf, setting) != '\0';
    advise(advices, set, source, NULL, 0, "%s", set ? conf_string(conf, setting) : without);
}

// Only where it is said to listen for everybody: a unix socket is the default.
static void examine_milter(const struct conf *conf, GArray *advices)
{
    g_autofree char *socket = milter_socket(conf, NULL);
    const bool keys =
        *conf_string(conf, CONF_BATV_KEY_FILE) || *conf_string(conf, CONF_STAMP_KEY_FILE);
    if (milter_is_open(socket) && (keys || conf_bool(conf, CONF_LEDGER_COMPLETE)))
        advise(
            advices, false, "milter", advice_setting(CONF_MILTER_SOCKET, milter_default_socket()),
            95,
            "any process that reaches %s gets stamps, tags and records, and with them makes forged "
            "reports genuine",
            socket);
}

// Whose letters they are: a domain of our own, or the address of a box at a provider.
static void examine_identity(const struct conf *conf, const struct doctor_seen *seen,
                             GArray *advices)
{
    g_autoptr(Providers) providers = providers_load(conf, NULL);
    const struct doctor_values *authors = doctor_authors(seen);
    g_autofree char *addresses = NULL;
    guint count = 0;
    if (!*conf_string(conf, CONF_IDENTITY_DOMAINS) && !*conf_string(conf, CONF_IDENTITY_ADDRESSES))
        addresses = doctor_values_join(authors, &count);
    if (!addresses) {
        examine_setting(conf, advices, "identity",
                        *conf_string(conf, CONF_IDENTITY_DOMAINS) ? CONF_IDENTITY_DOMAINS
                                                                  : CONF_IDENTITY_ADDRESSES,
                        "our domains: only each message's recipient is known to be ours");
        return;
    }
    g_auto(GStrv) words = g_strsplit(addresses, " ", -1);
    g_autoptr(GString) domains = g_string_new(NULL);
    bool boxes = false;
    for (char **word = words; *word; word++) {
        const char *domain = text_domain_of(*word);
        boxes |= providers_of(providers, domain) != NULL;
        if (domain && !g_strrstr(domains->str, domain))
            g_string_append_printf(domains, "%s%s", domains->len > 0 ? " " : "", domain);
    }
    advise(advices, false, "identity",
           boxes ? advice_setting(CONF_IDENTITY_ADDRESSES, addresses)
                 : advice_setting(CONF_IDENTITY_DOMAINS, domains->str),
           50, "%u of %u letters are from %s", count, authors->total, addresses);
}

static bool is_address(const char *word)
{
    struct ip_address address;
    return ip_parse(word, &address);
}

static void examine_trail(const struct conf *conf, const struct doctor_seen *seen, GArray *advices)
{
    const struct doctor_values *relays = doctor_relays(seen);
    guint count = 0;
    if (*conf_string(conf, CONF_IDENTITY_NETWORKS)) {
        examine_setting(conf, advices, "trail", CONF_IDENTITY_NETWORKS, "");
        return;
    }
    g_autofree char *hosts = NULL;
    if (!*conf_string(conf, CONF_IDENTITY_RELAYS))
        hosts = doctor_values_join(relays, &count);
    if (hosts)
        advise(advices, false, "trail",
               advice_setting(is_address(hosts) ? CONF_IDENTITY_NETWORKS : CONF_IDENTITY_RELAYS,
                              hosts),
               85, "%u of %u letters left by %s", count, relays->total, hosts);
    else if (*conf_string(conf, CONF_IDENTITY_RELAYS))
        examine_setting(conf, advices, "trail", CONF_IDENTITY_RELAYS, "");
    else
        advise(advices, false, "trail", NULL, 50,
               "[identity] relays are not set, and no letter shows them yet");
}

// A setting that names a file of secrets.
static void examine_secret(const struct conf *conf, GArray *advices, const char *source,
                           enum setting setting, const char *without)
{
    const char *path = conf_string(conf, setting);
    g_autofree char *fault = *path ? keys_fault(path) : NULL;
    if (fault)
        advise(advices, false, source, NULL, WORTH_BROKEN, "%s", fault);
    else
        examine_setting(conf, advices, source, setting, without);
}

static void examine(const struct conf *conf, const struct doctor_seen *seen, GArray *advices)
{
    examine_identity(conf, seen, advices);
    examine_others(conf, seen, advices);
    doctor_examine_ledger(conf, seen, advices);
    examine_sent_folder(conf, advices);
    examine_trail(conf, seen, advices);
    examine_setting(conf, advices, "msgid", CONF_IDENTITY_MESSAGE_ID,
                    "no pattern; learnt from the Sent folder where there is one");
    examine_setting(conf, advices, "dkim", CONF_DKIM_KEY_FILE, "keys come from DNS");
    examine_secret(conf, advices, "batv", CONF_BATV_KEY_FILE, "envelope senders are not signed");
    examine_secret(conf, advices, "stamp", CONF_STAMP_KEY_FILE, "mail is not stamped");
    examine_milter(conf, advices);
    examine_setting(conf, advices, "recipient", CONF_IDENTITY_NEVER_SENDS,
                    "no address is known never to send");
}

// What is broken goes before what could be better, and what can be pasted before what can only be
// said.
static const struct advice *best_of(const GArray *advices)
{
    const struct advice *best = NULL;
    for (guint i = 0; i < advices->len; i++) {
        const struct advice *advice = &g_array_index(advices, struct advice, i);
        if (!advice->ready && advice->worth > 0 &&
            (!best || advice_rank(advice) > advice_rank(best)))
            best = advice;
    }
    return best;
}

static void print_remedy(const char *what, const struct advice *advice)
{
    g_auto(GStrv) lines = g_strsplit(advice->remedy ? advice->remedy : "", "\n", -1);
    printf("%s: %s\n", what, advice->state);
    for (char **line = lines; *line; line++)
        printf("    %s\n", *line);
}

static void print_advices(const GArray *advices)
{
    const struct advice *best = best_of(advices);
    for (guint i = 0; i < advices->len; i++) {
        const struct advice *advice = &g_array_index(advices, struct advice, i);
        printf("%s %-14s %s\n", advice->ready ? "+" : "-", advice->source, advice->state);
    }
    if (!best)
        return;
    printf("\n");
    print_remedy("What would help most", best);
    for (guint i = 0; i < advices->len; i++) {
        const struct advice *advice = &g_array_index(advices, struct advice, i);
        if (advice->remedy && advice != best)
            print_remedy("Then", advice);
    }
}

// Says what is wrong in the settings. Returns how many mistakes there are.
static guint print_mistakes(const struct conf *conf)
{
    g_autoptr(GPtrArray) mistakes = g_ptr_array_new_with_free_func(g_free);
    const GPtrArray *warnings = conf_warnings(conf);
    for (guint i = 0; i < warnings->len; i++)
        g_ptr_array_add(mistakes, g_strdup(g_ptr_array_index(warnings, i)));
    const char *const *names = evidence_names();
    const char *const *disabled = conf_list(conf, CONF_EVIDENCE_DISABLED);
    g_autofree char *known = g_strjoinv(" ", (char **)names);
    for (; *disabled; disabled++) {
        if (!g_strv_contains(names, *disabled))
            g_ptr_array_add(mistakes,
                            g_strdup_printf("%s: evidence.disabled: there is no source \"%s\"; "
                                            "there are %s",
                                            conf_origin(conf, CONF_EVIDENCE_DISABLED), *disabled,
                                            known));
    }
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), mistakes);
    g_autoptr(Providers) providers = providers_load(conf, mistakes);
    (void)rules, (void)providers; // it is their mistakes that count
    for (guint i = 0; i < mistakes->len; i++)
        printf("error: %s\n", (const char *)g_ptr_array_index(mistakes, i));
    if (mistakes->len > 0)
        printf("\n");
    return mistakes->len;
}

int cmd_doctor(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "",
                       "Tells what is known of this site, what each source of evidence can do "
                       "with it, and which setting would help most.",
                       &argc, &argv))
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err))
        fprintf(stderr, "backstop: %s\n", err->message);
    g_autoptr(GArray) advices = advices_new();
    const guint mistakes = print_mistakes(context->conf);
    g_autoptr(DoctorSeen) seen = doctor_look(context->conf, folder_option);
    examine(context->conf, seen, advices);
    print_advices(advices);
    printf("\nWhat your own history teaches (backstop learn):\n");
    g_autoptr(GError) trouble = NULL;
    if (!learn_show(context->conf, stdout, "  ", &trouble))
        printf("  %s\n", trouble->message);
    doctor_print_reports(seen);
    doctor_print_site(context->conf, mail_log_option);
    return mistakes == 0 ? STATUS_OK : STATUS_NO;
}
