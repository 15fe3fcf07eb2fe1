// SPDX-License-Identifier: MIT
// libFuzzer: what an SMTP or LMTP server says while a mail is handed to it. However it goes, what
// it is told are whole lines, and it is not told the message before it asked for it.
// Run in the build directory:  tests/fuzz/fuzz-smtp DIR
// The client's own files are linked once more, with a connection of ours (Makefile.am).
#include "submit/submit-way.h"

#include "../fuzz/fake-stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "Subject: x\n\n.dot\nend\n";

static void told(const char *data, gsize size)
{
    g_assert(size >= 2 && data[size - 2] == '\r' && data[size - 1] == '\n');
}

static void talk(const uint8_t *data, size_t size, bool lmtp, const char *user)
{
    const struct submit_server server = {.shown = "sendmail.server",
                                         .host = "localhost",
                                         .path = "",
                                         .port = "25",
                                         .lmtp = lmtp,
                                         .user = user,
                                         .password_file = "/dev/null",
                                         .deadline = deadline_in(-1)};
    g_autoptr(GPtrArray) to = g_ptr_array_new();
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, sizeof text - 1);
    g_autoptr(GError) err = NULL;
    g_ptr_array_add(to, (gpointer) "ann@example.org");
    g_ptr_array_add(to, (gpointer) "b\xc3\xb6"
                                   "b@example.org");
    const struct submission mail = {.sender = "joe@example.net",
                                    .to = to,
                                    .text = bytes,
                                    .notify = "FAILURE",
                                    .ret = "HDRS",
                                    .by_mode = 'N',
                                    .by_seconds = 60};
    fake_server_set(data, size);
    fake_server.told = told;
    if (!submit_by_smtp(&server, &mail, &err))
        g_assert(err && g_utf8_validate(err->message, -1, NULL) && !strpbrk(err->message, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    talk(data, size, false, "");
    talk(data, size, true, "");
    talk(data, size, false, "ann");
    return 0;
}
