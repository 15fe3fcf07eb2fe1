// SPDX-License-Identifier: MIT
// libFuzzer: a returned DKIM signature. The input is a header with its body behind an empty line;
// the first DKIM-Signature in it is read and hashed over the rest, and its key comes from the text
// of the first field called "Key", as DNS would give it.
// Run in the build directory:  tests/fuzz/fuzz-dkim -max_len=8192 DIR
#include <glib.h>

// The key's own file once more, with a DNS of ours.
#define dns_ask fuzz_dns_ask
#define dkim_key_get fuzz_dkim_key_get
#include "evidence/dkim-key.c"

#include "message/message.h"

#include <stdint.h>
#include <stdlib.h>

#define FIELDS_MAX 300

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf *conf;
static const char *record;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    conf = conf_new("/nonexistent");
    return setenv("BACKSTOP_MODULE_DIR", ".", 0);
}

bool dns_ask(const char *name, enum dns_type type, const char *server, struct deadline deadline,
             struct dns_answer **answer_r, GError **err)
{
    (void)server, (void)deadline, (void)err;
    g_assert(type == DNS_TXT && strstr(name, "._domainkey."));
    struct dns_answer *answer = g_new0(struct dns_answer, 1);
    answer->records = g_ptr_array_new_with_free_func(g_free);
    if (record)
        g_ptr_array_add(answer->records, g_strdup(record));
    *answer_r = answer;
    return true;
}

static void verify(const struct dkim_signature *signature, const guint8 hash[32])
{
    const struct evidence_case evidence_case = {.conf = conf, .deadline = deadline_in(-1)};
    enum crypto_key_kind kind;
    g_autoptr(GBytes) key = NULL;
    const struct crypto_api *crypto = crypto_load(NULL);
    bool fits = false;
    guint bits;
    gsize size;
    if (!crypto || !dkim_key_get(&evidence_case, signature, &kind, &key, NULL))
        return;
    const guint8 *bytes = g_bytes_get_data(key, &size);
    if (crypto->verify(kind, bytes, size, hash, signature->signature, signature->signature_size,
                       &fits, &bits, NULL))
        g_assert(!fits || bits > 0);
}

static void look_at(const char *field, const GPtrArray *fields, const char *body, gsize size)
{
    guint8 hash[32], again[32];
    g_autoptr(DkimSignature) signature = dkim_signature_read(field);
    if (!signature)
        return;
    g_assert(*signature->domain && *signature->selector);
    dkim_hash_header(signature, field, fields, hash);
    dkim_hash_header(signature, field, fields, again);
    g_assert(memcmp(hash, again, sizeof hash) == 0);
    dkim_body_fits(signature, body, size);
    verify(signature, hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    char *body = strstr(text, "\n\n");
    g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
    const char *own = NULL;
    if (body)
        *body = '\0';
    body = body ? body + 2 : text + strlen(text);
    record = NULL;
    for (char *at = text, *next; at && *at && fields->len < FIELDS_MAX; at = next) {
        next = at;
        while ((next = strchr(next, '\n')) && (next[1] == ' ' || next[1] == '\t'))
            next++;
        if (next)
            *next++ = '\0';
        g_ptr_array_add(fields, g_strdup(at));
        if (!own && g_ascii_strncasecmp(at, "DKIM-Signature:", 15) == 0)
            own = g_ptr_array_index(fields, fields->len - 1);
        if (!record && g_str_has_prefix(at, "Key:"))
            record = at + 4;
    }
    if (own)
        look_at(own, fields, body, strlen(body));
    return 0;
}
