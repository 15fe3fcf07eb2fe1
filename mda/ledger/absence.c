// SPDX-License-Identifier: MIT
// What follows from the answers to the user (ledger/learnt.h): how surely a mail is not his.
//
// Design rationale
// - Answers are gone through in the order of their time, each asked whether it would have been a
//   surprise by what was known before it: a form that Sent had not shown, and no answer had named.
//   What happened so often in the past is what is expected of the next mail.
// - The first answers of a history teach and are not counted.
// - A device that was bought, an account that was taken over, a program that was exchanged: the
//   counts of before say little of what comes after. When all that was sent since some day is by
//   another name, or bears ids of another domain, only answers since then count.
#include "ledger/learnt.h"

#include "ledger/form.h"

#include <math.h>
#include <string.h>

#define TESTS_MAX 400
// Without an answer in so long, nobody knows how things are now.
#define FRESH_SECONDS (200 * 24 * 3600)
// The first tenth of the answers, at least so many, teach.
#define WARM_UP_MIN 8
#define WARM_UP_PART 10
// So many answers without a surprise must have come since the last one.
#define SETTLED_TESTS 20
// More than one new shape in so many answers: shapes tell nothing.
#define VAGUE_PART 10
// Fewer answers to an address of several are taken together with those to the others.
#define OWN_TESTS_MIN 5

double learnt_bound(guint misses, guint tests)
{
    if (tests == 0)
        return 1;
    return MIN(1.0, (misses + 2 * sqrt((double)misses) + 3) / tests);
}

// One answer, oldest first.
struct absence_test {
    gint64 time;
    char *domain, *shape; // of the id that it answered
    bool known;
};

// What is known of an account's forms and answers.
struct history {
    GArray *tests;       // struct absence_test
    GHashTable *domains; // domain -> first time (gint64 *)
    GHashTable *shapes;  // "domain\nshape" -> first time
    gint64 changed;      // since when another name or another domain is in use; 0: always the same
    bool vague;          // his programs write ids of new shapes all the time: only domains tell
};

static void clear_test(gpointer data)
{
    struct absence_test *test = data;
    g_free(test->domain);
    g_free(test->shape);
}

static void history_clear(struct history *history)
{
    g_array_unref(history->tests);
    g_hash_table_unref(history->domains);
    g_hash_table_unref(history->shapes);
}

static gint64 *time_copy(gint64 time)
{
    gint64 *copy = g_new(gint64, 1);
    *copy = time;
    return copy;
}

static void keep_earlier(GHashTable *times, char *key, gint64 time)
{
    const gint64 *there = g_hash_table_lookup(times, key);
    if (!there || *there > time)
        g_hash_table_insert(times, key, time_copy(time));
    else
        g_free(key);
}

static char *shape_key(const char *domain, const char *shape)
{
    return g_strconcat(domain, "\n", shape, NULL);
}

// Since when is all that was sent by another VALUE ("name", "domain") than before? SQL gives the
// first and last time of each value, by first time.
static bool find_change(struct state *state, const char *sql, const char *account, gint64 *since,
                        GError **err)
{
    struct db_statement *statement;
    bool row;
    gint64 last = 0;
    guint count = 0;
    if (!state_prepare(state, &statement, err, sql, account, NULL))
        return false;
    while (state->api->step(statement, &row, err)) {
        if (!row)
            return true;
        const gint64 first = state->api->column_int(statement, 0);
        if (count++ > 0 && first > last)
            *since = MAX(*since, first);
        last = MAX(last, state->api->column_int(statement, 1));
    }
    return false;
}

// Those of all accounts: a form is his, by whichever address he writes.
static bool read_forms(struct state *state, struct history *history, GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!state_prepare(state, &statement, err,
                       "SELECT domain, shape, min(first) FROM sent_form GROUP BY domain, shape",
                       NULL))
        return false;
    while (state->api->step(statement, &row, err)) {
        if (!row)
            return true;
        const char *domain = state->api->column_text(statement, 0);
        const char *shape = state->api->column_text(statement, 1);
        const gint64 first = state->api->column_int(statement, 2);
        keep_earlier(history->domains, g_strdup(domain), first);
        keep_earlier(history->shapes, shape_key(domain, shape), first);
    }
    return false;
}

static bool read_tests(struct state *state, const char *account, gint64 now,
                       struct history *history, GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!state_prepare(state, &statement, err,
                       "SELECT time, domain, shape, known FROM (SELECT * FROM answer WHERE"
                       " ?1 IN ('', account) AND time > ?2 AND known >= 0 ORDER BY time DESC"
                       " LIMIT ?3)"
                       " ORDER BY time, id",
                       account, NULL))
        return false;
    state->api->bind_int(statement, 2, now - LEARNT_KEEP_SECONDS);
    state->api->bind_int(statement, 3, TESTS_MAX);
    while (state->api->step(statement, &row, err)) {
        if (!row)
            return true;
        const struct absence_test test = {.time = state->api->column_int(statement, 0),
                                          .domain = g_strdup(state->api->column_text(statement, 1)),
                                          .shape = g_strdup(state->api->column_text(statement, 2)),
                                          .known = state->api->column_int(statement, 3) != 0};
        g_array_append_val(history->tests, test);
    }
    return false;
}

// ACCOUNT "": all of them.
static bool read_history(struct state *state, const char *account, gint64 now,
                         struct history *history, GError **err)
{
    *history = (struct history){
        .tests = g_array_new(FALSE, FALSE, sizeof(struct absence_test)),
        .domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    g_array_set_clear_func(history->tests, clear_test);
    return read_forms(state, history, err) && read_tests(state, account, now, history, err) &&
           find_change(state,
                       "SELECT min(first), max(last) FROM sent_form WHERE ?1 IN ('', account) AND"
                       " name <> '' GROUP BY name ORDER BY 1",
                       account, &history->changed, err) &&
           find_change(state,
                       "SELECT min(first), max(last) FROM sent_form WHERE ?1 IN ('', account)"
                       " GROUP BY domain ORDER BY 1",
                       account, &history->changed, err);
}

static bool is_known_at(GHashTable *times, const char *key, gint64 time)
{
    const gint64 *first = g_hash_table_lookup(times, key);
    return first && *first <= time;
}

// Counts a test that put the question, and whether it was a surprise.
static void count_test(struct learnt_absence *absence, guint *since, bool miss)
{
    absence->tests++;
    absence->misses += miss;
    *since = miss ? 0 : *since + 1;
}

static bool is_kind(const struct history *history, const struct absence_test *test,
                    const struct id_form *form)
{
    return strcmp(test->domain, form->domain) == 0 &&
           (history->vague || strcmp(test->shape, form->shape) == 0);
}

// Goes through the answers in order; what is known grows with them.
static void ask_tests(struct history *history, const struct id_form *form,
                      struct learnt_absence *absence)
{
    const guint all = history->tests->len;
    const guint warm_up = MAX(WARM_UP_MIN, all / WARM_UP_PART);
    guint since = 0; // tests since the last surprise
    for (guint i = 0; i < all; i++) {
        const struct absence_test *test = &g_array_index(history->tests, struct absence_test, i);
        g_autofree char *shape = shape_key(test->domain, test->shape);
        const bool now = test->time >= history->changed;
        const bool counts = i >= warm_up && now;
        const bool new_domain = !is_known_at(history->domains, test->domain, test->time);
        const bool new_shape = !is_known_at(history->shapes, shape, test->time);
        if (counts && absence->question == LEARNT_DOMAIN)
            count_test(absence, &since, new_domain);
        else if (counts && absence->question == LEARNT_SHAPE)
            count_test(absence, &since, new_shape);
        else if (now && absence->question == LEARNT_KEPT && is_kind(history, test, form))
            count_test(absence, &since, !test->known);
        keep_earlier(history->domains, g_strdup(test->domain), test->time);
        keep_earlier(history->shapes, g_steal_pointer(&shape), test->time);
    }
    absence->settled = since >= SETTLED_TESTS || absence->question == LEARNT_KEPT;
}

static enum learnt_question question_for(const struct history *history, const struct id_form *form)
{
    g_autofree char *key = shape_key(form->domain, form->shape);
    bool domain = g_hash_table_contains(history->domains, form->domain);
    bool shape = g_hash_table_contains(history->shapes, key);
    for (guint i = 0; i < history->tests->len; i++) {
        const struct absence_test *test = &g_array_index(history->tests, struct absence_test, i);
        const bool same = strcmp(test->domain, form->domain) == 0;
        domain |= same;
        shape |= same && strcmp(test->shape, form->shape) == 0;
    }
    return shape ? LEARNT_KEPT : domain ? LEARNT_SHAPE : LEARNT_DOMAIN;
}

// Ids of known domains in new shapes all the time: base64, say, in which marks come by chance.
static bool is_vague(const struct history *history)
{
    const guint all = history->tests->len;
    guint count = 0, surprises = 0;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < all; i++) {
        const struct absence_test *test = &g_array_index(history->tests, struct absence_test, i);
        char *shape = shape_key(test->domain, test->shape);
        if (i >= MAX(WARM_UP_MIN, all / WARM_UP_PART)) {
            count++;
            surprises += !g_hash_table_contains(seen, shape) &&
                         !is_known_at(history->shapes, shape, test->time);
        }
        g_hash_table_add(seen, shape);
    }
    return count > 0 && VAGUE_PART * surprises > count;
}

static void measure(struct history *history, const struct id_form *form, gint64 now,
                    struct learnt_absence *absence)
{
    *absence = (struct learnt_absence){.question = question_for(history, form), .bound = 1};
    history->vague = is_vague(history);
    if (history->vague && absence->question == LEARNT_SHAPE)
        absence->question = LEARNT_KEPT;
    const guint count = history->tests->len;
    if (count == 0) {
        absence->question = LEARNT_NOTHING;
        return;
    }
    ask_tests(history, form, absence);
    absence->bound = learnt_bound(absence->misses, absence->tests);
    const struct absence_test *newest =
        &g_array_index(history->tests, struct absence_test, count - 1);
    absence->settled &= newest->time > now - FRESH_SECONDS;
}

static bool measure_account(struct state *state, const char *account, const struct id_form *form,
                            gint64 now, struct learnt_absence *absence, GError **err)
{
    struct history history;
    const bool sound = read_history(state, account, now, &history, err);
    if (sound)
        measure(&history, form, now, absence);
    history_clear(&history);
    return sound;
}

// All accounts say whether the form is known at all; then that account's answers count, or those to
// the others, too, while there are few and none speaks against it.
static bool measure_form(struct state *state, const char *account, const struct id_form *form,
                         gint64 now, struct learnt_absence *absence_r, GError **err)
{
    struct learnt_absence own;
    if (!measure_account(state, "", form, now, absence_r, err))
        return false;
    if (absence_r->question == LEARNT_KEPT || absence_r->question == LEARNT_NOTHING)
        return true;
    if (!measure_account(state, account, form, now, &own, err))
        return false;
    const bool alike = own.misses == 0 && own.tests >= OWN_TESTS_MIN;
    if (own.question != absence_r->question || own.bound <= absence_r->bound || !alike)
        *absence_r = own;
    return true;
}

bool learnt_absence(struct state *state, const char *account, const char *message_id, gint64 now,
                    struct learnt_absence *absence_r, GError **err)
{
    struct id_form form = {NULL, NULL};
    *absence_r = (struct learnt_absence){.question = LEARNT_NOTHING, .bound = 1};
    if (!id_form_of(message_id, &form))
        return true;
    const bool sound = measure_form(state, account, &form, now, absence_r, err);
    id_form_clear(&form);
    return sound;
}
