// SPDX-License-Identifier: MIT
// The form of a Message-ID: what stays the same in all that one program writes on one device.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct id_form {
    char *domain; // the organisation behind the @, or what else stands there; lower case
    char *shape;  // lengths (roughly), case and separators of what stands in front of it
};

// False when MESSAGE_ID (with or without <>) has no @. The members are owned by the caller.
bool id_form_of(const char *message_id, struct id_form *form_r);
void id_form_clear(struct id_form *form);
