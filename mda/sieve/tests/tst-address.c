// SPDX-License-Identifier: MIT
// address (RFC 5228 §5.1). A field that does not parse has neither local part nor domain; for :all
// its text is compared as it stands.
#include "sieve/lang/fields.h"
#include "sieve/lang/match-type.h"
#include "sieve/lang/mimevalue.h"
#include "sieve/lang/parts.h"
#include "sieve/lang/registry.h"

#include <stdlib.h>
#include <string.h>

const struct sieve_tag sieve_address_tags[] = {
    {.name = "all", .group = "ADDRESS-PART", .verbs = "@address", .id = ADDRESS_ALL},
    {.name = "localpart", .group = "ADDRESS-PART", .verbs = "@address", .id = ADDRESS_LOCALPART},
    {.name = "domain", .group = "ADDRESS-PART", .verbs = "@address", .id = ADDRESS_DOMAIN},
    {.name = NULL},
};

enum sieve_address_part sieve_address_part_of(const struct sieve_node *node)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag *tag = g_array_index(node->tags, struct sieve_tag_use, i).tag;
        if (tag->group && strcmp(tag->group, "ADDRESS-PART") == 0)
            return (enum sieve_address_part)tag->id;
    }
    return ADDRESS_ALL;
}

// Where the detail begins in LOCAL: behind the first of the delimiters (RFC 5233 §4); NULL: none.
static const char *find_detail(struct sieve_run *run, const char *local, gsize *length_r)
{
    const char *delimiters = sieve_setting(run->host, "recipient_delimiter");
    if (!delimiters)
        delimiters = "+";
    *length_r = 1;
    return strpbrk(local, delimiters);
}

char *sieve_address_part(struct sieve_run *run, enum sieve_address_part part,
                         const struct sieve_address *address)
{
    gsize length = 0;
    if (part == ADDRESS_ALL)
        return g_strdup(address->text);
    if (!address->local)
        return NULL;
    const char *detail = find_detail(run, address->local, &length);
    switch (part) {
    case ADDRESS_LOCALPART:
        return g_strdup(address->local);
    case ADDRESS_DOMAIN:
        return address->domain && *address->domain ? g_strdup(address->domain) : NULL;
    case ADDRESS_USER:
        return detail ? g_strndup(address->local, (gsize)(detail - address->local))
                      : g_strdup(address->local);
    default:
        return detail ? g_strdup(detail + length) : NULL;
    }
}

// RFC 5228 §5.1: "an implementation MUST restrict the address test to headers that contain
// addresses", those of RFC 5322 and RFC 2822 first, and "SHOULD include any other header that
// utilizes an address-list": those of IANA's registry of message headers (permanent, provisional,
// obsoleted) and what is in use beside it. Sorted.
static const char *const address_headers[] = {
    "abuse-reports-to",
    "apparently-from",
    "apparently-to",
    "approved",
    "author",
    "bcc",
    "cc",
    "delivered-to",
    "disposition-notification-to",
    "dl-expansion-history",
    "downgraded-bcc",
    "downgraded-cc",
    "downgraded-disposition-notification-to",
    "downgraded-final-recipient",
    "downgraded-from",
    "downgraded-mail-from",
    "downgraded-original-recipient",
    "downgraded-rcpt-to",
    "downgraded-reply-to",
    "downgraded-resent-bcc",
    "downgraded-resent-cc",
    "downgraded-resent-from",
    "downgraded-resent-reply-to",
    "downgraded-resent-sender",
    "downgraded-resent-to",
    "downgraded-return-path",
    "downgraded-sender",
    "downgraded-to",
    "envelope-from",
    "envelope-to",
    "errors-to",
    "followup-to",
    "for-approval",
    "for-comment",
    "for-handling",
    "from",
    "list-post",
    "mail-copies-to",
    "mail-followup-to",
    "mail-reply-to",
    "mmhs-exempted-address",
    "mmhs-other-recipients-indicator-cc",
    "mmhs-other-recipients-indicator-to",
    "original-cc",
    "original-from",
    "original-recipient",
    "original-reply-to",
    "original-sender",
    "original-to",
    "originator-return-address",
    "read-receipt-to",
    "registered-mail-reply-requested-by",
    "reply-to",
    "resent-bcc",
    "resent-cc",
    "resent-from",
    "resent-reply-to",
    "resent-sender",
    "resent-to",
    "return-path",
    "return-receipt-requested",
    "return-receipt-to",
    "sender",
    "to",
    "x-abuse-reports-to",
    "x-admin",
    "x-apparently-from",
    "x-apparently-to",
    "x-authenticated-sender",
    "x-beenthere",
    "x-complaints-to",
    "x-confirm-reading-to",
    "x-delivered-to",
    "x-envelope-from",
    "x-envelope-sender",
    "x-envelope-to",
    "x-errors-to",
    "x-failed-recipients",
    "x-forwarded-for",
    "x-forwarded-to",
    "x-google-original-from",
    "x-loop",
    "x-mailing-list",
    "x-original-cc",
    "x-original-from",
    "x-original-recipient",
    "x-original-reply-to",
    "x-original-sender",
    "x-original-to",
    "x-rcpt-to",
    "x-real-to",
    "x-reply-to",
    "x-report-abuse-to",
    "x-resent-bcc",
    "x-resent-cc",
    "x-resent-from",
    "x-resent-reply-to",
    "x-resent-to",
    "x-return-path",
    "x-sender",
    "x400-originator",
    "x400-recipients",
};

static int compare_names(const void *name, const void *row)
{
    return g_ascii_strcasecmp(name, *(const char *const *)row);
}

static bool has_addresses(const char *name)
{
    return bsearch(name, address_headers, G_N_ELEMENTS(address_headers), sizeof *address_headers,
                   compare_names) != NULL;
}

static bool address_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    for (guint i = 0; i < names->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(names, i);
        if (!text->parts && !has_addresses(text->raw))
            return sieve_check_error(checker, text->at, MSG_NO_ADDRESS_FIELD, text->raw);
    }
    return sieve_mime_check(checker, node);
}

// The addresses in TEXT; what is none counts only where nothing is one, and then as the whole text.
static GPtrArray *addresses_in(const char *text, struct sieve_address *whole)
{
    GPtrArray *addresses = sieve_addresses_parse(text);
    bool entries = addresses->len > 0;
    for (guint i = addresses->len; i > 0; i--) {
        if (!((const struct sieve_address *)g_ptr_array_index(addresses, i - 1))->local)
            g_ptr_array_remove_index(addresses, i - 1);
    }
    if (addresses->len == 0 && entries) {
        whole->text = (char *)text;
        g_ptr_array_set_free_func(addresses, NULL);
        g_ptr_array_add(addresses, whole);
    }
    return addresses;
}

// The text is the undecoded one: a comma in an encoded word separates nothing (RFC 2047 §6.2).
static void match_addresses(struct sieve_matching *matching, const struct sieve_node *node,
                            const char *text)
{
    enum sieve_address_part part = sieve_address_part_of(node);
    struct sieve_address whole = {0};
    g_autoptr(GPtrArray) addresses = addresses_in(text, &whole);
    if (!*text)
        sieve_matching_value(matching, "");
    for (guint i = 0; i < addresses->len; i++) {
        const struct sieve_address *address = g_ptr_array_index(addresses, i);
        g_autofree char *piece = sieve_address_part(matching->run, part, address);
        // :count counts addresses, those without the part too.
        bool counted = node->match->type == MATCH_COUNT;
        if ((piece || counted) && sieve_matching_value(matching, piece ? piece : ""))
            return;
    }
}

static bool address_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    g_autoptr(GPtrArray) values = sieve_values(run, node, names);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 1));
    for (guint i = 0; i < values->len && !matching.matched; i++)
        match_addresses(&matching, node, ((struct sieve_value *)g_ptr_array_index(values, i))->raw);
    return sieve_matching_end(&matching);
}

const struct sieve_verb sieve_tst_address = {.name = "address",
                                             .kind = VERB_TEST,
                                             .positional = "ll",
                                             .labels = "header list|key list",
                                             .takes = TAKES_MATCH | TAKES_ADDRESS_PART,
                                             .check = address_check,
                                             .test = address_test};
