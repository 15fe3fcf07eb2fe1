// SPDX-License-Identifier: MIT
// base/json.h: what comes out is JSON, whatever goes in.
#include "base/json.h"

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nesting_and_commas(void **state)
{
    (void)state;
    struct json *json = json_new();
    json_begin_object(json, NULL);
    json_string(json, "a", "b");
    json_begin_array(json, "list");
    json_string(json, NULL, NULL);
    json_begin_object(json, NULL);
    json_end_object(json);
    json_number(json, NULL, -7);
    json_end_array(json);
    json_bool(json, "yes", true);
    json_end_object(json);
    g_autofree char *text = json_free_to_text(json);
    assert_string_equal(text, "{\"a\":\"b\",\"list\":[null,{},-7],\"yes\":true}");
}

static void strings_are_escaped(void **state)
{
    (void)state;
    struct json *json = json_new();
    json_string(json, NULL, "\"\\\n\t\x01\x7f gr\u00fc \xff\u2028");
    g_autofree char *text = json_free_to_text(json);
    assert_string_equal(text, "\"\\\"\\\\\\n\\t\\u0001\\u007f gr\u00fc \ufffd\\u2028\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_and_commas),
        cmocka_unit_test(strings_are_escaped),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
