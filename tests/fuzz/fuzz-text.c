// SPDX-License-Identifier: MIT
// libFuzzer: text of any character set, HTML, header words. The first line names the set, the rest
// is the text. Whatever it says, UTF-8 comes out.
// Run in the build directory:  tests/fuzz/fuzz-text DIR
#include "base/text.h"
#include "message/mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("BACKSTOP_MODULE_DIR", ".", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    g_autofree char *charset = g_strndup((const char *)data, (gsize)(end - data));
    const char *text = (const char *)end + 1;
    const gsize left = size - (gsize)(end - data) - 1;
    gsize length = 0;
    g_autofree char *utf8 = mime_to_utf8(text, left, charset, &length);
    g_assert(g_utf8_validate(utf8, (gssize)length, NULL));
    gsize plain_length = 0;
    g_autofree char *plain = mime_html_to_text(utf8, length, &plain_length);
    g_assert(g_utf8_validate(plain, (gssize)plain_length, NULL));
    g_autofree char *words = mime_decode_header_in(text, (gssize)left, charset);
    g_assert(g_utf8_validate(words, -1, NULL));
    g_autofree char *shown = text_printable(words, -1, 100);
    g_assert(g_utf8_validate(shown, -1, NULL) && strlen(shown) <= 110 &&
             !strpbrk(shown, "\r\n\033"));
    return 0;
}
