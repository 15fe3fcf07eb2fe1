// SPDX-License-Identifier: MIT
// Backscatter is made by a server that takes a message and finds out later that it cannot deliver
// it (Postfix's BACKSCATTER_README and ADDRESS_CLASS_README): each check is for one way into that.
#include "site/site.h"

#include "base/error.h"
#include "base/files.h"

#include <string.h>

struct settings {
    GHashTable *values;
};

static const char *value(const struct settings *settings, const char *name)
{
    const char *text = g_hash_table_lookup(settings->values, name);
    return text ? text : "";
}

static bool has(const struct settings *settings, const char *name, const char *word)
{
    return strstr(value(settings, name), word) != NULL;
}

static GHashTable *parse(const char *text)
{
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *sign = strstr(*line, " =");
        if (sign)
            g_hash_table_replace(values, g_strndup(*line, (gsize)(sign - *line)),
                                 g_strstrip(g_strdup(sign + 2)));
    }
    return values;
}

// Recipients are asked for at the server that has them, before the message is taken.
static bool is_verified(const struct settings *settings)
{
    static const char *const lists[] = {"smtpd_recipient_restrictions", "smtpd_relay_restrictions"};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (has(settings, lists[i], "reject_unverified_recipient"))
            return true;
    }
    return false;
}

static void examine_local(const struct settings *settings, GArray *lines)
{
    if (*value(settings, "luser_relay"))
        site_fault(lines, g_strdup("postconf -e 'luser_relay ='"),
                   "mail to users that are not there goes to %s instead of being refused "
                   "(luser_relay)",
                   value(settings, "luser_relay"));
    if (!*value(settings, "mydestination"))
        return;
    if (!*value(settings, "local_recipient_maps"))
        site_fault(
            lines,
            g_strdup("postconf -e 'local_recipient_maps = proxy:unix:passwd.byname "
                     "$alias_maps'"),
            "unknown local users are accepted, then bounced (local_recipient_maps is empty)");
    else
        site_ok(lines, "unknown local users are refused (local_recipient_maps)");
}

// DOMAINS is a setting that names domains, MAPS the one that has their recipients.
static void examine_class(const struct settings *settings, const char *domains, const char *maps,
                          const char *file, GArray *lines)
{
    const char *names = value(settings, domains);
    if (!*names || strcmp(names, "$mydestination") == 0)
        return;
    if (*value(settings, maps))
        site_ok(lines, "recipients in %s are known (%s)", domains, maps);
    else if (is_verified(settings))
        site_ok(lines, "recipients in %s are asked for first (reject_unverified_recipient)",
                domains);
    else
        site_fault(lines,
                   g_strdup_printf("postconf -e '%s = hash:/etc/postfix/%s', or "
                                   "reject_unverified_recipient in smtpd_recipient_restrictions",
                                   maps, file),
                   "any recipient in %s (%s) is accepted, as by a secondary MX, and bounced when "
                   "the next server refuses it (%s is empty)",
                   domains, names, maps);
}

// "@example.org somebody": a line of a map that takes every address.
static void examine_map(const char *setting, const char *path, GArray *lines)
{
    g_autofree char *text = NULL;
    if (!files_read(path, FILES_TEXT_MAX, &text, NULL, NULL))
        return;
    g_auto(GStrv) entries = g_strsplit(text, "\n", -1);
    for (char **entry = entries; *entry; entry++) {
        g_auto(GStrv) words = g_strsplit_set(*entry, " \t", 2);
        const char *target = words[0] && words[1] ? g_strstrip(words[1]) : "";
        // A domain that is renamed as a whole keeps its users.
        if (**entry == '@' && *target && *target != '@')
            site_fault(lines,
                       g_strdup_printf("list the addresses in %s instead of %s", path, words[0]),
                       "a catch-all takes every address, known or not: %s goes to %s (%s)",
                       words[0], target, setting);
    }
}

static void examine_catch_alls(const struct settings *settings, GArray *lines)
{
    static const char *const names[] = {"virtual_alias_maps", "virtual_mailbox_maps",
                                        "relay_recipient_maps"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(GStrv) words = g_strsplit_set(value(settings, names[i]), ", \t", -1);
        for (char **word = words; *word; word++) {
            const char *path = strchr(*word, ':');
            if (path && path[1] == '/')
                examine_map(names[i], path + 1, lines);
        }
    }
}

static void examine_filters(const struct settings *settings, const char *services, GArray *lines)
{
    static const char *const responders[] = {"vacation", "autoreply", "autorespond", "auto-reply"};
    const char *filter = value(settings, "content_filter");
    if (*filter || (services && strstr(services, "content_filter=")))
        site_fault(lines,
                   g_strdup("let the filter drop or mark, never bounce; or put it in front of the "
                            "queue: smtpd_milters, or smtpd_proxy_filter"),
                   "a filter stands behind the queue (content_filter%s%s): what it refuses is "
                   "bounced to senders that are forged",
                   *filter ? " = " : " in master.cf", filter);
    for (gsize i = 0; services && i < G_N_ELEMENTS(responders); i++) {
        if (!strstr(services, responders[i]))
            continue;
        site_fault(
            lines,
            g_strdup("see that it answers each sender once in days, and never a null sender, a "
                     "list, or Auto-Submitted mail (RFC 3834), as Sieve's vacation does"),
            "an auto-responder is called from master.cf (%s)", responders[i]);
        break;
    }
}

bool site_postfix(GArray *lines)
{
    static const char *const arguments[] = {"-x", NULL};
    static const char *const master[] = {"-M", NULL};
    g_autofree char *text = site_ask("postconf", arguments); // what $names stand for
    if (!text)
        return false;
    g_autofree char *services = site_ask("postconf", master);
    const struct settings settings = {parse(text)};
    examine_local(&settings, lines);
    examine_class(&settings, "relay_domains", "relay_recipient_maps", "relay_recipients", lines);
    examine_class(&settings, "virtual_mailbox_domains", "virtual_mailbox_maps", "vmailbox", lines);
    examine_catch_alls(&settings, lines);
    examine_filters(&settings, services, lines);
    g_hash_table_unref(settings.values);
    return true;
}
