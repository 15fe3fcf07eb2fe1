// SPDX-License-Identifier: MIT
// Deadlines on the monotonic clock. What waits (DNS, locks, children, rules) shares one of these.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct deadline {
    gint64 at; // monotonic microseconds; G_MAXINT64: never
};

// A deadline MILLISECONDS from now; a negative number means never.
struct deadline deadline_in(gint64 milliseconds);

// What is left in milliseconds, never below 0, at most G_MAXINT: fits poll().
int deadline_left(const struct deadline *deadline);

bool deadline_passed(const struct deadline *deadline);

// The earlier of the two.
struct deadline deadline_sooner(struct deadline a, struct deadline b);
