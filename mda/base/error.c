// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <errno.h>
#include <string.h>

G_DEFINE_QUARK(mda - error - quark, mda_error)

static bool is_denial(int code)
{
    static const int denials[] = {EACCES, EPERM, EROFS, ELOOP, ENOTDIR, EISDIR, ENAMETOOLONG};
    for (gsize i = 0; i < G_N_ELEMENTS(denials); i++) {
        if (denials[i] == code)
            return true;
    }
    return false;
}

bool mda_fail_errno(GError **err, int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *what = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(err, MDA_ERROR, is_denial(code) ? MDA_ERROR_DENIED : MDA_ERROR_TEMP, "%s: %s", what,
                g_strerror(code));
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
