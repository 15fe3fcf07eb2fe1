// SPDX-License-Identifier: MIT
#include "evidence/finding.h"

#include "base/text.h"

// What fits on a log line beside a dozen others.
#define BECAUSE_MAX_BYTES 240

void finding_set(struct finding *finding, enum says says, enum weight weight, const char *format,
                 ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_free(finding->because);
    finding->because = text_printable(text, -1, BECAUSE_MAX_BYTES);
    finding->says = says;
    finding->weight = says == SAYS_NOTHING ? WEIGHT_NONE : weight;
}

void finding_clear(struct finding *finding)
{
    g_clear_pointer(&finding->because, g_free);
    finding->says = SAYS_NOTHING;
    finding->weight = WEIGHT_NONE;
}

const char *says_name(enum says says)
{
    static const char *const names[] = {
        [SAYS_NOTHING] = "nothing",
        [SAYS_OURS] = "ours",
        [SAYS_FORGED] = "forged",
        [SAYS_SUSPECT] = "suspect",
    };
    return names[says];
}

const char *weight_name(enum weight weight)
{
    static const char *const names[] = {
        [WEIGHT_NONE] = "none",         [WEIGHT_HINT] = "hint",     [WEIGHT_LIKELY] = "likely",
        [WEIGHT_MEASURED] = "measured", [WEIGHT_STRONG] = "strong", [WEIGHT_PROOF] = "proof",
    };
    return names[weight];
}
