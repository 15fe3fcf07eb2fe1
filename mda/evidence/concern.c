// SPDX-License-Identifier: MIT
// Design rationale
// - A report goes to the envelope sender of the original. So the address that it was sent to at its
//   origin tells whose mail it is about: To, and what the first MTA that took it from the reporting
//   side wrote down. An MTA writes above what is there, so the lowest note is the oldest.
// - The oldest note counts only where nothing was handed on below it: there may be an earlier
//   account whose server notes nothing.
// - The original's Return-Path says the same. Its From can be of ours where another account's
//   server sent the mail ("send mail as …"): what our own servers do is then no more than a hint.
//   Not so where a mailing list passed it on: that says nothing of who wrote it.
// - Where no address is known at all, it is about the one to whom it was delivered.
#include "evidence/concern.h"

#include "base/address.h"
#include "base/text.h"
#include "evidence/identity.h"
#include "ledger/sentfolder.h"
#include "message/received.h"

#include <string.h>

#define ADDRESSES_MAX 20
#define SENT_FOLDER_MESSAGES 2000
#define SENT_FOLDER_PART 3
#define TEXT_SCAN_BYTES (64 * 1024)

// The oldest note of whom the report was delivered to.
struct origin {
    char *address; // or NULL
    guint handed;  // how often it had been handed from one organisation to another by then
};

static bool is_handover(const char *value)
{
    struct received received;
    struct ip_address address;
    received_parse(value, &received);
    const char *name = received.name ? received.name : received.from;
    const bool inside = (ip_parse(received.address, &address) && ip_is_private(&address)) ||
                        domain_related(name, received.by) || (!name && !received.address);
    received_clear(&received);
    return !inside;
}

static bool is_delivery_note(const struct header_field *field)
{
    static const char *const names[] = {"Delivered-To",  "X-Original-To",  "Envelope-To",
                                        "X-Envelope-To", "X-Delivered-To", "X-Rcpt-To",
                                        "X-RZG-Fwd-By",  "X-Resent-For",   "X-Forwarded-For"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (header_field_is(field, names[i]))
            return true;
    }
    return false;
}

static struct origin find_origin(const struct evidence_case *evidence_case)
{
    const GArray *fields = evidence_case->message->fields;
    const struct envelope *envelope = evidence_case->envelope;
    struct origin origin = {NULL, 0};
    for (guint i = fields->len; i-- > 0 && !origin.address;) {
        const struct header_field *field = &g_array_index(fields, struct header_field, i);
        const bool received = header_field_is(field, "Received");
        if (!received && !is_delivery_note(field))
            continue;
        g_autofree char *value = header_field_value(field);
        g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
        if (received) {
            origin.address = received_target(value);
            origin.handed += !origin.address && is_handover(value);
        } else if (address_scan(value, ADDRESSES_MAX, addresses) && addresses->len > 0) {
            origin.address = g_strdup(g_ptr_array_index(addresses, 0));
            // The line below is of the server that noted it.
            origin.handed -= origin.handed > 0;
        }
    }
    if (!origin.address) {
        origin.address = g_strdup(envelope->original_recipient ? envelope->original_recipient
                                                               : envelope->recipient);
        origin.handed -= origin.handed > 0;
    }
    return origin;
}

static bool any_is(const GPtrArray *addresses, const char *address)
{
    g_autofree char *plain = address_plain(address);
    for (guint i = 0; plain && i < addresses->len; i++) {
        g_autofree char *other = address_plain(g_ptr_array_index(addresses, i));
        if (strcmp(other, plain) == 0)
            return true;
    }
    return false;
}

static bool is_list(const char *address)
{
    static const char *const globs[] = {"*-admin@*",   "*-owner@*",  "owner-*@*",   "*-bounces@*",
                                        "*-bounces+*", "*-bounce@*", "*-bounce-*",  "*-return-*",
                                        "*-request@*", "*-errors@*", "*-bounces-*", "*-errors+*",
                                        "bounce-*",    "bounces-*",  "bounces+*",   "bounce+*"};
    for (gsize i = 0; address && i < G_N_ELEMENTS(globs); i++) {
        if (text_glob(globs[i], address))
            return true;
    }
    return false;
}

// A list has several addresses for those who look after it: mail of team-bounces@ fails, and
// team-owner@ is told.
static bool any_is_list_of(const GPtrArray *addresses, const char *path)
{
    for (guint i = 0; is_list(path) && i < addresses->len; i++) {
        const char *address = g_ptr_array_index(addresses, i);
        if (is_list(address) && g_strcmp0(text_domain_of(address), text_domain_of(path)) == 0)
            return true;
    }
    return false;
}

// Where the report was sent to. Without a dot an address names no account to others. Owned by the
// caller.
static GPtrArray *sent_to(const struct evidence_case *evidence_case)
{
    static const char *const names[] = {"To", "Original-Recipient", "X-Original-Recipient"};
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    struct origin origin = find_origin(evidence_case);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = message_header(evidence_case->message, names[i], 0);
        address_scan(value, ADDRESSES_MAX, addresses);
    }
    for (guint i = addresses->len; i-- > 0;) {
        if (!strchr(text_domain_of(g_ptr_array_index(addresses, i)), '.') &&
            !identity_is_ours(evidence_case, g_ptr_array_index(addresses, i)))
            g_ptr_array_remove_index(addresses, i);
    }
    // A report that was addressed to its original's envelope sender got here from there.
    const char *path = evidence_case->report->original.return_path;
    const bool told = any_is(addresses, path) || any_is_list_of(addresses, path);
    if (origin.address && ((origin.handed == 0 && !told) || addresses->len == 0))
        g_ptr_array_add(addresses, origin.address);
    else
        g_free(origin.address);
    return addresses;
}

static bool any_is_ours(const struct evidence_case *evidence_case, const GPtrArray *addresses)
{
    for (guint i = 0; i < addresses->len; i++) {
        if (identity_is_ours(evidence_case, g_ptr_array_index(addresses, i)))
            return true;
    }
    return false;
}

// Feedback on DMARC is sent where the domain's record asks for it. A complaint goes to the address
// that was registered for such, or to the role address of a domain; only when it was sent to the
// very one who seems to have written the mail, it may be one that nobody asked for.
static bool is_ordered(const struct evidence_case *evidence_case, const GPtrArray *addresses)
{
    const struct report *report = evidence_case->report;
    if (report->class != BOUNCE_FEEDBACK_REPORT)
        return false;
    const struct message *message = evidence_case->message;
    g_autofree char *text =
        g_ascii_strdown(message->body, (gssize)MIN(message->body_size, (gsize)TEXT_SCAN_BYTES));
    if (strstr(text, "feedback-type: auth-failure") || strstr(text, "dmarc"))
        return true;
    return !any_is(addresses, report->original.from) &&
           !any_is(addresses, report->original.return_path);
}

static enum concern concern_of(const struct evidence_case *evidence_case,
                               const GPtrArray *addresses)
{
    const struct original *original = &evidence_case->report->original;
    const char *path =
        original->return_path && strchr(original->return_path, '@') ? original->return_path : NULL;
    if (is_ordered(evidence_case, addresses))
        return CONCERN_ORDERED;
    if (any_is_ours(evidence_case, addresses) || identity_is_ours(evidence_case, path))
        return CONCERN_OURS;
    const bool known = addresses->len > 0 || path;
    const char *account = addresses->len > 0 ? g_ptr_array_index(addresses, 0) : path;
    if (identity_is_ours(evidence_case, original->from))
        return known && !is_list(account) ? CONCERN_AUTHOR : CONCERN_OURS;
    return known || original->from ? CONCERN_OTHERS : CONCERN_OURS;
}

// The folder of sent mail may show an address of ours that was not indexed yet. Its own source,
// which brings the index up to date, is asked later.
static bool read_sent_folder(const struct evidence_case *evidence_case)
{
    const struct deadline part =
        deadline_sooner(evidence_case->deadline,
                        deadline_in(deadline_left(&evidence_case->deadline) / SENT_FOLDER_PART));
    g_autoptr(SentFolder) sentfolder = NULL;
    return sentfolder_open(evidence_case->conf, SENT_FOLDER_MESSAGES, part, &sentfolder, NULL) &&
           sentfolder->indexed > 0;
}

enum concern concern_find(const struct evidence_case *evidence_case, char **whose_r)
{
    const struct original *original = &evidence_case->report->original;
    g_autoptr(GPtrArray) addresses = sent_to(evidence_case);
    enum concern concern = concern_of(evidence_case, addresses);
    if ((concern == CONCERN_OTHERS || concern == CONCERN_AUTHOR) && read_sent_folder(evidence_case))
        concern = concern_of(evidence_case, addresses);
    const char *whose = addresses->len > 0      ? g_ptr_array_index(addresses, 0)
                        : original->return_path ? original->return_path
                                                : original->from;
    *whose_r = concern == CONCERN_OURS ? NULL : g_strdup(whose);
    return concern;
}

void concern_settle(enum concern concern, const char *whose, bool of_report,
                    struct finding *finding)
{
    if (concern == CONCERN_OURS ||
        (finding->says != SAYS_FORGED && finding->says != SAYS_SUSPECT) ||
        (concern != CONCERN_ORDERED && of_report && finding->says == SAYS_SUSPECT))
        return;
    g_autofree char *because = g_steal_pointer(&finding->because);
    if (concern == CONCERN_AUTHOR)
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT, "%s; but it was sent as %s", because, whose);
    else if (concern == CONCERN_ORDERED)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s; but %s asks for such reports", because,
                    whose ? whose : "somebody");
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "it is about %s, not about us",
                    whose ? whose : "another account");
}
