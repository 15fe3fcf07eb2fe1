// SPDX-License-Identifier: MIT
// The one error domain of the program, and what an errno means for the mail in hand.
//
// Fallible functions return bool and take a GError ** last; output parameters end in _r and are
// written on success alone. g_prefix_error adds the path or line on the way up; a command logs
// once.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum mda_error {
    MDA_ERROR_TEMP,   // worth trying again: the MTA keeps the mail
    MDA_ERROR_CONFIG, // a setting or a file of the admin's or user's is wrong
    MDA_ERROR_SYNTAX, // an input text (script, rule file, address) does not parse
    MDA_ERROR_LIMIT,  // a limit of ours was reached
    MDA_ERROR_GONE,   // the thing asked for is not there
    MDA_ERROR_DENIED, // the system refuses it: somebody has to change something first
    MDA_ERROR_FULL,   // the user's quota is used up: worth trying again
};

#define MDA_ERROR (mda_error_quark())
GQuark mda_error_quark(void);

// What becomes of the message: design rule "defer is the default, everything else is earned".
enum outcome {
    MDA_DEFER = 0, // the MTA keeps it and tries again
    MDA_DELIVERED, // its bytes are where they belong, fsynced
    MDA_REJECT,    // a user's explicit rule refuses it; never the result of an error
};

// Sets *err to "WHAT: strerror(code)", with MDA_ERROR_DENIED for what does not pass by itself
// (EACCES EPERM EROFS ELOOP ENOTDIR EISDIR ENAMETOOLONG) and MDA_ERROR_TEMP for all else (ENOSPC,
// EIO, …). Returns false, so that a caller can `return mda_fail_errno(err, errno, "open %s",
// path)`.
bool mda_fail_errno(GError **err, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);

// Sets *err to CODE with the text. Returns false.
bool mda_fail(GError **err, enum mda_error code, const char *format, ...) G_GNUC_PRINTF(3, 4);
