// SPDX-License-Identifier: MIT
// conf/conf.h: values of each type, what is said of wrong ones, and which file wins.
#include "conf/conf.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cm.h"

static char *directory;

static int make_directory(void **state)
{
    (void)state;
    directory = g_dir_make_tmp("u-conf.XXXXXX", NULL);
    return directory ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    g_autofree char *path = g_build_filename(directory, "conf", NULL);
    g_remove(path);
    int failed = g_rmdir(directory);
    g_free(directory);
    return failed;
}

static struct conf *conf_of(const char *text)
{
    g_autofree char *path = g_build_filename(directory, "conf", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    struct conf *conf = conf_new("/home/ann");
    g_autoptr(GError) err = NULL;
    assert_true(conf_read(conf, path, &err));
    return conf;
}

static void values_have_types(void **state)
{
    (void)state;
    g_autoptr(Conf) conf = conf_of("# a comment\n; another\n\n[JUNK]\n  expire = 12h  \r\n"
                                   "Expire-Flagged=TRUE\nmax-messages = 12\nmax-size = 2 M\n"
                                   "[ store ]\nlocation = mbox:~/box\n"
                                   "[identity]\ndomains = a.example, b.example\t c.example,,\n"
                                   "[judgement]\nbackscatter = mark\n");
    assert_int_equal(conf_warnings(conf)->len, 0);
    assert_int_equal(conf_milliseconds(conf, CONF_JUNK_EXPIRE), 12 * 3600 * 1000);
    assert_true(conf_bool(conf, CONF_JUNK_EXPIRE_FLAGGED));
    assert_int_equal(conf_number(conf, CONF_JUNK_MAX_MESSAGES), 12);
    assert_int_equal(conf_number(conf, CONF_JUNK_MAX_SIZE), 2 * 1024 * 1024);
    assert_string_equal(conf_string(conf, CONF_STORE_LOCATION), "mbox:/home/ann/box");
    const char *const *domains = conf_list(conf, CONF_IDENTITY_DOMAINS);
    assert_int_equal(g_strv_length((char **)domains), 3);
    assert_string_equal(domains[2], "c.example");
    assert_true(conf_choice(conf, CONF_JUDGEMENT_BACKSCATTER) == BACKSCATTER_MARK);
    assert_true(g_str_has_suffix(conf_origin(conf, CONF_JUNK_EXPIRE), "/conf:5"));
    assert_string_equal(conf_origin(conf, CONF_STORE_FSYNC), "built-in");
    conf_set_home(conf, "/elsewhere");
    assert_string_equal(conf_string(conf, CONF_STORE_LOCATION), "mbox:/elsewhere/box");
}

static void wrong_lines_are_told_and_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *line, *said;
    } rows[] = {
        {"expire = soon", "expected a time"},
        {"expire = 5 fortnights", "expected a time"},
        {"expire = -1d", "expected a time"},
        {"expire = 99999999999999999999", "expected a time"},
        {"expire = 9223372036854775807w", "expected a time"},
        {"expire =", "expected a time"},
        {"max-size = 1.5M", "expected a size"},
        {"max-messages = many", "expected a whole number"},
        {"max-messages = 3k", "expected a whole number"},
        {"expire-flagged = maybe", "expected yes or no"},
        {"shelf = 3", "there is no setting [junk] shelf"},
        {"just words", "key = value"},
        {"[junk", "[name]"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf("[junk]\n%s\n", rows[i].line);
        g_autoptr(Conf) conf = conf_of(text);
        const GPtrArray *warnings = conf_warnings(conf);
        assert_int_equal(warnings->len, 1);
        const char *warning = g_ptr_array_index(warnings, 0);
        if (!strstr(warning, rows[i].said) || !strstr(warning, "/conf:2: "))
            fail_msg("%s: %s", rows[i].line, warning);
        assert_int_equal(conf_milliseconds(conf, CONF_JUNK_EXPIRE),
                         G_GINT64_CONSTANT(30) * 86400000);
        assert_string_equal(conf_origin(conf, CONF_JUNK_EXPIRE), "built-in");
    }
    g_autoptr(Conf) early = conf_of("expire = 3d\n[judgement]\nunknown = bin\n");
    assert_int_equal(conf_warnings(early)->len, 2);
    assert_non_null(strstr(g_ptr_array_index(conf_warnings(early), 1), "inbox | junk"));
}

static void the_command_line_wins(void **state)
{
    (void)state;
    g_autoptr(Conf) conf = conf_of("[junk]\nfolder = Bin\n");
    g_autoptr(GError) err = NULL;
    assert_true(conf_assign(conf, "junk.folder = A=B", "--set", &err));
    assert_string_equal(conf_string(conf, CONF_JUNK_FOLDER), "A=B");
    assert_string_equal(conf_origin(conf, CONF_JUNK_FOLDER), "--set");
    static const char *const wrong[] = {
        "", "junk", "junk.folder", "junk=x.y", "junk.no=1", "junk.expire=x", "=", ".=", "folder=x"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        assert_false(conf_assign(conf, wrong[i], "--set", &err));
        assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG));
        g_clear_error(&err);
    }
}

static void files_that_are_not_there(void **state)
{
    (void)state;
    g_autoptr(Conf) conf = conf_new(NULL);
    g_autoptr(GError) err = NULL;
    assert_false(conf_read(conf, "/nonexistent/conf", &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    g_clear_error(&err);
    assert_false(conf_read(conf, "/dev/null/conf", &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    g_clear_error(&err);
    assert_false(conf_read(conf, directory, &err));
    assert_false(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    assert_string_equal(conf_string(conf, CONF_STORE_LOCATION), "~/Maildir");
}

// The enums of conf.h are the words of the table, in its order.
static void choices_are_enums(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        enum setting setting;
        int choice;
    } rows[] = {
        {"judgement.unknown=inbox", CONF_JUDGEMENT_UNKNOWN, PLACE_INBOX},
        {"judgement.unknown=junk", CONF_JUDGEMENT_UNKNOWN, PLACE_JUNK},
        {"judgement.suspect=inbox", CONF_JUDGEMENT_SUSPECT, PLACE_INBOX},
        {"judgement.suspect=junk", CONF_JUDGEMENT_SUSPECT, PLACE_JUNK},
        {"judgement.backscatter=junk", CONF_JUDGEMENT_BACKSCATTER, BACKSCATTER_JUNK},
        {"judgement.backscatter=discard", CONF_JUDGEMENT_BACKSCATTER, BACKSCATTER_DISCARD},
        {"judgement.backscatter=mark", CONF_JUDGEMENT_BACKSCATTER, BACKSCATTER_MARK},
        {"judgement.when=before-rules", CONF_JUDGEMENT_WHEN, WHEN_BEFORE_RULES},
        {"judgement.when=after-rules", CONF_JUDGEMENT_WHEN, WHEN_AFTER_RULES},
        {"rules.language=auto", CONF_RULES_LANGUAGE, RULES_AUTO},
        {"rules.language=sieve", CONF_RULES_LANGUAGE, RULES_SIEVE},
        {"rules.language=procmail", CONF_RULES_LANGUAGE, RULES_PROCMAIL},
        {"rules.language=none", CONF_RULES_LANGUAGE, RULES_NONE},
        {"users.missing-home=defer", CONF_USERS_MISSING_HOME, HOME_DEFER},
        {"users.missing-home=create", CONF_USERS_MISSING_HOME, HOME_CREATE},
        {"users.missing-home=refuse", CONF_USERS_MISSING_HOME, HOME_REFUSE},
        {"lmtp.missing-home=defer", CONF_LMTP_MISSING_HOME, HOME_DEFER},
        {"lmtp.missing-home=create", CONF_LMTP_MISSING_HOME, HOME_CREATE},
        {"lmtp.missing-home=refuse", CONF_LMTP_MISSING_HOME, HOME_REFUSE},
    };
    g_autoptr(Conf) conf = conf_new(NULL);
    assert_int_equal(conf_choice(conf, CONF_JUDGEMENT_BACKSCATTER), BACKSCATTER_JUNK);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_true(conf_assign(conf, rows[i].assignment, "--set", NULL));
        assert_int_equal(conf_choice(conf, rows[i].setting), rows[i].choice);
    }
    assert_false(conf_assign(conf, "judgement.when=", "--set", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_types),
        cmocka_unit_test(wrong_lines_are_told_and_change_nothing),
        cmocka_unit_test(the_command_line_wins),
        cmocka_unit_test(files_that_are_not_there),
        cmocka_unit_test(choices_are_enums),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
