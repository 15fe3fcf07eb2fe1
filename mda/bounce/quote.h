// SPDX-License-Identifier: MIT
// Where a text stops being its author's own words: at the line by which mail programs quote or
// forward another message. What stands behind it was written by somebody else.
#pragma once

#include <glib.h>

// The offset in TEXT (UTF-8 or ASCII, lines end in LF) at which the first quoting or forwarding
// line begins; LENGTH when there is none.
gsize quote_find(const char *text, gsize length);

// The same in HTML: where a quotation begins (blockquote, or the divisions in which web mail puts
// what it quotes).
gsize quote_find_html(const char *html, gsize length);
