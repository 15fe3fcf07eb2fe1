// SPDX-License-Identifier: MIT
// backstop batv: signs and verifies return paths by hand, or as a TCP-less lookup for the MTA.
#include "evidence/batv.h"

#include "cmd/options.h"
#include "evidence/keys.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "Usage: backstop batv sign|verify ADDRESS...\n";

static int sign_all(const struct conf *conf, const GPtrArray *keys, gint64 now, guint days,
                    char **addresses)
{
    for (; *addresses; addresses++) {
        g_autofree char *tagged = batv_is_signed(conf, *addresses)
                                      ? batv_sign(keys, *addresses, now, days)
                                      : g_strdup(*addresses);
        puts(tagged);
    }
    return STATUS_OK;
}

static int verify_all(const GPtrArray *keys, gint64 now, guint days, char **addresses)
{
    static const char *const names[] = {
        [BATV_UNTAGGED] = "untagged",
        [BATV_VALID] = "valid",
        [BATV_EXPIRED] = "expired",
        [BATV_INVALID] = "invalid",
    };
    int status = STATUS_OK;
    for (; *addresses; addresses++) {
        const enum batv_result result = batv_verify(keys, *addresses, now, days);
        printf("%s\t%s\n", *addresses, names[result]);
        if (result != BATV_VALID)
            status = STATUS_NO;
    }
    return status;
}

int cmd_batv(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, NULL, "sign|verify ADDRESS...",
                       "Signs return paths (prvs=TAG=user@domain), or tells whether their tags "
                       "are ours. Verify exits 0 when all are valid.",
                       &argc, &argv))
        return STATUS_USAGE;
    const bool sign = argc > 2 && strcmp(argv[1], "sign") == 0;
    if (!sign && !(argc > 2 && strcmp(argv[1], "verify") == 0)) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) keys = NULL;
    if (!conf_load(context->conf, NULL, &err) ||
        !keys_read(conf_string(context->conf, CONF_BATV_KEY_FILE), &keys, &err)) {
        fprintf(stderr, "backstop batv: batv.key-file: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    const guint days = (guint)conf_number(context->conf, CONF_BATV_DAYS);
    return sign ? sign_all(context->conf, keys, now, days, argv + 2)
                : verify_all(keys, now, days, argv + 2);
}
