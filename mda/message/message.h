// SPDX-License-Identifier: MIT
// A message as it came: its bytes, never changed, and an index of its raw header. Built by one scan
// without any MIME library, because that is all that most mail needs.
//
// Line ends may be LF, CRLF or bare CR (the first one in the header decides between CR and the
// others). An mbox "From " line in front of the header is told apart and is not part of the
// message.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <string.h>

// Beyond these the index ends, `header_cut` is set, and the rest counts as body for judging. The
// message itself is delivered whole.
#define MESSAGE_HEADER_MAX_BYTES (1024 * 1024)
#define MESSAGE_HEADER_MAX_FIELDS 10000

struct header_field {
    const char *line; // first byte of the name; the field's raw text, folding and line end included
    gsize line_length;
    gsize name_length;
    const char *value; // behind the colon, folding included, without the last line end
    gsize value_length;
};

struct message {
    GBytes *bytes;         // everything that came, owned
    const char *from_line; // the "From " line or NULL, its line end included
    gsize from_line_length;
    const char *data; // the message: behind the From_ line
    gsize size;
    const char *body; // behind the empty line; at the end when there is none
    gsize body_size;
    GArray *fields; // struct header_field, in order
    bool header_cut;
    bool bare_cr; // lines end at CR alone
};

// Indexes BYTES (a reference is taken). Never fails: what has no header is all body.
struct message *message_new(GBytes *bytes);

// The same of a message that somebody saved: behind a byte order mark, blank lines and "From "
// lines, as web mail's "show original" and mail stores leave them. Not for mail that is delivered,
// whose bytes are kept.
struct message *message_new_saved(GBytes *bytes);
void message_free(struct message *message);

// Goes through the fields that the index left out: with *AT at message->body of a message whose
// header was cut, describes the field there and moves *AT behind it. False where the header ends.
bool message_next_field(const struct message *message, const char **at,
                        struct header_field *field_r);

// The Nth (from 0) field called NAME, ASCII case ignored, or NULL. Borrowed from the message.
const struct header_field *message_field(const struct message *message, const char *name, guint n);

// Its value unfolded (line ends dropped, RFC 5322 §2.2.3) and without white space around it, still
// encoded and in whatever charset it came; NULs become blanks. NULL when there is no such field.
// Owned by the caller.
char *message_header(const struct message *message, const char *name, guint n);

// The same for a field that is in hand.
char *header_field_value(const struct header_field *field);

// Is FIELD called NAME, ASCII case ignored? Inline: judging asks this of every field many times,
// and the first letter decides nearly every time.
static inline bool header_field_is(const struct header_field *field, const char *name)
{
    for (gsize i = 0; i < field->name_length; i++) {
        int other = name[i] ^ field->line[i];
        if (other != 0 && (other != 0x20 || !g_ascii_isalpha(name[i])))
            return false;
    }
    return name[field->name_length] == '\0';
}

typedef struct message Message;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)
