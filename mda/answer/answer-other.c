// SPDX-License-Identifier: MIT
// Refusals, notifications, redirected messages, abuse reports.
#include "answer/answer-mail.h"
#include "answer/mailto.h"

#include <string.h>

static bool no(char **because_r, const char *why)
{
    *because_r = g_strdup(why);
    return false;
}

// ---- reject: a message disposition notification (RFC 5429 §2.1.3, RFC 8098)

static void reject_parts(GString *out, const struct answer_case *answer,
                         const struct plan_action *action, const char *boundary)
{
    const char *recipient = answer->recipient ? answer->recipient : "";
    const char *id = answer_header(answer, "Message-ID", 0);
    g_string_append_printf(
        out,
        "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: "
        "inline\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "Your message to <%s> was automatically rejected:\r\n",
        boundary, recipient);
    answer_text(out, action->text);
    g_string_append_printf(
        out, "\r\n--%s\r\nContent-Type: message/disposition-notification\r\n\r\n", boundary);
    g_string_append_printf(out, "Reporting-UA: %s; backstop " PACKAGE_VERSION "\r\n", answer->host);
    g_autofree char *original = g_strconcat("rfc822; ", answer->original_recipient, NULL);
    if (answer->original_recipient)
        answer_line(out, "Original-Recipient", original);
    g_string_append_printf(out, "Final-Recipient: rfc822; %s\r\n", recipient);
    if (id)
        answer_line(out, "Original-Message-ID", id);
    g_string_append(out, "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n\r\n");
    g_string_append_printf(out, "--%s\r\nContent-Type: text/rfc822-headers\r\n\r\n", boundary);
    answer_original_header(out, answer);
    g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
}

bool answer_reject(const struct answer_case *answer, const struct plan_action *action,
                   struct answer_mail *mail_r, char **because_r)
{
    if (answer_sender_is_null(answer))
        return no(because_r, "the message has the null sender");
    if (answer_is_automatic(answer))
        return no(because_r, "the message is automatic (Auto-Submitted)");
    GString *out = g_string_new("X-Sieve: backstop " PACKAGE_VERSION "\r\n");
    g_autofree char *boundary = answer_boundary(answer);
    g_autofree char *from = g_strdup_printf("Postmaster <%s>", answer->postmaster);
    g_autofree char *to = g_strdup_printf("<%s>", answer->sender);
    answer_begin(out, answer);
    answer_line(out, "From", from);
    answer_line(out, "To", to);
    answer_line(out, "Subject", "Your message was refused");
    answer_threading(out, answer);
    answer_line(out, "Auto-Submitted", "auto-replied");
    answer_line(out, "Precedence", "bulk");
    g_string_append_printf(out,
                           "MIME-Version: 1.0\r\nContent-Type: multipart/report; "
                           "report-type=disposition-notification;\r\n\tboundary=\"%s\"\r\n\r\n"
                           "This is a MIME-encapsulated message\r\n\r\n",
                           boundary);
    reject_parts(out, answer, action, boundary);
    answer_finish(mail_r, "", answer->sender, out);
    return true;
}

// ---- notify

static void notify_importance(GString *out, const char *importance)
{
    if (g_strcmp0(importance, "1") == 0)
        g_string_append(out, "X-Priority: 1 (Highest)\r\nImportance: High\r\n");
    else if (g_strcmp0(importance, "3") == 0)
        g_string_append(out, "X-Priority: 5 (Lowest)\r\nImportance: Low\r\n");
    else
        g_string_append(out, "X-Priority: 3 (Normal)\r\nImportance: Normal\r\n");
}

// RFC 5436 §2.6: the script's own words come before those of the URI.
#define MAX_SUBJECT 256 // characters, as with Dovecot

static char *notify_subject(const struct answer_case *answer, const struct plan_action *action,
                            const struct mailto *mailto)
{
    const char *original = answer_header(answer, "Subject", 0);
    if (action->text)
        return g_strdup(action->text);
    if (mailto->subject)
        return g_strdup(mailto->subject);
    return g_strdup_printf("Notification: %s", original ? original : "(no subject)");
}

static void notify_addresses(GString *out, const char *name, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(out, "%s%s%s", i ? ",\r\n\t" : name, i ? "" : ": ",
                               (char *)g_ptr_array_index(list, i));
    if (list->len > 0)
        g_string_append(out, "\r\n");
}

static GString *notify_compose(const struct answer_case *answer, const struct plan_action *action,
                               const struct mailto *mailto, const char *owner)
{
    GString *out = g_string_new("X-Sieve: backstop " PACKAGE_VERSION "\r\n");
    g_autofree char *subject =
        answer_cut(notify_subject(answer, action, mailto), MAX_SUBJECT, "...");
    g_autofree char *automatic = g_strdup_printf("auto-notified; owner-email=\"%s\"", owner);
    g_autofree char *mine = g_strdup_printf("Postmaster <%s>", answer->postmaster);
    answer_begin(out, answer);
    answer_address_line(out, "From", action->from ? action->from : mine);
    notify_addresses(out, "To", mailto->to);
    notify_addresses(out, "Cc", mailto->cc);
    answer_line(out, "Subject", subject);
    answer_line(out, "Auto-Submitted", automatic);
    answer_line(out, "Precedence", "bulk");
    notify_importance(out, plan_action_get(action, "importance"));
    for (guint i = 0; i + 1 < mailto->fields->len; i += 2)
        answer_line(out, g_ptr_array_index(mailto->fields, i),
                    g_ptr_array_index(mailto->fields, i + 1));
    g_string_append(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: 8bit\r\n\r\n");
    answer_text(out, mailto->body ? mailto->body : "A new message has arrived.");
    return out;
}

bool answer_notify(const struct answer_case *answer, const struct plan_action *action,
                   struct answer_mail *mail_r, char **because_r)
{
    struct mailto mailto;
    const char *owner = answer->user_email ? answer->user_email : answer->recipient;
    if (answer_is_automatic(answer))
        return no(because_r, "the message is automatic (Auto-Submitted)");
    if (!mailto_parse(action->address, NULL, &mailto, because_r))
        return false;
    if (mailto.recipients->len == 0) {
        mailto_clear(&mailto);
        return no(because_r, "the notification has no recipients");
    }
    if (!owner || !*owner)
        owner = answer->postmaster;
    g_autofree char *fallback = answer_bare(action->from ? action->from : answer->postmaster);
    g_autofree char *from = answer_source(answer, "notify_mailto_envelope_from", fallback);
    // RFC 5436 §2.7: what answers the null sender has it too.
    const char *envelope = answer_sender_is_null(answer) ? "" : from;
    answer_finish(mail_r, envelope, NULL, notify_compose(answer, action, &mailto, owner));
    for (guint i = 0; i < mailto.recipients->len; i++)
        g_ptr_array_add(mail_r->to, answer_bare(g_ptr_array_index(mailto.recipients, i)));
    mailto_clear(&mailto);
    return true;
}

// ---- redirect: the message itself, marked so that a loop is seen

static bool has_looped(const struct answer_case *answer, const char *mine)
{
    const char *value = NULL;
    for (guint n = 0; (value = answer_header(answer, "X-Sieve-Redirected-From", n)); n++) {
        g_autofree char *bare = answer_bare(value);
        if (answer_same_address(bare, mine))
            return true;
    }
    return false;
}

bool answer_redirect(const struct answer_case *answer, const struct plan_action *action,
                     struct answer_mail *mail_r, char **because_r)
{
    const char *mine = answer->user_email ? answer->user_email : answer->recipient;
    if ((mine && has_looped(answer, mine)) ||
        (answer->recipient && has_looped(answer, answer->recipient)))
        return no(because_r, "the X-Sieve-Redirected-From field indicates a mail loop");
    GString *out = g_string_new("X-Sieve: backstop " PACKAGE_VERSION "\r\n");
    if (mine && *mine)
        answer_line(out, "X-Sieve-Redirected-From", mine);
    gsize size = 0;
    const char *data = g_bytes_get_data(answer->message, &size);
    g_string_append_len(out, data, (gssize)size);
    g_autofree char *from = answer_source(answer, "redirect_envelope_from", answer->sender);
    // What came from nobody goes on from nobody: else its bounces would come back to us.
    answer_finish(mail_r, answer_sender_is_null(answer) ? "" : from, action->address, out);
    return true;
}

// ---- report (RFC 5965)

static void report_feedback(GString *out, const struct answer_case *answer,
                            const struct plan_action *action)
{
    g_string_append_printf(
        out, "Feedback-Type: %s\r\nUser-Agent: backstop/" PACKAGE_VERSION "\r\nVersion: 1\r\n",
        action->subject);
    if (!answer_sender_is_null(answer))
        g_string_append_printf(out, "Original-Mail-From: <%s>\r\n", answer->sender);
    if (answer->recipient)
        g_string_append_printf(out, "Original-Rcpt-To: <%s>\r\n", answer->recipient);
}

bool answer_report(const struct answer_case *answer, const struct plan_action *action,
                   struct answer_mail *mail_r, char **because_r)
{
    (void)because_r;
    GString *out = g_string_new("X-Sieve: backstop " PACKAGE_VERSION "\r\n");
    g_autofree char *boundary = answer_boundary(answer);
    g_autofree char *address = answer_source(answer, "report_from", answer->postmaster);
    g_autofree char *from = g_strdup_printf("<%s>", *address ? address : answer->postmaster);
    g_autofree char *to = g_strdup_printf("<%s>", action->address);
    g_autofree char *subject = g_strdup_printf("Report: %s", action->subject);
    bool headers_only = plan_action_get(action, "headers_only");
    answer_begin(out, answer);
    answer_line(out, "From", from);
    answer_line(out, "To", to);
    answer_line(out, "Subject", subject);
    answer_line(out, "Auto-Submitted", "auto-generated");
    answer_line(out, "Precedence", "bulk");
    g_string_append_printf(out,
                           "MIME-Version: 1.0\r\nContent-Type: multipart/report; "
                           "report-type=feedback-report;\r\n\tboundary=\"%s\"\r\n\r\n"
                           "This is a MIME-encapsulated message\r\n\r\n--%s\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n\r\n",
                           boundary, boundary);
    answer_text(out, action->text);
    g_string_append_printf(out, "\r\n--%s\r\nContent-Type: message/feedback-report\r\n\r\n",
                           boundary);
    report_feedback(out, answer, action);
    g_string_append_printf(out, "\r\n--%s\r\nContent-Type: %s\r\n\r\n", boundary,
                           headers_only ? "text/rfc822-headers" : "message/rfc822");
    if (headers_only) {
        answer_original_header(out, answer);
    } else {
        gsize size = 0;
        const char *data = g_bytes_get_data(answer->message, &size);
        g_string_append_len(out, data, (gssize)size);
    }
    g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
    answer_finish(mail_r, "", action->address, out);
    return true;
}
