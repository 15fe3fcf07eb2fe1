// SPDX-License-Identifier: MIT
// The envelope that the arguments of sendmail(8) tell, whoever calls it.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct sendmail_arguments {
    bool carries_message;  // it is called to send one, not to list the queue
    const char *sender;    // -f; borrowed from the arguments, or NULL
    GPtrArray *recipients; // const char *, borrowed, the last one NULL; owned by the caller
    bool from_header;      // -t
};

// ARGUMENTS are those behind the name of the program, the last one NULL.
struct sendmail_arguments sendmail_arguments_read(char *const *arguments);

// The recipients as a vector, or NULL where only the header tells them. Borrowed.
const char *const *sendmail_arguments_recipients(const struct sendmail_arguments *arguments);
