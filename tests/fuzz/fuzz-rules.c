// SPDX-License-Identifier: MIT
// libFuzzer: the loader of rule files. A wrong file says where, a sound one can be applied.
// Run in the build directory:  tests/fuzz/fuzz-rules DIR ../rules
#include "bounce/rule.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(BounceRules) rules = bounce_rules_new();
    g_autoptr(GError) err = NULL;
    if (rule_file_parse(rules, "fuzz", text, 5, true, &err))
        rules_finish(rules);
    else
        g_assert(rules->rules->len == 0 && g_str_has_prefix(err->message, "fuzz:"));
    return 0;
}
