// SPDX-License-Identifier: MIT
// What the answers share: lines of a mail, and questions about the message that they answer.
#pragma once

#include "answer/answer.h"

// TEXT, which is taken over, cut to MOST characters (0: as it is), ELLIPSIS at its end among them.
char *answer_cut(char *text, glong most, const char *ellipsis);
// Header lines. VALUE that is not ASCII is encoded (RFC 2047); line ends in it become blanks.
void answer_line(GString *out, const char *name, const char *value);
// The same for "Name <address>": the name alone is encoded.
void answer_address_line(GString *out, const char *name, const char *value);
// Message-ID, Date and what every answer begins with.
void answer_begin(GString *out, const struct answer_case *answer);
// Appends TEXT with every line end as CRLF, and one at its end.
void answer_text(GString *out, const char *text);
// In-Reply-To and References (RFC 5322 §3.6.4).
void answer_threading(GString *out, const struct answer_case *answer);
// A boundary that no text of ours has, owned by the caller.
char *answer_boundary(const struct answer_case *answer);
// The header of the message, with CRLF line ends.
void answer_original_header(GString *out, const struct answer_case *answer);

const char *answer_header(const struct answer_case *answer, const char *name, guint n);
const char *answer_setting(const struct answer_case *answer, const char *name);
bool answer_switch(const struct answer_case *answer, const char *name, bool fallback);

// Is there an Auto-Submitted field that says other than "no"?
bool answer_is_automatic(const struct answer_case *answer);
// Is the message's sender nobody?
bool answer_sender_is_null(const struct answer_case *answer);
// Are A and B one mailbox?
bool answer_same_address(const char *a, const char *b);
// The address in TEXT ("Name <a@b>" or "a@b"), owned by the caller.
char *answer_bare(const char *text);

// The address that setting NAME ("sender", "recipient", "orig_recipient", "user_email",
// "postmaster",
// "<a@b>") stands for, FALLBACK when it is not set. Owned by the caller; "" is the null sender.
char *answer_source(const struct answer_case *answer, const char *name, const char *fallback);

// Takes OUT over as MAIL's text; TO is added to its recipients.
void answer_finish(struct answer_mail *mail, const char *from, const char *to, GString *out);
