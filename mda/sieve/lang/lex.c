// SPDX-License-Identifier: MIT
// Line ends in strings become CRLF whatever the file uses, because RFC 5228 §2.1 counts them so.
#include "sieve/lang/lex.h"

#include "sieve/limits.h"

#include <string.h>

static int peek(const struct sieve_lexer *lexer, gsize ahead)
{
    gsize at = lexer->offset + ahead;
    return at < lexer->size ? (unsigned char)lexer->text[at] : -1;
}

static void step(struct sieve_lexer *lexer)
{
    if (lexer->text[lexer->offset++] == '\n') {
        lexer->line++;
        lexer->line_start = lexer->offset;
    }
}

static struct sieve_position position(const struct sieve_lexer *lexer)
{
    return (struct sieve_position){lexer->line, (guint)(lexer->offset - lexer->line_start) + 1};
}

static void complain(struct sieve_lexer *lexer, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void complain(struct sieve_lexer *lexer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sieve_diagnose_v(lexer->diagnostics, SIEVE_ERROR, lexer->file, position(lexer), format, args);
    va_end(args);
    lexer->token = TOKEN_ERROR;
}

static void skip_hash_comment(struct sieve_lexer *lexer)
{
    while (peek(lexer, 0) != -1 && peek(lexer, 0) != '\n') {
        if (peek(lexer, 0) == 0) {
            complain(lexer, MSG_NUL_IN_COMMENT);
            return;
        }
        step(lexer);
    }
    if (peek(lexer, 0) == -1)
        sieve_diagnose(lexer->diagnostics, SIEVE_WARNING, lexer->file, position(lexer),
                       MSG_COMMENT_AT_END);
}

static void skip_bracket_comment(struct sieve_lexer *lexer)
{
    guint line = lexer->line;
    lexer->offset += 2;
    while (!(peek(lexer, 0) == '*' && peek(lexer, 1) == '/')) {
        if (peek(lexer, 0) == -1) {
            complain(lexer, MSG_COMMENT_OPEN, line);
            return;
        }
        if (peek(lexer, 0) == 0) {
            complain(lexer, MSG_NUL_IN_COMMENT);
            return;
        }
        step(lexer);
    }
    lexer->offset += 2;
}

// Skips white space and comments; false when a comment was faulty.
static bool skip_blanks(struct sieve_lexer *lexer)
{
    for (;;) {
        int c = peek(lexer, 0);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            step(lexer);
        else if (c == '#')
            skip_hash_comment(lexer);
        else if (c == '/' && peek(lexer, 1) == '*')
            skip_bracket_comment(lexer);
        else
            return true;
        if (lexer->token == TOKEN_ERROR)
            return false;
    }
}

static bool is_word(int c)
{
    return c != -1 && (g_ascii_isalnum((char)c) || c == '_');
}

static void scan_word(struct sieve_lexer *lexer, enum sieve_token token)
{
    while (is_word(peek(lexer, 0))) {
        if (lexer->word->len >= SIEVE_MAX_IDENTIFIER) {
            complain(lexer, MSG_NAME_TOO_LONG, token == TOKEN_TAG ? "tag" : "name",
                     lexer->word->str);
            while (is_word(peek(lexer, 0)))
                lexer->offset++;
            return;
        }
        g_string_append_c(lexer->word, (char)peek(lexer, 0));
        lexer->offset++;
    }
    lexer->token = token;
}

static void scan_number(struct sieve_lexer *lexer)
{
    guint64 number = 0;
    bool over = false;
    for (; g_ascii_isdigit(peek(lexer, 0)); lexer->offset++) {
        over |= __builtin_mul_overflow(number, 10, &number);
        over |= __builtin_add_overflow(number, (guint64)(peek(lexer, 0) - '0'), &number);
    }
    unsigned shift = 0;
    switch (g_ascii_toupper((char)MAX(peek(lexer, 0), 0))) {
    case 'K':
        shift = 10;
        break;
    case 'M':
        shift = 20;
        break;
    case 'G':
        shift = 30;
        break;
    default:
        break;
    }
    if (shift > 0)
        lexer->offset++;
    if (over || (number << shift) >> shift != number) {
        complain(lexer, MSG_NUMBER_TOO_BIG, G_MAXUINT64);
        return;
    }
    lexer->number = number << shift;
    lexer->token = TOKEN_NUMBER;
}

static const char text_kind[] = "multi-line string";

// Appends a character of a string that began at LINE, a line end as CRLF. False on a fault.
static bool take_char(struct sieve_lexer *lexer, const char *kind, guint line)
{
    int c = peek(lexer, 0);
    if (c == -1 && kind == text_kind)
        complain(lexer, MSG_STRING_OPEN, kind);
    else if (c == -1)
        complain(lexer, MSG_STRING_OPEN_SINCE, kind, line);
    else if (c == 0)
        complain(lexer, MSG_NUL_IN_STRING, kind, line);
    else if (c == '\r' && peek(lexer, 1) != '\n')
        complain(lexer, MSG_BARE_CR_IN_STRING, kind, line);
    else if (lexer->word->len >= SIEVE_MAX_STRING)
        complain(lexer, MSG_STRING_TOO_LONG, kind, line, SIEVE_MAX_STRING);
    if (lexer->token == TOKEN_ERROR)
        return false;
    if (c == '\r')
        lexer->offset++;
    if (peek(lexer, 0) == '\n')
        g_string_append(lexer->word, "\r\n");
    else
        g_string_append_c(lexer->word, (char)c);
    step(lexer);
    return true;
}

static void scan_quoted(struct sieve_lexer *lexer)
{
    guint line = lexer->line;
    lexer->offset++;
    while (peek(lexer, 0) != '"') {
        if (peek(lexer, 0) == '\\' && peek(lexer, 1) != -1)
            lexer->offset++;
        if (!take_char(lexer, "quoted string", line))
            return;
    }
    lexer->offset++;
    lexer->token = TOKEN_STRING;
}

// Behind "text:" up to its line end. False on a fault.
static bool scan_text_start(struct sieve_lexer *lexer)
{
    while (peek(lexer, 0) == ' ' || peek(lexer, 0) == '\t')
        lexer->offset++;
    if (peek(lexer, 0) == '#')
        skip_hash_comment(lexer);
    if (lexer->token == TOKEN_ERROR)
        return false;
    if (peek(lexer, 0) == '\r')
        lexer->offset++;
    int c = peek(lexer, 0);
    if (c == '\n') {
        step(lexer);
        return true;
    }
    if (c == -1)
        complain(lexer, MSG_TEXT_OPEN);
    else
        complain(lexer, MSG_TEXT_NOT_ALONE, c);
    lexer->token = TOKEN_GARBAGE;
    lexer->told = true;
    return false;
}

// A dot alone on its line ends the text (RFC 5228 §2.4.2).
static bool at_text_end(struct sieve_lexer *lexer)
{
    if (peek(lexer, 0) != '.')
        return false;
    gsize after = peek(lexer, 1) == '\r' ? 2 : 1;
    if (peek(lexer, after) != '\n' && peek(lexer, after) != -1)
        return false;
    lexer->offset += after;
    if (peek(lexer, 0) == '\n')
        step(lexer);
    return true;
}

static void scan_text(struct sieve_lexer *lexer)
{
    guint line = lexer->line;
    if (!scan_text_start(lexer))
        return;
    while (!at_text_end(lexer)) {
        if (peek(lexer, 0) == '.' && peek(lexer, 1) == '.')
            lexer->offset++;
        for (bool more = true; more;) {
            more = peek(lexer, 0) != '\n';
            if (!take_char(lexer, text_kind, line))
                return;
            if (lexer->word->len > 0 && lexer->word->str[lexer->word->len - 1] == '\n')
                more = false;
        }
    }
    lexer->token = TOKEN_STRING;
}

static enum sieve_token punctuation(int c)
{
    switch (c) {
    case '(':
        return TOKEN_OPEN_PAREN;
    case ')':
        return TOKEN_CLOSE_PAREN;
    case '[':
        return TOKEN_OPEN_BRACKET;
    case ']':
        return TOKEN_CLOSE_BRACKET;
    case '{':
        return TOKEN_OPEN_BRACE;
    case '}':
        return TOKEN_CLOSE_BRACE;
    case ';':
        return TOKEN_SEMICOLON;
    case ',':
        return TOKEN_COMMA;
    case '/':
        return TOKEN_SLASH;
    default:
        return TOKEN_GARBAGE;
    }
}

static void scan_garbage(struct sieve_lexer *lexer)
{
    int c = peek(lexer, 0);
    if (g_ascii_isprint((char)c))
        complain(lexer, MSG_STRAY_CHARACTER, c);
    else
        complain(lexer, MSG_STRAY_BYTE, c);
    // A NUL is garbage too; strchr() would find it at the end of its list.
    while (peek(lexer, 0) == 0 ||
           (peek(lexer, 0) != -1 && !is_word(peek(lexer, 0)) &&
            !strchr(" \t\r\n\"#:", peek(lexer, 0)) && punctuation(peek(lexer, 0)) == TOKEN_GARBAGE))
        lexer->offset++;
    if (peek(lexer, 0) == '\r')
        lexer->offset++;
    lexer->token = TOKEN_GARBAGE;
}

static void scan_punctuation(struct sieve_lexer *lexer)
{
    lexer->token = punctuation(peek(lexer, 0));
    if (lexer->token == TOKEN_GARBAGE)
        scan_garbage(lexer);
    else
        lexer->offset++;
}

void sieve_lexer_next(struct sieve_lexer *lexer)
{
    g_string_truncate(lexer->word, 0);
    lexer->told = false;
    lexer->token = TOKEN_END;
    if (!skip_blanks(lexer))
        return;
    lexer->at = position(lexer);
    int c = peek(lexer, 0);
    if (c == -1)
        return;
    if (c == '"') {
        scan_quoted(lexer);
    } else if (g_ascii_isdigit((char)c)) {
        scan_number(lexer);
    } else if (c == ':' && is_word(peek(lexer, 1)) && !g_ascii_isdigit((char)peek(lexer, 1))) {
        lexer->offset++;
        scan_word(lexer, TOKEN_TAG);
    } else if (c == ':') {
        lexer->offset++;
        lexer->token = TOKEN_COLON;
    } else if (is_word(c)) {
        scan_word(lexer, TOKEN_IDENTIFIER);
        if (lexer->token == TOKEN_IDENTIFIER && peek(lexer, 0) == ':' &&
            g_ascii_strcasecmp(lexer->word->str, "text") == 0) {
            lexer->offset++;
            g_string_truncate(lexer->word, 0);
            scan_text(lexer);
        }
    } else {
        scan_punctuation(lexer);
    }
}

void sieve_lexer_init(struct sieve_lexer *lexer, const char *file, const char *text, gsize size,
                      struct sieve_diagnostics *diagnostics)
{
    *lexer = (struct sieve_lexer){
        .file = file, .text = text, .size = size, .line = 1, .diagnostics = diagnostics};
    lexer->word = g_string_new(NULL);
    // A byte order mark that some editors leave is no part of the script.
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lexer->offset = lexer->line_start = 3;
    sieve_lexer_next(lexer);
}

void sieve_lexer_release(struct sieve_lexer *lexer)
{
    g_string_free(lexer->word, TRUE);
}

const char *sieve_token_describe(const struct sieve_lexer *lexer)
{
    static const char *const names[] = {
        [TOKEN_END] = "the end of the script",
        [TOKEN_IDENTIFIER] = "identifier",
        [TOKEN_TAG] = "tag",
        [TOKEN_NUMBER] = "number",
        [TOKEN_STRING] = "string",
        [TOKEN_OPEN_PAREN] = "'('",
        [TOKEN_CLOSE_PAREN] = "')'",
        [TOKEN_OPEN_BRACKET] = "'['",
        [TOKEN_CLOSE_BRACKET] = "']'",
        [TOKEN_OPEN_BRACE] = "'{'",
        [TOKEN_CLOSE_BRACE] = "'}'",
        [TOKEN_SEMICOLON] = "';'",
        [TOKEN_COMMA] = "','",
        [TOKEN_COLON] = "':'",
        [TOKEN_SLASH] = "'/'",
        [TOKEN_GARBAGE] = "something that is no word",
        [TOKEN_ERROR] = "what was reported already",
    };
    return names[lexer->token];
}
