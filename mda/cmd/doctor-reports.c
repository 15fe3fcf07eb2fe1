// SPDX-License-Identifier: MIT
#include "cmd/doctor-reports.h"

#include "base/text.h"
#include "cmd/mail-source.h"
#include "evidence/concern.h"
#include "evidence/handover.h"
#include "evidence/identity.h"
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

#define SOURCES_MAX 40
// Values of which more are no list that anyone could set.
#define VALUES_MAX 5
#define VALUE_SHOWN_BYTES 100

// What became of the reports that were looked at.
struct doctor_seen {
    const struct conf *conf;
    struct bounce_rules *rules;
    const char *const *sources;
    guint seen, verdicts[VERDICT_UNKNOWN + 1];
    guint said[SOURCES_MAX][SAYS_SUSPECT + 1];
    guint contradictions[SOURCES_MAX]; // it says forged where another has proof of ours
    char *example[SOURCES_MAX];        // what it said of the first of them; owned
    struct doctor_values relays, authors, others;
    guint replaced;
    guint known, known_in_ledger;
};

static int source_of(const struct doctor_seen *seen, const struct finding *finding)
{
    for (int i = 0; seen->sources[i] && i < SOURCES_MAX; i++) {
        if (strcmp(seen->sources[i], finding->source) == 0)
            return i;
    }
    return -1;
}

static void add_value(struct doctor_values *values, const char *value)
{
    values->total++;
    if (!value)
        return;
    const guint before = GPOINTER_TO_UINT(g_hash_table_lookup(values->counts, value));
    g_hash_table_replace(values->counts, g_ascii_strdown(value, -1), GUINT_TO_POINTER(before + 1));
}

static bool no_hop(const struct received_hop *hop, gpointer data)
{
    (void)hop, (void)data;
    return false;
}

// The host that handed the original to the reporting side; where our own host reports, that one.
static void note_relay(struct doctor_seen *seen, const struct evidence_case *evidence_case)
{
    const struct report *report = evidence_case->report;
    const GPtrArray *trail = report->original.received;
    if (trail->len == 0)
        return;
    const struct handover handover = handover_find(evidence_case, no_hop, NULL);
    const struct received_hop *newest = g_ptr_array_index(trail, 0);
    if (!handover.newest || identity_names_host(evidence_case, report->reporting_mta))
        add_value(&seen->relays, newest->by);
    else
        add_value(&seen->relays,
                  handover.newest->name ? handover.newest->name : handover.newest->address);
}

static const struct finding *find_finding(const GArray *findings, const char *source)
{
    for (guint i = 0; i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (strcmp(finding->source, source) == 0)
            return finding;
    }
    return NULL;
}

// Has a source other than EXCEPT (or NULL) proof that the original is ours?
static bool is_proved_ours(const GArray *findings, const char *except)
{
    for (guint i = 0; i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (finding->says == SAYS_OURS && finding->weight == WEIGHT_PROOF &&
            g_strcmp0(finding->source, except) != 0)
            return true;
    }
    return false;
}

static void note_ours(struct doctor_seen *seen, const struct evidence_case *evidence_case,
                      const GArray *findings)
{
    const struct finding *ledger = find_finding(findings, "ledger");
    note_relay(seen, evidence_case);
    add_value(&seen->authors, evidence_case->report->original.from);
    if (!evidence_case->report->original.message_id || !is_proved_ours(findings, "ledger"))
        return;
    seen->known++;
    seen->known_in_ledger +=
        ledger && ledger->says == SAYS_OURS && ledger->sign != SIGN_ID_REPLACED;
}

static void note_others(struct doctor_seen *seen, const struct evidence_case *evidence_case)
{
    g_autofree char *whose = NULL;
    if (concern_find(evidence_case, &whose) == CONCERN_OTHERS && whose && strchr(whose, '@'))
        add_value(&seen->others, whose);
}

static void count_source(struct doctor_seen *seen, const struct finding *finding, bool proved)
{
    const int source = source_of(seen, finding);
    if (source < 0)
        return;
    seen->said[source][finding->says]++;
    if (!proved || finding->says != SAYS_FORGED)
        return;
    seen->contradictions[source]++;
    if (!seen->example[source])
        seen->example[source] = g_strdup(finding->because);
}

static void count(struct doctor_seen *seen, const struct evidence_case *evidence_case,
                  const struct judgement *judgement)
{
    const bool proved = is_proved_ours(judgement->findings, NULL);
    bool replaced = false;
    seen->seen++;
    seen->verdicts[judgement->verdict]++;
    if (proved)
        note_ours(seen, evidence_case, judgement->findings);
    else
        note_others(seen, evidence_case);
    for (guint i = 0; i < judgement->findings->len; i++) {
        const struct finding *finding = &g_array_index(judgement->findings, struct finding, i);
        replaced |= finding->sign == SIGN_ID_REPLACED;
        count_source(seen, finding, proved);
    }
    seen->replaced += replaced;
}

static void judge_one(struct doctor_seen *seen, const char *name, GBytes *bytes)
{
    g_autoptr(Message) message = message_new_saved(bytes);
    struct envelope envelope = {0};
    const struct bounce_settings settings = judge_settings(seen->conf);
    g_autofree char *path = message_header(message, "Return-Path", 0);
    envelope.sender = envelope_address(path);
    envelope.arrived = mail_source_arrived(name, message);
    if (bounce_has_trait(&settings, message, &envelope)) {
        g_autoptr(Judgement) judgement =
            judge_message(seen->conf, seen->rules, message, &envelope, JUDGE_REHEARSAL);
        const struct evidence_case evidence_case = {.message = message,
                                                    .envelope = &envelope,
                                                    .report = judgement->report,
                                                    .conf = seen->conf};
        if (judgement->report->class != BOUNCE_NONE)
            count(seen, &evidence_case, judgement);
    }
    envelope_clear(&envelope);
}

struct report_visit {
    struct doctor_seen *seen;
    guint most, messages;
    const char *name; // of the file, or the mbox; borrowed
};

static bool visit_message(GBytes *bytes, gint64 offset, gpointer data)
{
    (void)offset;
    struct report_visit *visit = data;
    judge_one(visit->seen, visit->name, bytes);
    return ++visit->messages < MESSAGES_MAX && visit->seen->seen < visit->most;
}

// The newest reports of FOLDER, until MOST were seen in all; an mbox from its beginning.
static void judge_folder_at(struct doctor_seen *seen, const char *folder, guint most)
{
    const enum read_kind kind = read_kind(folder);
    struct report_visit visit = {seen, most, 0, ""};
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

static void judge_store(struct doctor_seen *seen)
{
    g_autofree char *root = NULL;
    const struct store *store =
        store_for(conf_string(seen->conf, CONF_STORE_LOCATION), &root, NULL);
    if (!store)
        return;
    g_autofree char *inbox = store->folder_path(root, NULL, NULL);
    g_autofree char *junk =
        store->folder_path(root, conf_string(seen->conf, CONF_JUNK_FOLDER), NULL);
    if (inbox)
        judge_folder_at(seen, inbox, REPORTS_MAX / 2);
    if (junk)
        judge_folder_at(seen, junk, REPORTS_MAX);
}

static void print_verdicts(const struct doctor_seen *seen)
{
    printf("\nThe last %u reports would be:", seen->seen);
    for (int verdict = VERDICT_GENUINE; verdict <= VERDICT_UNKNOWN; verdict++)
        printf(" %u %s%s", seen->verdicts[verdict], verdict_name((enum verdict)verdict),
               verdict < VERDICT_UNKNOWN ? "," : "\n");
}

static void print_sources(const struct doctor_seen *seen)
{
    for (int i = 0; seen->sources[i] && i < SOURCES_MAX && seen->seen > 0; i++) {
        const guint *said = seen->said[i];
        const guint spoke = said[SAYS_OURS] + said[SAYS_FORGED] + said[SAYS_SUSPECT];
        printf("  %-14s ours %3u, forged %3u, suspect %3u, nothing %3u\n", seen->sources[i],
               said[SAYS_OURS], said[SAYS_FORGED], said[SAYS_SUSPECT], seen->seen - spoke);
    }
}

// The line that takes in the hosts by which letters left, beside those that are set.
static void print_relays(const struct doctor_seen *seen)
{
    guint count;
    g_autofree char *hosts = doctor_values_join(&seen->relays, &count);
    g_autofree char *set = g_strjoinv(" ", (char **)conf_list(seen->conf, CONF_IDENTITY_RELAYS));
    if (hosts)
        printf("    %u of %u letters left by %s\n    [identity]\n    relays = %s%s%s\n", count,
               seen->relays.total, hosts, set, *set ? " " : "", hosts);
}

// A relay that nobody listed, a sender that nobody records: where a source is wrong about mail that
// is ours for sure, it will be wrong about mail where nothing else speaks.
static void print_contradictions(const struct doctor_seen *seen)
{
    for (int i = 0; seen->sources[i] && i < SOURCES_MAX; i++) {
        const bool trail = strcmp(seen->sources[i], "trail") == 0;
        if (seen->contradictions[i] == 0)
            continue;
        printf("! %s calls %u of them forged that are ours for sure (%s)", seen->sources[i],
               seen->contradictions[i], seen->example[i]);
        printf("%s\n", trail ? ": is a host missing in [identity] relays or networks?"
                             : ": see what it is told");
        if (trail)
            print_relays(seen);
    }
}

static void print_replaced(const struct doctor_seen *seen)
{
    if (seen->replaced == 0)
        return;
    printf("! the Message-IDs of %u of them were replaced behind whoever records them: an id that "
           "the ledger lacks proves nothing here\n",
           seen->replaced);
    if (conf_bool(seen->conf, CONF_LEDGER_COMPLETE))
        printf("    [ledger]\n    complete = no\n");
}

struct doctor_seen *doctor_look(const struct conf *conf, const char *folder)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    struct doctor_seen *seen = g_new0(struct doctor_seen, 1);
    seen->conf = conf;
    seen->sources = evidence_names();
    seen->rules = bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    seen->relays.counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    seen->authors.counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    seen->others.counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (folder)
        judge_folder_at(seen, folder, REPORTS_MAX);
    else
        judge_store(seen);
    return seen;
}

void doctor_seen_free(struct doctor_seen *seen)
{
    if (!seen)
        return;
    bounce_rules_free(seen->rules);
    g_hash_table_unref(seen->relays.counts);
    g_hash_table_unref(seen->authors.counts);
    g_hash_table_unref(seen->others.counts);
    for (int i = 0; i < SOURCES_MAX; i++)
        g_free(seen->example[i]);
    g_free(seen);
}

void doctor_print_reports(const struct doctor_seen *seen)
{
    print_verdicts(seen);
    print_sources(seen);
    print_contradictions(seen);
    print_replaced(seen);
}

const struct doctor_values *doctor_relays(const struct doctor_seen *seen)
{
    return &seen->relays;
}

const struct doctor_values *doctor_authors(const struct doctor_seen *seen)
{
    return &seen->authors;
}

const struct doctor_values *doctor_others(const struct doctor_seen *seen)
{
    return &seen->others;
}

guint doctor_replaced(const struct doctor_seen *seen)
{
    return seen->replaced;
}

guint doctor_known(const struct doctor_seen *seen, guint *in_ledger_r)
{
    *in_ledger_r = seen->known_in_ledger;
    return seen->known;
}

static gint more_first(gconstpointer a, gconstpointer b, gpointer data)
{
    GHashTable *counts = data;
    const guint one = GPOINTER_TO_UINT(g_hash_table_lookup(counts, a));
    const guint other = GPOINTER_TO_UINT(g_hash_table_lookup(counts, b));
    return one != other ? (one > other ? -1 : 1) : strcmp(a, b);
}

char *doctor_values_join(const struct doctor_values *values, guint *count_r)
{
    g_autoptr(GList) keys = g_hash_table_get_keys(values->counts);
    keys = g_list_sort_with_data(keys, more_first, values->counts);
    g_autoptr(GString) text = g_string_new(NULL);
    guint sum = 0, taken = 0;
    for (GList *at = keys; at && taken < VALUES_MAX; at = at->next, taken++) {
        const guint count = GPOINTER_TO_UINT(g_hash_table_lookup(values->counts, at->data));
        if (count * 10 < values->total)
            break;
        g_autofree char *shown = text_printable(at->data, -1, VALUE_SHOWN_BYTES);
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", shown);
        sum += count;
    }
    *count_r = sum;
    return text->len > 0 ? g_strdup(text->str) : NULL;
}
