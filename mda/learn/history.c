// SPDX-License-Identifier: MIT
// Design rationale
// - The folders of sent mail come first: what the others teach is held against them.
// - Then those where his own letters may lie, too, archives and folders of his making; the inbox
//   last.
// - Each message is read once; its name stands in the table "seen" under a path of its own. Names
//   and what they taught are kept together, some thousands at a time.
// - Whether an answer names a mail that Sent has is asked when all was read: the copy may lie in a
//   folder that comes later, or be one that somebody else wrote.
#include "learn/history.h"

#include "base/address.h"
#include "base/error.h"
#include "learn/letter.h"
#include "learn/word.h"
#include "ledger/learnt.h"
#include "ledger/sentfolder.h"
#include "store/read.h"
#include "store/store.h"
#include "store/tree.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 2000000
#define BATCH 500
#define SETTLE_MAX 100000
#define SETTLE_DELIVERED 20
#define DELIVERED_MS 300
#define FORGET_MS 10000
// What one delivery does, and how often.
#define SLICE_KEY "learn"
#define SLICE_MESSAGES 500
#define SLICE_PAUSE_SECONDS 600

struct history_reader {
    const struct learn_request *request;
    struct learner learner;
    guint left;
    guint64 total;
    guint batch;
    GError **err;
};

static bool is_over(const struct history_reader *reader)
{
    return reader->left == 0 || deadline_passed(&reader->request->deadline);
}

static bool begin(struct learner *learner, GError **err)
{
    return ledger_begin(learner->sent, err) &&
           learner->state->api->exec(learner->state->db, "BEGIN IMMEDIATE", err);
}

static bool commit(struct learner *learner, GError **err)
{
    return ledger_commit(learner->sent, err) &&
           learner->state->api->exec(learner->state->db, "COMMIT", err);
}

static bool read_own(struct learner *learner, GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!state_prepare(learner->state, &statement, err, "SELECT address FROM own", NULL))
        return false;
    while (learner->state->api->step(statement, &row, err)) {
        if (!row)
            return true;
        g_hash_table_add(learner->own, g_strdup(learner->state->api->column_text(statement, 0)));
    }
    return false;
}

static void add_configured(struct learner *learner)
{
    const char *const *entry = conf_list(learner->conf, CONF_IDENTITY_ADDRESSES);
    for (; *entry; entry++)
        g_hash_table_add(learner->own, address_plain(*entry));
}

static bool learner_open(const struct conf *conf, struct deadline deadline, guint max,
                         struct sentfolder **folder_r, struct learner *learner, GError **err)
{
    *learner = (struct learner){
        .conf = conf, .own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    // Where there is no folder of sent mail there is an index all the same: archives fill it.
    g_autofree char *path =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), SENTFOLDER_INDEX, NULL);
    g_autoptr(GError) none = NULL;
    if (!sentfolder_open(conf, max, deadline, folder_r, &none)) {
        if (!g_error_matches(none, MDA_ERROR, MDA_ERROR_GONE)) {
            g_propagate_error(err, g_steal_pointer(&none));
            return false;
        }
        *folder_r = g_new0(struct sentfolder, 1);
        (*folder_r)->whole = true;
        if (!ledger_open_file(path, 0, LEDGER_WRITE, deadline, &(*folder_r)->ledger, err))
            return false;
    }
    learner->sent = (*folder_r)->ledger;
    if (!state_open(conf, deadline, &learner->state, err) || !read_own(learner, err))
        return false;
    add_configured(learner);
    return true;
}

static void learner_close(struct learner *learner)
{
    g_clear_pointer(&learner->own, g_hash_table_unref);
    g_clear_pointer(&learner->state, state_free);
}

// One message was read.
static bool stepped(struct history_reader *reader)
{
    reader->learner.counts->read++;
    reader->left--;
    if (reader->request->step)
        reader->request->step(reader->total, reader->request->data);
    if (++reader->batch < BATCH)
        return true;
    reader->batch = 0;
    return commit(&reader->learner, reader->err) && begin(&reader->learner, reader->err);
}

static bool learn_header(struct history_reader *reader, const struct tree_folder *folder,
                         GBytes *header, const char *name)
{
    g_autoptr(Message) message = message_new(header);
    if (!letter_learn(&reader->learner, folder->use, message, reader->err))
        return false;
    if (name && word_was_said(reader->learner.conf, folder->use, message)) {
        reader->learner.counts->words++;
        g_autoptr(GBytes) whole = read_message(folder->path, name, WORD_MESSAGE_MAX);
        if (whole && !word_learn(reader->learner.conf, reader->learner.state, whole,
                                 folder->use != USE_JUNK, reader->err))
            return false;
    }
    return stepped(reader);
}

static bool is_seen(struct history_reader *reader, const char *key, const char *name, bool *seen_r)
{
    struct db_statement *statement;
    gint64 added;
    if (!state_prepare(reader->learner.state, &statement, reader->err,
                       "SELECT 1 FROM seen WHERE path = ?1 AND name = ?2", key, name, NULL) ||
        !state_number(reader->learner.state, statement, 0, &added, reader->err))
        return false;
    *seen_r = added != 0;
    return true;
}

static bool note_seen(struct history_reader *reader, const char *key, const char *name)
{
    struct db_statement *statement;
    return state_prepare(reader->learner.state, &statement, reader->err,
                         "INSERT OR IGNORE INTO seen (path, name) VALUES (?1, ?2)", key, name,
                         NULL) &&
           state_run(reader->learner.state, statement, reader->err);
}

static bool read_names(struct history_reader *reader, const struct tree_folder *folder,
                       const char *key)
{
    g_autoptr(GPtrArray) names = NULL;
    // A folder that cannot be read teaches nothing.
    if (!read_list(folder->path, folder->kind, NAMES_MAX, &names, NULL))
        return true;
    reader->total += names->len;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *lasting = read_lasting_name(name);
        bool seen;
        if (is_over(reader)) {
            reader->learner.counts->whole = false;
            return true;
        }
        if (!is_seen(reader, key, lasting, &seen))
            return false;
        if (seen)
            continue;
        g_autoptr(GBytes) header = read_header(folder->path, name);
        if (header &&
            (!learn_header(reader, folder, header, name) || !note_seen(reader, key, lasting)))
            return false;
    }
    return true;
}

struct mbox {
    struct history_reader *reader;
    const struct tree_folder *folder;
    bool failed;
};

static bool visit_mbox(GBytes *header, gint64 offset, gpointer data)
{
    (void)offset;
    struct mbox *mbox = data;
    if (is_over(mbox->reader)) {
        mbox->reader->learner.counts->whole = false;
        return false;
    }
    mbox->failed = !learn_header(mbox->reader, mbox->folder, header, NULL);
    return !mbox->failed;
}

static bool read_mbox(struct history_reader *reader, const struct tree_folder *folder,
                      const char *key)
{
    struct state *state = reader->learner.state;
    struct db_statement *statement;
    gint64 offset, end, size;
    struct mbox mbox = {reader, folder, false};
    if (!state_prepare(state, &statement, reader->err, "SELECT end FROM folder WHERE path = ?1",
                       key, NULL) ||
        !state_number(state, statement, 0, &offset, reader->err))
        return false;
    if (!read_each_mbox(folder->path, offset, 0, visit_mbox, &mbox, &end, &size, NULL))
        return true;
    if (mbox.failed || !state_prepare(state, &statement, reader->err,
                                      "INSERT OR REPLACE INTO folder (path, changed, end)"
                                      " VALUES (?1, 0, ?2)",
                                      key, NULL))
        return false;
    state->api->bind_int(statement, 2, end);
    return state_run(state, statement, reader->err);
}

// What one folder taught must be there for the next: letters of his own that others answer.
static bool read_folder(struct history_reader *reader, const struct tree_folder *folder)
{
    g_autofree char *key = g_strconcat("learn ", folder->path, NULL);
    const guint before = reader->learner.counts->read;
    if (folder->use == USE_TRASH || folder->use == USE_DRAFTS)
        return true;
    const bool sound = folder->kind == READ_MBOX ? read_mbox(reader, folder, key)
                                                 : read_names(reader, folder, key);
    if (!sound || reader->learner.counts->read == before)
        return sound;
    return commit(&reader->learner, reader->err) && begin(&reader->learner, reader->err);
}

static bool is_among(const GPtrArray *paths, const char *path)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)paths, path, g_str_equal, NULL);
}

// Where the user's own letters may lie comes before the inbox, where the answers to them are.
static int rank(const struct tree_folder *folder)
{
    const bool inbox = !*folder->name || g_ascii_strcasecmp(folder->name, "inbox") == 0 ||
                       g_str_has_suffix(folder->name, "/INBOX");
    return folder->use == USE_ARCHIVE ? 0 : inbox ? 2 : 1;
}

static gint by_rank(gconstpointer a, gconstpointer b)
{
    const struct tree_folder *first = *(const struct tree_folder *const *)a;
    const struct tree_folder *second = *(const struct tree_folder *const *)b;
    const int difference = rank(first) - rank(second);
    return difference ? difference : strcmp(first->path, second->path);
}

// Reads the folders below ROOT that hold no sent mail; SENT are those that do. JUNK: the Junk
// folder of the settings.
static bool read_store(struct history_reader *reader, const char *root, const GPtrArray *sent,
                       const char *junk)
{
    g_autoptr(GPtrArray) folders = tree_folders(root);
    g_ptr_array_sort(folders, by_rank);
    for (guint i = 0; i < folders->len; i++) {
        struct tree_folder *folder = g_ptr_array_index(folders, i);
        if (g_strcmp0(folder->path, junk) == 0)
            folder->use = USE_JUNK;
        if (folder->use != USE_SENT && !is_among(sent, folder->path) &&
            !read_folder(reader, folder))
            return false;
    }
    return true;
}

static bool read_stores(struct history_reader *reader)
{
    const struct conf *conf = reader->request->conf;
    g_autofree char *root = NULL;
    g_autoptr(GPtrArray) sent = sentfolder_paths(conf);
    const struct store *store = store_for(conf_string(conf, CONF_STORE_LOCATION), &root, NULL);
    g_autofree char *junk =
        store ? store->folder_path(root, conf_string(conf, CONF_JUNK_FOLDER), NULL) : NULL;
    if (store && !read_store(reader, root, sent, junk))
        return false;
    for (const char *const *other = conf_list(conf, CONF_LEARN_FOLDERS); *other; other++) {
        g_autofree char *path = g_str_has_prefix(*other, "~/")
                                    ? g_build_filename(g_get_home_dir(), *other + 2, NULL)
                                    : g_strdup(*other);
        if (!read_store(reader, path, sent, junk))
            return false;
    }
    return true;
}

static bool read_all(struct history_reader *reader)
{
    return begin(&reader->learner, reader->err) && read_stores(reader) &&
           learnt_settle_answers(reader->learner.state, reader->learner.sent, SETTLE_MAX,
                                 reader->err) &&
           commit(&reader->learner, reader->err);
}

bool learn_history(const struct learn_request *request, struct learn_counts *counts_r, GError **err)
{
    g_autoptr(SentFolder) folder = NULL;
    *counts_r = (struct learn_counts){.whole = true};
    struct history_reader reader = {.request = request, .left = request->max, .err = err};
    bool sound =
        learner_open(request->conf, request->deadline, request->max, &folder, &reader.learner, err);
    if (sound) {
        reader.learner.counts = counts_r;
        counts_r->whole = folder->whole;
        counts_r->sent = counts_r->read = folder->indexed;
        reader.left -= MIN(reader.left, folder->indexed);
        sound = read_all(&reader);
    }
    learner_close(&reader.learner);
    return sound;
}

void learn_ignore(const struct conf *conf, const char *folder, const char *name)
{
    g_autofree char *key = g_strconcat("learn ", folder, NULL);
    g_autofree char *lasting = read_lasting_name(name);
    g_autoptr(State) state = NULL;
    struct db_statement *statement;
    if (state_open(conf, deadline_in(DELIVERED_MS), &state, NULL) &&
        state_prepare(state, &statement, NULL,
                      "INSERT OR IGNORE INTO seen (path, name) VALUES (?1, ?2)", key, lasting,
                      NULL))
        (void)!state_run(state, statement, NULL);
}

// Has SLICE_PAUSE passed since the last slice? Then this one is noted.
static bool slice_is_due(const struct conf *conf)
{
    g_autoptr(State) state = NULL;
    struct db_statement *statement;
    gint64 last;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (!state_open(conf, deadline_in(DELIVERED_MS), &state, NULL) ||
        !state_prepare(state, &statement, NULL, "SELECT changed FROM folder WHERE path = ?1",
                       SLICE_KEY, NULL) ||
        !state_number(state, statement, 0, &last, NULL) ||
        (last <= now && last > now - SLICE_PAUSE_SECONDS) ||
        !state_prepare(state, &statement, NULL,
                       "INSERT OR REPLACE INTO folder (path, changed, end) VALUES (?1, ?2, 0)",
                       SLICE_KEY, NULL))
        return false;
    state->api->bind_int(statement, 2, now);
    return state_run(state, statement, NULL);
}

void learn_slice(const struct conf *conf)
{
    g_autofree char *path =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), SENTFOLDER_INDEX, NULL);
    if (access(path, F_OK) != 0 || !slice_is_due(conf))
        return;
    const struct learn_request request = {
        .conf = conf, .max = SLICE_MESSAGES, .deadline = deadline_in(DELIVERED_MS)};
    struct learn_counts counts;
    (void)!learn_history(&request, &counts, NULL);
}

bool learn_forget(const struct conf *conf, GError **err)
{
    g_autoptr(State) state = NULL;
    g_autofree char *index =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), SENTFOLDER_INDEX, NULL);
    if (!state_open(conf, deadline_in(FORGET_MS), &state, err) || !learnt_reset(state, err))
        return false;
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_strconcat(index, parts[i], NULL);
        if (unlink(path) != 0 && errno != ENOENT)
            return mda_fail_errno(err, errno, "remove %s", path);
    }
    return true;
}

static bool may_teach(const struct message *message, const char *whom)
{
    if (letter_is_answer(message))
        return true;
    g_autofree char *from = message_header(message, "From", 0);
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    if (from && whom)
        address_scan(from, 1, authors);
    g_autofree char *plain = authors->len > 0 ? address_plain(authors->pdata[0]) : NULL;
    g_autofree char *own = address_plain(whom);
    return plain && g_strcmp0(plain, own) == 0;
}

void learn_delivered(const struct conf *conf, const struct message *message, const char *whom)
{
    g_autofree char *path =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), SENTFOLDER_INDEX, NULL);
    if (!may_teach(message, whom) || access(path, F_OK) != 0)
        return;
    g_autoptr(SentFolder) folder = NULL;
    struct learner learner;
    struct learn_counts counts = {0};
    g_autoptr(GError) err = NULL;
    // What cannot be learnt now is read in its folder another time.
    if (learner_open(conf, deadline_in(DELIVERED_MS), BATCH, &folder, &learner, &err) &&
        begin(&learner, &err)) {
        learner.counts = &counts;
        learner.delivered = true;
        (void)!(letter_learn(&learner, USE_NONE, message, &err) &&
                learnt_settle_answers(learner.state, learner.sent, SETTLE_DELIVERED, &err) &&
                commit(&learner, &err));
    }
    learner_close(&learner);
}
