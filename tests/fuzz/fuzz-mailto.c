// SPDX-License-Identifier: MIT
// libFuzzer: mailto URIs of Sieve's notify (RFC 6068). What comes out of one can stand in a header.
// Run in the build directory:  tests/fuzz/fuzz-mailto DIR
#include "answer/mailto.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is wrong with an address; the script's own check is another target's.
static char *check(const char *address)
{
    return strchr(address, '@') ? NULL : g_strdup("no domain");
}

static void no_line_ends(const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        g_assert(!strpbrk(g_ptr_array_index(list, i), "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *uri = g_strndup((const char *)data, size);
    g_autofree char *why = NULL;
    struct mailto mailto;
    if (!mailto_parse(uri, check, &mailto, &why)) {
        g_assert(why);
        return 0;
    }
    no_line_ends(mailto.recipients);
    no_line_ends(mailto.to);
    no_line_ends(mailto.cc);
    no_line_ends(mailto.fields);
    g_assert(mailto.fields->len % 2 == 0);
    g_assert(!mailto.subject || !strpbrk(mailto.subject, "\r\n"));
    mailto_clear(&mailto);
    return 0;
}
