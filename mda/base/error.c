// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <string.h>

G_DEFINE_QUARK(mda - error - quark, mda_error)

bool mda_fail_errno(GError **err, int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *what = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(err, MDA_ERROR, MDA_ERROR_TEMP, "%s: %s", what, g_strerror(code));
    return false;
}

bool mda_fail(GError **err, enum mda_error code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *what = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error_literal(err, MDA_ERROR, (int)code, what);
    return false;
}
