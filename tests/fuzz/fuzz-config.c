// SPDX-License-Identifier: MIT
// libFuzzer: backstop.conf. Whatever stands in it, every setting has a value of its type, and every
// warning says where. The same text as one --set each line.
// Run in the build directory:  tests/fuzz/fuzz-config DIR ../examples
#include "conf/conf.h"

#include "../fuzz/in-memory.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct conf *conf)
{
    guint count;
    for (int i = 0; i < CONF_COUNT; i++) {
        const enum setting setting = (enum setting)i;
        g_assert(conf_string(conf, setting));
        switch (conf_row(setting)->type) {
        case SETTING_LIST:
            g_assert(conf_list(conf, setting));
            break;
        case SETTING_BOOL:
            (void)conf_bool(conf, setting);
            break;
        case SETTING_DURATION:
            g_assert(conf_milliseconds(conf, setting) >= 0);
            break;
        case SETTING_SIZE:
        case SETTING_NUMBER:
            g_assert(conf_number(conf, setting) >= 0);
            break;
        default:
            break;
        }
    }
    (void)conf_sieve_settings(conf, &count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    int fd = in_memory(data, size, path);
    g_autoptr(Conf) conf = conf_new("/home/ann");
    g_autoptr(GError) err = NULL;
    if (!conf_read(conf, path, &err))
        g_assert(err->message);
    for (guint i = 0; i < conf_warnings(conf)->len; i++)
        g_assert(g_str_has_prefix(g_ptr_array_index(conf_warnings(conf), i), path));
    look_at(conf);
    conf_set_home(conf, "/home/bob");
    look_at(conf);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 50);
    for (guint i = 0; lines[i]; i++) {
        g_autoptr(GError) why = NULL;
        if (!conf_assign(conf, lines[i], "--set", &why))
            g_assert(why);
    }
    look_at(conf);
    close(fd);
    return 0;
}
