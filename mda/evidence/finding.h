// SPDX-License-Identifier: MIT
// What one source of evidence says. The only type of evidence/ that verdict/ knows.
#pragma once

#include <glib.h>

enum says { SAYS_NOTHING = 0, SAYS_OURS, SAYS_FORGED, SAYS_SUSPECT };
// A hint is a guess. Likely and measured are what the user's own history shows, by counts: wrong in
// at most one case of five, and of twenty. Strong is a setting's word, or what others vouch for.
// A suspicion with no weight is a doubt: it makes a report suspect, and is never one of two that make
// it backscatter.
enum weight {
    WEIGHT_NONE = 0,
    WEIGHT_HINT,
    WEIGHT_LIKELY,
    WEIGHT_MEASURED,
    WEIGHT_STRONG,
    WEIGHT_PROOF
};

// What a finding is a sign of, beside what it says; doctor counts them.
enum finding_sign {
    SIGN_NONE = 0,
    SIGN_ID_REPLACED, // Message-IDs are replaced behind whoever records them
};

struct finding {
    const char *source; // static: the source's name
    enum says says;
    enum weight weight;
    enum finding_sign sign;
    char *because; // one line with the facts, printable; owned
};

// Sets FINDING's members; BECAUSE is made from the format, cut to one printable line.
void finding_set(struct finding *finding, enum says says, enum weight weight, const char *format,
                 ...) G_GNUC_PRINTF(4, 5);

void finding_clear(struct finding *finding);

const char *says_name(enum says says);       // "ours" … Static.
const char *weight_name(enum weight weight); // "proof" … Static.
