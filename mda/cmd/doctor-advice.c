// SPDX-License-Identifier: MIT
#include "cmd/doctor-advice.h"

#define PASTEABLE 100
#define BROKEN 200

static void clear_advice(gpointer data)
{
    g_free(((struct advice *)data)->state);
    g_free(((struct advice *)data)->remedy);
}

GArray *advices_new(void)
{
    GArray *advices = g_array_new(FALSE, FALSE, sizeof(struct advice));
    g_array_set_clear_func(advices, clear_advice);
    return advices;
}

void advise(GArray *advices, bool ready, const char *source, char *remedy, int worth,
            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const struct advice advice = {ready, source, g_strdup_vprintf(format, arguments), remedy,
                                  worth};
    va_end(arguments);
    g_array_append_val(advices, advice);
}

int advice_rank(const struct advice *advice)
{
    return advice->worth + (advice->worth >= WORTH_BROKEN ? BROKEN : 0) +
           (advice->remedy ? PASTEABLE : 0);
}

char *advice_setting(enum setting setting, const char *value)
{
    const struct setting_row *row = conf_row(setting);
    return g_strdup_printf("[%s]\n%s = %s", row->section, row->key, value);
}
