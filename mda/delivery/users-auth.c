// SPDX-License-Identifier: MIT
// Users as Dovecot's auth process knows them (auth-userdb, its protocol of 2.x as its developers'
// manual describes it: lines of fields between tabs). Whatever Dovecot keeps them in (SQL, LDAP,
// files), this is the one way to ask.
#include "base/clock.h"
#include "base/error.h"
#include "base/stream.h"
#include "delivery/users.h"

#include <string.h>
#include <unistd.h>

#define AUTH_MILLISECONDS 30000
#define AUTH_LIMIT_NAME "30 seconds"
#define REPLY_MAX_BYTES (64 * 1024)
#define REQUEST_ID "1"

// A value as it stands in a line: \001 is the escape character.
static char *escape(const char *text)
{
    static const struct {
        char raw, coded;
    } codes[] = {{'\001', '1'}, {'\t', 't'}, {'\r', 'r'}, {'\n', 'n'}};
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(codes) && codes[i].raw != *text)
            i++;
        if (i < G_N_ELEMENTS(codes))
            g_string_append_printf(out, "\001%c", codes[i].coded);
        else
            g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

static void unescape(char *text)
{
    char *to = text;
    for (; *text; text++) {
        if (*text == '\001' && text[1]) {
            text++;
            *to++ = (char)(*text == '1'   ? '\001'
                           : *text == 't' ? '\t'
                           : *text == 'r' ? '\r'
                           : *text == 'n' ? '\n'
                                          : *text);
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

static bool send_request(struct stream *stream, const struct user_query *query,
                         struct deadline limit, GError **err)
{
    g_autofree char *name = escape(query->name);
    g_autofree char *request =
        g_strdup_printf("VERSION\t1\t0\nUSER\t" REQUEST_ID "\t%s\tservice=%s\n", name,
                        query->service ? query->service : "lda");
    return stream_write(stream, request, strlen(request), limit, err);
}

static bool take_user(char **fields, struct mail_user *user, GError **err)
{
    guint count = g_strv_length(fields);
    if (count > 2 && *fields[2])
        user->name = g_strdup(fields[2]);
    for (guint i = 3; i < count; i++) {
        char *equals = strchr(fields[i], '=');
        if (equals)
            *equals = '\0';
        if (!users_take_field(user, fields[i], equals ? equals + 1 : "yes", err))
            return false;
    }
    return true;
}

// One line of the server's. False: it is not the answer yet.
static bool take_line(const char *line, struct mail_user *user, enum user_result *result_r,
                      GError **err)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
    const char *verb = fields[0] ? fields[0] : "";
    *result_r = USER_TROUBLE;
    for (guint i = 0; fields[0] && fields[i]; i++)
        unescape(fields[i]);
    if (strcmp(verb, "VERSION") == 0) {
        if (g_strcmp0(fields[1], "1") == 0)
            return false;
        mda_fail(err, MDA_ERROR_TEMP, "it speaks version %s of the protocol", fields[1]);
        return true;
    }
    if (!fields[0] || g_strcmp0(fields[1], REQUEST_ID) != 0)
        return false; // SPID and what later versions may say
    if (strcmp(verb, "NOTFOUND") == 0)
        *result_r = USER_UNKNOWN;
    else if (strcmp(verb, "USER") == 0 && take_user(fields, user, err))
        *result_r = USER_KNOWN;
    else if (strcmp(verb, "FAIL") == 0)
        mda_fail(err, MDA_ERROR_TEMP, "it fails to look the user up%s%s", fields[2] ? ": " : "",
                 fields[2] ? fields[2] : "");
    else if (strcmp(verb, "USER") != 0)
        return false;
    return true;
}

static enum user_result converse(struct stream *stream, const struct user_query *query,
                                 struct deadline limit, struct mail_user *user, GError **err)
{
    g_autoptr(GString) got = g_string_new(NULL);
    enum user_result result = USER_TROUBLE;
    if (!send_request(stream, query, limit, err))
        return USER_TROUBLE;
    while (got->len < REPLY_MAX_BYTES) {
        char buffer[4096];
        gsize size = stream_read(stream, buffer, sizeof buffer, limit, err);
        if (size == 0)
            return USER_TROUBLE;
        g_string_append_len(got, buffer, (gssize)size);
        char *end;
        while ((end = strchr(got->str, '\n'))) {
            *end = '\0';
            if (take_line(got->str, user, &result, err))
                return result;
            g_string_erase(got, 0, end + 1 - got->str);
        }
    }
    mda_fail(err, MDA_ERROR_TEMP, "its answer is too long");
    return USER_TROUBLE;
}

static enum user_result find_by_auth(const char *argument, const struct user_query *query,
                                     struct mail_user *user_r, GError **err)
{
    const char *path = g_str_has_prefix(argument, "unix:") ? argument + 5 : argument;
    struct deadline limit = deadline_in(AUTH_MILLISECONDS);
    const struct stream_place place = {.path = path};
    struct stream *stream = stream_open(&place, AUTH_LIMIT_NAME, limit, err);
    enum user_result result = stream ? converse(stream, query, limit, user_r, err) : USER_TROUBLE;
    stream_close(stream, true);
    if (result == USER_TROUBLE)
        g_prefix_error(err, "Dovecot's user database at %s: ", path);
    return result;
}

const struct user_source users_dovecot_auth = {.name = "dovecot-auth", .find = find_by_auth};
