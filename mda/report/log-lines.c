// SPDX-License-Identifier: MIT
#include "report/log-lines.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_OFFSET 1900
#define HALF_YEAR_SECONDS (183 * TALLY_DAY_SECONDS)

static void put(GHashTable *words, const char *key, gsize key_length, char *value)
{
    g_autofree char *name = g_strndup(key, key_length);
    if (!g_hash_table_contains(words, name)) // what comes first is ours, what is quoted may not be
        g_hash_table_insert(words, g_steal_pointer(&name), value);
    else
        g_free(value);
}

static bool is_key_char(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

// A value in quotes, with backslashes; *AT moves behind it.
static char *quoted(const char **at)
{
    GString *value = g_string_new(NULL);
    const char *in = *at + 1;
    for (; *in && *in != '"'; in++) {
        if (*in == '\\' && in[1])
            in++;
        g_string_append_c(value, *in);
    }
    *at = *in ? in + 1 : in;
    return g_string_free(value, FALSE);
}

// KEY=VALUE, up to ", KEY=" or a blank: reasons hold commas and blanks.
static void parse_pairs(GHashTable *words, const char *text)
{
    const bool commas = strstr(text, ", class=") || strstr(text, ", verdict=");
    for (const char *at = text; *at;) {
        const char *key = at;
        while (is_key_char(*at))
            at++;
        if (at == key || *at != '=') {
            at += *at != '\0';
            continue;
        }
        const gsize key_length = (gsize)(at - key);
        at++;
        if (*at == '"') {
            put(words, key, key_length, quoted(&at));
            continue;
        }
        const gsize length = strcspn(at, commas ? "," : " ");
        put(words, key, key_length, g_strndup(at, length));
        // A reason goes to the end of the line: nothing in it is a pair of ours.
        at += commas && g_str_has_prefix(key, "because=") ? strlen(at) : length;
    }
}

// One flat JSON object; nested values are passed over.
static void parse_object(GHashTable *words, const char *text)
{
    const char *at = text + 1;
    while ((at = strchr(at, '"'))) {
        g_autofree char *key = quoted(&at);
        at += strspn(at, " ");
        if (*at != ':')
            continue;
        at++;
        at += strspn(at, " ");
        if (*at == '"')
            put(words, key, strlen(key), quoted(&at));
        else if (*at == '[' || *at == '{')
            at++;
        else
            put(words, key, strlen(key), g_strndup(at, strcspn(at, ",}")));
    }
}

// "2026-11-30T12:00:00+0100", with or without a fraction and a colon in the zone.
static gint64 iso_time(const char *line)
{
    const gsize length = strspn(line, "0123456789-T:.+Z");
    g_autofree char *word = g_strndup(line, length);
    if (length < strlen("2026-11-30T12:00:00") || !strchr(word, 'T'))
        return 0;
    g_autoptr(GTimeZone) local = g_time_zone_new_local();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(word, local);
    return time ? g_date_time_to_unix(time) : 0;
}

// "Nov 30 12:00:00": of this year, or of the last one when that would be yet to come.
static gint64 bsd_time(const char *line, gint64 now)
{
    struct tm parts = {0};
    const time_t seconds = (time_t)now;
    struct tm today;
    if (!localtime_r(&seconds, &today))
        return 0;
    g_autofree char *dated = g_strdup_printf("%d %.15s", today.tm_year + YEAR_OFFSET, line);
    if (!strptime(dated, "%Y %b %d %H:%M:%S", &parts))
        return 0;
    parts.tm_isdst = -1;
    gint64 time = (gint64)mktime(&parts);
    if (time > now + TALLY_DAY_SECONDS) {
        parts.tm_year--;
        parts.tm_isdst = -1;
        time = (gint64)mktime(&parts);
    }
    return time;
}

// journalctl -o short-unix: "1764500000.123456 host backstop[1]: …"
static gint64 unix_time(const char *line)
{
    const gsize digits = strspn(line, "0123456789");
    return digits >= 9 && digits <= 11 && line[digits] == '.' ? g_ascii_strtoll(line, NULL, 10) : 0;
}

static gint64 time_of(const char *line, gint64 now)
{
    gint64 time = iso_time(line);
    if (time == 0)
        time = unix_time(line);
    return time ? time : bsd_time(line, now);
}

// Behind "NAME[PID]: " or "NAME: ", what was logged.
static const char *logged(const char *line)
{
    if (*line == '{')
        return line;
    for (const char *at = strstr(line, ": "); at; at = strstr(at + 2, ": ")) {
        const char *name = at;
        if (name > line && name[-1] == ']') {
            while (name > line && *name != '[')
                name--;
        }
        const char *end = name;
        while (name > line && (g_ascii_isalnum(name[-1]) || strchr("-_./", name[-1])))
            name--;
        // The word in front of the colon is the program's, not one of its message's.
        if (name < end && (name == line || name[-1] == ' ') && end <= at)
            return at + 2;
    }
    return line;
}

bool log_line_parse(const char *line, gint64 now, struct log_line_fields *fields_r)
{
    const char *text = logged(line);
    const char *brace = strchr(text, '{');
    struct log_line_fields fields = {
        .time = time_of(line, now),
        .message = g_strdup(text),
        .words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    const bool object = brace && strstr(brace, "\"verdict\"");
    if (object)
        parse_object(fields.words, brace);
    else
        parse_pairs(fields.words, text);
    const char *stamp = g_hash_table_lookup(fields.words, "time");
    if (fields.time == 0 && stamp)
        fields.time = time_of(stamp, now);
    if (!g_hash_table_contains(fields.words, "verdict") ||
        !g_hash_table_contains(fields.words, "class")) {
        log_line_clear(&fields);
        return false;
    }
    *fields_r = fields;
    return true;
}

void log_line_clear(struct log_line_fields *fields)
{
    g_free(fields->message);
    g_hash_table_unref(fields->words);
}

static const char *word(const struct log_line_fields *fields, const char *key)
{
    const char *value = g_hash_table_lookup(fields->words, key);
    return value && *value && strcmp(value, "none") != 0 && strcmp(value, "-") != 0 ? value : NULL;
}

bool log_line_count(struct tally *tally, const char *line, gint64 now)
{
    struct log_line_fields fields;
    if (!strstr(line, "verdict") || !log_line_parse(line, now, &fields))
        return false;
    const char *status = word(&fields, "status");
    const bool deferred = g_str_has_prefix(fields.message, "deferred") ||
                          g_strcmp0(status, "deferred") == 0; // it comes again
    const struct tally_event event = {
        .time = fields.time ? fields.time : now,
        .verdict = word(&fields, "verdict"),
        .class = word(&fields, "class"),
        .rule = word(&fields, "rule"),
        .host = word(&fields, "reporter"),
        .address = word(&fields, "author"),
        .setting = word(&fields, "undecided"),
    };
    const bool counted = event.verdict && event.class && !deferred;
    if (counted)
        tally_add(tally, &event);
    log_line_clear(&fields);
    return counted;
}
