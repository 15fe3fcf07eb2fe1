// SPDX-License-Identifier: MIT
// Is this report one of a flood: many within two days, all on mail with one subject, that no single
// sender can have sent? It is evidence where nothing else is known of the user.
//
// Design rationale
// - A mailing of one's own brings many reports on one subject, too. But its mails left one program,
//   through the hosts of one provider: their Message-IDs are of one form and their trails begin in
//   one place. A spam run comes from everywhere. So what counts is how many senders the mails of
//   one subject had.
// - Subjects are alike when nearly all of their words are the same: spam varies a number, a name.
//   Words with digits in them do not count.
// - Posts to a mailing list have one subject and many authors: only their hosts are counted where
//   the original's author is somebody else.
// - What is unlike the flood is not part of it. It ends by itself, two days after its last reports.
// - It is held against what the user sends: one who sent half as many mails in that time may have
//   caused it.
#include "base/address.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/handover.h"
#include "evidence/identity.h"
#include "ledger/form.h"
#include "ledger/ledger.h"
#include "ledger/state.h"

#include <string.h>

#define WINDOW_SECONDS (2 * 24 * 3600)
#define REPORTS_MAX 1500
// So many reports on one subject make a flood …
#define BEGIN 8
// … when so many senders of their own, or networks, stand behind them, and one for every so many
// reports up to a number beyond which it is plain.
#define FORMS_MIN 5
#define NETWORKS_MIN 8
#define PER_SENDER 4
#define PLAIN 60
#define WORDS_MAX 20
#define SUBJECT_MAX_BYTES 300
// A subject of one word has to be this long.
#define LONE_WORD_BYTES 8

static bool is_word_byte(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

static bool has_digit(const char *word)
{
    return strpbrk(word, "0123456789") != NULL;
}

// The words of SUBJECT that do not vary, each once, in order, with a blank behind each. Owned by
// the caller; "" when too little is left.
static char *subject_words(const char *subject)
{
    static const char *const prefixes[] = {"re", "fw", "fwd", "aw", "wg", "sv", "tr", NULL};
    GString *words = g_string_new(" ");
    guint count = 0;
    const char *end = subject ? subject + strnlen(subject, SUBJECT_MAX_BYTES) : NULL;
    for (const char *at = subject; at && at < end && count < WORDS_MAX;) {
        const char *start = at;
        while (at < end && is_word_byte(*at))
            at++;
        g_autofree char *word = g_ascii_strdown(start, at - start);
        g_autofree char *framed = g_strconcat(" ", word, " ", NULL);
        if (*word && !has_digit(word) && !g_strv_contains(prefixes, word) &&
            !strstr(words->str, framed)) {
            g_string_append_printf(words, "%s ", word);
            count++;
        }
        if (at == start)
            at++;
    }
    if (count == 0 || (count == 1 && words->len < LONE_WORD_BYTES + 2))
        g_string_truncate(words, 0);
    return g_string_free(words, FALSE);
}

static guint count_words(const char *words)
{
    guint count = 0;
    for (const char *at = words; *at; at++)
        count += *at == ' ';
    return count > 0 ? count - 1 : 0;
}

// Are more than four in five words of A and B, as subject_words gives them, the same?
static bool are_alike(const char *a, const char *b)
{
    guint common = 0;
    g_auto(GStrv) list = g_strsplit(a, " ", -1);
    for (char **word = list; *word; word++) {
        g_autofree char *framed = g_strconcat(" ", *word, " ", NULL);
        common += **word && strstr(b, framed);
    }
    const guint most = MAX(count_words(a), count_words(b));
    return most > 0 && 5 * common > 4 * most;
}

// What one report is counted by.
struct drop {
    char *id, *words, *origin, *form;
};

static void drop_clear(struct drop *drop)
{
    g_free(drop->id);
    g_free(drop->words);
    g_free(drop->origin);
    g_free(drop->form);
}

static void read_drop(const struct evidence_case *evidence_case, struct drop *drop)
{
    const struct original *original = &evidence_case->report->original;
    struct id_form form = {NULL, NULL};
    drop->id =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)evidence_case->message->data,
                                    evidence_case->message->size);
    drop->words = subject_words(original->subject);
    drop->origin = handover_origin(evidence_case);
    if (original->message_id && identity_is_ours(evidence_case, original->from))
        (void)!id_form_of(original->message_id, &form);
    drop->form = g_strdup(form.domain ? form.domain : "");
    id_form_clear(&form);
}

static bool note(struct state *state, const char *user, const struct drop *drop, gint64 now,
                 GError **err)
{
    struct db_statement *statement;
    if (!state_prepare(state, &statement, err,
                       "INSERT OR IGNORE INTO flood (id, user, words, origin, form, time)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       drop->id, user, drop->words, drop->origin, drop->form, NULL))
        return false;
    state->api->bind_int(statement, 6, now);
    if (!state_run(state, statement, err) ||
        !state_prepare(state, &statement, err,
                       "DELETE FROM flood WHERE user = ?1 AND (time < ?2 OR id IN (SELECT id FROM"
                       " flood WHERE user = ?1 ORDER BY time DESC LIMIT -1 OFFSET ?3))",
                       user, NULL))
        return false;
    state->api->bind_int(statement, 2, now - WINDOW_SECONDS);
    state->api->bind_int(statement, 3, REPORTS_MAX);
    return state_run(state, statement, err);
}

// The reports on mail with a subject like that of DROP, it included.
struct flood {
    guint reports;
    GHashTable *forms, *networks;
};

static void add(struct flood *flood, const char *origin, const char *form)
{
    flood->reports++;
    if (*origin)
        g_hash_table_add(flood->networks, g_strdup(origin));
    if (*form)
        g_hash_table_add(flood->forms, g_strdup(form));
}

static bool measure(struct state *state, const char *user, const struct drop *drop, gint64 now,
                    struct flood *flood, GError **err)
{
    struct db_statement *statement;
    bool row;
    add(flood, drop->origin, drop->form);
    if (!state_prepare(state, &statement, err,
                       "SELECT words, origin, form FROM flood WHERE user = ?1 AND id <> ?2 AND"
                       " time >= ?3",
                       user, drop->id, NULL))
        return false;
    state->api->bind_int(statement, 3, now - WINDOW_SECONDS);
    while (state->api->step(statement, &row, err)) {
        if (!row)
            return true;
        if (are_alike(drop->words, state->api->column_text(statement, 0)))
            add(flood, state->api->column_text(statement, 1),
                state->api->column_text(statement, 2));
    }
    return false;
}

static bool is_spread(const struct flood *flood)
{
    const guint forms = g_hash_table_size(flood->forms);
    const guint networks = g_hash_table_size(flood->networks);
    const guint reports = MIN(flood->reports, PLAIN);
    return flood->reports >= BEGIN &&
           ((forms >= FORMS_MIN && PER_SENDER * forms >= reports) ||
            (networks >= NETWORKS_MIN && PER_SENDER * networks >= reports));
}

static guint count_in(struct ledger *ledger, gint64 since)
{
    gint64 sent = 0;
    return ledger_count_since(ledger, since, &sent, NULL) ? (guint)CLAMP(sent, 0, G_MAXINT) : 0;
}

// What is known to have been sent since then.
static guint sent_since(const struct evidence_case *evidence_case, gint64 since)
{
    struct ledger *ledger, *index;
    guint sent = 0;
    if (evidence_ledger_open(evidence_case, &ledger, NULL))
        sent += count_in(ledger, since);
    if (evidence_index_open(evidence_case, &index, NULL))
        sent += count_in(index, since);
    return sent;
}

static bool is_ours(const struct evidence_case *evidence_case)
{
    const GArray *findings = evidence_case->findings;
    for (guint i = 0; findings && i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (finding->says == SAYS_OURS && finding->weight >= WEIGHT_LIKELY)
            return true;
    }
    return false;
}

static bool ask(const struct evidence_case *evidence_case, const char *user,
                const struct drop *drop, struct finding *finding, GError **err)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(State) state = NULL;
    g_autoptr(GHashTable) forms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) networks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct flood flood = {0, forms, networks};
    if (!state_open(evidence_case->conf, evidence_case->deadline, &state, err) ||
        (!evidence_case->rehearsal && !note(state, user, drop, now, err)) ||
        !measure(state, user, drop, now, &flood, err))
        return false;
    const bool spread = is_spread(&flood);
    const guint sent = spread ? sent_since(evidence_case, now - WINDOW_SECONDS) : 0;
    if (spread && 2 * sent < flood.reports)
        finding_set(finding, SAYS_FORGED, WEIGHT_MEASURED,
                    "%u reports to %s in two days on mail of this subject, from %u senders and %u "
                    "networks; %u mails were sent",
                    flood.reports, user, g_hash_table_size(forms), g_hash_table_size(networks),
                    sent);
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%u reports in two days on mail of this subject", flood.reports);
    return true;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(GPtrArray) addressees = identity_addressees(evidence_case);
    g_autoptr(GError) err = NULL;
    struct drop drop = {NULL, NULL, NULL, NULL};
    if (is_ours(evidence_case) || addressees->len == 0) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    addressees->len == 0 ? "the addressee is not known" : "it is decided already");
        return;
    }
    read_drop(evidence_case, &drop);
    if (!*drop.words)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "no subject came back that tells mail apart");
    else if (!ask(evidence_case, g_ptr_array_index(addressees, 0), &drop, finding, &err))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s", err->message);
    drop_clear(&drop);
}

const struct evidence_source evidence_flood = {.name = "flood", .look = look};
