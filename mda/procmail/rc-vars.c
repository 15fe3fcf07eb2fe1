// SPDX-License-Identifier: MIT
// Variables, which are also the environment of programs, and the values of expansions.
#include "procmail/rc-engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *rc_get(const struct rc_engine *engine, const char *name)
{
    const char *value = g_hash_table_lookup(engine->variables, name);
    return value ? value : "";
}

void rc_set(struct rc_engine *engine, const char *name, const char *value)
{
    if (value)
        g_hash_table_insert(engine->variables, g_strdup(name), g_strdup(value));
    else
        g_hash_table_remove(engine->variables, name);
}

void rc_set_own(struct rc_engine *engine, const char *name, const char *value)
{
    g_autofree char *text = g_strconcat(name, "=", value, NULL);
    rc_say_verbose(engine, "Assigning", text);
    rc_set(engine, name, value);
}

char **rc_environment(const struct rc_engine *engine)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, engine->variables);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_ptr_array_add(list, g_strdup_printf("%s=%s", (char *)name, (char *)value));
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

char **rc_arguments(const struct rc_engine *engine)
{
    return engine->arguments + engine->shifted;
}

static const char *positional(const struct rc_engine *engine, int number)
{
    char **arguments = rc_arguments(engine);
    if (number == 0)
        return "procmail";
    for (int i = 0; i < number; i++)
        if (!arguments[i])
            return NULL;
    return arguments[number - 1];
}

static const char *keep(struct rc_engine *engine, char *text)
{
    g_free(engine->scratch);
    return engine->scratch = text;
}

static const char *scope_value(void *context, const char *name)
{
    struct rc_engine *engine = context;
    if (g_ascii_isdigit(name[0]))
        return positional(engine, name[0] - '0');
    switch (name[0] && !name[1] ? name[0] : '\0') {
    case '$':
        return keep(engine, g_strdup_printf("%ld", (long)getpid()));
    case '?':
        return keep(engine, g_strdup_printf("%d", engine->exit_status));
    case '#':
        return keep(engine, g_strdup_printf("%u", g_strv_length(rc_arguments(engine))));
    case '=':
        return keep(engine, g_strdup_printf("%ld", engine->score));
    case '_':
        return engine->files->len > 0 ? g_ptr_array_index(engine->files, engine->files->len - 1)
                                      : "";
    case '-':
        return rc_get(engine, "LASTFOLDER");
    default:
        return g_hash_table_lookup(engine->variables, name);
    }
}

static char *scope_output(void *context, const char *command, gsize limit)
{
    return rc_output_of(context, command, limit);
}

static void scope_complain(void *context, const char *what, const char *quoted)
{
    rc_engine_say(context, what, quoted);
}

void rc_overflow(struct rc_engine *engine)
{
    rc_say(engine, "Exceeded LINEBUF\n");
    rc_set(engine, "PROCMAIL_OVERFLOW", "yes");
}

bool rc_evaluate(struct rc_engine *engine, struct rc_source *source, enum rc_reading reading,
                 bool skip, const char *head, struct rc_words *words_r)
{
    struct rc_scope scope = {engine, scope_value, scope_output, scope_complain};
    rc_expand(source, reading, skip ? NULL : &scope, head, engine->linebuf, words_r);
    if (!words_r->overflow || skip)
        return true;
    rc_overflow(engine);
    return false;
}

char *rc_evaluate_text(struct rc_engine *engine, const char *text)
{
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    bool fits = rc_evaluate(engine, &source, RC_TEXT, false, NULL, &words);
    char *value = fits ? g_strdup(words.buffer->str) : NULL;
    rc_words_clear(&words);
    return value;
}

long rc_number(const char *text, long otherwise)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end != text)
        return number;
    while (g_ascii_isspace(*text))
        text++;
    switch (g_ascii_tolower(*text)) {
    case 'a':
        return 2;
    case 'y':
    case 't':
    case 'e':
        return 1;
    case 'n':
    case 'f':
    case 'd':
        return 0;
    case 'o':
        if (g_ascii_tolower(text[1]) == 'n')
            return 1;
        return g_ascii_strncasecmp(text, "off", 3) == 0 ? 0 : otherwise;
    default:
        return otherwise;
    }
}
