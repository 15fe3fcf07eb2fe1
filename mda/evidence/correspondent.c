// SPDX-License-Identifier: MIT
// Did we ever write to the one who did not get the mail? The only source that can decide a report
// that returns nothing of the original.
//
// Design rationale
// - Strong for us only when there is nothing better to go by: whoever picks recipients from a
//   stolen address book hits people whom we write to. With a Message-ID or a trail at hand it is a
//   hint.
// - Against us only when the ledger is complete and holds recipients as the envelope had them, and
//   then a suspicion: what we sent may have been forwarded to someone we never heard of.
// - Who names a Message-ID that we recorded got that mail, whoever he is: forwarded, a member of a
//   list, the answering service of a firm. Then it is a hint.
// - Replies by program come from the address of the account, not always from the one we wrote to.
// - A forwarded mail fails at an address that we do not know. So any address that the report
//   mentions counts for us, and when we write to the domain of the host that reports a failure
//   elsewhere, that host may be the forwarder: a hint is all that is left.
#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/evidence.h"

#include <string.h>

static bool wrote_to_any(struct ledger *ledger, const GPtrArray *addresses, const char **address_r,
                         GError **err)
{
    *address_r = NULL;
    for (guint i = 0; i < addresses->len && !*address_r; i++) {
        bool yes;
        gint64 when;
        const char *address = g_ptr_array_index(addresses, i);
        if (!ledger_wrote_to(ledger, address, &yes, &when, err))
            return false;
        if (yes)
            *address_r = address;
    }
    return true;
}

static void say_known(const struct evidence_case *evidence_case, const char *known,
                      struct finding *finding)
{
    const struct original *original = &evidence_case->report->original;
    const bool alone = !original->message_id && original->received->len == 0;
    finding_set(finding, SAYS_OURS, alone ? WEIGHT_STRONG : WEIGHT_HINT, "we wrote to %s", known);
}

// Did we write to anyone at HOST or the domains above it? A name without a dot is none.
static bool wrote_to_domain_of(struct ledger *ledger, const char *host, bool *yes_r, GError **err)
{
    *yes_r = false;
    for (; host && strchr(host, '.') && !*yes_r; host = strchr(host, '.') + 1) {
        g_autofree char *domain = g_strdup_printf("@%s", host);
        gint64 when;
        if (!ledger_wrote_to(ledger, domain, yes_r, &when, err))
            return false;
    }
    return true;
}

// Is the reporting host one of a domain that we write to, and the failed one elsewhere?
static bool may_be_forwarded(const struct report *report, struct ledger *ledger,
                             const GPtrArray *failed, bool *yes_r, GError **err)
{
    *yes_r = false;
    const char *host = report->reporting_mta;
    for (guint i = 0; host && i < failed->len; i++) {
        if (domain_related(host, text_domain_of(g_ptr_array_index(failed, i))))
            return true;
    }
    return wrote_to_domain_of(ledger, host, yes_r, err);
}

static bool takes_no_mail(const char *address)
{
    static const char *const globs[] = {"*no-reply*@*",   "*noreply*@*",      "*no_reply*@*",
                                        "*donotreply*@*", "*do-not-reply*@*", "*do_not_reply*@*"};
    for (gsize i = 0; i < G_N_ELEMENTS(globs); i++) {
        if (text_glob(globs[i], address))
            return true;
    }
    return false;
}

// Who answers by program writes from the account that runs it: "user@host.example.net" where we
// wrote to an alias at example.net, or an address of a ticket system to which nobody writes. A
// domain without a dot is a name among that host's own.
static bool may_be_alias(struct ledger *ledger, const char *author, bool *yes_r, GError **err)
{
    const char *domain = text_domain_of(author);
    *yes_r = domain && (!strchr(domain, '.') || takes_no_mail(author));
    return *yes_r || wrote_to_domain_of(ledger, domain, yes_r, err);
}

static bool names_our_mail(const struct evidence_case *evidence_case, struct ledger *ledger,
                           bool *yes_r, GError **err)
{
    struct lookup lookup;
    *yes_r = lookup_said_ours(evidence_case, EVIDENCE_ledger) ||
             lookup_said_ours(evidence_case, EVIDENCE_sentfolder);
    if (*yes_r)
        return true;
    if (!lookup_original(evidence_case, ledger, &lookup, err))
        return false;
    *yes_r = lookup.found;
    return true;
}

// Where nothing of the original came back, that it was refused as spam is no second reason: a
// forwarder's mail often is.
static bool is_refused_forward(const struct evidence_case *evidence_case)
{
    const struct report *report = evidence_case->report;
    return report->original.fields->len == 0 && report->refused_as->len > 0;
}

static void suspect_stranger(const struct evidence_case *evidence_case, const char *address,
                             struct finding *finding)
{
    finding_set(finding, SAYS_SUSPECT,
                is_refused_forward(evidence_case) ? WEIGHT_NONE : WEIGHT_HINT,
                "nobody here ever wrote to %s", address);
}

static bool judge_stranger(const struct evidence_case *evidence_case, struct ledger *ledger,
                           const GPtrArray *failed, struct finding *finding, GError **err)
{
    struct ledger_extent extent;
    const char *address = g_ptr_array_index(failed, 0);
    bool forwarded, named, alias = false;
    if (!ledger_extent(ledger, &extent, err) ||
        !may_be_forwarded(evidence_case->report, ledger, failed, &forwarded, err) ||
        !names_our_mail(evidence_case, ledger, &named, err) ||
        (lookup_is_reply(evidence_case) && !may_be_alias(ledger, address, &alias, err)))
        return false;
    if (!conf_bool(evidence_case->conf, CONF_LEDGER_COMPLETE) || !extent.has_recipients)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s is none of those recorded; the ledger may lack some", address);
    else if (!lookup_is_covered(evidence_case, &extent))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "the original is from before the ledger began");
    else if (lookup_is_from_daemon(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the original is a mail server's own");
    else if (named || forwarded || alias || extent.guessed_recipients)
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT, "nobody here wrote to %s%s", address,
                    named       ? ", but a mail of ours is named"
                    : forwarded ? ", but the reporting host may be a forwarder"
                    : alias     ? ", but that may be an alias's own address"
                                : " openly");
    else
        suspect_stranger(evidence_case, address, finding);
    return true;
}

// Whom the ledger does not know, the folder of sent mail may, as far as it has been indexed.
static bool known_from_folder(const struct evidence_case *evidence_case, const GPtrArray *failed,
                              struct finding *finding)
{
    struct ledger *index;
    const char *known;
    if (!evidence_index_open(evidence_case, &index, NULL) ||
        !wrote_to_any(index, failed, &known, NULL) || !known)
        return false;
    say_known(evidence_case, known, finding);
    return true;
}

static bool ask(const struct evidence_case *evidence_case, struct ledger *ledger,
                const GPtrArray *failed, struct finding *finding, GError **err)
{
    const char *known;
    if (!wrote_to_any(ledger, failed, &known, err))
        return false;
    if (known) {
        say_known(evidence_case, known, finding);
        return true;
    }
    g_autoptr(GPtrArray) mentioned = lookup_mentioned(evidence_case);
    if (!wrote_to_any(ledger, mentioned, &known, err))
        return false;
    if (known) {
        finding_set(finding, SAYS_OURS, WEIGHT_HINT, "we wrote to %s, whom it mentions", known);
        return true;
    }
    return judge_stranger(evidence_case, ledger, failed, finding, err);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(GPtrArray) failed = lookup_failed(evidence_case);
    if (failed->len == 0) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the report names no recipient");
        return;
    }
    if (known_from_folder(evidence_case, failed, finding))
        return;
    g_autoptr(GError) err = NULL;
    struct ledger *ledger;
    if (evidence_ledger_open(evidence_case, &ledger, &err) &&
        ask(evidence_case, ledger, failed, finding, &err))
        return;
    finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s",
                g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE) ? "there is no ledger yet"
                                                                : err->message);
}

const struct evidence_source evidence_correspondent = {.name = "correspondent", .look = look};
