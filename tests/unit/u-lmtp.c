// SPDX-License-Identifier: MIT
// lmtp/: what a server of RFC 2033 answers, and what it makes of the bytes of a message.
#include "lmtp/dots.h"
#include "lmtp/lmtp-mailbox.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"
#include "lmtp/syntax.h"

#include "base/error.h"

#include <string.h>

#include "cm.h"

// ---- A handler that writes down what it is told

struct story {
    GString *text;     // "sender>recipient:outcome"
    GByteArray *bytes; // of the last message
    bool full;         // there is no room
    guint deaf_from;   // the client is gone after so many answers; 0: never
    guint delivered;
};

static void take_recipient(gpointer data, const struct lmtp_transaction *transaction,
                           struct lmtp_recipient *recipient, struct lmtp_answer *answer_r)
{
    (void)data, (void)transaction;
    if (g_str_has_prefix(recipient->address, "nobody"))
        lmtp_answer_set(answer_r, 550, "5.1.1", "no such user");
    else
        lmtp_answer_set(answer_r, 250, "2.1.5", "ok");
}

static void begin(gpointer data, struct lmtp_answer *answer_r)
{
    struct story *story = data;
    (void)answer_r;
    g_byte_array_set_size(story->bytes, 0);
}

static void append(gpointer data, const guint8 *bytes, gsize size, struct lmtp_answer *answer_r)
{
    struct story *story = data;
    if (story->full)
        lmtp_answer_set(answer_r, 452, "4.3.1", "full");
    g_byte_array_append(story->bytes, bytes, (guint)size);
}

static void end(gpointer data, struct lmtp_answer *answer_r)
{
    (void)data, (void)answer_r;
}

static void deliver(gpointer data, const struct lmtp_transaction *transaction, guint n,
                    struct lmtp_answer *answer_r)
{
    struct story *story = data;
    const struct lmtp_recipient *recipient = g_ptr_array_index(transaction->recipients, n);
    story->delivered++;
    g_string_append_printf(story->text, "%s>%s", transaction->sender, recipient->address);
    if (recipient->notify || recipient->orcpt || transaction->ret || transaction->envid)
        g_string_append_printf(story->text, "[%s %s %s %s]", recipient->notify, recipient->orcpt,
                               transaction->ret, transaction->envid);
    g_string_append(story->text, ";");
    if (g_str_has_prefix(recipient->address, "later"))
        lmtp_answer_set(answer_r, 451, "4.3.0", "later");
    else if (g_str_has_prefix(recipient->address, "refuse"))
        lmtp_answer_set(answer_r, 550, "5.7.1", "no\nthank \xc3\xbc");
    else
        lmtp_answer_set(answer_r, 250, "2.0.0", "delivered");
}

static void forget(gpointer data)
{
    (void)data;
}

static bool flush(gpointer data)
{
    const struct story *story = data;
    return !story->deaf_from || story->delivered < story->deaf_from;
}

static const struct lmtp_limits limits = {.host = "mx", .recipients = 3, .size = 1000};

static struct lmtp_handler handler_for(struct story *story)
{
    *story = (struct story){.text = g_string_new(NULL), .bytes = g_byte_array_new()};
    return (struct lmtp_handler){story, take_recipient, begin, append, end, deliver, forget, flush};
}

static void story_clear(struct story *story)
{
    g_string_free(story->text, TRUE);
    g_byte_array_unref(story->bytes);
}

// What the server says to INPUT, given in pieces of STEP bytes.
static char *talk(struct story *story, const struct lmtp_handler *handler, const char *input,
                  gsize size, gsize step)
{
    (void)story;
    g_autoptr(LmtpSession) session = lmtp_session_new(&limits, handler);
    for (gsize at = 0; at < size; at += step) {
        if (!lmtp_session_feed(session, input + at, MIN(step, size - at)))
            break;
    }
    return g_strdup(lmtp_session_output(session)->str);
}

#define LHLO "LHLO c\r\n"
#define GREETING                                                                                   \
    "220 mx LMTP backstop\r\n"                                                                     \
    "250-mx\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"      \
    "250 SIZE 1000\r\n"
#define MAIL_OK "250 2.1.0 sender ok\r\n"
#define RCPT_OK "250 2.1.5 ok\r\n"
#define GO "354 send the message, end it with a line of one dot\r\n"
#define DONE "250 2.0.0 delivered\r\n"

struct row {
    const char *input, *output; // behind LHLO and the greeting
    const char *story, *bytes;  // NULL: nothing was delivered
};

static const struct row rows[] = {
    // One reply for each recipient, in their order; those refused before are not among them.
    {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<nobody@d>\r\nRCPT TO:<later@d>\r\nDATA\r\n"
     "S: x\r\n\r\ny\r\n.\r\nQUIT\r\n",
     MAIL_OK RCPT_OK "550 5.1.1 no such user\r\n" RCPT_OK GO DONE
                     "451 4.3.0 later\r\n221 2.0.0 bye\r\n",
     "a@b>c@d;a@b>later@d;", "S: x\n\ny\n"},
    // The null sender, lower case, blanks, a bare LF behind commands, an address without domain.
    {"mail from: <>\nrcpt to: <c> \ndata \n.\r\n", MAIL_OK RCPT_OK GO DONE, ">c;", ""},
    {"help me\r\nVRFY x\r\n",
     "214-2.0.0 LHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\r\n214 2.0.0 see RFC 2033\r\n"
     "252 2.1.5 send a message to find out\r\n",
     "", NULL},
    // A message of dots; bare LFs end nothing and do not unstuff.
    {"MAIL FROM:<a@b>\r\nRCPT "
     "TO:<c@d>\r\nDATA\r\n..\r\n...x\r\nl\n.\ny\n..z\r\r\n.\n\r\n\r.\r\n.\r\n",
     MAIL_OK RCPT_OK GO DONE, "a@b>c@d;", ".\n..x\nl\n.\ny\n..z\r\n\n\n\r.\n"},
    {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\n.\r\nMAIL FROM:<e@vil>\r\n.\r\n",
     MAIL_OK RCPT_OK GO DONE, "a@b>c@d;", "x\n.\nMAIL FROM:<e@vil>\n"},
    // Nobody is there: no 354, and the next message is not hindered.
    {"MAIL FROM:<a@b>\r\nRCPT TO:<nobody@d>\r\nDATA\r\nRSET\r\nMAIL FROM:<a@b>\r\n",
     MAIL_OK "550 5.1.1 no such user\r\n503 5.5.1 there is no recipient\r\n"
             "250 2.0.0 forgotten\r\n" MAIL_OK,
     NULL, NULL},
    {"MAIL FROM:<a@b>\r\nRCPT TO:<1>\r\nRCPT TO:<2>\r\nRCPT TO:<3>\r\nRCPT TO:<4>\r\n",
     MAIL_OK RCPT_OK RCPT_OK RCPT_OK "452 4.5.3 too many recipients for one message\r\n", NULL,
     NULL},
    {"MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n", MAIL_OK "503 5.5.1 one MAIL at a time\r\n", NULL,
     NULL},
    {"RCPT TO:<a@b>\r\nDATA\r\n", "503 5.5.1 say MAIL first\r\n503 5.5.1 there is no recipient\r\n",
     NULL, NULL},
    {"HELO x\r\nEHLO x\r\nNOOP\r\nVRFY ann\r\nFOO\r\n\r\n",
     "500 5.5.1 this is LMTP: say LHLO\r\n500 5.5.1 this is LMTP: say LHLO\r\n250 2.0.0 ok\r\n"
     "252 2.1.5 send a message to find out\r\n500 5.5.1 this command is not known here\r\n"
     "500 5.5.1 this command is not known here\r\n",
     NULL, NULL},
    // Parameters.
    {"MAIL FROM:<a@b> SIZE=1001\r\nMAIL FROM:<a@b> SIZE=x\r\nMAIL FROM:<a@b> BODY=9BIT\r\n"
     "MAIL FROM:<a@b> AUTH=<>\r\nMAIL FROM:<a@b>SIZE=1\r\nMAIL FROM:a@b\r\nMAIL FROM:<@b>\r\n"
     "MAIL FROM:<a@b c>\r\nMAIL FROM:<a\r\n",
     "552 5.3.4 the message is larger than this server takes\r\n"
     "501 5.5.4 a parameter has a wrong value\r\n501 5.5.4 a parameter has a wrong value\r\n"
     "555 5.5.4 a parameter is not known here\r\n"
     "501 5.5.2 a blank belongs between the address and its parameters\r\n"
     "501 5.1.3 this is no address in angle brackets\r\n"
     "501 5.1.3 this is no address in angle brackets\r\n"
     "501 5.1.3 this is no address in angle brackets\r\n"
     "501 5.1.3 this is no address in angle brackets\r\n",
     NULL, NULL},
    {"MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME RET=hdrs ENVID=x+2By\r\n"
     "RCPT TO:<c@d> NOTIFY=success,delay ORCPT=rfc822;o+2Bp@d\r\n"
     "RCPT TO:<c@d> NOTIFY=NEVER,DELAY\r\nRCPT TO:<c@d> ORCPT=x\r\nDATA\r\n.\r\n",
     MAIL_OK RCPT_OK "501 5.5.4 a parameter has a wrong value\r\n"
                     "501 5.5.4 a parameter has a wrong value\r\n" GO DONE,
     "a@b>c@d[SUCCESS,DELAY rfc822;o+p@d HDRS x+y];", ""},
    // 8-bit addresses take SMTPUTF8, and replies are UTF-8 only with it.
    {"MAIL FROM:<\xc3\xbc@b>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<\xc3\xbc@b>\r\nRCPT TO:<\xff@b>\r\n"
     "RCPT TO:<refuse@d>\r\nDATA\r\n.\r\n",
     "553 5.6.7 this address takes SMTPUTF8\r\n" MAIL_OK "553 5.6.7 this address takes SMTPUTF8\r\n"
     "501 5.1.3 this is no address in angle brackets\r\n" RCPT_OK GO
     "550-5.7.1 no\r\n550 5.7.1 thank ??\r\n",
     "a@b>refuse@d;", ""},
    {"MAIL FROM:<\xc3\xbc@b> SMTPUTF8\r\nRCPT TO:<refuse@d>\r\nDATA\r\n.\r\n",
     MAIL_OK RCPT_OK GO "550-5.7.1 no\r\n550 5.7.1 thank \xc3\xbc\r\n", "\xc3\xbc@b>refuse@d;", ""},
};

static void conversations(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        static const gsize steps[] = {1, 2, 7, 100000};
        for (gsize s = 0; s < G_N_ELEMENTS(steps); s++) {
            struct story story;
            struct lmtp_handler handler = handler_for(&story);
            g_autofree char *input = g_strconcat(LHLO, rows[i].input, NULL);
            g_autofree char *wanted = g_strconcat(GREETING, rows[i].output, NULL);
            g_autofree char *said = talk(&story, &handler, input, strlen(input), steps[s]);
            assert_string_equal(said, wanted);
            assert_string_equal(story.text->str, rows[i].story ? rows[i].story : "");
            if (rows[i].bytes) {
                assert_int_equal(story.bytes->len, strlen(rows[i].bytes));
                assert_memory_equal(story.bytes->data, rows[i].bytes, story.bytes->len);
            }
            story_clear(&story);
        }
    }
}

static void before_lhlo(void **state)
{
    (void)state;
    struct story story;
    struct lmtp_handler handler = handler_for(&story);
    static const char input[] = "MAIL FROM:<a@b>\r\nLHLO\r\nA\0B\r\nQUIT\r\nNOOP\r\n";
    g_autofree char *said = talk(&story, &handler, input, sizeof input - 1, 100);
    assert_string_equal(said, "220 mx LMTP backstop\r\n503 5.5.1 say LHLO first\r\n"
                              "501 5.5.4 LHLO takes your name\r\n"
                              "500 5.5.2 the line has a NUL in it\r\n221 2.0.0 bye\r\n");
    story_clear(&story);
}

static void long_lines(void **state)
{
    (void)state;
    struct story story;
    struct lmtp_handler handler = handler_for(&story);
    g_autofree char *x = g_strnfill(100000, 'x');
    g_autofree char *input = g_strdup_printf("%s\r\nNOOP\r\n", x);
    g_autofree char *said = talk(&story, &handler, input, strlen(input), 1000);
    assert_string_equal(said, "220 mx LMTP backstop\r\n500 5.5.2 the line is too long\r\n"
                              "250 2.0.0 ok\r\n");
    story_clear(&story);
}

#define TRANSACTION LHLO "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@d>\r\nDATA\r\n"

static void refused_while_it_comes(void **state)
{
    (void)state;
    struct story story;
    struct lmtp_handler handler = handler_for(&story);
    g_autofree char *x = g_strnfill(1001, 'x');
    g_autofree char *large = g_strdup_printf(TRANSACTION "%s\r\n.\r\nNOOP\r\n", x);
    g_autofree char *said = talk(&story, &handler, large, strlen(large), 10);
    assert_string_equal(said, GREETING MAIL_OK RCPT_OK RCPT_OK GO
                        "552 5.3.4 the message is larger than this server takes\r\n"
                        "552 5.3.4 the message is larger than this server takes\r\n"
                        "250 2.0.0 ok\r\n");
    story.full = true;
    static const char small[] = TRANSACTION "x\r\n.\r\nNOOP\r\n";
    g_autofree char *full = talk(&story, &handler, small, strlen(small), 10);
    assert_string_equal(full, GREETING MAIL_OK RCPT_OK RCPT_OK GO
                        "452 4.3.1 full\r\n452 4.3.1 full\r\n250 2.0.0 ok\r\n");
    assert_string_equal(story.text->str, "");
    story_clear(&story);
}

// Who cannot be told of a delivery gets no further ones.
static void client_leaves(void **state)
{
    (void)state;
    struct story story;
    struct lmtp_handler handler = handler_for(&story);
    story.deaf_from = 1;
    static const char input[] = TRANSACTION "x\r\n.\r\nNOOP\r\n";
    g_autofree char *said = talk(&story, &handler, input, strlen(input), 1000);
    assert_string_equal(said, GREETING MAIL_OK RCPT_OK RCPT_OK GO DONE);
    assert_string_equal(story.text->str, "a@b>c@d;");
    story_clear(&story);
}

static void too_many_errors(void **state)
{
    (void)state;
    struct story story;
    struct lmtp_handler handler = handler_for(&story);
    GString *input = g_string_new(NULL);
    for (int i = 0; i < 200; i++)
        g_string_append(input, "FOO\r\n");
    g_autofree char *said = talk(&story, &handler, input->str, input->len, 1000);
    assert_true(g_str_has_suffix(said, "421 4.7.0 mx too many errors\r\n"));
    g_auto(GStrv) lines = g_strsplit(said, "\r\n", -1);
    assert_int_equal(g_strv_length(lines), 1 + 100 + 1 + 1);
    g_string_free(input, TRUE);
    story_clear(&story);
}

static void replies(void **state)
{
    (void)state;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *words = g_strnfill(479, 'a');
    g_autofree char *text = g_strdup_printf("%s bb\r\n\r\nc\x01\n\n", words);
    g_autofree char *wanted =
        g_strdup_printf("550-5.7.1 %s\r\n550-5.7.1 bb\r\n550-5.7.1 \r\n550 5.7.1 c \r\n", words);
    lmtp_reply(out, 550, "5.7.1", text, false);
    assert_string_equal(out->str, wanted);
    g_string_truncate(out, 0);
    g_autofree char *umlauts = g_strjoinv("\xc3\xbc", (char *[]){words, words, words, NULL});
    lmtp_reply(out, 250, NULL, umlauts, true);
    assert_true(g_utf8_validate(out->str, -1, NULL));
    g_auto(GStrv) lines = g_strsplit(out->str, "\r\n", -1);
    for (guint i = 0; lines[i]; i++)
        assert_true(strlen(lines[i]) <= 510 && g_utf8_validate(lines[i], -1, NULL));
    g_string_truncate(out, 0);
    g_autofree char *many = g_strnfill(1000, '\n');
    g_autofree char *behind = g_strconcat(many, "x", NULL);
    lmtp_reply(out, 250, NULL, behind, true);
    assert_string_equal(out->str, "250 \r\n");
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *address, *local, *domain; // address NULL: no path
    } table[] = {
        {"<a@b>", "a@b", "a", "b"},
        {"<@r1,@r2:a@b> X", "a@b", "a", "b"},
        {"<\"a b\\\"@>\"@B.>", "\"a b\\\"@>\"@B.", "a b\"@>", "b"},
        {"<a>", "a", "a", ""},
        {"<>", "", "", ""},
        {"<a@b@c>", "a@b@c", "a@b", "c"},
        {"<\"a>", NULL, NULL, NULL},
        {"<a@b", NULL, NULL, NULL},
        {"<a@>", NULL, NULL, NULL},
        {"<@b>", NULL, NULL, NULL},
        {"<a b@c>", NULL, NULL, NULL},
        {"<a\t@c>", NULL, NULL, NULL},
        {"<<a@b>", NULL, NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *at = table[i].text;
        g_autofree char *address = NULL;
        g_autofree char *local = NULL;
        g_autofree char *domain = NULL;
        assert_int_equal(lmtp_parse_path(&at, &address), table[i].address != NULL);
        if (!table[i].address)
            continue;
        assert_string_equal(address, table[i].address);
        lmtp_split_address(address, &local, &domain);
        assert_string_equal(local, table[i].local);
        assert_string_equal(domain, table[i].domain);
    }
}

static void homes(void **state)
{
    (void)state;
    static const struct {
        const char *template, *local, *domain, *home; // home NULL: refused
    } table[] = {
        {"/v/%d/%n", "ann", "b.org", "/v/b.org/ann"},
        {"/v/%u/100%%", "ann", "b.org", "/v/ann@b.org/100%"},
        {"/v/%d/%n", "ann", "", NULL},
        {"/v/%n", "ann", "", "/v/ann"},
        {"/v/%u", "ann", "", NULL},
        {"/v/%d/%n", "..", "b.org", NULL},
        {"/v/%d/%n", ".ssh", "b.org", NULL},
        {"/v/%d/%n", "a/b", "b.org", NULL},
        {"/v/%d/%n", "a", "..", NULL},
        {"/v/%d/%n", "a\n", "b.org", NULL},
        {"/v/%d/%n", "", "b.org", NULL},
        {"/v/%x", "a", "b.org", NULL},
        {"/v/%", "a", "b.org", NULL},
        {"v/%n", "a", "b.org", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *home =
            lmtp_expand_home(table[i].template, table[i].local, table[i].domain, &err);
        assert_int_equal(home != NULL, table[i].home != NULL);
        assert_int_equal(err != NULL, table[i].home == NULL);
        if (home)
            assert_string_equal(home, table[i].home);
    }
}

// What ends a message at some server or other, and is text here: behind "x", with a transaction of
// a forger behind it that is text too.
static void nothing_else_ends_a_message(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n.\n",       "\r.\r",       "\r\n.\n",    "\n.\r\n",
                                       "\r.\r\n",     "\r\n.\r",     "\n.\r",      "\r.\n",
                                       "\r\n.\r\r\n", "\r\r\n.\n",   "\n\r.\r\n",  "\n\n.\n\n",
                                       "\r\r.\r\r",   "\r\n\r.\r\n", "\r\n..\r\n", "\n..\r\n",
                                       "\r\n.x\r\n",  "\r\n. \r\n",  "\r\n.\t\r\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *input =
            g_strconcat(LHLO "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx", ends[i],
                        "MAIL FROM:<e@vil>\r\nRCPT TO:<v@d>\r\nDATA\r\ny\r\n.\r\nQUIT\r\n", NULL);
        for (gsize step = 1; step < 9; step += 3) {
            struct story story;
            struct lmtp_handler handler = handler_for(&story);
            g_autofree char *output = talk(&story, &handler, input, strlen(input), step);
            assert_string_equal(output, GREETING MAIL_OK RCPT_OK GO DONE "221 2.0.0 bye\r\n");
            assert_string_equal(story.text->str, "a@b>c@d;");
            assert_non_null(memmem(story.bytes->data, story.bytes->len, "MAIL FROM:<e@vil>\n", 18));
            story_clear(&story);
        }
    }
}

// All bytes but the pairs CR LF come in as they are: what stands alone stays alone.
static void bare_line_ends_stay(void **state)
{
    (void)state;
    static const struct {
        const char *wire, *text;
    } table[] = {
        {"a\rb\r\n", "a\rb\n"},        {"a\nb\r\n", "a\nb\n"},     {"a\r\r\n", "a\r\n"},
        {"\r\n.\r\r\n", "\n\r\n"},     {"a\n\rb\r\n", "a\n\rb\n"}, {"\r\n.\rb\r\n", "\n\rb\n"},
        {"\r\n..\rb\r\n", "\n.\rb\n"}, {"\n..\r\n", "\n..\n"},     {"\r..\r\n", "\r..\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *input = g_strconcat(LHLO "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
                                             table[i].wire, ".\r\n", NULL);
        struct story story;
        struct lmtp_handler handler = handler_for(&story);
        g_autofree char *output = talk(&story, &handler, input, strlen(input), 1);
        assert_string_equal(output, GREETING MAIL_OK RCPT_OK GO DONE);
        assert_int_equal(story.bytes->len, strlen(table[i].text));
        assert_memory_equal(story.bytes->data, table[i].text, story.bytes->len);
        story_clear(&story);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations),
        cmocka_unit_test(before_lhlo),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(refused_while_it_comes),
        cmocka_unit_test(client_leaves),
        cmocka_unit_test(too_many_errors),
        cmocka_unit_test(replies),
        cmocka_unit_test(addresses),
        cmocka_unit_test(homes),
        cmocka_unit_test(nothing_else_ends_a_message),
        cmocka_unit_test(bare_line_ends_stay),
    };
    return tap_run(tests);
}
