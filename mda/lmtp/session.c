// SPDX-License-Identifier: MIT
#include "lmtp/session.h"

#include "lmtp/dots.h"
#include "lmtp/reply.h"
#include "lmtp/syntax.h"

#include <string.h>

// RFC 5321 §4.5.3.1.4 says 512 for a command line; DSN and SMTPUTF8 add to that.
#define LINE_MAX_BYTES 4096
// A client that makes so many mistakes is none.
#define ERRORS_MAX 100
// A message is handed on in pieces of about this size.
#define PIECE_BYTES (64 * 1024)

struct lmtp_session {
    const struct lmtp_limits *limits;
    const struct lmtp_handler *handler;
    GString *output;
    GString *line; // of a command, so far
    bool overlong; // that line is too long: it is dropped
    bool greeted;  // LHLO was said
    bool over;
    guint errors;
    guint commands; // since the last message
    guint messages;
    struct lmtp_transaction transaction;
    bool in_data;
    struct dots dots;
    GByteArray *piece;          // decoded, not yet handed on
    guint64 received;           // bytes of the message
    struct lmtp_answer refusal; // why the message is refused, while it still comes
};

void lmtp_answer_clear(struct lmtp_answer *answer)
{
    g_clear_pointer(&answer->text, g_free);
    *answer = (struct lmtp_answer){0};
}

void lmtp_answer_set(struct lmtp_answer *answer, int code, const char *status, const char *format,
                     ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    lmtp_answer_clear(answer);
    *answer = (struct lmtp_answer){code, status, g_steal_pointer(&text)};
}

static void reply(struct lmtp_session *session, int code, const char *status, const char *text)
{
    lmtp_reply(session->output, code, status, text, session->transaction.utf8);
}

static void complain(struct lmtp_session *session, int code, const char *status, const char *text)
{
    reply(session, code, status, text);
    if (++session->errors >= ERRORS_MAX)
        lmtp_session_end(session, "4.7.0", "too many errors");
}

// ---- The transaction

static void recipient_free(gpointer data)
{
    struct lmtp_recipient *recipient = data;
    if (recipient->mailbox && recipient->free_mailbox)
        recipient->free_mailbox(recipient->mailbox);
    g_free(recipient->address);
    g_free(recipient->notify);
    g_free(recipient->orcpt);
    g_free(recipient);
}

static void transaction_clear(struct lmtp_transaction *transaction)
{
    g_free(transaction->sender);
    g_free(transaction->ret);
    g_free(transaction->envid);
    g_clear_pointer(&transaction->recipients, g_ptr_array_unref);
    *transaction = (struct lmtp_transaction){0};
}

static void reset(struct lmtp_session *session)
{
    transaction_clear(&session->transaction);
    session->handler->forget(session->handler->data);
    lmtp_answer_clear(&session->refusal);
    session->received = 0;
    g_byte_array_set_size(session->piece, 0);
}

static void do_lhlo(struct lmtp_session *session, const char *arguments)
{
    if (!*arguments) {
        complain(session, 501, "5.5.4", "LHLO takes your name");
        return;
    }
    reset(session);
    session->greeted = true;
    g_autofree char *size = session->limits->size
                                ? g_strdup_printf("SIZE %" G_GUINT64_FORMAT, session->limits->size)
                                : g_strdup("SIZE");
    g_autofree char *text = g_strdup_printf(
        "%s\nPIPELINING\nENHANCEDSTATUSCODES\n8BITMIME\nSMTPUTF8\n%s", session->limits->host, size);
    reply(session, 250, NULL, text);
}

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words; words++) {
        if (g_ascii_strcasecmp(value, *words) == 0)
            return true;
    }
    return false;
}

static bool is_utf8_address(const char *address)
{
    for (; *address; address++) {
        if ((guchar)*address >= 0x80)
            return true;
    }
    return false;
}

// What a parameter came to.
enum parameter { PARAMETER_TAKEN, PARAMETER_WRONG, PARAMETER_UNKNOWN, PARAMETER_TOO_LARGE };

static bool take_once(char **place, char *value)
{
    if (*place || !value) {
        g_free(value);
        return false;
    }
    *place = value;
    return true;
}

static enum parameter take_size(struct lmtp_session *session, const char *value)
{
    guint64 size = 0;
    if (strlen(value) > 20 || !g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &size, NULL))
        return PARAMETER_WRONG;
    return session->limits->size && size > session->limits->size ? PARAMETER_TOO_LARGE
                                                                 : PARAMETER_TAKEN;
}

static enum parameter take_mail_parameter(struct lmtp_session *session, const char *key,
                                          const char *value)
{
    static const char *const bodies[] = {"7BIT", "8BITMIME", NULL};
    static const char *const returns[] = {"FULL", "HDRS", NULL};
    struct lmtp_transaction *transaction = &session->transaction;
    bool sound;
    if (g_ascii_strcasecmp(key, "SIZE") == 0 && value)
        return take_size(session, value);
    if (g_ascii_strcasecmp(key, "SMTPUTF8") == 0) {
        sound = transaction->utf8 = !value;
    } else if (g_ascii_strcasecmp(key, "BODY") == 0 && value) {
        sound = is_one_of(value, bodies);
    } else if (g_ascii_strcasecmp(key, "RET") == 0 && value) {
        sound = is_one_of(value, returns) && take_once(&transaction->ret, g_ascii_strup(value, -1));
    } else if (g_ascii_strcasecmp(key, "ENVID") == 0 && value) {
        sound = *value && take_once(&transaction->envid, lmtp_decode_xtext(value));
    } else {
        return PARAMETER_UNKNOWN;
    }
    return sound ? PARAMETER_TAKEN : PARAMETER_WRONG;
}

static bool is_notify(const char *value)
{
    static const char *const alone[] = {"NEVER", NULL};
    static const char *const words[] = {"SUCCESS", "FAILURE", "DELAY", NULL};
    if (is_one_of(value, alone))
        return true;
    g_auto(GStrv) given = g_strsplit(value, ",", 5);
    for (guint i = 0; given[i]; i++) {
        if (!is_one_of(given[i], words))
            return false;
    }
    return given[0] != NULL;
}

static enum parameter take_recipient_parameter(struct lmtp_recipient *recipient, const char *key,
                                               const char *value)
{
    bool sound;
    if (g_ascii_strcasecmp(key, "NOTIFY") == 0 && value)
        sound = is_notify(value) && take_once(&recipient->notify, g_ascii_strup(value, -1));
    else if (g_ascii_strcasecmp(key, "ORCPT") == 0 && value)
        sound = strchr(value, ';') && take_once(&recipient->orcpt, lmtp_decode_xtext(value));
    else
        return PARAMETER_UNKNOWN;
    return sound ? PARAMETER_TAKEN : PARAMETER_WRONG;
}

// Takes the parameters in TEXT, of MAIL or, with RECIPIENT, of RCPT. False: it was complained.
static bool take_parameters(struct lmtp_session *session, struct lmtp_recipient *recipient,
                            const char *text)
{
    if (*text && *text != ' ') {
        complain(session, 501, "5.5.2", "a blank belongs between the address and its parameters");
        return false;
    }
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (guint i = 0; words[i]; i++) {
        char *value = strchr(words[i], '=');
        if (!*words[i])
            continue;
        if (value)
            *value++ = '\0';
        switch (recipient ? take_recipient_parameter(recipient, words[i], value)
                          : take_mail_parameter(session, words[i], value)) {
        case PARAMETER_TAKEN:
            continue;
        case PARAMETER_TOO_LARGE:
            complain(session, 552, "5.3.4", "the message is larger than this server takes");
            return false;
        case PARAMETER_WRONG:
            complain(session, 501, "5.5.4", "a parameter has a wrong value");
            return false;
        case PARAMETER_UNKNOWN:
            complain(session, 555, "5.5.4", "a parameter is not known here");
            return false;
        }
    }
    return true;
}

// Reads "KEYWORD:<address>"; *REST_R is what follows. NULL: it was complained.
static char *take_path(struct lmtp_session *session, const char *keyword, const char *arguments,
                       const char **rest_r)
{
    gsize length = strlen(keyword);
    if (g_ascii_strncasecmp(arguments, keyword, length) != 0 || arguments[length] != ':') {
        complain(session, 501, "5.5.2", "expected FROM:<address> or TO:<address>");
        return NULL;
    }
    const char *at = arguments + length + 1;
    at += strspn(at, " ");
    char *address = NULL;
    if (!lmtp_parse_path(&at, &address)) {
        complain(session, 501, "5.1.3", "this is no address in angle brackets");
        return NULL;
    }
    *rest_r = at;
    return address;
}

static void do_mail(struct lmtp_session *session, const char *arguments)
{
    struct lmtp_transaction *transaction = &session->transaction;
    const char *rest = "";
    if (!session->greeted || transaction->sender) {
        complain(session, 503, "5.5.1", session->greeted ? "one MAIL at a time" : "say LHLO first");
        return;
    }
    g_autofree char *address = take_path(session, "FROM", arguments, &rest);
    if (!address)
        return;
    if (!take_parameters(session, NULL, rest)) {
        reset(session);
    } else if (is_utf8_address(address) && !transaction->utf8) {
        complain(session, 553, "5.6.7", "this address takes SMTPUTF8");
        reset(session);
    } else {
        transaction->sender = g_steal_pointer(&address);
        transaction->recipients = g_ptr_array_new_with_free_func(recipient_free);
        reply(session, 250, "2.1.0", "sender ok");
    }
}

// Asks the handler, and takes RECIPIENT in or frees it.
static void ask_for(struct lmtp_session *session, struct lmtp_recipient *recipient)
{
    struct lmtp_answer answer = {0};
    const struct lmtp_handler *handler = session->handler;
    handler->recipient(handler->data, &session->transaction, recipient, &answer);
    reply(session, answer.code, answer.status, answer.text);
    if (answer.code == 250)
        g_ptr_array_add(session->transaction.recipients, recipient);
    else
        recipient_free(recipient);
    lmtp_answer_clear(&answer);
}

static void do_rcpt(struct lmtp_session *session, const char *arguments)
{
    struct lmtp_transaction *transaction = &session->transaction;
    const char *rest = "";
    if (!transaction->sender) {
        complain(session, 503, "5.5.1", "say MAIL first");
        return;
    }
    g_autofree char *address = take_path(session, "TO", arguments, &rest);
    if (!address)
        return;
    struct lmtp_recipient *recipient = g_new0(struct lmtp_recipient, 1);
    if (!take_parameters(session, recipient, rest)) {
        recipient_free(recipient);
    } else if (!*address || (is_utf8_address(address) && !transaction->utf8)) {
        complain(session, 553, *address ? "5.6.7" : "5.1.3",
                 *address ? "this address takes SMTPUTF8" : "nobody has an empty address");
        recipient_free(recipient);
    } else if (transaction->recipients->len >= session->limits->recipients) {
        // No error: the client sends the message once more for the rest (RFC 5321 §4.5.3.1.10).
        reply(session, 452, "4.5.3", "too many recipients for one message");
        recipient_free(recipient);
    } else {
        recipient->address = g_steal_pointer(&address);
        ask_for(session, recipient);
    }
}

// ---- The message

static void do_data(struct lmtp_session *session, const char *arguments)
{
    struct lmtp_answer answer = {0};
    const struct lmtp_handler *handler = session->handler;
    if (*arguments) {
        complain(session, 501, "5.5.4", "DATA takes no parameters");
        return;
    }
    // RFC 2033 §4.2: without a recipient that was accepted there is no 354.
    if (!session->transaction.sender || session->transaction.recipients->len == 0) {
        complain(session, 503, "5.5.1", "there is no recipient");
        return;
    }
    handler->begin(handler->data, &answer);
    if (answer.code) {
        reply(session, answer.code, answer.status, answer.text);
        reset(session);
    } else {
        reply(session, 354, NULL, "send the message, end it with a line of one dot");
        session->in_data = true;
        session->dots = (struct dots){DOTS_LINE_START};
    }
    lmtp_answer_clear(&answer);
}

// Hands on what is decoded, unless the message is refused already.
static void hand_on(struct lmtp_session *session)
{
    const struct lmtp_handler *handler = session->handler;
    const GByteArray *piece = session->piece;
    session->received += piece->len;
    if (!session->refusal.code && session->limits->size &&
        session->received > session->limits->size) {
        lmtp_answer_set(&session->refusal, 552, "5.3.4",
                        "the message is larger than this server takes");
        handler->forget(handler->data);
    }
    if (!session->refusal.code && piece->len > 0)
        handler->append(handler->data, piece->data, piece->len, &session->refusal);
    g_byte_array_set_size(session->piece, 0);
}

// One reply for each recipient, in their order (RFC 2033 §4.2).
static void deliver_all(struct lmtp_session *session)
{
    const struct lmtp_handler *handler = session->handler;
    bool reachable = true;
    for (guint i = 0; i < session->transaction.recipients->len && reachable; i++) {
        struct lmtp_answer answer = {0};
        handler->deliver(handler->data, &session->transaction, i, &answer);
        reply(session, answer.code, answer.status, answer.text);
        lmtp_answer_clear(&answer);
        // Who has gone will send it again: nobody gets a copy that nobody heard of.
        reachable = handler->flush(handler->data);
    }
    session->over = session->over || !reachable;
}

static void end_message(struct lmtp_session *session)
{
    const struct lmtp_handler *handler = session->handler;
    session->in_data = false;
    session->commands = 0;
    session->messages++;
    if (!session->refusal.code)
        handler->end(handler->data, &session->refusal);
    if (!session->refusal.code) {
        deliver_all(session);
    } else {
        for (guint i = 0; i < session->transaction.recipients->len; i++)
            reply(session, session->refusal.code, session->refusal.status, session->refusal.text);
    }
    reset(session);
}

static gsize take_message(struct lmtp_session *session, const char *data, gsize size)
{
    bool end = false;
    gsize used = dots_decode(&session->dots, data, MIN(size, PIECE_BYTES), session->piece, &end);
    hand_on(session);
    if (end)
        end_message(session);
    return used;
}

// ---- The other commands

static void do_rset(struct lmtp_session *session, const char *arguments)
{
    (void)arguments;
    reset(session);
    reply(session, 250, "2.0.0", "forgotten");
}

static void do_noop(struct lmtp_session *session, const char *arguments)
{
    (void)arguments;
    reply(session, 250, "2.0.0", "ok");
}

static void do_vrfy(struct lmtp_session *session, const char *arguments)
{
    (void)arguments;
    reply(session, 252, "2.1.5", "send a message to find out");
}

static void do_help(struct lmtp_session *session, const char *arguments)
{
    (void)arguments;
    reply(session, 214, "2.0.0", "LHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\nsee RFC 2033");
}

static void do_quit(struct lmtp_session *session, const char *arguments)
{
    (void)arguments;
    reply(session, 221, "2.0.0", "bye");
    session->over = true;
}

// RFC 2033 §4.1: HELO and EHLO must not get a positive reply.
static void do_helo(struct lmtp_session *session, const char *arguments)
{
    (void)arguments;
    complain(session, 500, "5.5.1", "this is LMTP: say LHLO");
}

static const struct lmtp_command {
    const char *name;
    void (*run)(struct lmtp_session *session, const char *arguments);
} commands[] = {
    {"LHLO", do_lhlo}, {"MAIL", do_mail}, {"RCPT", do_rcpt}, {"DATA", do_data},
    {"RSET", do_rset}, {"NOOP", do_noop}, {"VRFY", do_vrfy}, {"QUIT", do_quit},
    {"HELP", do_help}, {"HELO", do_helo}, {"EHLO", do_helo},
};

// Who only says NOOP has no business here, and keeps others out.
static bool is_idle_talk(struct lmtp_session *session)
{
    guint most = session->limits->commands;
    if (most == 0 || g_ascii_strncasecmp(session->line->str, "RCPT", 4) == 0 ||
        ++session->commands <= most)
        return false;
    lmtp_session_end(session, "4.7.0", "too many commands and no message");
    return true;
}

static void run_line(struct lmtp_session *session)
{
    if (is_idle_talk(session))
        return;
    GString *line = session->line;
    if (line->len > 0 && line->str[line->len - 1] == '\r')
        g_string_truncate(line, line->len - 1);
    gsize verb = strcspn(line->str, " ");
    const char *arguments = line->str + verb;
    arguments += strspn(arguments, " ");
    if (session->overlong || strlen(line->str) != line->len) {
        complain(session, 500, "5.5.2",
                 session->overlong ? "the line is too long" : "the line has a NUL in it");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strlen(commands[i].name) == verb &&
            g_ascii_strncasecmp(commands[i].name, line->str, verb) == 0) {
            commands[i].run(session, arguments);
            return;
        }
    }
    complain(session, 500, "5.5.1", "this command is not known here");
}

static gsize take_line(struct lmtp_session *session, const char *data, gsize size)
{
    const char *lf = memchr(data, '\n', size);
    gsize part = lf ? (gsize)(lf - data) : size;
    if (session->line->len + part > LINE_MAX_BYTES)
        session->overlong = true;
    if (!session->overlong)
        g_string_append_len(session->line, data, (gssize)part);
    if (!lf)
        return part;
    run_line(session);
    g_string_truncate(session->line, 0);
    session->overlong = false;
    return part + 1;
}

struct lmtp_session *lmtp_session_new(const struct lmtp_limits *limits,
                                      const struct lmtp_handler *handler)
{
    struct lmtp_session *session = g_new0(struct lmtp_session, 1);
    session->limits = limits;
    session->handler = handler;
    session->output = g_string_new(NULL);
    session->line = g_string_new(NULL);
    session->piece = g_byte_array_new();
    g_autofree char *greeting = g_strdup_printf("%s LMTP backstop", limits->host);
    reply(session, 220, NULL, greeting);
    return session;
}

void lmtp_session_free(struct lmtp_session *session)
{
    reset(session);
    g_string_free(session->output, TRUE);
    g_string_free(session->line, TRUE);
    g_byte_array_unref(session->piece);
    g_free(session);
}

bool lmtp_session_feed(struct lmtp_session *session, const char *data, gsize size)
{
    gsize at = 0;
    while (at < size && !session->over)
        at += session->in_data ? take_message(session, data + at, size - at)
                               : take_line(session, data + at, size - at);
    return !session->over;
}

void lmtp_session_end(struct lmtp_session *session, const char *status, const char *why)
{
    g_autofree char *text = g_strdup_printf("%s %s", session->limits->host, why);
    reply(session, 421, status, text);
    session->over = true;
}

bool lmtp_session_is_idle(const struct lmtp_session *session)
{
    return !session->transaction.sender && !session->in_data;
}

guint lmtp_session_messages(const struct lmtp_session *session)
{
    return session->messages;
}

GString *lmtp_session_output(struct lmtp_session *session)
{
    return session->output;
}
