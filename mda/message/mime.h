// SPDX-License-Identifier: MIT
// MIME: the parts of a message, decoded header text, addresses (RFC 2045-2047, 2231, 5322). The
// door to GMime, which sits in the module backstop-mime.so and is loaded at the first call that
// needs it; what is plain or strict is answered without it. Everything that goes out is UTF-8
// unless it says "raw".
//
// Mail is hostile: each tree has limits, and a limit that was reached is named in the tree's list.
#pragma once

#include "message/message.h"

#include <glib.h>
#include <stdbool.h>

struct mime_limits {
    gsize bytes; // of the message that are looked at; the rest is as if it had been cut off
    guint parts; // further parts are not listed
    guint depth; // deeper parts are not opened: they are leaves
    bool bare;   // only types and contents are wanted: the parts' `fields` stay empty, and what
                 // stands inside of a message/rfc822 is not listed
};

#define MIME_MAX_BYTES (16 * 1024 * 1024)
#define MIME_MAX_PARTS 1000
#define MIME_MAX_DEPTH 30
#define MIME_MAX_ADDRESSES 10000

struct mime_parameter {
    char *name;  // lower case
    char *value; // decoded (RFC 2231, RFC 2047)
};

struct mime_field {
    char *name;
    char *value; // raw and unfolded, without white space around it
};

// MULTIPART and (unless bare) MESSAGE: their children follow in the list.
enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

enum mime_encoding { MIME_UNENCODED, MIME_BASE64, MIME_QUOTED_PRINTABLE, MIME_UUENCODE };

struct mime_part {
    enum mime_kind kind;
    guint depth;           // 0: the message itself
    gint parent;           // index of the part that it stands in, -1 for the message
    char *type, *subtype;  // lower case; "text", "plain" when it has no (valid) Content-Type
    GPtrArray *parameters; // struct mime_parameter * of Content-Type
    GPtrArray *fields;     // struct mime_field *: the part's own header, in order
    GBytes *raw;           // the content as it stands in the message; NULL: none
    enum mime_encoding encoding;
};

struct mime_tree {
    GPtrArray *parts;  // struct mime_part *: depth first, [0] is the message itself
    GPtrArray *limits; // char *: the limits that were reached
};

// How often something could not be answered because the module could not be loaded: what was said
// since another number was returned may be wrong.
guint mime_lacks(void);

// Takes MESSAGE apart. LIMITS may be NULL: the constants above. Never trusts the text: what is no
// MIME is one text/plain leaf. False with *err only when the module cannot be loaded.
bool mime_parse(const struct message *message, const struct mime_limits *limits,
                struct mime_tree **tree_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
void mime_tree_free(struct mime_tree *tree);

// The content of a leaf with its transfer encoding undone, at most MAX bytes (0: all that is
// there). For a multipart: nothing. For a message: that message. Never NULL; owned by the caller.
GBytes *mime_part_content(const struct mime_part *part, gsize max);

// The same as it stands in the message, still encoded.
GBytes *mime_part_raw(const struct mime_part *part, gsize max);

// The content as text: decoded, in UTF-8, lines ending in LF, no NULs. MAX bounds the bytes that
// are converted. Owned by the caller, *length_r may be NULL.
char *mime_part_text(const struct mime_part *part, gsize max, gsize *length_r);

// Value of the Content-Type parameter NAME, or NULL. Borrowed.
const char *mime_part_parameter(const struct mime_part *part, const char *name);

// Is it TYPE/SUBTYPE? NULL stands for any. Case is ignored.
bool mime_part_is(const struct mime_part *part, const char *type, const char *subtype);

// Raw value of the Nth (from 0) field NAME in the part's header, or NULL. Borrowed.
const char *mime_part_field(const struct mime_part *part, const char *name, guint n);

// A header value (LENGTH bytes, -1: to the NUL) with its encoded words (RFC 2047) decoded and 8-bit
// text brought to UTF-8. Always valid UTF-8; needs no module. Owned by the caller.
char *mime_decode_header(const char *value, gssize length);

// The same; 8-bit text without any encoded word is of CHARSET, as the body is. NULL: guessed.
char *mime_decode_header_in(const char *value, gssize length, const char *charset);

struct mime_address {
    char *name;    // display name, decoded; NULL when there is none
    char *address; // local@domain as written, without <>, comments and route; "" for <>
};

// The addresses in a header value (RFC 5322 §3.4): groups are flattened, comments skipped, 8-bit
// text and encoded words decoded; what is no address is left out. struct mime_address *, owned by
// the caller.
GPtrArray *mime_parse_addresses(const char *value, gssize length);

// The first address of VALUE or NULL. Owned by the caller.
char *mime_first_address(const char *value);

// TEXT (LENGTH bytes) of CHARSET to UTF-8; an unknown or wrong CHARSET (or NULL) is guessed. Lines
// end in LF, NULs become blanks. Owned by the caller.
char *mime_to_utf8(const char *text, gsize length, const char *charset, gsize *length_r);

// HTML to the text that a reader would see, roughly: tags dropped, block elements end a line,
// entities decoded, script and style left out. Owned by the caller.
char *mime_html_to_text(const char *html, gsize length, gsize *length_r);

typedef struct mime_tree MimeTree;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeTree, mime_tree_free)
