// SPDX-License-Identifier: MIT
#include "answer/answerable.h"

#include "base/text.h"

#include <string.h>

#define RESULTS_MAX 10
#define RESULT_MAX_BYTES 4000

static bool begins(const char *value, const char *word)
{
    return value && g_ascii_strncasecmp(value, word, strlen(word)) == 0;
}

// RFC 3834 §5: "no" alone, or with parameters or a comment behind it.
static bool says_no(const char *value)
{
    return begins(value, "no") && (!value[2] || strchr(" \t;(", value[2]));
}

static bool is_daemon(const char *sender)
{
    static const char *const names[] = {
        "mailer-daemon*", "postmaster@*", "owner-*",         "*-owner@*",
        "*-request@*",    "*-bounces@*",  "*-bounces+*@*",   "bounce*@*",
        "listserv@*",     "majordomo@*",  "noreply*@*",      "no-reply*@*",
        "do-not-reply*",  "donotreply*",  "double-bounce@*", "*-confirm+*@*",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (text_glob(names[i], sender))
            return true;
    }
    return false;
}

// X-Auto-Response-Suppress is a list of what is not wanted; receipts (RN, NRN, DR, NDR) are no
// answers.
static bool suppresses_answers(const char *value)
{
    g_auto(GStrv) words = g_strsplit_set(value ? value : "", ", \t", -1);
    for (guint i = 0; words[i]; i++) {
        if (g_ascii_strcasecmp(words[i], "all") == 0 || g_ascii_strcasecmp(words[i], "oof") == 0 ||
            g_ascii_strcasecmp(words[i], "autoreply") == 0)
            return true;
    }
    return false;
}

static const char *header_why_not(const struct message *message)
{
    static const char *const lists[] = {"List-Id",       "List-Unsubscribe", "List-Post",
                                        "List-Help",     "Mailing-List",     "X-Mailing-List",
                                        "X-List",        "X-Loop",           "Feedback-ID",
                                        "X-Autorespond", "X-Autoreply"};
    g_autofree char *automatic = message_header(message, "Auto-Submitted", 0);
    g_autofree char *precedence = message_header(message, "Precedence", 0);
    g_autofree char *suppress = message_header(message, "X-Auto-Response-Suppress", 0);
    if (automatic && !says_no(automatic))
        return "it was sent automatically (Auto-Submitted)";
    if (begins(precedence, "bulk") || begins(precedence, "list") || begins(precedence, "junk"))
        return "it is bulk mail (Precedence)";
    if (suppresses_answers(suppress))
        return "it wants no automatic answer (X-Auto-Response-Suppress)";
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (message_field(message, lists[i], 0))
            return "it comes from a list or a robot";
    }
    return NULL;
}

// Does RESULTS, a lower-case Authentication-Results value, say METHOD=fail?
static bool says_fail(const char *results, const char *method)
{
    const gsize length = strlen(method);
    for (const char *at = strstr(results, method); at; at = strstr(at + 1, method)) {
        const char *value = at + length;
        if ((at == results || strchr("; \t", at[-1])) && *value == '=' &&
            (g_str_has_prefix(value + 1, "fail") || g_str_has_prefix(value + 1, "softfail") ||
             g_str_has_prefix(value + 1, "hardfail")))
            return true;
    }
    return false;
}

// RFC 8601: "authserv-id; spf=fail smtp.mailfrom=…". Only a trusted host's field is read; anyone
// can put one in.
static bool authentication_failed(const struct conf *conf, const struct message *message)
{
    const char *const *trusted = conf_list(conf, CONF_ANSWER_TRUSTED);
    for (guint n = 0; n < RESULTS_MAX && trusted[0]; n++) {
        g_autofree char *value = message_header(message, "Authentication-Results", n);
        if (!value)
            break;
        g_autofree char *results = g_ascii_strdown(value, RESULT_MAX_BYTES);
        g_autofree char *host = g_strndup(results, strcspn(results, "; \t"));
        if (!g_strv_contains(trusted, host))
            continue;
        // A mail that DMARC passes may fail one of the two others: a forwarder breaks SPF.
        if (strstr(results, "dmarc=pass"))
            return false;
        if (says_fail(results, "spf") || says_fail(results, "dmarc") ||
            (says_fail(results, "dkim") && !strstr(results, "dkim=pass") &&
             !strstr(results, "spf=pass")))
            return true;
    }
    return false;
}

const char *answerable_why_not(const struct conf *conf, const struct message *message,
                               const struct envelope *envelope, bool unwanted)
{
    if (!envelope->sender || !*envelope->sender)
        return "its envelope sender is null or not known";
    if (!strchr(envelope->sender, '@') || is_daemon(envelope->sender))
        return "its sender is no person";
    if (unwanted)
        return "the verdict is against it";
    const char *why_not = header_why_not(message);
    if (why_not)
        return why_not;
    return authentication_failed(conf, message) ? "its sender is forged (Authentication-Results)"
                                                : NULL;
}
