// SPDX-License-Identifier: MIT
// Any text as an rc file: checked, translated and run over a message in a world that is only
// thought of; and its first line as an expression over the rest.
#include "procmail/rc-check.h"
#include "procmail/rc-regex.h"
#include "procmail/translate/translate.h"

#include "../procmail/fake-host.h"

#include <stdint.h>

static const char message[] = "From a@b  Thu Jan  1 00:00:00 2015\nFrom: a@b\nTo: c@d\n"
                              "Content-Length: 7\nSubject: x\n y\n\nFrom x\nbody\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8192)
        return 0;
    g_autofree char *text = g_strndup((const char *)data, size);
    size = strlen(text);
    g_ptr_array_unref(rc_check("rc", text, size));
    struct rc_translation translation;
    rc_translate("rc", text, size, &translation);
    rc_translation_clear(&translation);

    struct fake_host fake;
    fake_host_init(&fake);
    fake.output = "one two\n";
    struct rc_engine *engine = rc_engine_new(&fake.host);
    rc_engine_message(engine, g_strdup(message), strlen(message), false);
    if (rc_engine_run(engine, "rc", text, size) == RC_FELL_OFF)
        rc_engine_default(engine);
    rc_engine_finish(engine, 0);
    rc_engine_free(engine);
    fake_host_clear(&fake);

    char *rest = strchr(text, '\n');
    if (rest) {
        *rest++ = '\0';
        bool invalid;
        struct rc_match match;
        g_autoptr(RcRegex) regex = rc_regex_new(text, true, &invalid);
        for (gsize from = 0; from <= strlen(rest); from += 7)
            rc_regex_search(regex, rest, strlen(rest), from, &match);
    }
    return 0;
}
