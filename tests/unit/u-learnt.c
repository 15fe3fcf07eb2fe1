// SPDX-License-Identifier: MIT
// Forms of Message-IDs, and what follows from a history of answers.
#include "ledger/form.h"
#include "ledger/learnt.h"
#include "ledger/ledger.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY ((gint64)24 * 3600)
#define NOW ((gint64)1800000000)

static bool same_form(const char *a, const char *b)
{
    struct id_form first, second;
    assert_true(id_form_of(a, &first));
    assert_true(id_form_of(b, &second));
    const bool same =
        strcmp(first.domain, second.domain) == 0 && strcmp(first.shape, second.shape) == 0;
    id_form_clear(&first);
    id_form_clear(&second);
    return same;
}

static void test_form(void **state)
{
    (void)state;
    assert_true(same_form("<0f3c2a10-1b2c-4d5e-8f90-a1b2c3d4e5f6@example.org>",
                          "<99999999-9999-4999-8999-99999999999a@EXAMPLE.ORG>"));
    assert_true(same_form("<AM0PR01MB1234ABCDE@AM0PR01MB1234.eurprd01.prod.example.com>",
                          "<DB9PR02MB5678FGHIJ@DB9PR02MB5678.eurprd02.prod.example.com>"));
    assert_true(same_form("<a@[192.0.2.1]>", "<b@198.51.100.7>"));
    assert_false(same_form("<0f3c2a10-1b2c-4d5e-8f90-a1b2c3d4e5f6@example.org>",
                           "<0F3C2A10-1B2C-4D5E-8F90-A1B2C3D4E5F6@example.org>"));
    assert_false(same_form("<0f3c2a101b2c@example.org>", "<0f3c-2a101b2c@example.org>"));
    assert_false(same_form("<0f3c2a101b2c@example.org>", "<0f3c2a101b2c@example.net>"));
    struct id_form none;
    assert_false(id_form_of("nothing", &none));
    assert_false(id_form_of("<@example.org>", &none));
}

static void test_bound(void **state)
{
    (void)state;
    assert_true(learnt_bound(0, 0) == 1);
    assert_true(learnt_bound(0, 2) == 1);
    assert_true(learnt_bound(0, 60) == 0.05);
    assert_true(learnt_bound(1, 100) == 0.06);
    assert_true(learnt_bound(50, 100) > 0.6);
}

// A state of its own, and an index of sent mail.
struct world {
    struct conf *conf;
    struct state *state;
    struct ledger *sent;
    guint count;
    char *directory;
};

static struct world *world_new(void)
{
    struct world *world = g_new0(struct world, 1);
    char *directory = scratch_new();
    assert_non_null(directory);
    world->directory = directory;
    g_autofree char *setting = g_strconcat("state.directory=", directory, NULL);
    g_autofree char *index = g_build_filename(directory, "sent.sqlite", NULL);
    world->conf = conf_new(directory);
    assert_true(conf_assign(world->conf, setting, "test", NULL));
    g_autoptr(GError) err = NULL;
    if (!state_open(world->conf, deadline_in(5000), &world->state, &err))
        fail_msg("%s", err->message);
    assert_true(ledger_open_file(index, 0, LEDGER_WRITE, deadline_in(5000), &world->sent, NULL));
    return world;
}

static void world_free(struct world *world)
{
    ledger_free(world->sent);
    state_free(world->state);
    conf_free(world->conf);
    scratch_remove(world->directory);
    g_free(world->directory);
    g_free(world);
}

// A mail of FORM ("<%u-a@example.org>") is sent on a DAY before now by NAME; KEPT: there is a copy.
// ANSWERED: somebody answers it.
static void send_mail(struct world *world, const char *domain, const char *name, int day, bool kept,
                      bool answered)
{
    const gint64 when = NOW - day * DAY;
    g_autofree char *id = g_strdup_printf("<%08u-abcdef@%s>", ++world->count, domain);
    const struct sent_message message = {.message_id = id, .time = when};
    if (kept) {
        assert_true(ledger_record(world->sent, &message, NULL));
        assert_true(learnt_note_sent(world->state, "ann@example.org", name, id, when, NULL));
    }
    if (answered)
        assert_true(learnt_note_answer(world->state, "ann@example.org", id, when + 3600, NULL));
}

static struct learnt_absence ask(struct world *world, const char *id)
{
    struct learnt_absence absence;
    assert_true(learnt_settle_answers(world->state, world->sent, 1000, NULL));
    assert_true(learnt_absence(world->state, "ann@example.org", id, NOW, &absence, NULL));
    return absence;
}

#define OWN_ID "<99999999-abcdef@example.org>"
#define OTHER_SHAPE "<99999999.abcdef@example.org>"
#define STRANGE_ID "<99999999-abcdef@stranger.example>"

static void test_complete(void **state)
{
    (void)state;
    struct world *world = world_new();
    struct learnt_absence nothing = ask(world, OWN_ID);
    assert_int_equal(nothing.question, LEARNT_NOTHING);
    for (int day = 200; day > 0; day--)
        send_mail(world, "example.org", "Ann", day, true, day % 2 == 0);
    const struct learnt_absence kept = ask(world, OWN_ID);
    assert_int_equal(kept.question, LEARNT_KEPT);
    assert_int_equal(kept.tests, 100);
    assert_int_equal(kept.misses, 0);
    const struct learnt_absence shape = ask(world, OTHER_SHAPE);
    assert_int_equal(shape.question, LEARNT_SHAPE);
    assert_true(shape.bound < 0.05 && shape.settled);
    const struct learnt_absence strange = ask(world, STRANGE_ID);
    assert_int_equal(strange.question, LEARNT_DOMAIN);
    assert_int_equal(strange.misses, 0);
    assert_true(strange.bound < 0.05 && strange.settled);
    world_free(world);
}

// A telephone that keeps no copy: its ids are known by the answers, and their absence says nothing.
static void test_telephone(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 200; day > 0; day--)
        send_mail(world, day % 8 ? "example.org" : "phone.example", "Ann", day, day % 8 != 0, true);
    const struct learnt_absence phone = ask(world, "<99999999-abcdef@phone.example>");
    assert_int_equal(phone.question, LEARNT_KEPT);
    assert_true(phone.bound == 1);
    assert_true(ask(world, OWN_ID).bound < 0.05);
    assert_true(ask(world, STRANGE_ID).bound < 0.05);
    world_free(world);
}

// A new telephone, a week ago: nobody knows yet how it goes on.
static void test_new_telephone(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 200; day > 7; day--)
        send_mail(world, "example.org", "Ann", day, true, true);
    for (int day = 7; day > 0; day--)
        send_mail(world, day % 2 ? "example.org" : "phone.example", "Ann", day, day % 2, true);
    const struct learnt_absence strange = ask(world, STRANGE_ID);
    assert_int_equal(strange.misses, 1);
    assert_false(strange.settled);
    world_free(world);
}

// An account that was taken over: what its former owner did says nothing.
static void test_taken_over(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 300; day > 30; day--)
        send_mail(world, "example.org", "Ann", day, true, true);
    for (int day = 30; day > 0; day -= 3)
        send_mail(world, "example.org", "Bob", day, true, true);
    assert_true(ask(world, STRANGE_ID).bound > 0.2);
    assert_true(ask(world, OWN_ID).bound > 0.2);
    world_free(world);
}

// Every mail bears another form: a new one proves nothing.
static void test_no_form(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 200; day > 0; day--) {
        g_autofree char *domain = g_strdup_printf("host%d.example", day);
        send_mail(world, domain, "Ann", day, day % 3 != 0, true);
    }
    assert_true(ask(world, STRANGE_ID).bound > 0.2);
    world_free(world);
}

// One program on two devices, of which one keeps no copy: told apart by the shape.
static void test_two_shapes(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 200; day > 0; day--) {
        g_autofree char *id = g_strdup_printf("<%08d.phone@example.org>", day);
        if (day % 8)
            send_mail(world, "example.org", "Ann", day, true, true);
        else
            assert_true(
                learnt_note_answer(world->state, "ann@example.org", id, NOW - day * DAY, NULL));
    }
    assert_true(ask(world, OWN_ID).bound < 0.05);
    assert_true(ask(world, "<00000999.phone@example.org>").bound == 1);
    assert_int_equal(ask(world, OTHER_SHAPE).question, LEARNT_SHAPE);
    world_free(world);
}

// Ids in which marks come by chance: only the domain tells.
static void test_vague_shapes(void **state)
{
    (void)state;
    static const char *const tails[] = {"a",  "-b",  "+c",  "=d",  "_e",
                                        ".f", "-g-", "+h+", "=i-", "_j."};
    struct world *world = world_new();
    for (int day = 200; day > 0; day--) {
        g_autofree char *id = g_strdup_printf("<%d%s%s%s@example.org>", 1000 + day, tails[day % 10],
                                              tails[day / 3 % 10], tails[day / 7 % 10]);
        const struct sent_message message = {.message_id = id, .time = NOW - day * DAY};
        assert_true(ledger_record(world->sent, &message, NULL));
        assert_true(learnt_note_answer(world->state, "ann@example.org", id, NOW - day * DAY, NULL));
    }
    const struct learnt_absence absent = ask(world, "<9999-zz+zz=zz@example.org>");
    assert_int_equal(absent.question, LEARNT_KEPT);
    assert_true(absent.bound < 0.05);
    assert_int_equal(ask(world, STRANGE_ID).question, LEARNT_DOMAIN);
    world_free(world);
}

// Two accounts: the forms of one are known where the other is asked about.
static void test_two_accounts(void **state)
{
    (void)state;
    struct world *world = world_new();
    struct learnt_absence absence;
    for (int day = 100; day > 0; day--)
        send_mail(world, "example.org", "Ann", day, true, true);
    for (int day = 20; day > 0; day--) {
        g_autofree char *id = g_strdup_printf("<%d@web.example>", day);
        assert_true(
            learnt_note_sent(world->state, "ann@web.example", "Ann", id, NOW - day * DAY, NULL));
    }
    const struct learnt_absence other = ask(world, "<99@web.example>");
    assert_int_equal(other.question, LEARNT_KEPT);
    assert_true(other.bound == 1);
    assert_true(learnt_absence(world->state, "ann@web.example", STRANGE_ID, NOW, &absence, NULL));
    assert_true(absence.bound == 1);
    world_free(world);
}

// What others wrote to him is no mail of his.
static void test_others(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 100; day > 0; day--)
        send_mail(world, "example.org", "Ann", day, true, true);
    assert_true(
        learnt_note_answer(world->state, "ann@example.org", "<first@b.example>", NOW - DAY, NULL));
    assert_true(learnt_note_received(world->state, "<first@b.example>", NULL));
    assert_int_equal(ask(world, STRANGE_ID).misses, 0);
    world_free(world);
}

// A copy that came late counts when it is there.
static void test_late_copy(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (int day = 100; day > 0; day--)
        send_mail(world, "example.org", "Ann", day, true, true);
    assert_true(learnt_note_answer(world->state, "ann@example.org", "<77777777-abcdef@example.org>",
                                   NOW - DAY, NULL));
    assert_int_equal(ask(world, OWN_ID).misses, 1);
    const struct sent_message late = {.message_id = "<77777777-abcdef@example.org>", .time = NOW};
    assert_true(ledger_record(world->sent, &late, NULL));
    assert_int_equal(ask(world, OWN_ID).misses, 0);
    world_free(world);
}

static void test_word(void **state)
{
    (void)state;
    struct world *world = world_new();
    assert_true(learnt_note_word(world->state, "host", "example.net", true, NOW, NULL));
    assert_true(learnt_note_word(world->state, "host", "example.net", false, NOW, NULL));
    assert_true(learnt_note_word(world->state, "recipient", "x@example.net", false, NOW, NULL));
    assert_int_equal(learnt_word(world->state, "host", "example.net", NOW), WORD_GENUINE);
    assert_int_equal(learnt_word(world->state, "recipient", "x@example.net", NOW),
                     WORD_BACKSCATTER);
    assert_int_equal(learnt_word(world->state, "recipient", "y@example.net", NOW), WORD_NONE);
    assert_true(learnt_reset(world->state, NULL));
    assert_int_equal(learnt_word(world->state, "host", "example.net", NOW), WORD_NONE);
    world_free(world);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),          cmocka_unit_test(test_bound),
        cmocka_unit_test(test_complete),      cmocka_unit_test(test_telephone),
        cmocka_unit_test(test_new_telephone), cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_no_form),       cmocka_unit_test(test_others),
        cmocka_unit_test(test_two_accounts),  cmocka_unit_test(test_two_shapes),
        cmocka_unit_test(test_vague_shapes),  cmocka_unit_test(test_late_copy),
        cmocka_unit_test(test_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
