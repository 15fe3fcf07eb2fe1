// SPDX-License-Identifier: MIT
// Rules where procmail goes its own way (found by running it): an unquoted "$@" is the letter "@";
// "${n:=t}", "${n%p}" and "${10}" are refused and the rest of them stays in the text; what an
// unquoted expansion yields is split only among words of an action.
#include "procmail/rc-expand.h"

#include <string.h>

enum state { NOTHING_YET, BETWEEN_WORDS, IN_WORD, IN_DOUBLE_QUOTES, IN_SINGLE_QUOTES };

#define END (-1)

struct scanner {
    struct rc_source *source;
    enum rc_reading reading;
    const struct rc_scope *scope;
    struct rc_words *words;
    gsize limit;
    enum state state;
    guint braces, quoted_braces;
    // An alternative "${name-text}" that is read but not wanted: what to put when it ends.
    bool skipping;
    gsize skip_back;
    guint skip_braces;
    enum state skip_state;
    char *skip_value;
    bool done;
};

bool rc_is_name_start(int byte)
{
    return byte == '_' || (byte > 0 && byte < 128 && g_ascii_isalpha((gchar)byte));
}

bool rc_is_name(int byte)
{
    return rc_is_name_start(byte) || (byte >= '0' && byte <= '9');
}

void rc_words_clear(struct rc_words *words)
{
    if (words->buffer)
        g_string_free(words->buffer, TRUE);
    words->buffer = NULL;
}

static int next(struct scanner *scanner)
{
    struct rc_source *source = scanner->source;
    return source->at < source->length ? (guchar)source->text[source->at++] : END;
}

static int peek(const struct scanner *scanner)
{
    const struct rc_source *source = scanner->source;
    return source->at < source->length ? (guchar)source->text[source->at] : END;
}

static bool evaluates(const struct scanner *scanner)
{
    return scanner->scope && !scanner->skipping && !scanner->words->overflow;
}

static void put(struct scanner *scanner, int byte)
{
    GString *buffer = scanner->words->buffer;
    if (byte == '\0' && scanner->reading != RC_WORDS)
        return;
    if (buffer->len >= scanner->limit)
        scanner->words->overflow = true;
    else
        g_string_append_c(buffer, (gchar)byte);
}

static void put_text(struct scanner *scanner, const char *text)
{
    for (; *text; text++)
        put(scanner, *text);
}

static void enter_word(struct scanner *scanner)
{
    if (scanner->state <= BETWEEN_WORDS)
        scanner->state = IN_WORD;
}

// What an expansion yielded: split at white space into words outside quotes in an action.
static void put_expansion(struct scanner *scanner, const char *text)
{
    if (scanner->state == IN_DOUBLE_QUOTES || scanner->reading != RC_WORDS) {
        put_text(scanner, text);
        enter_word(scanner);
        return;
    }
    for (; *text; text++) {
        if (strchr(" \t\n", *text)) {
            if (scanner->state > BETWEEN_WORDS) {
                put(scanner, '\0');
                scanner->state = BETWEEN_WORDS;
            }
        } else {
            put(scanner, *text);
            scanner->state = IN_WORD;
        }
    }
}

static void finish(struct scanner *scanner)
{
    if (scanner->state != BETWEEN_WORDS || scanner->reading != RC_WORDS)
        g_string_append_c(scanner->words->buffer, '\0');
    scanner->done = true;
}

static void end_early(struct scanner *scanner)
{
    scanner->words->unexpected_end = true;
    finish(scanner);
}

static void complain(const struct scanner *scanner, const char *what, const char *quoted)
{
    if (scanner->scope)
        scanner->scope->complain(scanner->scope->context, what, quoted);
}

static bool closes_brace(const struct scanner *scanner)
{
    return (scanner->state <= IN_WORD && scanner->braces > 0) ||
           (scanner->state == IN_DOUBLE_QUOTES && scanner->braces > scanner->quoted_braces);
}

static const char *value_of(const struct scanner *scanner, const char *name)
{
    return evaluates(scanner) ? scanner->scope->value(scanner->scope->context, name) : NULL;
}

static void close_brace(struct scanner *scanner)
{
    scanner->braces--;
    if (!scanner->skipping || scanner->braces != scanner->skip_braces)
        return;
    scanner->skipping = false;
    g_string_truncate(scanner->words->buffer, scanner->skip_back);
    scanner->state = scanner->skip_state;
    g_autofree char *value = g_steal_pointer(&scanner->skip_value);
    put_expansion(scanner, value ? value : "");
}

// The alternative of "${name-text}" is wanted or, if VALUE takes its place, only read over.
static void begin_alternative(struct scanner *scanner, bool wanted, const char *value)
{
    if (!wanted && !scanner->skipping) {
        scanner->skipping = true;
        scanner->skip_back = scanner->words->buffer->len;
        scanner->skip_braces = scanner->braces;
        scanner->skip_state = scanner->state;
        scanner->skip_value = g_strdup(value);
    }
    scanner->braces++;
}

static void scan_braced(struct scanner *scanner)
{
    g_autoptr(GString) name = g_string_new(NULL);
    int byte;
    while (rc_is_name(byte = next(scanner)))
        g_string_append_c(name, (gchar)byte);
    const char *value = value_of(scanner, name->str);
    bool digits = g_ascii_isdigit(name->str[0]) && name->len > 1;
    bool nonempty = false;
    if (byte == ':' && !digits) {
        nonempty = true;
        byte = next(scanner);
    }
    bool set = value && (!nonempty || *value);
    if (!digits && byte == '}' && !nonempty)
        put_expansion(scanner, value ? value : "");
    else if (!digits && byte == '-')
        begin_alternative(scanner, !set, value);
    else if (!digits && byte == '+')
        begin_alternative(scanner, set, NULL);
    else
        complain(scanner, "Bad substitution of", name->str);
}

// "$\name": the value with all that an expression would take for an operator escaped.
static void put_escaped(struct scanner *scanner, const char *value)
{
    put_text(scanner, "()"); // protects a leading blank
    for (; *value; value++) {
        if (strchr("(|)*?+.^$[\\", *value))
            put(scanner, '\\');
        put(scanner, *value);
    }
    enter_word(scanner);
}

static void scan_name(struct scanner *scanner, bool escaped)
{
    g_autoptr(GString) name = g_string_new(NULL);
    if (g_ascii_isdigit((gchar)peek(scanner)) && !escaped)
        g_string_append_c(name, (gchar)next(scanner));
    else
        while (rc_is_name(peek(scanner)))
            g_string_append_c(name, (gchar)next(scanner));
    const char *value = value_of(scanner, name->str);
    if (escaped)
        put_escaped(scanner, value ? value : "");
    else
        put_expansion(scanner, value ? value : "");
}

static void scan_escape(struct scanner *scanner);

static void scan_dollar(struct scanner *scanner)
{
    int byte = peek(scanner);
    if (byte == END) {
        put(scanner, '$');
        scanner->state = IN_WORD;
        finish(scanner);
    } else if (byte == '@') {
        if (scanner->state == IN_DOUBLE_QUOTES) {
            next(scanner);
            if (evaluates(scanner))
                scanner->words->arguments = (gssize)scanner->words->buffer->len;
        } else {
            enter_word(scanner);
        }
    } else if (byte == '{') {
        next(scanner);
        scan_braced(scanner);
    } else if (byte && strchr("$?#=_-", byte)) {
        char name[2] = {(char)next(scanner), '\0'};
        const char *value = value_of(scanner, name);
        if (strchr("$?#=", name[0])) { // numbers are put as they are
            put_text(scanner, value ? value : "");
            enter_word(scanner);
        } else {
            put_expansion(scanner, value ? value : "");
        }
    } else if (rc_is_name(byte)) {
        scan_name(scanner, false);
    } else if (byte == '\\') {
        next(scanner);
        if (rc_is_name(peek(scanner))) {
            scan_name(scanner, true);
        } else {
            put(scanner, '$');
            enter_word(scanner);
            scan_escape(scanner);
        }
    } else {
        put(scanner, '$');
        enter_word(scanner);
    }
}

// Behind a backslash.
static void scan_escape(struct scanner *scanner)
{
    int byte = next(scanner);
    bool literal = false;
    switch (byte) {
    case END:
        end_early(scanner);
        return;
    case '\n':
        return;
    case '#':
        literal = scanner->state <= BETWEEN_WORDS;
        break;
    case ' ':
    case '\t':
    case '\'':
        literal = scanner->state != IN_DOUBLE_QUOTES;
        break;
    case '"':
    case '\\':
    case '$':
    case '`':
        literal = true;
        break;
    case '}':
        literal = closes_brace(scanner);
        break;
    default:
        break;
    }
    if (!literal && (byte == '#' || scanner->state > IN_WORD))
        put(scanner, '\\');
    put(scanner, byte);
    enter_word(scanner);
}

// The command between backquotes. Within double quotes their sign ends it too, and is used up by
// that: the quoted text goes on.
static char *read_command(struct scanner *scanner)
{
    GString *command = g_string_new(NULL);
    for (;;) {
        int byte = next(scanner);
        if (byte == '`' || byte == END)
            break;
        if (byte == '"' && scanner->state == IN_DOUBLE_QUOTES)
            break;
        if (byte == '\\') {
            byte = next(scanner);
            if (byte == END) {
                scanner->words->unexpected_end = true;
                break;
            }
            if (byte == '\n')
                continue;
            if (!strchr("\\$`", byte) && !(byte == '"' && scanner->state == IN_DOUBLE_QUOTES))
                g_string_append_c(command, '\\');
        }
        g_string_append_c(command, (gchar)byte);
    }
    return g_string_free(command, FALSE);
}

static void scan_backquotes(struct scanner *scanner)
{
    g_autofree char *command = read_command(scanner);
    if (evaluates(scanner)) {
        // procmail keeps two bytes to itself.
        gsize room = scanner->limit - MIN(scanner->limit, scanner->words->buffer->len + 2);
        g_autofree char *output = scanner->scope->output(scanner->scope->context, command, room);
        if (scanner->state == IN_DOUBLE_QUOTES)
            put_text(scanner, output);
        else
            put_expansion(scanner, output);
    }
    if (scanner->state <= BETWEEN_WORDS && scanner->reading != RC_WORDS)
        scanner->state = IN_WORD;
}

static void scan_blank(struct scanner *scanner)
{
    if (scanner->state == IN_WORD) {
        if (scanner->reading == RC_VALUE) {
            finish(scanner);
            return;
        }
        put(scanner, scanner->reading == RC_TEXT ? ' ' : '\0');
        scanner->state = BETWEEN_WORDS;
    }
}

static void skip_comment(struct scanner *scanner)
{
    int byte;
    while ((byte = next(scanner)) != END && byte != '\n')
        ;
    finish(scanner);
}

static void scan_double_quote(struct scanner *scanner)
{
    if (scanner->state == IN_DOUBLE_QUOTES && scanner->quoted_braces < scanner->braces) {
        put(scanner, '"'); // inside a ${...}: a letter
    } else if (scanner->state == IN_DOUBLE_QUOTES) {
        scanner->state = IN_WORD;
    } else {
        scanner->quoted_braces = scanner->braces;
        scanner->state = IN_DOUBLE_QUOTES;
    }
}

static void scan_plain(struct scanner *scanner, int byte)
{
    put(scanner, byte);
    enter_word(scanner);
}

static void scan_byte(struct scanner *scanner, int byte)
{
    if (byte == END) {
        if (scanner->reading != RC_TEXT && scanner->state > IN_WORD)
            scanner->words->unexpected_end = true;
        finish(scanner);
    } else if (scanner->state == IN_SINGLE_QUOTES) {
        if (byte == '\'')
            scanner->state = IN_WORD;
        else
            put(scanner, byte);
    } else if (byte == '\\') {
        scan_escape(scanner);
    } else if (byte == '`') {
        scan_backquotes(scanner);
    } else if (byte == '"') {
        scan_double_quote(scanner);
    } else if (byte == '\'' && scanner->state != IN_DOUBLE_QUOTES) {
        scanner->state = IN_SINGLE_QUOTES;
    } else if (byte == '}' && closes_brace(scanner)) {
        close_brace(scanner);
    } else if (byte == '#' && scanner->state <= BETWEEN_WORDS) {
        skip_comment(scanner);
    } else if (byte == '$') {
        scan_dollar(scanner);
    } else if ((byte == ' ' || byte == '\t') && scanner->state <= IN_WORD) {
        scan_blank(scanner);
    } else if (byte == '\n' && scanner->state <= IN_WORD) {
        finish(scanner);
    } else {
        scan_plain(scanner, byte);
    }
}

void rc_expand(struct rc_source *source, enum rc_reading reading, const struct rc_scope *scope,
               const char *head, gsize limit, struct rc_words *words_r)
{
    *words_r = (struct rc_words){.buffer = g_string_new(head), .arguments = -1};
    struct scanner scanner = {
        .source = source, .reading = reading, .scope = scope, .words = words_r, .limit = limit};
    while (!scanner.done)
        scan_byte(&scanner, next(&scanner));
    if (words_r->unexpected_end)
        complain(&scanner, "Unexpected EOL\n", NULL);
    g_free(scanner.skip_value);
}

char **rc_words_vector(const struct rc_words *words, char *const *arguments)
{
    g_autoptr(GPtrArray) vector = g_ptr_array_new_with_free_func(g_free);
    const GString *buffer = words->buffer;
    for (gsize at = 0; at < buffer->len;) {
        gsize length = strlen(buffer->str + at);
        if (words->arguments == (gssize)(at + length) && arguments && arguments[0])
            for (guint i = 0; arguments[i]; i++)
                g_ptr_array_add(vector, g_strdup(arguments[i]));
        else
            g_ptr_array_add(vector, g_strndup(buffer->str + at, length));
        at += length + 1;
    }
    g_ptr_array_add(vector, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&vector), FALSE);
}
