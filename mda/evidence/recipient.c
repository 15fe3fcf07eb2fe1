// SPDX-License-Identifier: MIT
// Was the report sent to an address from which nothing is ever sent, or to many at once?
//
// Why: role and receive-only addresses are listed by the admin; a report to one of them cannot
// answer a mail of ours. And a real report has one addressee, the envelope sender.
#include "base/address.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/identity.h"

// A report to more addressees than this was not written by a mail server.
#define FEW_ADDRESSEES 3
#define SCAN_MAX 20

static bool never_sends(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(GPtrArray) addresses = identity_addressees(evidence_case);
    const char *const *globs = conf_list(evidence_case->conf, CONF_IDENTITY_NEVER_SENDS);
    for (guint i = 0; i < addresses->len; i++) {
        const char *address = g_ptr_array_index(addresses, i);
        for (gsize j = 0; globs[j]; j++) {
            if (!text_glob(globs[j], address))
                continue;
            finding_set(finding, SAYS_FORGED, WEIGHT_PROOF, "%s never sends mail (%s)", address,
                        globs[j]);
            return true;
        }
    }
    return false;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    if (never_sends(evidence_case, finding))
        return;
    g_autoptr(GPtrArray) addressees = g_ptr_array_new_with_free_func(g_free);
    static const char *const names[] = {"To", "Cc"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = message_header(evidence_case->message, names[i], 0);
        address_scan(value, SCAN_MAX, addressees);
    }
    if (addressees->len > FEW_ADDRESSEES)
        finding_set(finding, SAYS_SUSPECT, WEIGHT_HINT, "addressed to %u%s at once",
                    addressees->len, addressees->len == SCAN_MAX ? " and more" : "");
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "an address that may send");
}

const struct evidence_source evidence_recipient = {
    .name = "recipient", .look = look, .costs_nothing = true, .of_report = true};
