// SPDX-License-Identifier: MIT
// Can we be forged? SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489) of the domains that are
// set as ours, as DNS has them now. No answer is no fault.
#include "site/site.h"

#include "base/address.h"
#include "base/dns.h"
#include "base/error.h"

#include <string.h>

#define ALL_MS 8000

struct asked {
    const struct conf *conf;
    struct deadline deadline;
    GArray *lines;
    const char *domain;
    bool silent; // DNS did not answer: it is not asked again
};

// The TXT records of NAME that begin with VERSION; *EXISTS_R (may be NULL): is there such a name?
// NULL: nobody knows. Owned by the caller.
static GPtrArray *ask(struct asked *asked, const char *name, const char *version, bool *exists_r)
{
    g_autoptr(DnsAnswer) answer = NULL;
    g_autoptr(GError) err = NULL;
    if (asked->silent)
        return NULL;
    if (!dns_ask(name, DNS_TXT, conf_string(asked->conf, CONF_DNS_SERVER), asked->deadline, &answer,
                 &err)) {
        asked->silent = true;
        site_ok(asked->lines, "%s: DNS does not answer: %s", name, err->message);
        return NULL;
    }
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < answer->records->len; i++) {
        const char *record = g_ptr_array_index(answer->records, i);
        if (g_ascii_strncasecmp(record, version, strlen(version)) == 0)
            g_ptr_array_add(found, g_ascii_strdown(record, -1));
    }
    if (exists_r)
        *exists_r = answer->exists;
    return found;
}

static void examine_spf(struct asked *asked)
{
    g_autoptr(GPtrArray) found = ask(asked, asked->domain, "v=spf1", NULL);
    if (!found)
        return;
    const char *record = found->len > 0 ? g_ptr_array_index(found, 0) : "";
    char *remedy = g_strdup_printf("%s. TXT \"v=spf1 mx -all\", with whatever else sends your mail",
                                   asked->domain);
    if (found->len == 0)
        site_fault(asked->lines, remedy, "%s has no SPF record: any host may use it as sender",
                   asked->domain);
    else if (found->len > 1)
        site_fault(asked->lines, remedy, "%s has %u SPF records, which counts as none",
                   asked->domain, found->len);
    else if (strstr(record, "-all") || strstr(record, "redirect=")) {
        site_ok(asked->lines, "%s: SPF refuses other hosts: %s", asked->domain, record);
        g_free(remedy);
    } else
        site_fault(asked->lines, remedy, "%s: SPF forbids nothing for sure: %s", asked->domain,
                   record);
}

// What record P has as the value of TAG ("p"): its first letter, or 0.
static bool tag_is(const char *record, const char *tag, const char *wanted)
{
    g_auto(GStrv) parts = g_strsplit(record, ";", -1);
    for (char **part = parts; *part; part++) {
        g_auto(GStrv) pair = g_strsplit(*part, "=", 2);
        if (pair[0] && pair[1] && strcmp(g_strstrip(pair[0]), tag) == 0)
            return strcmp(g_strstrip(pair[1]), wanted) == 0;
    }
    return false;
}

static void examine_dmarc(struct asked *asked)
{
    g_autofree char *organisation = domain_organisation(asked->domain);
    g_autofree char *name = g_strconcat("_dmarc.", asked->domain, NULL);
    g_autofree char *above =
        organisation ? g_strconcat("_dmarc.", organisation, NULL) : g_strdup(name);
    g_autoptr(GPtrArray) found = ask(asked, name, "v=dmarc1", NULL);
    if (found && found->len == 0 && strcmp(name, above) != 0) {
        g_ptr_array_unref(found);
        found = ask(asked, above, "v=dmarc1", NULL);
    }
    if (!found)
        return;
    const char *record = found->len == 1 ? g_ptr_array_index(found, 0) : "";
    const bool strict = tag_is(record, "p", "reject") || tag_is(record, "p", "quarantine");
    if (strict) {
        site_ok(asked->lines, "%s: DMARC refuses what is forged: %s", asked->domain, record);
        return;
    }
    char *remedy = g_strdup_printf("%s. TXT \"v=DMARC1; p=quarantine; rua=mailto:postmaster@%s\", "
                                   "once all your mail is signed",
                                   name, asked->domain);
    if (found->len != 1)
        site_fault(asked->lines, remedy, "%s has %s DMARC record: nobody refuses what is forged",
                   asked->domain, found->len == 0 ? "no" : "more than one");
    else
        site_fault(asked->lines, remedy, "%s: DMARC asks nobody to refuse anything: %s",
                   asked->domain, record);
}

// The keys by which we sign, as far as [dkim] key-file names their selectors.
static void examine_dkim(struct asked *asked)
{
    const char *const *files = conf_list(asked->conf, CONF_DKIM_KEY_FILE);
    g_autofree char *below = g_strconcat("_domainkey.", asked->domain, NULL);
    for (; *files; files++) {
        g_autofree char *selector = g_strndup(*files, strcspn(*files, ":"));
        g_autofree char *name = g_strconcat(selector, ".", below, NULL);
        g_autoptr(GPtrArray) found = ask(asked, name, "", NULL);
        const char *record = found && found->len > 0 ? g_ptr_array_index(found, 0) : "";
        const char *key = strstr(record, "p=");
        if (!found)
            continue;
        if (key && key[2] && key[2] != ';')
            site_ok(asked->lines, "%s: DKIM key %s is there", asked->domain, selector);
        else
            site_fault(asked->lines, g_strdup_printf("%s. TXT \"v=DKIM1; k=rsa; p=…\"", name),
                       "%s: the DKIM key %s is not in DNS%s", asked->domain, selector,
                       key ? " any more (p= is empty)" : "");
    }
    if (*conf_list(asked->conf, CONF_DKIM_KEY_FILE))
        return;
    bool exists = false;
    g_autoptr(GPtrArray) any = ask(asked, below, "", &exists);
    if (any && exists)
        site_ok(asked->lines, "%s has DKIM keys, by names that only its mail tells", asked->domain);
    else if (any)
        site_fault(asked->lines,
                   g_strdup_printf("sign with OpenDKIM or rspamd, and put the key at "
                                   "SELECTOR.%s.",
                                   below),
                   "%s has no DKIM key: nobody can tell its mail from forged mail", asked->domain);
}

void site_forgery(const struct conf *conf, GArray *lines)
{
    struct asked asked = {.conf = conf, .deadline = deadline_in(ALL_MS), .lines = lines};
    const char *const *domains = conf_list(conf, CONF_IDENTITY_DOMAINS);
    for (; *domains; domains++) {
        asked.domain = **domains == '.' ? *domains + 1 : *domains;
        examine_spf(&asked);
        examine_dkim(&asked);
        examine_dmarc(&asked);
    }
    if (*conf_string(conf, CONF_BATV_KEY_FILE))
        site_ok(lines, "return paths are signed (BATV)");
}
