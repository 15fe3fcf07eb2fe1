// SPDX-License-Identifier: MIT
#include "evidence/evidence.h"

#include "evidence/concern.h"
#include "evidence/evidence-list.h"

#define X(name) extern const struct evidence_source evidence_##name;
EVIDENCE_LIST(X)
#undef X

static const struct evidence_source *const sources[] = {
#define X(name) &evidence_##name,
    EVIDENCE_LIST(X)
#undef X
};

static void clear_finding(gpointer finding)
{
    finding_clear(finding);
}

// Whom the report is about; found out when a source first speaks against it.
struct about {
    bool known;
    enum concern concern;
    char *whose;
};

static void settle(const struct evidence_case *evidence_case, struct about *about,
                   struct finding *finding)
{
    if (finding->says != SAYS_FORGED && finding->says != SAYS_SUSPECT)
        return;
    if (!about->known)
        about->concern = concern_find(evidence_case, &about->whose);
    about->known = true;
    concern_settle(about->concern, about->whose, finding);
}

GArray *evidence_collect(const struct evidence_case *evidence_case)
{
    GArray *findings = g_array_new(FALSE, TRUE, sizeof(struct finding));
    g_array_set_clear_func(findings, clear_finding);
    struct evidence_case with_findings = *evidence_case;
    with_findings.findings = findings;
    struct about about = {false, CONCERN_OURS, NULL};
    const char *const *disabled = conf_list(evidence_case->conf, CONF_EVIDENCE_DISABLED);
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (g_strv_contains(disabled, sources[i]->name))
            continue;
        struct finding finding = {.source = sources[i]->name};
        if (deadline_passed(&evidence_case->deadline) && !sources[i]->costs_nothing)
            finding_set(&finding, SAYS_NOTHING, WEIGHT_NONE, "not asked: the time was spent");
        else
            sources[i]->look(&with_findings, &finding);
        settle(evidence_case, &about, &finding);
        g_array_append_val(findings, finding);
    }
    g_free(about.whose);
    return findings;
}
