// SPDX-License-Identifier: MIT
// The verdict table, held against every combination of what the sources can say.
#include "judge/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct statement {
    enum says says;
    enum weight weight;
};

// Everything that one source can say.
static const struct statement statements[] = {
    {SAYS_NOTHING, WEIGHT_NONE},   {SAYS_OURS, WEIGHT_HINT},     {SAYS_OURS, WEIGHT_LIKELY},
    {SAYS_OURS, WEIGHT_MEASURED},  {SAYS_OURS, WEIGHT_STRONG},   {SAYS_OURS, WEIGHT_PROOF},
    {SAYS_FORGED, WEIGHT_HINT},    {SAYS_FORGED, WEIGHT_LIKELY}, {SAYS_FORGED, WEIGHT_MEASURED},
    {SAYS_FORGED, WEIGHT_STRONG},  {SAYS_FORGED, WEIGHT_PROOF},  {SAYS_SUSPECT, WEIGHT_HINT},
    {SAYS_SUSPECT, WEIGHT_STRONG}, {SAYS_SUSPECT, WEIGHT_NONE},
};
#define KINDS G_N_ELEMENTS(statements)

static guint count_of(const struct finding *findings, guint count, enum says says,
                      enum weight weight)
{
    guint found = 0;
    for (guint i = 0; i < count; i++)
        found += findings[i].says == says && (!weight || findings[i].weight == weight);
    return found;
}

// The table of the manual, written down a second time and in another way: by counting statements
// instead of by maxima.
static enum verdict expected(const struct finding *f, guint n)
{
    const guint against =
        count_of(f, n, SAYS_FORGED, WEIGHT_PROOF) + count_of(f, n, SAYS_FORGED, WEIGHT_STRONG);
    const guint measured = count_of(f, n, SAYS_FORGED, WEIGHT_MEASURED);
    const guint likely = count_of(f, n, SAYS_FORGED, WEIGHT_LIKELY);
    const guint suspects = count_of(f, n, SAYS_SUSPECT, 0);
    const guint suspected =
        count_of(f, n, SAYS_SUSPECT, WEIGHT_HINT) + count_of(f, n, SAYS_SUSPECT, WEIGHT_STRONG);
    const guint history_for_us =
        count_of(f, n, SAYS_OURS, WEIGHT_MEASURED) + count_of(f, n, SAYS_OURS, WEIGHT_LIKELY);
    if (count_of(f, n, SAYS_OURS, WEIGHT_PROOF))
        return VERDICT_GENUINE;
    if (count_of(f, n, SAYS_OURS, WEIGHT_STRONG))
        return against ? VERDICT_SUSPECT : VERDICT_GENUINE;
    if (against)
        return history_for_us ? VERDICT_SUSPECT : VERDICT_BACKSCATTER;
    if (history_for_us && measured + likely + suspects)
        return VERDICT_SUSPECT;
    if (history_for_us)
        return count_of(f, n, SAYS_OURS, WEIGHT_MEASURED) ? VERDICT_GENUINE : VERDICT_UNKNOWN;
    if (measured >= 1 && measured + likely >= 2)
        return VERDICT_BACKSCATTER;
    if (!count_of(f, n, SAYS_OURS, 0) && (measured || likely >= 2 || suspected >= 2))
        return VERDICT_BACKSCATTER;
    return measured + likely + suspects ? VERDICT_SUSPECT : VERDICT_UNKNOWN;
}

// Every combination of COUNT sources, one digit of NUMBER (base KINDS) a source.
static void fill(struct finding *findings, guint count, guint number)
{
    for (guint i = 0; i < count; i++, number /= KINDS) {
        const struct statement *statement = &statements[number % KINDS];
        findings[i] =
            (struct finding){.source = "x", .says = statement->says, .weight = statement->weight};
    }
}

static guint combinations(guint count)
{
    guint number = 1;
    while (count-- > 0)
        number *= KINDS;
    return number;
}

static void test_every_combination(void **state)
{
    (void)state;
    struct finding findings[5];
    for (guint count = 0; count <= 5; count++) {
        for (guint number = 0; number < combinations(count); number++) {
            fill(findings, count, number);
            assert_int_equal(verdict_decide(findings, count), expected(findings, count));
        }
    }
}

// What the table promises, whatever its lines are.
static void test_promises(void **state)
{
    (void)state;
    struct finding findings[5];
    for (guint number = 0; number < combinations(4); number++) {
        fill(findings, 4, number);
        const enum verdict verdict = verdict_decide(findings, 4);
        const guint strong_ours = count_of(findings, 4, SAYS_OURS, WEIGHT_PROOF) +
                                  count_of(findings, 4, SAYS_OURS, WEIGHT_STRONG);
        const guint measured_ours = count_of(findings, 4, SAYS_OURS, WEIGHT_MEASURED);
        // A genuine bounce is never junk, and only what was said against it makes it so: more than
        // one doubt, or one that was measured.
        if (strong_ours || measured_ours || count_of(findings, 4, SAYS_OURS, WEIGHT_LIKELY))
            assert_int_not_equal(verdict, VERDICT_BACKSCATTER);
        if (verdict == VERDICT_BACKSCATTER)
            assert_true(count_of(findings, 4, SAYS_FORGED, WEIGHT_PROOF) ||
                        count_of(findings, 4, SAYS_FORGED, WEIGHT_STRONG) ||
                        count_of(findings, 4, SAYS_FORGED, WEIGHT_MEASURED) ||
                        count_of(findings, 4, SAYS_FORGED, WEIGHT_LIKELY) >= 2 ||
                        count_of(findings, 4, SAYS_SUSPECT, 0) >= 2);
        // A hint alone decides nothing.
        if (verdict == VERDICT_GENUINE)
            assert_true(strong_ours || measured_ours);
        // Order means nothing.
        struct finding turned[4] = {findings[3], findings[2], findings[1], findings[0]};
        assert_int_equal(verdict_decide(turned, 4), verdict);
        // One more voice for us never makes it worse; one that says nothing changes nothing.
        findings[4] = (struct finding){.source = "x", .says = SAYS_OURS, .weight = WEIGHT_PROOF};
        assert_int_equal(verdict_decide(findings, 5), VERDICT_GENUINE);
        for (enum weight weight = WEIGHT_HINT; weight <= WEIGHT_PROOF; weight++) {
            findings[4].weight = weight;
            if (verdict != VERDICT_BACKSCATTER)
                assert_int_not_equal(verdict_decide(findings, 5), VERDICT_BACKSCATTER);
        }
        findings[4] = (struct finding){.source = "x"};
        assert_int_equal(verdict_decide(findings, 5), verdict);
    }
}

static void test_explain(void **state)
{
    (void)state;
    const struct finding findings[] = {
        {"marks", SAYS_SUSPECT, WEIGHT_HINT, SIGN_NONE, (char *)"m"},
        {"ledger", SAYS_NOTHING, WEIGHT_NONE, SIGN_NONE, (char *)"l"},
        {"trail", SAYS_FORGED, WEIGHT_STRONG, SIGN_NONE, (char *)"t"},
        {"batv", SAYS_FORGED, WEIGHT_PROOF, SIGN_NONE, (char *)"b"},
        {"msgid", SAYS_OURS, WEIGHT_STRONG, SIGN_NONE, (char *)"i"},
    };
    g_autofree char *against = verdict_explain(VERDICT_BACKSCATTER, findings, 4);
    assert_string_equal(against, "batv: b; trail: t; marks: m");
    g_autofree char *for_us = verdict_explain(VERDICT_GENUINE, findings, 5);
    assert_string_equal(for_us, "msgid: i; batv: b; trail: t; marks: m");
    g_autofree char *both = verdict_explain(VERDICT_SUSPECT, findings, 5);
    assert_string_equal(both, "batv: b; trail: t; msgid: i; marks: m");
    g_autofree char *none = verdict_explain(VERDICT_UNKNOWN, findings + 1, 1);
    assert_string_equal(none, "");
}

static void test_names(void **state)
{
    (void)state;
    for (enum verdict verdict = VERDICT_NONE; verdict <= VERDICT_UNKNOWN; verdict++) {
        enum verdict back = VERDICT_NONE;
        assert_true(verdict_parse(verdict_name(verdict), &back));
        assert_int_equal(back, verdict);
    }
    enum verdict untouched = VERDICT_SUSPECT;
    assert_false(verdict_parse("junk", &untouched));
    assert_int_equal(untouched, VERDICT_SUSPECT);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
