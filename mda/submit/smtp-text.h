// SPDX-License-Identifier: MIT
// A message as it goes over the wire behind DATA: lines end in CR LF and neither of the two stands
// alone (RFC 5321 §2.3.8), a dot at the beginning of a line is doubled (§4.5.2). Servers differ in
// what they make of a bare CR or LF, and where one of them sees a line end that we did not, a dot
// behind it would end the message and the rest would be commands in our session. Pure.
//
// A bare LF is a line end, and so are CRs before one. A bare CR is a line end in the body and a
// blank in the header, where a line end would make a new field out of a part of another one.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct smtp_text {
    bool in_body; // the empty line that ends the header was
    bool in_line; // the line has bytes
    guint crs;    // CRs were seen that are not decided yet
};

// Encodes SIZE bytes of DATA and appends to OUT; TEXT is zero to begin with. Dots are doubled with
// DOTS alone.
void smtp_text_encode(struct smtp_text *text, const char *data, gsize size, bool dots,
                      GString *out);

// Appends what is still missing for the last line to be one.
void smtp_text_end(struct smtp_text *text, GString *out);
