// SPDX-License-Identifier: MIT
// The opening of a text: its first paragraph, with the titles and the greeting in front of it. A
// mail system says there what it has to say; a letter or a ticket that quotes a report says
// something else first.
#pragma once

#include <glib.h>

// How many bytes of TEXT (lines end in LF) are its opening. SUBJECT, folded as phrases are, may be
// NULL; a paragraph that repeats it is a title.
gsize opening_length(const char *text, gsize length, const char *subject);
