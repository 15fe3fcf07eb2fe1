// SPDX-License-Identifier: MIT
#include "answer/answer-mail.h"

#include "base/text.h"

#include <string.h>
#include <time.h>

void answer_mail_clear(struct answer_mail *mail)
{
    g_clear_pointer(&mail->from, g_free);
    g_clear_pointer(&mail->to, g_ptr_array_unref);
    g_clear_pointer(&mail->text, g_bytes_unref);
}

char *answer_cut(char *text, glong most, const char *ellipsis)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_free(text);
    if (most < 1 || g_utf8_strlen(valid, -1) <= most)
        return g_steal_pointer(&valid);
    g_autofree char *kept = g_utf8_substring(valid, 0, MAX(most - g_utf8_strlen(ellipsis, -1), 0));
    return g_strconcat(kept, ellipsis, NULL);
}

void answer_line(GString *out, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    g_autofree char *line = g_strstrip(g_strdelimit(g_steal_pointer(&valid), "\r\n\t", ' '));
    g_autofree char *encoded = text_encode_header(line);
    g_autofree char *folded = text_fold_header(name, encoded);
    g_string_append_printf(out, "%s:%s\r\n", name, folded);
}

void answer_address_line(GString *out, const char *name, const char *value)
{
    const char *open = strrchr(value, '<');
    if (g_str_is_ascii(value) || !open || open == value) {
        answer_line(out, name, value);
        return;
    }
    g_autofree char *phrase = g_strndup(value, (gsize)(open - value));
    g_autofree char *valid = g_utf8_make_valid(phrase, -1);
    g_autofree char *address = g_strdelimit(g_strdup(open), "\r\n", ' ');
    g_strstrip(g_strdelimit(valid, "\r\n\t\"", ' '));
    g_autofree char *encoded = text_encode_header(valid);
    g_autofree char *whole = g_strconcat(encoded, " ", address, NULL);
    g_autofree char *folded = text_fold_header(name, whole);
    g_string_append_printf(out, "%s:%s\r\n", name, folded);
}

static void append_date(GString *out, gint64 now)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(now);
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_string_append_printf(
        out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n",
        days[g_date_time_get_day_of_week(date) - 1], g_date_time_get_day_of_month(date),
        months[g_date_time_get_month(date) - 1], g_date_time_get_year(date),
        g_date_time_get_hour(date), g_date_time_get_minute(date), g_date_time_get_second(date));
}

char *answer_boundary(const struct answer_case *answer)
{
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, answer->message);
    return g_strdup_printf("=_%" G_GINT64_FORMAT "_%.24s", answer->now, sum);
}

void answer_begin(GString *out, const struct answer_case *answer)
{
    static guint sequence;
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, answer->message);
    g_string_append_printf(out, "Message-ID: <backstop.%" G_GINT64_FORMAT ".%.16s.%u@%s>\r\n",
                           answer->now, sum, ++sequence, answer->host);
    append_date(out, answer->now);
}

void answer_text(GString *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\r' && at[1] == '\n')
            continue;
        g_string_append(out, *at == '\n' ? "\r\n" : "");
        if (*at != '\n')
            g_string_append_c(out, *at);
    }
    if (out->len < 2 || out->str[out->len - 1] != '\n')
        g_string_append(out, "\r\n");
}

// A line of References must stay below 998 characters (RFC 5322 §2.1.1); of a long thread the first
// identifier and the last ones are kept, one a line.
#define MAX_REFERENCES 20

static void append_references(GString *out, const char *references, const char *id)
{
    g_auto(GStrv) words = g_strsplit_set(references, " \t\r\n", -1);
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (guint i = 0; words[i]; i++) {
        if (words[i][0] == '<' && g_str_has_suffix(words[i], ">") && strlen(words[i]) < 900)
            g_ptr_array_add(ids, words[i]);
    }
    g_ptr_array_add(ids, (gpointer)id);
    g_string_append(out, "References:");
    for (guint i = 0; i < ids->len; i++) {
        if (i == 0 || i + MAX_REFERENCES > ids->len)
            g_string_append_printf(out, "%s %s", i ? "\r\n" : "",
                                   (char *)g_ptr_array_index(ids, i));
    }
    g_string_append(out, "\r\n");
}

void answer_threading(GString *out, const struct answer_case *answer)
{
    const char *id = answer_header(answer, "Message-ID", 0);
    const char *references = answer_header(answer, "References", 0);
    if (!id || *id != '<' || strlen(id) > 900 || !g_str_is_ascii(id))
        return;
    if (!references)
        references = answer_header(answer, "In-Reply-To", 0);
    g_string_append_printf(out, "In-Reply-To: %s\r\n", id);
    append_references(out, references ? references : "", id);
}

void answer_original_header(GString *out, const struct answer_case *answer)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(answer->message, &size);
    for (gsize i = 0; i < size; i++) {
        if (data[i] == '\r' || !data[i])
            continue;
        if (data[i] == '\n')
            g_string_append(out, "\r\n");
        else
            g_string_append_c(out, data[i]);
        bool empty =
            data[i] == '\n' && i + 1 < size &&
            (data[i + 1] == '\n' || (data[i + 1] == '\r' && i + 2 < size && data[i + 2] == '\n'));
        if (empty)
            break;
    }
}

const char *answer_header(const struct answer_case *answer, const char *name, guint n)
{
    return answer->header(answer->data, name, n);
}

const char *answer_setting(const struct answer_case *answer, const char *name)
{
    const char *value = answer->setting ? answer->setting(answer->data, name) : NULL;
    return value && *value ? value : NULL;
}

bool answer_switch(const struct answer_case *answer, const char *name, bool fallback)
{
    const char *value = answer_setting(answer, name);
    return value ? strchr("yYtT1", *value) != NULL : fallback;
}

bool answer_is_automatic(const struct answer_case *answer)
{
    const char *value = answer_header(answer, "Auto-Submitted", 0);
    // RFC 3834 §5: "no" alone, or with parameters or a comment behind it.
    return value &&
           !(g_ascii_strncasecmp(value, "no", 2) == 0 && (!value[2] || strchr(" \t;(", value[2])));
}

bool answer_sender_is_null(const struct answer_case *answer)
{
    return !answer->sender || !*answer->sender;
}

bool answer_same_address(const char *a, const char *b)
{
    return a && b && *a && g_ascii_strcasecmp(a, b) == 0;
}

char *answer_bare(const char *text)
{
    const char *open = strrchr(text, '<');
    const char *close = open ? strchr(open, '>') : NULL;
    return close ? g_strstrip(g_strndup(open + 1, (gsize)(close - open - 1)))
                 : g_strstrip(g_strdup(text));
}

char *answer_source(const struct answer_case *answer, const char *name, const char *fallback)
{
    const char *value = answer_setting(answer, name);
    const char *mine = answer->recipient ? answer->recipient : "";
    if (!value)
        return g_strdup(fallback ? fallback : "");
    if (strcmp(value, "recipient") == 0)
        return g_strdup(mine);
    if (strcmp(value, "orig_recipient") == 0)
        return g_strdup(answer->original_recipient ? answer->original_recipient : mine);
    if (strcmp(value, "user_email") == 0)
        return g_strdup(answer->user_email ? answer->user_email : mine);
    if (strcmp(value, "postmaster") == 0)
        return g_strdup(answer->postmaster);
    if (strcmp(value, "sender") == 0)
        return g_strdup(answer->sender ? answer->sender : "");
    return *value == '<' ? answer_bare(value) : g_strdup(fallback ? fallback : "");
}

void answer_finish(struct answer_mail *mail, const char *from, const char *to, GString *out)
{
    mail->from = g_strdup(from ? from : "");
    mail->to = g_ptr_array_new_with_free_func(g_free);
    if (to)
        g_ptr_array_add(mail->to, g_strdup(to));
    mail->text = g_string_free_to_bytes(out);
}

answer_function *answer_for(enum plan_kind kind)
{
    static const struct {
        enum plan_kind kind;
        answer_function *compose;
    } all[] = {
#define X(suffix, name) {PLAN_##suffix, answer_##name},
        ANSWER_LIST(X)
#undef X
    };
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i].kind == kind)
            return all[i].compose;
    }
    return NULL;
}
