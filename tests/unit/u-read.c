// SPDX-License-Identifier: MIT
// Separators of an mbox, the mbox reader, folders' names and uses.
#include "scratch.h"
#include "store/read.h"
#include "store/special-use.h"
#include "store/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool separates(const char *line, const char *next)
{
    g_autofree char *text = g_strconcat(line, "\n", next, "\n", NULL);
    return read_is_separator(text, strlen(line) + 1, text + strlen(text));
}

static void test_separator(void **state)
{
    (void)state;
    static const char *const real[] = {
        "From alice@example.org Sat Nov 21 03:07:48 2026",
        "From alice@example.org  Sat Nov  1 03:07:48 2026",
        "From - Sat Nov 21 03:07:48 2026",
        "From MAILER-DAEMON Sat Nov 21 03:07:48 CET 2026",
        "From alice@example.org Sat Nov 21 03:07 2026 remote from relay",
        "From \"A. Lice\"@example.org Sat Nov 21 03:07:48 2026 +0100",
        "From alice@example.org Sat, 21 Nov 2026 03:07:48 +0000",
        "From alice@example.org Sat Nov 21 03:07:48 +0100 2026",
        "From Sat Nov 21 03:07:48 2026",
    };
    static const char *const text[] = {
        "From spam source below",
        "From spam source at 12:34 below",
        "From what I saw on Sat Nov 21 it works",
        "From Monday on we open at 10:30, see 2026",
        "From here to eternity: 12:30 2026",
        "From: alice@example.org",
        "From Sat Nov 21 at 2026",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(real); i++) {
        if (!separates(real[i], "Date: today"))
            fail_msg("%s", real[i]);
        // Behind a line of an mbox that somebody quotes stands no header.
        assert_false(separates(real[i], "and so on"));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(text); i++) {
        if (separates(text[i], "Date: today"))
            fail_msg("%s", text[i]);
    }
    assert_true(separates(real[0], ">From bob Sat Nov 21 03:07:48 2026"));
}

static void write_file(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *above = g_path_get_dirname(path);
    g_mkdir_with_parents(above, 0700);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static bool collect(GBytes *bytes, gint64 offset, gpointer data)
{
    (void)offset;
    gsize size;
    const char *text = g_bytes_get_data(bytes, &size);
    g_ptr_array_add(data, g_strndup(text, size));
    return true;
}

static GPtrArray *messages_of(const char *mbox, gsize max, gint64 from, gint64 *end_r)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    gint64 size;
    assert_true(read_each_mbox(mbox, from, max, collect, all, end_r, &size, NULL));
    return all;
}

static void test_mbox(void **state)
{
    (void)state;
    g_autofree char *directory = scratch_new();
    assert_non_null(directory);
    g_autofree char *mbox = g_build_filename(directory, "mbox", NULL);
    const char *quoting = "From a@example.org Sat Nov 21 03:07:48 2026\nMessage-ID: <1@x>\n\nhi\n\n"
                          "From spam source below\nMessage-ID: <never@sent>\n\n"
                          "From b@example.org Sat Nov 21 03:07:49 2026\nis how it begins\n\n";
    const char *sized = "From a@example.org Sat Nov 21 03:07:50 2026\nMessage-ID: <2@x>\n"
                        "Content-Length: 65\n\nquoted:\n\nFrom b@example.org Sat Nov 21 03:07:51 "
                        "2026\nTo: c\n\nbye\n";
    const char *last = "\nFrom c@example.org Sat Nov 21 03:07:52 2026\nMessage-ID: <3@x>\n\nend\n";
    g_autofree char *all = g_strconcat(quoting, sized, last, NULL);
    write_file(directory, "mbox", all);
    gint64 end;
    g_autoptr(GPtrArray) headers = messages_of(mbox, 0, 0, &end);
    assert_int_equal(headers->len, 3);
    assert_string_equal(headers->pdata[0], "Message-ID: <1@x>\n\n");
    assert_non_null(strstr(headers->pdata[1], "<2@x>"));
    assert_string_equal(headers->pdata[2], "Message-ID: <3@x>\n\n");
    assert_int_equal(end, strlen(quoting) + strlen(sized) + 1);
    // The last one may grow, and is seen again.
    g_autoptr(GPtrArray) again = messages_of(mbox, 0, end, &end);
    assert_int_equal(again->len, 1);
    g_autoptr(GPtrArray) whole = messages_of(mbox, 1000, 0, &end);
    assert_int_equal(whole->len, 3);
    assert_true(g_str_has_prefix(whole->pdata[0], "From a@example.org"));
    assert_non_null(strstr(whole->pdata[0], "is how it begins"));
    assert_non_null(strstr(whole->pdata[1], "bye"));
    // A length that leads nowhere is not believed.
    g_autofree char *wrong = g_strconcat(
        "From a@example.org Sat Nov 21 03:07:50 2026\nContent-Length: 90\n\nshort\n", last, NULL);
    write_file(directory, "mbox", wrong);
    g_autoptr(GPtrArray) two = messages_of(mbox, 0, 0, &end);
    assert_int_equal(two->len, 2);
    scratch_remove(directory);
}

static void test_kinds(void **state)
{
    (void)state;
    g_autofree char *directory = scratch_new();
    assert_non_null(directory);
    write_file(directory, "mh/1", "A: b\n\n");
    write_file(directory, "mh/notes.txt", "A: b\n\n");
    write_file(directory, "eml/a letter.eml", "A: b\n\n");
    write_file(directory, "maildir/cur/1.a:2,S", "A: b\n\n");
    const struct {
        const char *name;
        enum read_kind kind;
    } kinds[] = {{"mh", READ_MH},
                 {"eml", READ_FILES},
                 {"maildir", READ_MAILDIR},
                 {"none", READ_NONE},
                 {"mh/1", READ_MBOX}};
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = g_build_filename(directory, kinds[i].name, NULL);
        assert_int_equal(read_kind(path), kinds[i].kind);
    }
    scratch_remove(directory);
}

static void test_special_use(void **state)
{
    (void)state;
    static const char *const sent[] = {
        "Sent",      "Sent Items",        "INBOX.Sent",         "Envoyés",
        "ENVOYÉS",   "Gesendete Objekte", "Éléments envoyés",   "Отправленные",
        "Sent/2026", "sent-2026-11",      "sent-mail-nov-2026", "送信済みメール"};
    static const char *const none[] = {"Presents", "Sentences",     "Work",
                                       "2026",     "Sent to press", ""};
    for (gsize i = 0; i < G_N_ELEMENTS(sent); i++) {
        if (special_use_of_name(sent[i]) != USE_SENT)
            fail_msg("%s", sent[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
        assert_int_equal(special_use_of_name(none[i]), USE_NONE);
    assert_int_equal(special_use_of_name("Archives/2025"), USE_ARCHIVE);
    assert_int_equal(special_use_of_attribute("\\Sent"), USE_SENT);
}

static const struct tree_folder *find(const GPtrArray *folders, const char *name)
{
    for (guint i = 0; i < folders->len; i++) {
        const struct tree_folder *folder = g_ptr_array_index(folders, i);
        if (strcmp(folder->name, name) == 0)
            return folder;
    }
    fail_msg("no folder %s", name);
    return NULL;
}

static void test_tree(void **state)
{
    (void)state;
    g_autofree char *directory = scratch_new();
    assert_non_null(directory);
    write_file(directory, "m/cur/1", "A: b\n\n");
    write_file(directory, "m/.Envoy&AOk-s/cur/1", "A: b\n\n");
    write_file(directory, "m/.Work.Old/cur/1", "A: b\n\n");
    write_file(directory, "m/.Werk/cur/1", "A: b\n\n");
    write_file(directory, "m/Sent Items/cur/1", "A: b\n\n");
    write_file(directory, "m/.Werk/dovecot-uidlist",
               "3 V1 N2 G3085f01b7f11094c501100008c4a11c1\n1 :1\n");
    write_file(directory, "m/dovecot-attributes",
               "priv/3085f01b7f11094c501100008c4a11c1/specialuse\n\\Sent\n");
    write_file(directory, "mail/sent-2026", "From a Sat Nov 21 03:07:48 2026\nA: b\n\n");
    write_file(directory, "mail/lists/club", "From a Sat Nov 21 03:07:48 2026\nA: b\n\n");
    write_file(directory, "mail/notes", "no mail\n");
    g_autofree char *m = g_build_filename(directory, "m", NULL);
    g_autofree char *mail = g_build_filename(directory, "mail", NULL);
    g_autoptr(GPtrArray) folders = tree_folders(m);
    assert_int_equal(folders->len, 5);
    assert_int_equal(find(folders, "")->kind, READ_MAILDIR);
    assert_int_equal(find(folders, "Envoyés")->use, USE_SENT);
    assert_int_equal(find(folders, "Sent Items")->use, USE_SENT);
    assert_int_equal(find(folders, "Work/Old")->use, USE_NONE);
    assert_int_equal(find(folders, "Werk")->use, USE_SENT);
    g_autoptr(GPtrArray) boxes = tree_folders(mail);
    assert_int_equal(boxes->len, 2);
    assert_int_equal(find(boxes, "sent-2026")->use, USE_SENT);
    assert_int_equal(find(boxes, "lists/club")->kind, READ_MBOX);
    scratch_remove(directory);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separator), cmocka_unit_test(test_mbox),
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_special_use),
        cmocka_unit_test(test_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
