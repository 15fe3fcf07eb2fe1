// SPDX-License-Identifier: MIT
// plan/run.h: what becomes of a message when actions work and when they do not.
#include "plan/run.h"

#include "base/auto.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cm.h"

static char *root;
static int commits, sent;
static bool sending_fails, sending_fails_for_good;

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
    commits = sent = 0;
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
    struct run_request request = {
        .plan = plan,
        .location = location,
        .fingerprint = "00112233",
        .arrival = g_get_real_time() / G_USEC_PER_SEC,
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
// r reject. Upper-case I at the front leaves the implicit keep in force.
static struct plan *plan_of(const char *letters)
{
    struct plan *plan = plan_new();
    plan->implicit_keep = *letters == 'I';
    for (const char *at = letters + plan->implicit_keep; *at; at++) {
        enum plan_kind kind = *at == 'k'   ? PLAN_KEEP
                              : *at == 'd' ? PLAN_DISCARD
                              : *at == 's' ? PLAN_REDIRECT
                              : *at == 'v' ? PLAN_VACATION
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

struct row {
    const char *plan, *spoilt; // folders that cannot be, "" the inbox, NULL: none; two: ".a," both
    char sending;              // 't' fails for now, 'f' for good
    enum outcome outcome;
    guint inbox, a, b;
    int sent;
};

static void plans_and_faults(void **state)
{
    static const struct row rows[] = {
        {"I", NULL, 0, MDA_DELIVERED, 1, 0, 0, 0},
        {"k", NULL, 0, MDA_DELIVERED, 1, 0, 0, 0},
        {"d", NULL, 0, MDA_DELIVERED, 0, 0, 0, 0},
        {"", NULL, 0, MDA_DELIVERED, 0, 0, 0, 0},
        {"ab", NULL, 0, MDA_DELIVERED, 0, 1, 1, 0},
        {"Ia", NULL, 0, MDA_DELIVERED, 1, 1, 0, 0},
        // A folder that cannot be had falls back to the inbox, once.
        {"a", ".a", 0, MDA_DELIVERED, 1, 0, 0, 0},
        {"ak", ".a", 0, MDA_DELIVERED, 1, 0, 0, 0},
        {"ab", ".a", 0, MDA_DELIVERED, 1, 0, 1, 0},
        // Before the first commit, failure waits; afterwards nothing does.
        {"I", "", 0, MDA_DEFER, 0, 0, 0, 0},
        {"k", "", 0, MDA_DEFER, 0, 0, 0, 0},
        {"ka", "", 0, MDA_DELIVERED, 0, 1, 0, 0},
        {"ak", "", 0, MDA_DELIVERED, 0, 1, 0, 0},
        {"sk", "", 0, MDA_DELIVERED, 0, 0, 0, 1},
        // What is to leave.
        {"s", NULL, 0, MDA_DELIVERED, 0, 0, 0, 1},
        {"s", NULL, 't', MDA_DEFER, 0, 0, 0, 0},
        {"s", NULL, 'f', MDA_DELIVERED, 1, 0, 0, 0},
        {"s", "", 'f', MDA_DEFER, 0, 0, 0, 0},
        {"as", NULL, 't', MDA_DELIVERED, 1, 1, 0, 0},
        {"sa", NULL, 't', MDA_DELIVERED, 1, 1, 0, 0},
        {"sk", NULL, 't', MDA_DELIVERED, 1, 0, 0, 0},
        // An answer is a courtesy: nothing waits for it, and it is no delivery.
        {"v", NULL, 't', MDA_DELIVERED, 0, 0, 0, 0},
        {"Iv", NULL, 't', MDA_DELIVERED, 1, 0, 0, 0},
        {"Iv", "", 0, MDA_DEFER, 0, 0, 0, 1},
        // A refusal by the caller, and one that is sent as a message.
        {"r", NULL, 0, MDA_DELIVERED, 0, 0, 0, 0},
        {"R", NULL, 0, MDA_REJECT, 0, 0, 0, 0},
        {"RI", NULL, 0, MDA_REJECT, 0, 0, 0, 0},
        {"Ra", NULL, 0, MDA_DELIVERED, 0, 1, 0, 0},
        {"Rs", NULL, 't', MDA_DEFER, 0, 0, 0, 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        begin(state);
        const struct row *row = &rows[i];
        if (row->spoilt)
            spoil(row->spoilt);
        sending_fails = row->sending == 't';
        sending_fails_for_good = row->sending == 'f';
        outgoing.data = *row->plan == 'R' ? (gpointer) "the caller refuses" : NULL;
        g_autofree char *letters = g_strdup(row->plan);
        if (g_str_equal(letters, "RI"))
            memcpy(letters, "Ir", 2);
        else if (*letters == 'R')
            *letters = 'r';
        guint troubles;
        enum outcome outcome = run(plan_of(letters), &troubles);
        if (outcome != row->outcome || count("") != row->inbox || count(".a") != row->a ||
            count(".b") != row->b || sent != row->sent)
            fail_msg("row %zu \"%s\": outcome %d, inbox %u, a %u, b %u, sent %d", i, row->plan,
                     outcome, count(""), count(".a"), count(".b"), sent);
        assert_int_equal(troubles > 0, row->spoilt || row->sending);
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
        commits = 0;
        assert_int_equal(run(plan_of("ab"), NULL), MDA_DELIVERED);
    }
    assert_int_equal(count(".a"), 1);
    assert_int_equal(count(".b"), 1);
    end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_and_faults),
        cmocka_unit_test(stores_that_cannot_be),
        cmocka_unit_test(a_retry_adds_nothing),
    };
    return tap_run(tests);
}
