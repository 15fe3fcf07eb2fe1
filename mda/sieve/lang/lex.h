// SPDX-License-Identifier: MIT
// The words of a script (RFC 5228 §2, §8.1).
#pragma once

#include "sieve/lang/diag.h"

enum sieve_token {
    TOKEN_END,
    TOKEN_IDENTIFIER,
    TOKEN_TAG,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_OPEN_PAREN,
    TOKEN_CLOSE_PAREN,
    TOKEN_OPEN_BRACKET,
    TOKEN_CLOSE_BRACKET,
    TOKEN_OPEN_BRACE,
    TOKEN_CLOSE_BRACE,
    TOKEN_SEMICOLON,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_SLASH,
    TOKEN_GARBAGE, // no word of the language; reported
    TOKEN_ERROR,   // a word that is faulty in itself; reported
};

struct sieve_lexer {
    const char *file;
    const char *text;
    gsize size, offset;
    gsize line_start;
    guint line;
    struct sieve_diagnostics *diagnostics;
    // The token in hand.
    enum sieve_token token;
    struct sieve_position at;
    GString *word;  // IDENTIFIER, TAG (without its colon), STRING (unescaped, CRLF line ends)
    guint64 number; // NUMBER
    bool told;      // what is wrong with it was reported
};

// TEXT stays the caller's and must outlive the lexer. The first token is in hand afterwards.
void sieve_lexer_init(struct sieve_lexer *lexer, const char *file, const char *text, gsize size,
                      struct sieve_diagnostics *diagnostics);
void sieve_lexer_release(struct sieve_lexer *lexer);

// Takes the next token in hand. At the end, and after an error, it stays what it is.
void sieve_lexer_next(struct sieve_lexer *lexer);

// The token in hand for a message: "string", "';'". Static.
const char *sieve_token_describe(const struct sieve_lexer *lexer);
