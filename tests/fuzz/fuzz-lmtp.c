// SPDX-License-Identifier: MIT
// libFuzzer: an LMTP conversation. The first byte says in what pieces the rest is heard; whatever
// the pieces, the replies and what is delivered are the same, and every line of a reply is one.
// Run in the build directory:  tests/fuzz/fuzz-lmtp -max_len=8192 DIR
#include "lmtp/lmtp-mailbox.h"
#include "lmtp/session.h"
#include "lmtp/syntax.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLY_LINE_MAX 512

struct heard {
    GChecksum *sum;   // of everything that the handler is told
    GString *message; // what has come of it
};

static void tell(struct heard *heard, const char *text)
{
    g_checksum_update(heard->sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

static void recipient(gpointer data, const struct lmtp_transaction *transaction,
                      struct lmtp_recipient *recipient, struct lmtp_answer *answer_r)
{
    g_autofree char *local = NULL;
    g_autofree char *domain = NULL;
    g_assert(transaction->sender && *recipient->address);
    tell(data, recipient->address);
    lmtp_split_address(recipient->address, &local, &domain);
    g_autofree char *home = lmtp_expand_home("/v/%d/%n", local, domain, NULL);
    if (home)
        g_assert(!strstr(home, "/.") && !strstr(home, "//") && strrchr(home, '/') > home + 3);
    lmtp_answer_set(answer_r, home ? 250 : 550, "2.1.5", "%s", recipient->address);
}

static void begin(gpointer data, struct lmtp_answer *answer_r)
{
    struct heard *heard = data;
    (void)answer_r;
    g_string_truncate(heard->message, 0);
}

static void append(gpointer data, const guint8 *bytes, gsize size, struct lmtp_answer *answer_r)
{
    struct heard *heard = data;
    (void)answer_r;
    g_string_append_len(heard->message, (const char *)bytes, (gssize)size);
}

// One that is beyond the limit, or never ends, is cut off where a piece ends: it does not count.
static void end(gpointer data, struct lmtp_answer *answer_r)
{
    struct heard *heard = data;
    (void)answer_r;
    g_checksum_update(heard->sum, (const guchar *)heard->message->str, (gssize)heard->message->len);
    tell(heard, "end");
}

static void deliver(gpointer data, const struct lmtp_transaction *transaction, guint n,
                    struct lmtp_answer *answer_r)
{
    const struct lmtp_recipient *who = g_ptr_array_index(transaction->recipients, n);
    tell(data, transaction->sender);
    tell(data, who->address);
    lmtp_answer_set(answer_r, 250, "2.0.0", "%s\n%s", transaction->sender, who->address);
}

static void forget(gpointer data)
{
    (void)data;
}

static bool flush(gpointer data)
{
    (void)data;
    return true;
}

static void check_replies(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    guint count = g_strv_length(lines);
    g_assert(*lines[count - 1] == '\0');
    for (guint i = 0; i + 1 < count; i++) {
        g_assert(strlen(lines[i]) <= REPLY_LINE_MAX - 2 && !strpbrk(lines[i], "\r\n"));
        g_assert(strchr("2345", lines[i][0]) && g_ascii_isdigit(lines[i][1]) &&
                 g_ascii_isdigit(lines[i][2]) && strchr(" -", lines[i][3]));
    }
}

// Replies and a checksum of what the handler was told. Owned by the caller.
static char *converse(const uint8_t *data, size_t size, size_t step)
{
    static const struct lmtp_limits limits = {.host = "mx", .recipients = 5, .size = 2000};
    struct heard heard = {.sum = g_checksum_new(G_CHECKSUM_MD5), .message = g_string_new(NULL)};
    struct lmtp_handler handler = {&heard, recipient, begin, append, end, deliver, forget, flush};
    g_autoptr(LmtpSession) session = lmtp_session_new(&limits, &handler);
    for (size_t at = 0; at < size; at += step) {
        if (!lmtp_session_feed(session, (const char *)data + at, MIN(step, size - at)))
            break;
    }
    char *told =
        g_strconcat(lmtp_session_output(session)->str, g_checksum_get_string(heard.sum), NULL);
    check_replies(lmtp_session_output(session)->str);
    g_checksum_free(heard.sum);
    g_string_free(heard.message, TRUE);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    g_autofree char *whole = converse(data + 1, size - 1, size);
    g_autofree char *pieces = converse(data + 1, size - 1, (size_t)data[0] % 32 + 1);
    g_assert(strcmp(whole, pieces) == 0);
    return 0;
}
