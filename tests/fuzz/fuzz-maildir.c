// SPDX-License-Identifier: MIT
// libFuzzer: names in a maildir, its flags, and its list of keywords. The first line is a name, the
// second a list of flags, the rest the file dovecot-keywords.
// Run in the build directory:  tests/fuzz/fuzz-maildir DIR
#include "store/expire.h"
#include "store/keywords.h"
#include "store/maildir-name.h"
#include "store/read.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/fuzz-maildir.XXXXXX";
static char *keywords;

static void clean_up(void)
{
    unlink(keywords);
    rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    g_assert(mkdtemp(directory));
    keywords = g_build_filename(directory, "dovecot-keywords", NULL);
    return atexit(clean_up);
}

static void look_at_name(const char *name)
{
    g_assert(expire_name_time(name) >= -1 && expire_name_size(name) >= -1);
    (void)expire_name_has_flag(name, 'F');
    g_autofree char *lasting = read_lasting_name(name);
    g_assert(strlen(lasting) <= strlen(name));
}

static void look_at_flags(const GPtrArray *flags)
{
    g_autofree char *letters = maildir_flags(flags);
    g_assert(!*letters || g_str_has_prefix(letters, ":2,"));
    for (const char *at = letters; *at && at[1]; at++)
        g_assert(at - letters < 3 || at[0] < at[1]);
    g_autofree char *more = maildir_keywords(directory, flags, 0600, deadline_in(-1));
    g_assert(strspn(more, "abcdefghijklmnopqrstuvwxyz") == strlen(more) && strlen(more) <= 26);
    // Asked again, the same letters.
    g_autofree char *again = maildir_keywords(directory, flags, 0600, deadline_in(-1));
    g_assert(strcmp(more, again) == 0);
    struct maildir_name name;
    maildir_name_init(&name, "0123456789abcdef", 1700000000, 1700000001, 1, 2, false,
                      g_strconcat(letters, more, NULL));
    g_autofree char *file = maildir_name_make(&name, 1);
    g_assert(!strchr(file, '/'));
    maildir_name_clear(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) parts = g_strsplit(text, "\n", 3);
    guint count = g_strv_length(parts);
    if (count > 0)
        look_at_name(parts[0]);
    if (count < 3 || !g_file_set_contents(keywords, parts[2], -1, NULL))
        return 0;
    g_auto(GStrv) words = g_strsplit(parts[1], " ", 40);
    g_autoptr(GPtrArray) flags = g_ptr_array_new();
    for (guint i = 0; words[i]; i++)
        g_ptr_array_add(flags, words[i]);
    look_at_flags(flags);
    return 0;
}
