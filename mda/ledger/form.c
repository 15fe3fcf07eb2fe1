// SPDX-License-Identifier: MIT
// Design rationale
// - The domain is cut to the organisation (base/address.h): a provider's hosts come and go.
// - The shape keeps separators and the length of what is between them in steps, since counters grow
//   and random numbers have no leading zeros. Which letters are digits says little of a random
//   word.
// - A form that is cut too fine shows as new forms all the time, and then a new one proves nothing
//   (ledger/learnt.h): this needs not be right for every program.
#include "ledger/form.h"

#include "base/address.h"

#include <string.h>

#define LOCAL_MAX 200
#define DOMAIN_MAX 255

static const char *length_step(gsize length)
{
    return length <= 2    ? "a"
           : length <= 5  ? "b"
           : length <= 9  ? "c"
           : length <= 14 ? "d"
           : length <= 22 ? "e"
           : length <= 40 ? "f"
                          : "g";
}

static char *shape_of(const char *local, gsize size)
{
    GString *shape = g_string_new(NULL);
    bool upper = false, lower = false;
    gsize word = 0;
    for (gsize i = 0; i < MIN(size, LOCAL_MAX); i++) {
        const char c = local[i];
        upper |= g_ascii_isupper(c);
        lower |= g_ascii_islower(c);
        if (g_ascii_isalnum(c)) {
            word++;
            continue;
        }
        g_string_append_printf(shape, "%s%c", word ? length_step(word) : "", c);
        word = 0;
    }
    g_string_append_printf(shape, "%s %s%s", word ? length_step(word) : "", upper ? "A" : "",
                           lower ? "a" : "");
    g_autofree char *sound = g_utf8_make_valid(shape->str, -1);
    g_string_free(shape, TRUE);
    return g_steal_pointer(&sound);
}

static char *domain_of(const char *text)
{
    g_autofree char *domain = g_ascii_strdown(text, (gssize)MIN(strcspn(text, "> \t"), DOMAIN_MAX));
    if (domain[0] == '[' || domain[strspn(domain, "0123456789.")] == '\0')
        return g_strdup("[address]");
    char *organisation = domain_organisation(domain);
    if (organisation)
        return organisation;
    return g_utf8_make_valid(domain, -1);
}

bool id_form_of(const char *message_id, struct id_form *form_r)
{
    const char *start = message_id + strspn(message_id, " <\t");
    const char *at = strrchr(start, '@');
    if (!at || at == start)
        return false;
    form_r->domain = domain_of(at + 1);
    form_r->shape = shape_of(start, (gsize)(at - start));
    return true;
}

void id_form_clear(struct id_form *form)
{
    g_clear_pointer(&form->domain, g_free);
    g_clear_pointer(&form->shape, g_free);
}
