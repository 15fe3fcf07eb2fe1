// SPDX-License-Identifier: MIT
// Writes JSON (RFC 8259) into a string. Always valid: strings are escaped, bytes that are no UTF-8
// become U+FFFD. Commas are the writer's concern, the nesting is the caller's.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct json {
    GString *out;
    bool first; // nothing was written yet in this object or array
};

struct json *json_new(void);
char *json_free_to_text(struct json *json); // owned by the caller
void json_clear(struct json *json);         // empty again, for the next value

// KEY is the member's name inside an object (plain ASCII that needs no escape), NULL inside an
// array and at the top.
void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);
void json_string(struct json *json, const char *key, const char *value); // NULL is null
void json_bool(struct json *json, const char *key, bool value);
void json_number(struct json *json, const char *key, gint64 value);
