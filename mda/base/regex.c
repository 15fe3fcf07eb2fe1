// SPDX-License-Identifier: MIT
#include "base/regex.h"

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

// A search that needs more than this is hostile: the slowest sound rule on the largest text we look
// at stays below a hundredth of it.
#define REGEX_MATCH_LIMIT 1000000
#define REGEX_DEPTH_LIMIT 10000
#define REGEX_HEAP_LIMIT_KIB 20000

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

static uint32_t options_of(unsigned flags)
{
    uint32_t options = 0;
    if (flags & REGEX_CASELESS)
        options |= PCRE2_CASELESS;
    if (flags & REGEX_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & REGEX_DOTALL)
        options |= PCRE2_DOTALL;
    if (flags & REGEX_UTF)
        options |= PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
    if (flags & REGEX_ANCHORED)
        options |= PCRE2_ANCHORED;
    if (flags & REGEX_EXTENDED)
        options |= PCRE2_EXTENDED;
    return options | PCRE2_NEVER_BACKSLASH_C;
}

bool regex_compile(const char *pattern, gssize length, unsigned flags, struct regex **regex_r,
                   GError **err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    PCRE2_SIZE size = length < 0 ? PCRE2_ZERO_TERMINATED : (PCRE2_SIZE)length;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return mda_fail(err, MDA_ERROR_TEMP, "no memory for a regular expression");
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern, size, options_of(flags), &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!compiled) {
        char message[256] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
        return mda_fail(err, MDA_ERROR_SYNTAX, "regular expression, at character %zu: %s",
                        (size_t)offset + 1, message);
    }
    struct regex *regex = g_new0(struct regex, 1);
    regex->code = compiled;
    regex->limits = pcre2_match_context_create(NULL);
    regex->data = pcre2_match_data_create_from_pattern(compiled, NULL);
    if (!regex->limits || !regex->data) {
        regex_free(regex);
        return mda_fail(err, MDA_ERROR_TEMP, "no memory for a regular expression");
    }
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(regex->limits, REGEX_DEPTH_LIMIT);
    pcre2_set_heap_limit(regex->limits, REGEX_HEAP_LIMIT_KIB);
    *regex_r = regex;
    return true;
}

enum regex_result regex_search(const struct regex *regex, const char *subject, gsize length,
                               gsize from, struct regex_span *spans_r, guint spans)
{
    int found =
        pcre2_match(regex->code, (PCRE2_SPTR)subject, length, from, 0, regex->data, regex->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    if (found < 0)
        return REGEX_LIMIT;
    PCRE2_SIZE *vector = pcre2_get_ovector_pointer(regex->data);
    for (guint i = 0; i < spans; i++) {
        bool set = i < (guint)found && vector[2 * i] != PCRE2_UNSET;
        spans_r[i] = set ? (struct regex_span){(gssize)vector[2 * i], (gssize)vector[2 * i + 1]}
                         : (struct regex_span){-1, -1};
    }
    return REGEX_YES;
}

guint regex_groups(const struct regex *regex)
{
    uint32_t groups = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    return groups;
}

int regex_group_number(const struct regex *regex, const char *name)
{
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);
    return number > 0 ? number : -1;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_match_data_free(regex->data);
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    g_free(regex);
}
