// SPDX-License-Identifier: MIT
#include "cmd/doctor-reports.h"

#include "cmd/mail-source.h"
#include "evidence/evidence-list.h"
#include "judge/judge.h"
#include "store/read.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#define REPORTS_MAX 100
#define MESSAGES_MAX 5000
#define INDEX_MAX 200000
// Larger messages are left out.
#define MESSAGE_MAX_BYTES (4 * 1024 * 1024)

enum source {
#define X(name) SOURCE_##name,
    EVIDENCE_LIST(X)
#undef X
        SOURCE_COUNT
};

static const char *const source_names[] = {
#define X(name) #name,
    EVIDENCE_LIST(X)
#undef X
};

// What became of the reports that were looked at.
struct tally {
    const struct conf *conf;
    struct bounce_rules *rules;
    guint seen, verdicts[VERDICT_UNKNOWN + 1];
    guint said[SOURCE_COUNT][SAYS_SUSPECT + 1];
    guint contradictions[SOURCE_COUNT]; // it says forged where another has proof of ours
    char *example[SOURCE_COUNT];        // what it said of the first of them; owned
};

static int source_of(const struct finding *finding)
{
    for (int i = 0; i < SOURCE_COUNT; i++) {
        if (strcmp(source_names[i], finding->source) == 0)
            return i;
    }
    return -1;
}

static bool is_proved_ours(const GArray *findings)
{
    for (guint i = 0; i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (finding->says == SAYS_OURS && finding->weight == WEIGHT_PROOF)
            return true;
    }
    return false;
}

static void count(struct tally *tally, const struct judgement *judgement)
{
    const bool proved = is_proved_ours(judgement->findings);
    tally->seen++;
    tally->verdicts[judgement->verdict]++;
    for (guint i = 0; i < judgement->findings->len; i++) {
        const struct finding *finding = &g_array_index(judgement->findings, struct finding, i);
        const int source = source_of(finding);
        if (source < 0)
            continue;
        tally->said[source][finding->says]++;
        if (!proved || finding->says != SAYS_FORGED)
            continue;
        tally->contradictions[source]++;
        if (!tally->example[source])
            tally->example[source] = g_strdup(finding->because);
    }
}

static void judge_one(struct tally *tally, const char *name, GBytes *bytes)
{
    g_autoptr(Message) message = message_new_saved(bytes);
    struct envelope envelope = {0};
    const struct bounce_settings settings = judge_settings(tally->conf);
    g_autofree char *path = message_header(message, "Return-Path", 0);
    envelope.sender = envelope_address(path);
    envelope.arrived = mail_source_arrived(name, message);
    if (bounce_has_trait(&settings, message, &envelope)) {
        g_autoptr(Judgement) judgement =
            judge_message(tally->conf, tally->rules, message, &envelope, JUDGE_REHEARSAL);
        if (judgement->report->class != BOUNCE_NONE)
            count(tally, judgement);
    }
    envelope_clear(&envelope);
}

struct visit {
    struct tally *tally;
    guint most, seen;
    const char *name; // of the file, or the mbox; borrowed
};

static bool visit_message(GBytes *bytes, gint64 offset, gpointer data)
{
    (void)offset;
    struct visit *visit = data;
    judge_one(visit->tally, visit->name, bytes);
    return ++visit->seen < MESSAGES_MAX && visit->tally->seen < visit->most;
}

// The newest reports of FOLDER, until MOST were seen in all; an mbox from its beginning.
static void judge_folder_at(struct tally *tally, const char *folder, guint most)
{
    const enum read_kind kind = read_kind(folder);
    struct visit visit = {tally, most, 0, ""};
    g_autoptr(GPtrArray) names = NULL;
    gint64 end, size;
    if (kind == READ_MBOX)
        (void)!read_each_mbox(folder, 0, MESSAGE_MAX_BYTES, visit_message, &visit, &end, &size,
                              NULL);
    if (kind == READ_NONE || kind == READ_MBOX || !read_list(folder, kind, INDEX_MAX, &names, NULL))
        return;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(GBytes) bytes = read_message(folder, name, MESSAGE_MAX_BYTES);
        visit.name = name;
        if (bytes && !visit_message(bytes, 0, &visit))
            break;
    }
}

static void judge_store(struct tally *tally)
{
    g_autofree char *root = NULL;
    const struct store *store =
        store_for(conf_string(tally->conf, CONF_STORE_LOCATION), &root, NULL);
    if (!store)
        return;
    g_autofree char *inbox = store->folder_path(root, NULL, NULL);
    g_autofree char *junk =
        store->folder_path(root, conf_string(tally->conf, CONF_JUNK_FOLDER), NULL);
    if (inbox)
        judge_folder_at(tally, inbox, REPORTS_MAX / 2);
    if (junk)
        judge_folder_at(tally, junk, REPORTS_MAX);
}

static void print_verdicts(const struct tally *tally)
{
    printf("\nThe last %u reports would be:", tally->seen);
    for (int verdict = VERDICT_GENUINE; verdict <= VERDICT_UNKNOWN; verdict++)
        printf(" %u %s%s", tally->verdicts[verdict], verdict_name((enum verdict)verdict),
               verdict < VERDICT_UNKNOWN ? "," : "\n");
}

static void print_sources(const struct tally *tally)
{
    for (int i = 0; i < SOURCE_COUNT && tally->seen > 0; i++) {
        const guint *said = tally->said[i];
        const guint spoke = said[SAYS_OURS] + said[SAYS_FORGED] + said[SAYS_SUSPECT];
        printf("  %-14s ours %3u, forged %3u, suspect %3u, nothing %3u\n", source_names[i],
               said[SAYS_OURS], said[SAYS_FORGED], said[SAYS_SUSPECT], tally->seen - spoke);
    }
}

// A relay that nobody listed, a sender that nobody records: where a source is wrong about mail that
// is ours for sure, it will be wrong about mail where nothing else speaks.
static void print_contradictions(const struct tally *tally)
{
    for (int i = 0; i < SOURCE_COUNT; i++) {
        if (tally->contradictions[i] == 0)
            continue;
        printf("! %s calls %u of them forged that are ours for sure (%s)", source_names[i],
               tally->contradictions[i], tally->example[i]);
        printf("%s\n", i == SOURCE_trail ? ": is a host missing in [identity] relays or networks?"
                                         : ": see what it is told");
    }
}

void doctor_reports(const struct conf *conf, const char *folder)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    struct tally tally = {.conf = conf, .rules = rules};
    if (folder)
        judge_folder_at(&tally, folder, REPORTS_MAX);
    else
        judge_store(&tally);
    print_verdicts(&tally);
    print_sources(&tally);
    print_contradictions(&tally);
    for (int i = 0; i < SOURCE_COUNT; i++)
        g_free(tally.example[i]);
}
