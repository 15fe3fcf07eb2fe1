// SPDX-License-Identifier: MIT
// Did somebody on the way hold the original for spam?
//
// Design rationale
// - Verdicts in the returned copy are read from the headers that the common filters write; a score
//   alone is not read, since thresholds differ.
// - What the report says in words ("refused as spam") is the rules' knowledge: report->refused_as.
// - A suspicion and no more: our own mail is held for spam too.
#include "base/text.h"
#include "evidence/evidence.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 60
#define FIELDS_MAX 500

struct mark {
    const char *field;
    const char *begins;   // the value begins so, or NULL
    const char *contains; // it contains this, or NULL
};

static const struct mark marks[] = {
    {"X-Spam-Flag", "yes", NULL},                     // SpamAssassin, amavis
    {"X-Spam-Status", "yes", NULL},                   // the same
    {"X-Spam", "yes", NULL},                          // rspamd, mail.com
    {"X-Rspamd-Action", "reject", NULL},              // rspamd
    {"X-Rspamd-Action", "add header", NULL},          //
    {"X-Spamd-Result", NULL, ": true"},               // rspamd: "default: True [15.2 / 15.0]"
    {"X-Forefront-Antispam-Report", NULL, "sfv:spm"}, // Exchange
    {"X-Forefront-Antispam-Report", NULL, "sfv:sks"}, //
    {"X-MS-Exchange-Organization-Antispam-Report", NULL, "sfv:spm"},
    {"X-SpamReason", "yes", NULL},                    // MessageLabs
    {"X-SpamInfo", NULL, "spam detected"},            //
    {"X-Proofpoint-Spam-Details", NULL, "rule=spam"}, // Proofpoint
    {"X-Barracuda-Spam-Flag", "yes", NULL},           // Barracuda
    {"X-Barracuda-Spam-Status", "yes", NULL},         //
    {"X-Amavis-Alert", NULL, "infected"},             // amavis
    {"X-Amavis-Alert", NULL, "spam"},                 //
    {"X-Virus-Status", "yes", NULL},                  // ClamAV
    {"X-Virus-Status", "infected", NULL},             //
    {"X-MailScanner-SpamCheck", "spam", NULL},        // MailScanner
    {"X-TM-AS-Result", "yes", NULL},                  // Trend Micro
    {"X-DSPAM-Result", "spam", NULL},                 // DSPAM
    {"X-Bogosity", "spam", NULL},                     // bogofilter
    {"X-Bogosity", "yes", NULL},                      //
    {"X-CRM114-Status", "spam", NULL},
    {"X-SpamProbe", "spam", NULL},
};

// Exchange's spam confidence level: 5 and above is spam.
static bool is_high_scl(const char *name, const char *value)
{
    return (g_ascii_strcasecmp(name, "X-MS-Exchange-Organization-SCL") == 0 ||
            g_ascii_strcasecmp(name, "X-MS-Exchange-SCL") == 0) &&
           strtol(value, NULL, 10) >= 5;
}

static bool is_mark(const char *name, const char *value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (g_ascii_strcasecmp(marks[i].field, name) != 0)
            continue;
        if (marks[i].begins && g_str_has_prefix(value, marks[i].begins))
            return true;
        if (marks[i].contains && strstr(value, marks[i].contains))
            return true;
    }
    return is_high_scl(name, value);
}

// The first of the returned FIELDS that is someone's spam verdict, or NULL.
static const char *find_mark(const GPtrArray *fields)
{
    for (guint i = 0; i < fields->len && i < FIELDS_MAX; i++) {
        const char *field = g_ptr_array_index(fields, i);
        const char *colon = strchr(field, ':');
        if (!colon)
            continue;
        g_autofree char *name = g_strndup(field, (gsize)(colon - field));
        g_autofree char *value = g_ascii_strdown(colon + 1, -1);
        if (is_mark(g_strstrip(name), g_strstrip(value)))
            return field;
    }
    return NULL;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const struct report *report = evidence_case->report;
    const char *mark = find_mark(report->original.fields);
    if (mark) {
        g_autofree char *shown = text_printable(mark, -1, SHOWN_BYTES);
        finding_set(finding, SAYS_SUSPECT, WEIGHT_HINT, "the returned copy bears \"%s\"", shown);
    } else if (report->refused_as->len > 0) {
        finding_set(finding, SAYS_SUSPECT, WEIGHT_HINT, "it was refused as spam or virus (%s)",
                    (const char *)g_ptr_array_index(report->refused_as, 0));
    } else {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "nobody marked it");
    }
}

const struct evidence_source evidence_marks = {
    .name = "marks", .look = look, .costs_nothing = true, .of_report = true};
