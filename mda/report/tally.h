// SPDX-License-Identifier: MIT
// How many reports of what kind came when. A tally is made of events, one a report that was judged,
// and stays small: of names (hosts, addresses, subjects …) only the most frequent of each period
// are kept, hours and days are merged into months when they are old.
//
// Design rationale:
// - Names are counted by the space-saving algorithm (Metwally 2005): where a set is full, the
//   rarest name makes room and the new one inherits its count as a possible error. What is shown is
//   the count less that error, so a flood of names that each come once shows none of them as
//   frequent.
// - Days and hours are those of local time, as people speak of them.
#pragma once

#include <glib.h>
#include <stdbool.h>

#define TALLY_HOURS 24
#define TALLY_DAY_SECONDS 86400

// What a user's state keeps: names a day, names a month, after how many days a day's names become
// the month's, and for how many days hours are kept.
#define TALLY_NAMES_A_DAY 16
#define TALLY_NAMES_A_MONTH 24
#define TALLY_FRESH_DAYS 31
#define TALLY_KEPT_DAYS 731
#define TALLY_NAME_BYTES 72

// What is no verdict and is counted like one: the user's word against ours.
#define TALLY_TAKEN_BACK "taken-back" // he says that it is genuine where we said otherwise
#define TALLY_MISSED "missed"         // he says that it is backscatter where we let it pass

enum tally_kind {
    TALLY_CLASS,
    TALLY_RULE,
    TALLY_HOST,    // that reported what was not genuine
    TALLY_ADDRESS, // that stands as the sender of such originals
    TALLY_SUBJECT, // of such originals
    TALLY_SETTING, // that would decide what was undecided
    TALLY_KINDS
};

// One report. Strings may be NULL where nothing is known.
struct tally_event {
    gint64 time; // unix seconds
    const char *verdict, *class, *rule, *host, *address, *subject, *setting;
};

struct tally_name {
    guint64 count, error; // it came at least count - error times
};

struct tally;

// NAMES_MAX: so many names of a kind are kept for each period.
struct tally *tally_new(guint names_max);
void tally_free(struct tally *tally);

void tally_add(struct tally *tally, const struct tally_event *event);

// Forgets the names of days before TODAY ("2026-11-30") that are not fresh any more in favour of
// their months, and what is too old altogether.
void tally_shrink(struct tally *tally, const char *today);

// Is VERDICT one that a genuine report does not get: are its host and its subject of interest?
bool tally_is_unwanted(const char *verdict);
// "class", "rule" … Static.
const char *tally_kind_name(enum tally_kind kind);

// Calls VISIT for each day and verdict, in the order of days.
typedef void (*tally_visit_hours)(const char *day, const char *verdict, const guint32 *hours,
                                  gpointer data);
void tally_each_day(const struct tally *tally, tally_visit_hours visit, gpointer data);

// Calls VISIT for each name; PERIOD is a day or a month ("2026-11").
typedef void (*tally_visit_names)(const char *period, enum tally_kind kind, const char *name,
                                  const struct tally_name *count, gpointer data);
void tally_each_name(const struct tally *tally, tally_visit_names visit, gpointer data);

// What a file of counts says; wrong values are ignored.
void tally_put_hours(struct tally *tally, const char *day, const char *verdict,
                     const guint32 *hours);
void tally_put_name(struct tally *tally, const char *period, enum tally_kind kind, const char *name,
                    const struct tally_name *count);

// The local day of TIME as "2026-11-30", and its hour. Owned by the caller.
char *tally_day_of(gint64 time, guint *hour_r);
// Days from the first of the calendar, to reckon with; 0 when DAY is none.
guint tally_day_number(const char *day);
char *tally_day_name(guint number); // the other way. Owned by the caller

typedef struct tally Tally;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)
