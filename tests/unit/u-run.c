// SPDX-License-Identifier: MIT
// delivery/carry-out.h: what becomes of a message when actions work and when they do not.
#include "delivery/carry-out.h"

#include "base/auto.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cm.h"

static char *root;
static gint64 arrival;
static int commits, sent;
static bool sending_fails, sending_fails_for_good, no_journals;
static int failing_turn, turn; // which call of send fails; 0: none does

static struct content *content_of(gpointer data, GBytes *bytes)
{
    struct content *content = content_new();
    gsize size = 0;
    const char *changed = bytes ? g_bytes_get_data(bytes, &size) : data;
    content_append(content, changed, bytes ? size : strlen(data));
    return content;
}

static void committed(void)
{
    commits++;
}

static bool send(gpointer data, const struct plan_action *action, GError **err)
{
    (void)data, (void)action;
    if (++turn == failing_turn)
        return mda_fail(err, MDA_ERROR_TEMP, "not now");
    if (sending_fails || sending_fails_for_good)
        return mda_fail(err, sending_fails ? MDA_ERROR_TEMP : MDA_ERROR_CONFIG, "no way");
    sent++;
    return true;
}

static bool answer(gpointer data, const struct plan_action *action, GBytes **copy_r, GError **err)
{
    (void)copy_r;
    return send(data, action, err);
}

static bool reject(gpointer data, const struct plan_action *action, bool *caller_refuses_r,
                   GError **err)
{
    (void)action, (void)err;
    *caller_refuses_r = data != NULL;
    return true;
}

static void empty(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        if (g_file_test(inner, G_FILE_TEST_IS_DIR) && !g_file_test(inner, G_FILE_TEST_IS_SYMLINK))
            empty(inner);
        g_remove(inner);
    }
}

static guint count(const char *folder)
{
    g_autofree char *path = g_build_filename(root, "Maildir", folder, "new", NULL);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    guint files = 0;
    while (directory && g_dir_read_name(directory))
        files++;
    return files;
}

// Makes FOLDER ("" the inbox) impossible: a file stands in its way.
static void spoil(const char *folder)
{
    g_autofree char *maildir = g_build_filename(root, "Maildir", NULL);
    g_autofree char *path = g_build_filename(maildir, *folder ? folder : "tmp", NULL);
    g_mkdir_with_parents(maildir, 0700);
    assert_true(g_file_set_contents(path, "", 0, NULL));
}

static int begin(void **state)
{
    (void)state;
    root = g_dir_make_tmp("u-run.XXXXXX", NULL);
    arrival = g_get_real_time() / G_USEC_PER_SEC;
    commits = sent = turn = failing_turn = 0;
    sending_fails = sending_fails_for_good = false;
    return root ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    empty(root);
    g_rmdir(root);
    g_clear_pointer(&root, g_free);
    return 0;
}

static struct run_outgoing outgoing = {
    .redirect = send, .answer = answer, .reject = reject, .pipe = send};

// Runs PLAN and frees it. How many troubles there were goes to *TROUBLES_R.
static enum outcome run(struct plan *plan, guint *troubles_r)
{
    g_autofree char *location = g_strdup_printf("maildir:%s/Maildir", root);
    g_autofree char *journals = g_build_filename(root, no_journals ? "file" : "journals", NULL);
    if (no_journals)
        assert_true(g_file_set_contents(journals, "", 0, NULL));
    commits = turn = 0;
    struct run_request request = {
        .plan = plan,
        .location = location,
        .fingerprint = "00112233",
        .journals = journals,
        .arrival = arrival,
        .create = true,
        .fsync = true,
        .mode = 0600,
        .content_of = content_of,
        .content_data = (gpointer) "A: b\n\nx\n",
        .outgoing = &outgoing,
        .committed = committed,
    };
    struct run_result result;
    run_plan(&request, &result);
    if (troubles_r)
        *troubles_r = result.troubles->len;
    enum outcome outcome = result.outcome;
    assert_int_equal(commits, outcome == MDA_DELIVERED ? 1 : 0);
    run_result_clear(&result);
    plan_free(plan);
    return outcome;
}

// A plan of one letter an action: a, b fileinto .a, .b; k keep; d discard; s redirect; v vacation;
// p pipe, r reject. Upper-case I at the front leaves the implicit keep in force.
static struct plan *plan_of(const char *letters)
{
    struct plan *plan = plan_new();
    plan->implicit_keep = *letters == 'I';
    for (const char *at = letters + plan->implicit_keep; *at; at++) {
        enum plan_kind kind = *at == 'k'   ? PLAN_KEEP
                              : *at == 'd' ? PLAN_DISCARD
                              : *at == 's' ? PLAN_REDIRECT
                              : *at == 'v' ? PLAN_VACATION
                              : *at == 'p' ? PLAN_PIPE
                              : *at == 'r' ? PLAN_REJECT
                                           : PLAN_FILEINTO;
        struct plan_action *action = plan_add(plan, kind);
        if (kind == PLAN_FILEINTO)
            action->folder = g_strndup(at, 1);
        else
            action->address = g_strdup("x@example.org");
    }
    return plan;
}

// What a plan comes to: at first, with its fault, and after a second try without it, which is run
// when the first one deferred.
struct row {
    const char *plan, *spoilt; // the folder that cannot be, "" the inbox, NULL: none
    char sending;              // 't' fails for now, 'f' for good
    enum outcome outcome;
    guint inbox, a, b;
    int sent;
};

static const struct row rows[] = {
    {"I", NULL, 0, MDA_DELIVERED, 1, 0, 0, 0},
    {"k", NULL, 0, MDA_DELIVERED, 1, 0, 0, 0},
    {"d", NULL, 0, MDA_DELIVERED, 0, 0, 0, 0},
    {"", NULL, 0, MDA_DELIVERED, 0, 0, 0, 0},
    {"ab", NULL, 0, MDA_DELIVERED, 0, 1, 1, 0},
    {"Ia", NULL, 0, MDA_DELIVERED, 1, 1, 0, 0},
    // A folder that is refused falls back to the inbox, once.
    {"a", ".a", 0, MDA_DELIVERED, 1, 0, 0, 0},
    {"ak", ".a", 0, MDA_DELIVERED, 1, 0, 0, 0},
    {"ka", ".a", 0, MDA_DELIVERED, 1, 0, 0, 0},
    {"ab", ".a", 0, MDA_DELIVERED, 1, 0, 1, 0},
    {"sa", ".a", 0, MDA_DELIVERED, 1, 0, 0, 1},
    // The inbox is the last place: what it does not take waits, and what else there is with it.
    {"I", "", 0, MDA_DEFER, 1, 0, 0, 0},
    {"k", "", 0, MDA_DEFER, 1, 0, 0, 0},
    {"ka", "", 0, MDA_DEFER, 1, 1, 0, 0},
    {"ak", "", 0, MDA_DEFER, 1, 1, 0, 0},
    {"sk", "", 0, MDA_DEFER, 1, 0, 0, 1},
    {"ks", "", 0, MDA_DEFER, 1, 0, 0, 1},
    {"vk", "", 0, MDA_DEFER, 1, 0, 0, 1},
    {"pk", "", 0, MDA_DEFER, 1, 0, 0, 1},
    // What is to leave.
    {"s", NULL, 0, MDA_DELIVERED, 0, 0, 0, 1},
    {"s", NULL, 't', MDA_DEFER, 0, 0, 0, 1},
    {"s", NULL, 'f', MDA_DELIVERED, 1, 0, 0, 0},
    {"s", "", 'f', MDA_DEFER, 0, 0, 0, 1},
    {"as", NULL, 't', MDA_DEFER, 0, 1, 0, 1},
    {"sa", NULL, 't', MDA_DEFER, 0, 1, 0, 1},
    {"sk", NULL, 't', MDA_DEFER, 1, 0, 0, 1},
    {"sab", NULL, 't', MDA_DEFER, 0, 1, 1, 1},
    {"ss", NULL, 't', MDA_DEFER, 0, 0, 0, 2},
    {"pa", NULL, 't', MDA_DEFER, 0, 1, 0, 1},
    {"pa", NULL, 'f', MDA_DELIVERED, 1, 1, 0, 0},
    // One of two that leave fails, '1' the first, '2' the second.
    {"ss", NULL, '1', MDA_DEFER, 0, 0, 0, 2},
    {"ss", NULL, '2', MDA_DEFER, 0, 0, 0, 2},
    {"sv", NULL, '2', MDA_DEFER, 0, 0, 0, 2},
    {"svp", NULL, '2', MDA_DEFER, 0, 0, 0, 3},
    {"psk", NULL, '2', MDA_DEFER, 1, 0, 0, 2},
    // An answer is no delivery, but it is owed.
    {"v", NULL, 't', MDA_DEFER, 0, 0, 0, 1},
    {"v", NULL, 'f', MDA_DELIVERED, 0, 0, 0, 0},
    {"Iv", NULL, 't', MDA_DEFER, 1, 0, 0, 1},
    {"Iv", "", 0, MDA_DEFER, 1, 0, 0, 1},
    // A refusal by the caller, and one that is sent as a message.
    {"r", NULL, 0, MDA_DELIVERED, 0, 0, 0, 0},
    {"R", NULL, 0, MDA_REJECT, 0, 0, 0, 0},
    {"RI", NULL, 0, MDA_REJECT, 1, 0, 0, 0},
    {"Ra", NULL, 0, MDA_REJECT, 0, 1, 0, 0},
    {"Rs", NULL, 't', MDA_DEFER, 0, 0, 0, 1},
};

static struct plan *plan_in(const struct row *row)
{
    g_autofree char *letters = g_strdup(row->plan);
    if (g_str_equal(letters, "RI"))
        memcpy(letters, "Ir", 2);
    else if (*letters == 'R')
        *letters = 'r';
    return plan_of(letters);
}

static void set_fault(const struct row *row)
{
    if (row->spoilt)
        spoil(row->spoilt);
    sending_fails = row->sending == 't';
    sending_fails_for_good = row->sending == 'f';
    failing_turn = row->sending == '1' || row->sending == '2' ? row->sending - '0' : 0;
    outgoing.data = *row->plan == 'R' ? (gpointer) "the caller refuses" : NULL;
}

static void mend(const struct row *row)
{
    g_autofree char *path =
        row->spoilt ? g_build_filename(root, "Maildir", *row->spoilt ? row->spoilt : "tmp", NULL)
                    : NULL;
    if (path)
        g_remove(path);
    sending_fails = sending_fails_for_good = false;
    failing_turn = 0;
}

static void check_row(gsize i, const struct row *row)
{
    guint troubles;
    set_fault(row);
    enum outcome first = run(plan_in(row), &troubles), last = first;
    assert_int_equal(troubles > 0, row->spoilt || row->sending || no_journals);
    mend(row);
    for (int tries = 0; last == MDA_DEFER && tries < 2; tries++)
        last = run(plan_in(row), NULL);
    enum outcome wanted = *row->plan == 'R' ? MDA_REJECT : MDA_DELIVERED;
    if (first != row->outcome || last != wanted || count("") != row->inbox ||
        count(".a") != row->a || count(".b") != row->b || sent != row->sent)
        fail_msg("row %zu \"%s\": outcome %d, then %d, inbox %u, a %u, b %u, sent %d", i, row->plan,
                 first, last, count(""), count(".a"), count(".b"), sent);
}

static void plans_and_faults(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        begin(state);
        check_row(i, &rows[i]);
        end(state);
    }
}

// Where nothing can be remembered the inbox gets what cannot be tried again: nothing is lost, and
// nothing that left the host leaves it twice.
static void without_a_journal(void **state)
{
    static const struct row poor[] = {
        {"s", NULL, 0, MDA_DELIVERED, 0, 0, 0, 1},     {"s", NULL, 't', MDA_DEFER, 0, 0, 0, 1},
        {"sa", NULL, 't', MDA_DEFER, 0, 1, 0, 1},      {"sk", "", 0, MDA_DEFER, 1, 0, 0, 1},
        {"ss", NULL, '1', MDA_DEFER, 0, 0, 0, 2},      {"ss", NULL, '2', MDA_DELIVERED, 1, 0, 0, 1},
        {"sv", NULL, '2', MDA_DELIVERED, 0, 0, 0, 1},  {"sp", NULL, '2', MDA_DELIVERED, 1, 0, 0, 1},
        {"spk", NULL, '2', MDA_DELIVERED, 1, 0, 0, 1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(poor); i++) {
        begin(state);
        no_journals = true;
        check_row(i, &poor[i]);
        no_journals = false;
        end(state);
    }
}

static void stores_that_cannot_be(void **state)
{
    (void)state;
    static const char *const locations[] = {"", "Maildir", "pigeon:/x", "maildir:x", "maildir:"};
    for (gsize i = 0; i < G_N_ELEMENTS(locations); i++) {
        g_autoptr(Plan) plan = plan_new();
        struct run_request request = {.plan = plan, .location = locations[i]};
        struct run_result result;
        run_plan(&request, &result);
        assert_int_equal(result.outcome, MDA_DEFER);
        assert_int_equal(result.troubles->len, 1);
        run_result_clear(&result);
    }
}

// A retry of a plan that had got half-way adds nothing to what is there.
static void a_retry_adds_nothing(void **state)
{
    begin(state);
    for (int i = 0; i < 3; i++) {
        // The journal is locked until the process ends.
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(run(plan_of("ab"), NULL) == MDA_DELIVERED ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count(".a"), 1);
    assert_int_equal(count(".b"), 1);
    end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_and_faults),
        cmocka_unit_test(without_a_journal),
        cmocka_unit_test(stores_that_cannot_be),
        cmocka_unit_test(a_retry_adds_nothing),
    };
    return tap_run(tests);
}
