// SPDX-License-Identifier: MIT
// Design rationale
// - The index proper is an SQLite ledger (sent-folder.sqlite), so it is asked as the ledger is.
//   What has been read stands in the state file, written after the index: a run that is killed in
//   between reads a few messages twice.
// - A maildir name without its flags stays the same while IMAP servers move and flag the message.
// - A folder whose directories have not changed since all of it was indexed is not listed again. A
//   change within the same clock tick as the listing could be missed, so a fresh one does not
//   count.
#include "ledger/sentfolder.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "ledger/facts.h"
#include "ledger/learnt.h"
#include "ledger/state.h"
#include "store/folder-name.h"
#include "store/location.h"
#include "store/read.h"
#include "store/tree.h"

#include <string.h>

#define LIST_MAX 500000
#define FRESH_USEC (2 * G_USEC_PER_SEC)
// Fewer Message-IDs than this teach nothing.
#define LEARN_MIN 20

struct indexer {
    struct sentfolder *sentfolder;
    struct state *state;
    struct deadline deadline;
    guint left; // messages that may still be read
    GError **err;
};

static void add_if_there(GPtrArray *paths, char *path)
{
    if (read_kind(path) == READ_NONE ||
        g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
        g_free(path);
    else
        g_ptr_array_add(paths, path);
}

// The folder NAME in the store at ROOT, in the ways in which programs write names: Maildir++ with
// modified UTF-7 or UTF-8, directories in directories, files.
static void add_named(GPtrArray *paths, const char *root, const char *name)
{
    g_autoptr(GPtrArray) levels = folder_levels(name, NULL);
    if (levels && levels->len > 0) {
        g_ptr_array_add(levels, NULL);
        g_autofree char *dotted = g_strjoinv(".", (char **)levels->pdata);
        g_autofree char *below = g_strjoinv("/", (char **)levels->pdata);
        g_autofree char *folder = g_strconcat(".", dotted, NULL);
        add_if_there(paths, g_build_filename(root, folder, NULL));
        add_if_there(paths, g_build_filename(root, below, NULL));
    }
    g_autofree char *raw = g_strdelimit(g_strdup(name), "/", '.');
    g_autofree char *folder = g_strconcat(".", raw, NULL);
    add_if_there(paths, g_build_filename(root, folder, NULL));
    add_if_there(paths, g_build_filename(root, name, NULL));
}

static void add_by_use(GPtrArray *paths, const char *root)
{
    g_autoptr(GPtrArray) folders = tree_folders(root);
    for (guint i = 0; i < folders->len; i++) {
        const struct tree_folder *folder = g_ptr_array_index(folders, i);
        if (folder->use == USE_SENT)
            add_if_there(paths, g_strdup(folder->path));
    }
}

GPtrArray *sentfolder_paths(const struct conf *conf)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    struct location location;
    if (!location_parse(conf_string(conf, CONF_STORE_LOCATION), &location, NULL))
        return paths;
    g_autofree char *kind = g_strdup(location.driver ? location.driver : "");
    g_autofree char *root = g_strdup(location.root);
    location_clear(&location);
    g_autofree char *beside = g_path_get_dirname(root);
    const bool is_file = strcmp(kind, "mbox") == 0 || read_kind(root) == READ_MBOX;
    for (const char *const *name = conf_list(conf, CONF_IDENTITY_SENT_FOLDERS); *name; name++) {
        if ((*name)[0] == '~' && (*name)[1] == '/')
            add_if_there(paths, g_build_filename(g_get_home_dir(), *name + 2, NULL));
        else if (g_path_is_absolute(*name))
            add_if_there(paths, g_strdup(*name));
        else
            add_named(paths, is_file ? beside : root, *name);
    }
    if (strcmp(conf_origin(conf, CONF_IDENTITY_SENT_FOLDERS), "built-in") != 0)
        return paths;
    if (!is_file)
        add_by_use(paths, root);
    static const char *const places[] = {"mail", "Mail"};
    for (gsize i = 0; is_file && i < G_N_ELEMENTS(places); i++) {
        g_autofree char *place = g_build_filename(beside, places[i], NULL);
        add_by_use(paths, place);
    }
    return paths;
}

static bool count_id_domain(struct indexer *indexer, const char *message_id)
{
    const char *domain = text_domain_of(message_id);
    if (!domain)
        return true;
    g_autofree char *folded = g_ascii_strdown(domain, (gssize)strcspn(domain, "> "));
    struct db_statement *statement;
    return state_prepare(indexer->state, &statement, indexer->err,
                         "INSERT INTO id_domain (domain, count) VALUES (?1, 1)"
                         " ON CONFLICT (domain) DO UPDATE SET count = count + 1",
                         folded, NULL) &&
           state_run(indexer->state, statement, indexer->err);
}

static bool count_own(struct indexer *indexer, const char *address)
{
    g_autofree char *plain = address_plain(address);
    struct db_statement *statement;
    return !plain || (state_prepare(indexer->state, &statement, indexer->err,
                                    "INSERT INTO own (address, count) VALUES (?1, 1)"
                                    " ON CONFLICT (address) DO UPDATE SET count = count + 1",
                                    plain, NULL) &&
                      state_run(indexer->state, statement, indexer->err));
}

static bool learn_form(struct indexer *indexer, const struct sent_facts *facts)
{
    g_autofree char *account = address_plain(facts->author);
    return learnt_note_sent(indexer->state, account, facts->name, facts->message_id, facts->time,
                            indexer->err);
}

static bool index_header(struct indexer *indexer, GBytes *header)
{
    g_autoptr(SentFacts) facts = sent_facts_read(header);
    indexer->sentfolder->indexed++;
    indexer->left--;
    if (!sent_facts_record(facts, indexer->sentfolder->ledger, indexer->err) ||
        !count_own(indexer, facts->author) ||
        (g_strcmp0(facts->from, facts->author) != 0 && !count_own(indexer, facts->from)) ||
        !learn_form(indexer, facts))
        return false;
    return !facts->message_id || count_id_domain(indexer, facts->message_id);
}

static bool is_seen(struct indexer *indexer, const char *path, const char *name, bool *seen_r)
{
    struct db_statement *statement;
    gint64 seen;
    if (!state_prepare(indexer->state, &statement, indexer->err,
                       "SELECT 1 FROM seen WHERE path = ?1 AND name = ?2", path, name, NULL) ||
        !state_number(indexer->state, statement, 0, &seen, indexer->err))
        return false;
    *seen_r = seen != 0;
    return true;
}

static bool note_seen(struct indexer *indexer, const char *path, const char *name)
{
    struct db_statement *statement;
    return state_prepare(indexer->state, &statement, indexer->err,
                         "INSERT OR IGNORE INTO seen (path, name) VALUES (?1, ?2)", path, name,
                         NULL) &&
           state_run(indexer->state, statement, indexer->err);
}

// *WHOLE_R: nothing was left over.
static bool index_names(struct indexer *indexer, const char *path, const GPtrArray *names,
                        bool *whole_r)
{
    *whole_r = false;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *lasting = read_lasting_name(name);
        bool seen;
        if (!is_seen(indexer, path, lasting, &seen))
            return false;
        if (seen)
            continue;
        if (indexer->left == 0 || deadline_passed(&indexer->deadline))
            return true;
        g_autoptr(GBytes) header = read_header(path, name);
        if (header && !index_header(indexer, header))
            return false;
        if (header && !note_seen(indexer, path, lasting))
            return false;
    }
    *whole_r = true;
    return true;
}

static bool visit_mbox(GBytes *header, gint64 offset, gpointer data)
{
    (void)offset;
    struct indexer *indexer = data;
    return indexer->left > 0 && !deadline_passed(&indexer->deadline) &&
           index_header(indexer, header);
}

static bool remember_folder(struct indexer *indexer, const char *path, gint64 changed, gint64 end)
{
    struct db_statement *statement;
    if (!state_prepare(indexer->state, &statement, indexer->err,
                       "INSERT INTO folder (path, changed, end) VALUES (?1, ?2, ?3)"
                       " ON CONFLICT (path) DO UPDATE SET changed = excluded.changed,"
                       " end = excluded.end",
                       path, NULL))
        return false;
    indexer->state->api->bind_int(statement, 2, changed);
    indexer->state->api->bind_int(statement, 3, end);
    return state_run(indexer->state, statement, indexer->err);
}

static bool recall_folder(struct indexer *indexer, const char *path, const char *sql,
                          gint64 *value_r)
{
    struct db_statement *statement;
    return state_prepare(indexer->state, &statement, indexer->err, sql, path, NULL) &&
           state_number(indexer->state, statement, 0, value_r, indexer->err);
}

static bool index_mbox(struct indexer *indexer, const char *path, gint64 *end_r, bool *whole_r)
{
    gint64 offset, size;
    if (!recall_folder(indexer, path, "SELECT end FROM folder WHERE path = ?1", &offset) ||
        !read_each_mbox(path, offset, 0, visit_mbox, indexer, end_r, &size, indexer->err))
        return false;
    *whole_r = indexer->left > 0 && !deadline_passed(&indexer->deadline);
    return true;
}

static bool index_folder(struct indexer *indexer, const char *path)
{
    const enum read_kind kind = read_kind(path);
    const gint64 changed = read_changed(path, kind), now = g_get_real_time();
    gint64 done, end = 0;
    if (!recall_folder(indexer, path, "SELECT changed FROM folder WHERE path = ?1", &done))
        return false;
    if (done == changed && changed != 0)
        return true;
    bool whole;
    g_autoptr(GPtrArray) names = NULL;
    const bool indexed = kind == READ_MBOX
                             ? index_mbox(indexer, path, &end, &whole)
                             : read_list(path, kind, LIST_MAX, &names, indexer->err) &&
                                   index_names(indexer, path, names, &whole);
    if (!indexed)
        return false;
    indexer->sentfolder->whole &= whole;
    const bool fresh = changed > now - FRESH_USEC;
    return remember_folder(indexer, path, whole && !fresh ? changed : 0, end);
}

static bool index_all(struct indexer *indexer, const GPtrArray *paths)
{
    struct ledger *ledger = indexer->sentfolder->ledger;
    if (!ledger_begin(ledger, indexer->err) ||
        !indexer->state->api->exec(indexer->state->db, "BEGIN IMMEDIATE", indexer->err))
        return false;
    for (guint i = 0; i < paths->len; i++) {
        if (!index_folder(indexer, g_ptr_array_index(paths, i)))
            return false;
    }
    return ledger_commit(ledger, indexer->err) &&
           indexer->state->api->exec(indexer->state->db, "COMMIT", indexer->err);
}

bool sentfolder_open(const struct conf *conf, guint max, struct deadline deadline,
                     struct sentfolder **sentfolder_r, GError **err)
{
    g_autoptr(GPtrArray) paths = sentfolder_paths(conf);
    if (paths->len == 0)
        return mda_fail(err, MDA_ERROR_GONE, "there is no folder of sent mail");
    g_autofree char *index =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), SENTFOLDER_INDEX, NULL);
    g_autoptr(SentFolder) sentfolder = g_new0(struct sentfolder, 1);
    g_autoptr(State) state = NULL;
    sentfolder->whole = true;
    if (!ledger_open_file(index, 0, LEDGER_WRITE, deadline, &sentfolder->ledger, err) ||
        !state_open(conf, deadline, &state, err))
        return false;
    struct indexer indexer = {sentfolder, state, deadline, max, err};
    if (!index_all(&indexer, paths))
        return false;
    *sentfolder_r = g_steal_pointer(&sentfolder);
    return true;
}

void sentfolder_free(struct sentfolder *sentfolder)
{
    if (!sentfolder)
        return;
    ledger_free(sentfolder->ledger);
    g_free(sentfolder);
}

bool sentfolder_learnt(const struct conf *conf, const char *domain, struct deadline deadline,
                       guint *same_r, guint *all_r)
{
    g_autoptr(GPtrArray) paths = sentfolder_paths(conf);
    g_autoptr(State) state = NULL;
    g_autofree char *folded = g_ascii_strdown(domain, -1);
    struct db_statement *statement;
    gint64 same, all, answers;
    // Once answers tell how it is (ledger/learnt.h), nobody need guess.
    if (paths->len == 0 || !state_open(conf, deadline, &state, NULL) ||
        !state_prepare(state, &statement, NULL, "SELECT count(*) FROM answer WHERE known >= 0",
                       NULL) ||
        !state_number(state, statement, 0, &answers, NULL) || answers >= LEARN_MIN ||
        !state_prepare(state, &statement, NULL, "SELECT count FROM id_domain WHERE domain = ?1",
                       folded, NULL) ||
        !state_number(state, statement, 0, &same, NULL) ||
        !state_prepare(state, &statement, NULL, "SELECT sum(count) FROM id_domain", NULL) ||
        !state_number(state, statement, 0, &all, NULL) || all < LEARN_MIN)
        return false;
    *same_r = (guint)same;
    *all_r = (guint)all;
    return true;
}

bool sentfolder_is_own(const struct conf *conf, const char *address, struct deadline deadline)
{
    g_autoptr(State) state = NULL;
    g_autofree char *plain = address_plain(address);
    struct db_statement *statement;
    gint64 count;
    return plain && state_open(conf, deadline, &state, NULL) &&
           state_prepare(state, &statement, NULL, "SELECT count FROM own WHERE address = ?1", plain,
                         NULL) &&
           state_number(state, statement, 0, &count, NULL) && count > 0;
}
