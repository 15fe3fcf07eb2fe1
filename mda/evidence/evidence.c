// SPDX-License-Identifier: MIT
#include "evidence/evidence.h"

#include "base/address.h"
#include "base/error.h"
#include "evidence/concern.h"
#include "evidence/identity.h"
#include "ledger/sentfolder.h"

#define X(name) extern const struct evidence_source evidence_##name;
EVIDENCE_LIST(X)
#undef X

static const struct evidence_source *const sources[] = {
#define X(name) &evidence_##name,
    EVIDENCE_LIST(X)
#undef X
};

const char *const *evidence_names(void)
{
    static const char *names[G_N_ELEMENTS(sources) + 1];
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
        names[i] = sources[i]->name;
    return names;
}

static void clear_finding(gpointer finding)
{
    finding_clear(finding);
}

struct opened {
    bool asked;
    struct ledger *ledger; // NULL with WHY
    GError *why;
};

struct evidence_ledger {
    struct opened ledger, index;
};

// Whose mail it is; and whom the original names as its sender, for a report may come to an alias.
static void ask_as(const struct evidence_case *evidence_case, struct ledger *ledger)
{
    const struct original *original = &evidence_case->report->original;
    g_autoptr(GPtrArray) askers = identity_addressees(evidence_case);
    address_scan(original->return_path, 1, askers);
    address_scan(original->from, 1, askers);
    ledger_ask_as(ledger, askers);
}

static bool hand_out(struct opened *shared, struct ledger **ledger_r, GError **err)
{
    shared->asked = true;
    if (shared->why) {
        g_propagate_error(err, g_error_copy(shared->why));
        return false;
    }
    *ledger_r = shared->ledger;
    return true;
}

bool evidence_ledger_open(const struct evidence_case *evidence_case, struct ledger **ledger_r,
                          GError **err)
{
    if (!evidence_case->ledger)
        return mda_fail(err, MDA_ERROR_TEMP, "the ledger is not to be asked");
    struct opened *shared = &evidence_case->ledger->ledger;
    if (!shared->asked && ledger_open(evidence_case->conf, LEDGER_READ, evidence_case->deadline,
                                      &shared->ledger, &shared->why))
        ask_as(evidence_case, shared->ledger);
    return hand_out(shared, ledger_r, err);
}

bool evidence_index_open(const struct evidence_case *evidence_case, struct ledger **index_r,
                         GError **err)
{
    if (!evidence_case->ledger)
        return mda_fail(err, MDA_ERROR_TEMP, "the index is not to be asked");
    struct opened *shared = &evidence_case->ledger->index;
    g_autofree char *path = g_build_filename(conf_string(evidence_case->conf, CONF_STATE_DIRECTORY),
                                             SENTFOLDER_INDEX, NULL);
    if (!shared->asked)
        (void)!ledger_open_file(path, 0, LEDGER_READ, evidence_case->deadline, &shared->ledger,
                                &shared->why);
    return hand_out(shared, index_r, err);
}

const struct finding *evidence_said(const struct evidence_case *evidence_case, enum evidence_id id)
{
    const GArray *findings = evidence_case->findings;
    for (guint i = 0; findings && i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (finding->source == sources[id]->name)
            return finding;
    }
    return NULL;
}

// That there is no ledger is trouble only for who says that it is complete.
static char *find_trouble(const struct conf *conf, const struct opened *shared)
{
    struct ledger_extent extent;
    const bool complete = conf_bool(conf, CONF_LEDGER_COMPLETE);
    if (shared->why && (complete || !g_error_matches(shared->why, MDA_ERROR, MDA_ERROR_GONE)))
        return g_strdup(shared->why->message);
    if (shared->ledger && complete && ledger_extent(shared->ledger, &extent, NULL) &&
        extent.messages == 0)
        return g_strdup_printf("ledger: %s is empty, though ledger.complete is set",
                               ledger_name(shared->ledger));
    return NULL;
}

// Whom the report is about; found out when a source first speaks against it.
struct about {
    bool known;
    enum concern concern;
    char *whose;
};

static void settle(const struct evidence_case *evidence_case, const struct evidence_source *source,
                   struct about *about, struct finding *finding)
{
    if (finding->says != SAYS_FORGED && finding->says != SAYS_SUSPECT)
        return;
    if (!about->known)
        about->concern = concern_find(evidence_case, &about->whose);
    about->known = true;
    concern_settle(about->concern, about->whose, source->of_report, finding);
}

static void clear_opened(struct opened *opened)
{
    ledger_free(opened->ledger);
    g_clear_error(&opened->why);
}

GArray *evidence_collect(const struct evidence_case *evidence_case)
{
    GArray *findings = g_array_new(FALSE, TRUE, sizeof(struct finding));
    g_array_set_clear_func(findings, clear_finding);
    struct evidence_case with_findings = *evidence_case;
    with_findings.findings = findings;
    struct evidence_ledger shared = {{false, NULL, NULL}, {false, NULL, NULL}};
    with_findings.ledger = &shared;
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
        settle(&with_findings, sources[i], &about, &finding);
        g_array_append_val(findings, finding);
    }
    g_free(about.whose);
    if (evidence_case->trouble_r)
        *evidence_case->trouble_r = find_trouble(evidence_case->conf, &shared.ledger);
    clear_opened(&shared.ledger);
    clear_opened(&shared.index);
    return findings;
}
