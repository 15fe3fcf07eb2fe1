// SPDX-License-Identifier: MIT
// The table, not a sum of magic numbers. Read from the top, the first line that fits decides:
//
//   proof of ours                                        genuine
//   strong ours, and proof or strong of forged           suspect (they contradict each other)
//   strong ours                                          genuine
//   proof or strong of forged                            backscatter
//   two sources suspect, and no hint of ours             backscatter
//   a source suspects                                    suspect
//   anything less: hints, or nothing at all              unknown
//
// Hints never add up: mail sent from a telephone misses the Sent folder and the usual Message-ID at
// once. They only hold back what suspicions alone would have done.
#include "verdict/verdict.h"

#include <string.h>

struct tally {
    enum weight ours, forged; // the heaviest of each
    guint suspects;           // sources that suspect
};

static struct tally tally_findings(const struct finding *findings, guint count)
{
    struct tally tally = {WEIGHT_NONE, WEIGHT_NONE, 0};
    for (guint i = 0; i < count; i++) {
        const struct finding *finding = &findings[i];
        if (finding->says == SAYS_OURS)
            tally.ours = MAX(tally.ours, finding->weight);
        else if (finding->says == SAYS_FORGED)
            tally.forged = MAX(tally.forged, finding->weight);
        else if (finding->says == SAYS_SUSPECT)
            tally.suspects++;
    }
    return tally;
}

enum verdict verdict_decide(const struct finding *findings, guint count)
{
    const struct tally tally = tally_findings(findings, count);
    if (tally.ours == WEIGHT_PROOF)
        return VERDICT_GENUINE;
    if (tally.ours == WEIGHT_STRONG)
        return tally.forged >= WEIGHT_STRONG ? VERDICT_SUSPECT : VERDICT_GENUINE;
    if (tally.forged >= WEIGHT_STRONG)
        return VERDICT_BACKSCATTER;
    if (tally.suspects >= 2 && tally.ours == WEIGHT_NONE)
        return VERDICT_BACKSCATTER;
    return tally.suspects > 0 ? VERDICT_SUSPECT : VERDICT_UNKNOWN;
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
