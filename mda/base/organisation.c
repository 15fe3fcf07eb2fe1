// SPDX-License-Identifier: MIT
// Which names belong to one organisation: those with the same registrable domain. The part of
// base/address.h that needs the Public Suffix List.
//
// Design rationale
// - Counting labels does not tell: "co.uk" is a registry's, "prod.outlook.com" one owner's.
// - Where libpsl was not built in, the second-level names of country registries are guessed.
#include "base/address.h"

#include "base/psl.h"

#include <string.h>

// RFC 1035 §2.3.4
#define NAME_MAX_BYTES 253

// "co.uk", "com.au", "ne.jp": registries sell names below these.
static bool is_registry(const char *domain)
{
    static const char *const seconds[] = {"co.",  "com.", "ac.",  "org.", "net.",
                                          "ne.",  "or.",  "go.",  "gov.", "edu.",
                                          "gob.", "ad.",  "nom.", "web.", "in."};
    for (gsize i = 0; i < G_N_ELEMENTS(seconds); i++) {
        const gsize length = strlen(seconds[i]);
        if (strncmp(domain, seconds[i], length) == 0 && strlen(domain + length) == 2)
            return true;
    }
    return false;
}

// The last two labels of NAME, or three below a registry's; NULL when there are not so many.
static const char *guess_registrable(const char *name)
{
    const char *last = strrchr(name, '.');
    const char *second = last ? g_strrstr_len(name, last - name, ".") : NULL;
    const char *two = second ? second + 1 : last ? name : NULL;
    if (!two || !is_registry(two))
        return two;
    const char *third = second ? g_strrstr_len(name, second - name, ".") : NULL;
    return third ? third + 1 : second ? name : NULL;
}

static const struct psl_api *psl_load(void)
{
    static const struct psl_api *psl;
    static bool tried;
    if (!tried)
        psl = (const struct psl_api *)module_load("psl", NULL);
    tried = true;
    return psl;
}

char *domain_to_ascii(const char *name)
{
    if (!name)
        return NULL;
    g_autofree char *ascii = g_utf8_validate(name, -1, NULL) ? g_hostname_to_ascii(name) : NULL;
    char *folded = g_ascii_strdown(ascii ? ascii : name, -1);
    for (gsize length = strlen(folded); length > 0 && folded[length - 1] == '.';)
        folded[--length] = '\0';
    return folded;
}

char *domain_organisation(const char *name)
{
    struct ip_address address;
    if (!name || strlen(name) > NAME_MAX_BYTES || !strchr(name, '.') || ip_parse(name, &address))
        return NULL;
    g_autofree char *ascii = domain_to_ascii(name);
    const struct psl_api *psl = psl_load();
    return g_strdup(psl ? psl->registrable(ascii) : guess_registrable(ascii));
}

bool domain_related(const char *a, const char *b)
{
    if (!a || !b || !*a || !*b)
        return false;
    if (g_ascii_strcasecmp(a, b) == 0)
        return true;
    g_autofree char *one = domain_organisation(a);
    g_autofree char *other = domain_organisation(b);
    return one && g_strcmp0(one, other) == 0;
}
