// SPDX-License-Identifier: MIT
#include "judge/verdict.h"

#include <string.h>

struct claim_tally {
    enum weight ours, forged; // the heaviest of each
    guint histories;          // sources that say forged from the user's history
    guint suspects;           // sources that suspect
    guint doubts;             // and those of them that count for nothing more
};

static struct claim_tally tally_findings(const struct finding *findings, guint count)
{
    struct claim_tally tally = {WEIGHT_NONE, WEIGHT_NONE, 0, 0, 0};
    for (guint i = 0; i < count; i++) {
        const struct finding *finding = &findings[i];
        if (finding->says == SAYS_OURS)
            tally.ours = MAX(tally.ours, finding->weight);
        else if (finding->says == SAYS_FORGED)
            tally.forged = MAX(tally.forged, finding->weight);
        else if (finding->says == SAYS_SUSPECT)
            tally.suspects++;
        if (finding->says == SAYS_SUSPECT && finding->weight == WEIGHT_NONE)
            tally.doubts++;
        if (finding->says == SAYS_FORGED && finding->weight >= WEIGHT_LIKELY)
            tally.histories++;
    }
    return tally;
}

// Where nothing is proof or strong: what the history shows, suspicions, and nothing that is ours
// but a hint.
static enum verdict decide_by_history(const struct claim_tally *tally)
{
    const bool hint = tally->ours == WEIGHT_HINT;
    const bool measured = tally->forged == WEIGHT_MEASURED;
    if (tally->histories >= 2 && (measured || !hint))
        return VERDICT_BACKSCATTER;
    if (!hint && (measured || tally->suspects - tally->doubts >= 2))
        return VERDICT_BACKSCATTER;
    return tally->histories || tally->suspects ? VERDICT_SUSPECT : VERDICT_UNKNOWN;
}

enum verdict verdict_decide(const struct finding *findings, guint count)
{
    const struct claim_tally tally = tally_findings(findings, count);
    if (tally.ours == WEIGHT_PROOF)
        return VERDICT_GENUINE;
    if (tally.ours == WEIGHT_STRONG)
        return tally.forged >= WEIGHT_STRONG ? VERDICT_SUSPECT : VERDICT_GENUINE;
    if (tally.forged >= WEIGHT_STRONG)
        return tally.ours >= WEIGHT_LIKELY ? VERDICT_SUSPECT : VERDICT_BACKSCATTER;
    if (tally.ours < WEIGHT_LIKELY)
        return decide_by_history(&tally);
    if (tally.histories || tally.suspects)
        return VERDICT_SUSPECT;
    return tally.ours == WEIGHT_MEASURED ? VERDICT_GENUINE : VERDICT_UNKNOWN;
}

// How much FINDING had to do with VERDICT; the higher, the earlier it is told.
static int relevance(enum verdict verdict, const struct finding *finding)
{
    const int weight = (int)finding->weight;
    switch (finding->says) {
    case SAYS_OURS:
        return weight + (verdict == VERDICT_BACKSCATTER ? 0 : 10);
    case SAYS_FORGED:
        return weight + (verdict == VERDICT_GENUINE ? 0 : 10);
    case SAYS_SUSPECT:
        return verdict == VERDICT_GENUINE ? 1 : 10;
    case SAYS_NOTHING:
    default:
        return -1;
    }
}

char *verdict_explain(enum verdict verdict, const struct finding *findings, guint count)
{
    GString *text = g_string_new(NULL);
    // The highest relevance is 10 + WEIGHT_PROOF. Sources keep their order where it is equal.
    for (int wanted = 10 + WEIGHT_PROOF; wanted >= 0; wanted--) {
        for (guint i = 0; i < count; i++) {
            if (relevance(verdict, &findings[i]) != wanted)
                continue;
            g_string_append_printf(text, "%s%s: %s", text->len ? "; " : "", findings[i].source,
                                   findings[i].because ? findings[i].because : "");
        }
    }
    return g_string_free(text, FALSE);
}

static const char *const verdict_names[] = {
    [VERDICT_NONE] = "none",
    [VERDICT_GENUINE] = "genuine",
    [VERDICT_BACKSCATTER] = "backscatter",
    [VERDICT_SUSPECT] = "suspect",
    [VERDICT_UNKNOWN] = "unknown",
};

const char *verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

bool verdict_parse(const char *name, enum verdict *verdict_r)
{
    for (gsize i = 0; i < G_N_ELEMENTS(verdict_names); i++) {
        if (strcmp(name, verdict_names[i]) == 0) {
            *verdict_r = (enum verdict)i;
            return true;
        }
    }
    return false;
}
