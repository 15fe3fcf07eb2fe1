// SPDX-License-Identifier: MIT
// message/date.h: what is a date for a Sieve script, and what for those who need any that there is.
#include "message/date.h"

#include "cm.h"

#define NONE G_MININT64

static const struct {
    const char *text;
    gint64 standard, lenient; // NONE: no date
    int zone;
} rows[] = {
    {"Thu, 1 Jan 1970 00:00:00 +0000", 0, 0, 0},
    {"Sat, 21 Nov 2026 03:07:48 +0000 (UTC)", 1795230468, 1795230468, 0},
    {"21 Nov 2026 05:07:48 +0200", 1795230468, 1795230468, 120},
    {"Fri, 20 Nov 2026 19:07:48 PST", 1795230468, 1795230468, -480},
    {"Fri, 20 Nov 2026 19:07:48 pst (winter)", 1795230468, 1795230468, -480},
    {"Sat, 21 Nov 26 03:07 GMT", 1795230420, 1795230420, 0},
    {"Sat, 21 Nov 126 03:07:48", 1795230468, 1795230468, 0},
    {"1 Jan 70 00:00 GMT", 0, 0, 0},
    {"Wed, 29 Feb 2012 12:00:00 -0530", 1330536600, 1330536600, -330},
    {"Tue, 01 Apr 2025 10:00:00 +0200 (CEST)", 1743494400, 1743494400, 120},
    // Comments and blanks anywhere, times with dots, fractions of a second.
    {"Sat (so it is), 21 (the last) Nov 2026 03 : 07:48 +0000", 1795230468, 1795230468, 0},
    {"Sat, 21 Nov 2026 03.07.48 +0000", 1795230468, 1795230468, 0},
    {"Sat, 21 Nov 2026 04:07:48.250 +0100", 1795230468, 1795230468, 60},
    {"Sat,\r\n\t21 Nov 2026\r\n 03:07:48 +0000", 1795230468, 1795230468, 0},
    {"Sat, 31 Dec 2016 23:59:60 +0000", 1483228799, 1483228799, 0},
    // Behind the last ';' that is in no comment.
    {"from x by y; 1 Jan 70 00:00 GMT", 0, 0, 0},
    {"from x; by y; 1 Jan 1970 00:00:00 +0000 (UTC; not checked)", 0, 0, 0},
    // Names of days in other languages.
    {"Sab, 21 Nov 2026 03:07:48 +0000", 1795230468, 1795230468, 0},
    {"Sab 21 Nov 2026 03:07:48 +0000", NONE, 1795230468, 0},
    {"on Sat 21 Nov 2026 03:07:48 +0000", NONE, 1795230468, 0},
    {"21-Nov-2026 03:07:48 -0100", NONE, 1795234068, -60},
    {"Saturday, 21-Nov-26 03:07:48 GMT", NONE, 1795230468, 0},
    // What cannot be has no date.
    {"31 Feb 2025 10:00:00 +0000", NONE, NONE, 0},
    {"32 Nov 2026 00:00:00 +0000", NONE, NONE, 0},
    {"277 Nov 2026 00:00:00 +0000", NONE, NONE, 0},
    {"21 Nov 67562 00:00:00 +0000", NONE, NONE, 0},
    {"21 Nov 1812 00:00:00 +0000", NONE, NONE, 0},
    {"21 Foo 2026 00:00:00 +0000", NONE, NONE, 0},
    {"21 Nov 2026 24:00:00 +0000", NONE, NONE, 0},
    {"21 Nov 2026", NONE, NONE, 0},
    {"yesterday", NONE, NONE, 0},
    {"", NONE, NONE, 0},
    // A zone that is none counts as UTC.
    {"Sat, 21 Nov 2026 03:07:48 +0075", 1795230468, 1795230468, 0},
    {"Sat, 21 Nov 2026 03:07:48 MESZ", 1795230468, 1795230468, 0},
};

static void test_dates(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 seconds = NONE;
        int zone = 0;
        assert_int_equal(date_read(rows[i].text, DATE_STANDARD, &seconds, &zone),
                         rows[i].standard != NONE);
        if (seconds != rows[i].standard)
            fail_msg("%s", rows[i].text);
        assert_int_equal(zone, rows[i].standard == NONE ? 0 : rows[i].zone);
        seconds = NONE;
        assert_int_equal(date_parse(rows[i].text, &seconds), rows[i].lenient != NONE);
        if (seconds != rows[i].lenient)
            fail_msg("%s", rows[i].text);
    }
    gint64 untouched = 7;
    assert_false(date_parse(NULL, &untouched));
    assert_int_equal(untouched, 7);
}

static void test_zones(void **state)
{
    int minutes = 7;
    (void)state;
    assert_true(date_zone_parse("-0330", &minutes));
    assert_int_equal(minutes, -210);
    assert_false(date_zone_parse("+01:00", &minutes));
    assert_false(date_zone_parse("+0160", &minutes));
    assert_false(date_zone_parse("GMT", &minutes));
    assert_int_equal(minutes, -210);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dates), cmocka_unit_test(test_zones)};
    return tap_run(tests);
}
