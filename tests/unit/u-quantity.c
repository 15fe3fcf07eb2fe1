// SPDX-License-Identifier: MIT
// base/quantity.h: times and sizes as Dovecot's users write them.
#include "base/quantity.h"

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *text;
    gint64 wanted; // -1: none
};

static void check_rows(const struct row *rows, gsize count, bool (*parse)(const char *, gint64 *))
{
    for (gsize i = 0; i < count; i++) {
        gint64 got = -1;
        bool sound = parse(rows[i].text, &got);
        if (sound != (rows[i].wanted >= 0) || got != rows[i].wanted)
            fail_msg("\"%s\": %d, %" G_GINT64_FORMAT, rows[i].text, sound, got);
    }
}

static void durations(void **state)
{
    (void)state;
    static const struct row rows[] = {{"0", 0},
                                      {"10", 10000},
                                      {"1m", 60000},
                                      {"1 min", 60000},
                                      {"5mins", 300000},
                                      {"2 minutes", 120000},
                                      {"1M", 60000},
                                      {"30s", 30000},
                                      {"30 secs", 30000},
                                      {"1h", 3600000},
                                      {"7d", 604800000},
                                      {"2 weeks", 1209600000},
                                      {"250ms", 250},
                                      {"250 msecs", 250},
                                      {"3x", -1},
                                      {"", -1},
                                      {"m", -1},
                                      {"-1s", -1},
                                      {"1m30s", -1},
                                      {"99999999999999999999", -1},
                                      {"infinite", QUANTITY_UNLIMITED_MILLISECONDS}};
    check_rows(rows, G_N_ELEMENTS(rows), quantity_duration);
}

static void sizes(void **state)
{
    (void)state;
    static const struct row rows[] = {{"4096", 4096},  {"4k", 4096},          {"4 KB", 4096},
                                      {"1M", 1048576}, {"1m", 1048576},       {"2GiB", 2147483648},
                                      {"5B", 5},       {"1T", 1099511627776}, {"4q", -1},
                                      {"k", -1},       {"9999999T", -1}};
    check_rows(rows, G_N_ELEMENTS(rows), quantity_size);
}

static void numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {{"0", 0}, {"12", 12}, {"1k", -1}, {"x", -1}, {"", -1}};
    check_rows(rows, G_N_ELEMENTS(rows), quantity_number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(numbers),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
