// SPDX-License-Identifier: MIT
#include "base/quantity.h"

#include <errno.h>
#include <string.h>

struct unit {
    const char *word;
    gint64 factor;
};

// A unit is a word or the beginning of one; the first that fits counts, so "m" is minutes and "ms"
// milliseconds.
static const struct unit durations[] = {
    {"seconds", 1000},    {"secs", 1000},     {"minutes", 60000},
    {"mins", 60000},      {"hours", 3600000}, {"days", 86400000},
    {"weeks", 604800000}, {"msecs", 1},       {"mseconds", 1},
    {"milliseconds", 1},  {NULL, 0}};
static const struct unit sizes[] = {{"bytes", 1},
                                    {"kilobytes", 1024},
                                    {"kb", 1024},
                                    {"kib", 1024},
                                    {"megabytes", 1048576},
                                    {"mb", 1048576},
                                    {"mib", 1048576},
                                    {"gigabytes", 1073741824},
                                    {"gb", 1073741824},
                                    {"gib", 1073741824},
                                    {"terabytes", 1099511627776},
                                    {"tb", 1099511627776},
                                    {"tib", 1099511627776},
                                    {NULL, 0}};
static const struct unit none[] = {{NULL, 0}};

static bool is_unlimited(const char *text)
{
    return g_ascii_strcasecmp(text, "unlimited") == 0 || g_ascii_strcasecmp(text, "infinite") == 0;
}

static bool parse(const char *text, const struct unit *units, gint64 without, gint64 *number_r)
{
    char *rest = NULL;
    if (!g_ascii_isdigit(*text))
        return false;
    errno = 0;
    guint64 value = g_ascii_strtoull(text, &rest, 10);
    if (errno != 0)
        return false;
    rest += strspn(rest, " \t");
    gint64 factor = *rest ? 0 : without;
    for (; units->word && factor == 0; units++) {
        if (g_ascii_strncasecmp(rest, units->word, strlen(rest)) == 0)
            factor = units->factor;
    }
    if (factor == 0 || value > (guint64)(G_MAXINT64 / factor))
        return false;
    *number_r = (gint64)value * factor;
    return true;
}

bool quantity_duration(const char *text, gint64 *milliseconds_r)
{
    if (is_unlimited(text)) {
        *milliseconds_r = QUANTITY_UNLIMITED_MILLISECONDS;
        return true;
    }
    return parse(text, durations, 1000, milliseconds_r);
}

bool quantity_size(const char *text, gint64 *bytes_r)
{
    if (is_unlimited(text)) {
        *bytes_r = QUANTITY_UNLIMITED_BYTES;
        return true;
    }
    return parse(text, sizes, 1, bytes_r);
}

bool quantity_number(const char *text, gint64 *number_r)
{
    if (is_unlimited(text)) {
        *number_r = G_MAXINT32;
        return true;
    }
    return parse(text, none, 1, number_r);
}

bool quantity_boolean(const char *text, bool *yes_r)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *yes_r = i % 2;
            return true;
        }
    }
    return false;
}
