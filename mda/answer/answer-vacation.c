// SPDX-License-Identifier: MIT
// Vacation answers (RFC 5230 §4.5-4.6, §5).
#include "answer/answer-mail.h"

#include "base/quantity.h"

#include <string.h>

static bool no(char **because_r, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool no(char **because_r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *because_r = g_strdup_vprintf(format, args);
    va_end(args);
    return false;
}

// RFC 3834 §2: robots and list managers by their local part.
static bool is_system_address(const char *address)
{
    static const char *const names[] = {"mailer-daemon", "listserv", "majordomo",
                                        "postmaster-noreply"};
    const char *at = strchr(address, '@');
    g_autofree char *local =
        at ? g_ascii_strdown(address, at - address) : g_ascii_strdown(address, -1);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(local, names[i]) == 0)
            return true;
    }
    return g_str_has_prefix(local, "owner-") || g_str_has_suffix(local, "-request");
}

static const char *list_header(const struct answer_case *answer)
{
    static const char *const names[] = {"List-Id",          "List-Owner", "List-Subscribe",
                                        "List-Unsubscribe", "List-Help",  "List-Post",
                                        "List-Archive"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (answer_header(answer, names[i], 0))
            return names[i];
    }
    return NULL;
}

static bool suppresses(const struct answer_case *answer)
{
    const char *value = answer_header(answer, "X-Auto-Response-Suppress", 0);
    g_auto(GStrv) words = g_strsplit_set(value ? value : "", ", \t", -1);
    for (guint i = 0; words[i]; i++) {
        if (g_ascii_strcasecmp(words[i], "all") == 0 || g_ascii_strcasecmp(words[i], "oof") == 0)
            return true;
    }
    return false;
}

// Does a field for recipients name ADDRESS? A display name or a comment does not (RFC 5230 §4.5).
static bool is_named(const struct answer_case *answer, const char *address)
{
    static const char *const names[] = {"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GPtrArray) found = answer->addresses(answer->data, names[i]);
        for (guint k = 0; k < found->len; k++) {
            if (answer_same_address(address, g_ptr_array_index(found, k)))
                return true;
        }
    }
    return false;
}

// The user's addresses (char *); ORIGINAL: also the one before aliases. Owned by the caller.
static GPtrArray *own_addresses(const struct answer_case *answer, const struct plan_action *action,
                                bool original)
{
    GPtrArray *own = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(own, g_strdup(answer->recipient));
    g_ptr_array_add(own, g_strdup(original ? answer->original_recipient : NULL));
    g_ptr_array_add(own, g_strdup(answer->user_email));
    for (guint i = 0; action->addresses && i < action->addresses->len; i++)
        g_ptr_array_add(own, answer_bare(g_ptr_array_index(action->addresses, i)));
    return own;
}

static bool is_own(const struct answer_case *answer, const struct plan_action *action,
                   const char *address)
{
    g_autoptr(GPtrArray) own = own_addresses(answer, action, true);
    for (guint i = 0; i < own->len; i++) {
        if (answer_same_address(g_ptr_array_index(own, i), address))
            return true;
    }
    return false;
}

// The first of the user's addresses that the message names as a recipient. Owned by the caller;
// NULL when it names none.
static char *named_address(const struct answer_case *answer, const struct plan_action *action)
{
    bool original = answer_switch(answer, "vacation_use_original_recipient", false);
    g_autoptr(GPtrArray) own = own_addresses(answer, action, original);
    for (guint i = 0; i < own->len; i++) {
        if (is_named(answer, g_ptr_array_index(own, i)))
            return g_strdup(g_ptr_array_index(own, i));
    }
    return NULL;
}

static bool may_answer(const struct answer_case *answer, const struct plan_action *action,
                       char **because_r)
{
    const char *precedence = answer_header(answer, "Precedence", 0);
    const char *list = list_header(answer);
    bool check = answer_switch(answer, "vacation_check_recipient",
                               !answer_switch(answer, "vacation_dont_check_recipient", false));
    if (answer_sender_is_null(answer))
        return no(because_r, "the message has the null sender");
    if (is_own(answer, action, answer->sender))
        return no(because_r, "<%s> is the user's own address", answer->sender);
    if (list)
        return no(because_r, "the message is from a mailing list (%s)", list);
    if (answer_is_automatic(answer))
        return no(because_r, "the message is automatic (Auto-Submitted)");
    if (precedence && (g_ascii_strcasecmp(precedence, "junk") == 0 ||
                       g_ascii_strcasecmp(precedence, "bulk") == 0 ||
                       g_ascii_strcasecmp(precedence, "list") == 0))
        return no(because_r, "the message has precedence %s", precedence);
    if (suppresses(answer))
        return no(because_r, "the message asks for no answer (X-Auto-Response-Suppress)");
    if (is_system_address(answer->sender))
        return no(because_r, "<%s> is a robot's address", answer->sender);
    g_autofree char *named = check ? named_address(answer, action) : NULL;
    if (check && !named)
        return no(because_r, "the message names none of the user's addresses as a recipient");
    return true;
}

// "%{subject}" and the short "%$" of Dovecot in TEMPLATE.
static char *fill_template(const char *template, const char *subject)
{
    g_auto(GStrv) pieces = g_strsplit(template, "%{subject}", -1);
    g_autofree char *once = g_strjoinv(subject, pieces);
    g_auto(GStrv) short_pieces = g_strsplit(once, "%$", -1);
    return g_strjoinv(subject, short_pieces);
}

static char *subject_of(const struct answer_case *answer, const struct plan_action *action)
{
    const char *original = answer_header(answer, "Subject", 0);
    const char *template = answer_setting(answer, "vacation_default_subject_template");
    const char *fallback = answer_setting(answer, "vacation_default_subject");
    if (action->subject)
        return g_strdup(action->subject);
    if (!original)
        return g_strdup(fallback ? fallback : "Automated reply");
    return fill_template(template ? template : "Auto: %{subject}", original);
}

// The sender as it named itself, if the name belongs to the address that is answered.
static char *recipient_line(const struct answer_case *answer)
{
    static const char *const names[] = {"Sender", "Resent-From", "From"};
    bool ignore = answer_switch(answer, "vacation_to_header_ignore_envelope", false);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = answer_header(answer, names[i], 0);
        g_autofree char *bare = value ? answer_bare(value) : NULL;
        if (!value || !(ignore || answer_same_address(bare, answer->sender)))
            continue;
        const char *open = strrchr(value, '<');
        g_autofree char *name =
            open ? g_strstrip(g_strndup(value, (gsize)(open - value))) : g_strdup("");
        if (*name)
            return g_strdup_printf("%s <%s>", name, bare);
        return g_strdup_printf("<%s>", bare);
    }
    return g_strdup_printf("<%s>", answer->sender);
}

static char *from_line(const struct answer_case *answer, const struct plan_action *action)
{
    if (action->from)
        return g_strdup(action->from);
    // Who wrote to an alias is answered from it.
    g_autofree char *named = named_address(answer, action);
    const char *mine = named ? named : answer->user_email ? answer->user_email : answer->recipient;
    if (!mine || !*mine)
        return g_strdup_printf("Postmaster <%s>", answer->postmaster);
    return g_strdup_printf("<%s>", mine);
}

#define MAX_SUBJECT 256 // characters

// Cuts SUBJECT, which is taken over, to the site's limit; what is left out shows as an ellipsis.
static char *shorten(const struct answer_case *answer, char *subject)
{
    const char *setting = answer_setting(answer, "vacation_max_subject_codepoints");
    gint64 most = MAX_SUBJECT;
    if (setting && !quantity_number(setting, &most))
        most = MAX_SUBJECT;
    return answer_cut(subject, (glong)most, "\xe2\x80\xa6");
}

static GString *compose(const struct answer_case *answer, const struct plan_action *action)
{
    GString *out = g_string_new(NULL);
    g_autofree char *from = from_line(answer, action), *to = recipient_line(answer);
    g_autofree char *subject = shorten(answer, subject_of(answer, action));
    g_string_append(out, "X-Sieve: backstop " PACKAGE_VERSION "\r\n");
    answer_begin(out, answer);
    answer_address_line(out, "From", from);
    answer_address_line(out, "To", to);
    answer_line(out, "Subject", subject);
    answer_threading(out, answer);
    answer_line(out, "Auto-Submitted", "auto-replied (vacation)");
    answer_line(out, "Precedence", "bulk");
    answer_line(out, "X-Auto-Response-Suppress", "All");
    answer_line(out, "MIME-Version", "1.0");
    if (!action->mime)
        g_string_append(out, "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: 8bit\r\n\r\n");
    answer_text(out, action->text);
    return out;
}

bool answer_vacation(const struct answer_case *answer, const struct plan_action *action,
                     struct answer_mail *mail_r, char **because_r)
{
    if (!may_answer(answer, action, because_r))
        return false;
    bool from_user = answer_switch(answer, "vacation_send_from_recipient", false);
    answer_finish(mail_r, from_user ? answer->recipient : "", answer->sender,
                  compose(answer, action));
    return true;
}
