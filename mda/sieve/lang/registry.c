// SPDX-License-Identifier: MIT
// The tables of everything that a script can name.
#include "sieve/lang/registry.h"
#include "sieve/ext/ext-list.h"
#include "sieve/lang/verb-list.h"

#include <string.h>

#define X(id) extern const struct sieve_verb sieve_##id;
SIEVE_VERB_LIST(X)
#undef X
#define X(id) extern const struct sieve_extension sieve_ext_##id;
SIEVE_EXTENSION_LIST(X)
#undef X

#define X(id) &sieve_##id,
static const struct sieve_verb *const core_verbs[] = {SIEVE_VERB_LIST(X) NULL};
#undef X
#define X(id) +1
enum { OWN_EXTENSIONS = 0 SIEVE_EXTENSION_LIST(X) };
#undef X
#define X(id) &sieve_ext_##id,
const struct sieve_extension *sieve_extensions[OWN_EXTENSIONS + SIEVE_EXTENSIONS_MORE] = {
    SIEVE_EXTENSION_LIST(X)};
#undef X
guint sieve_extension_count = OWN_EXTENSIONS;

void sieve_extension_add(const struct sieve_extension *extension)
{
    guint index;
    if (sieve_extension_find(extension->name, &index))
        return;
    g_assert(sieve_extension_count < G_N_ELEMENTS(sieve_extensions));
    sieve_extensions[sieve_extension_count++] = extension;
}

const struct sieve_extension *sieve_extension_find(const char *name, guint *index_r)
{
    for (guint i = 0; i < sieve_extension_count; i++) {
        if (strcmp(sieve_extensions[i]->name, name) == 0) {
            *index_r = i;
            return sieve_extensions[i];
        }
    }
    return NULL;
}

// What a list of names makes of NAME, which is there by DEFAULT: "+name" adds, "-name" takes away;
// a list that begins otherwise says all that there is.
static bool listed(const char *list, const char *name, bool by_default)
{
    g_auto(GStrv) words = g_strsplit_set(list, " \t,", -1);
    bool there = by_default, first = true;
    for (guint i = 0; words[i]; i++) {
        const char *word = words[i];
        if (!*word)
            continue;
        if (first && *word != '+' && *word != '-')
            there = false;
        first = false;
        if (strcmp(word + (*word == '+' || *word == '-'), name) == 0)
            there = *word != '-';
    }
    return there;
}

bool sieve_extension_available(const struct sieve_extension *extension,
                               const struct sieve_host *host, enum sieve_location owner)
{
    const char *all = sieve_setting(host, "extensions");
    const char *reserved = sieve_setting(host, "global_extensions");
    bool is_reserved = reserved && listed(reserved, extension->name, false);
    if (extension->available && !extension->available(host))
        return false;
    if (is_reserved)
        return owner == SIEVE_GLOBAL;
    return !all || extension->hidden || listed(all, extension->name, true);
}

bool sieve_may_require(const char *name, const struct sieve_host *host)
{
    guint index = 0;
    const struct sieve_extension *extension = sieve_extension_find(name, &index);
    return extension ? sieve_extension_available(extension, host, host->owner)
                     : g_str_has_prefix(name, "comparator-");
}

// A verb of the wanted sort, else one of the other sort, for the message about it.
static const struct sieve_verb *verb_in(const struct sieve_verb *const *verbs, const char *name,
                                        bool as_test)
{
    const struct sieve_verb *other = NULL;
    for (; verbs && *verbs; verbs++) {
        if (g_ascii_strcasecmp((*verbs)->name, name) != 0)
            continue;
        if (((*verbs)->kind == VERB_TEST) == as_test)
            return *verbs;
        other = *verbs;
    }
    return other;
}

const struct sieve_verb *sieve_verb_find(const struct sieve_script *script, const char *name,
                                         bool as_test)
{
    const struct sieve_verb *verb = verb_in(core_verbs, name, as_test);
    for (guint i = 0; i < sieve_extension_count && !verb; i++) {
        if (script->enabled[i])
            verb = verb_in(sieve_extensions[i]->verbs, name, as_test);
    }
    return verb;
}

static bool word_in(const char *words, const char *word)
{
    gsize length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

static bool tag_is_for(const struct sieve_tag *tag, const struct sieve_verb *verb)
{
    if (!tag->verbs)
        return true;
    return word_in(tag->verbs, verb->name) ||
           ((verb->takes & TAKES_MATCH) && word_in(tag->verbs, "@match")) ||
           ((verb->takes & TAKES_MATCH_KEY) && word_in(tag->verbs, "@key")) ||
           ((verb->takes & TAKES_ADDRESS_PART) && word_in(tag->verbs, "@address"));
}

static const struct sieve_tag *tag_in(const struct sieve_tag *tags, const struct sieve_verb *verb,
                                      const char *name)
{
    for (; tags && tags->name; tags++) {
        if (strcmp(tags->name, name) == 0 && tag_is_for(tags, verb))
            return tags;
    }
    return NULL;
}

const struct sieve_tag *sieve_tag_find(const struct sieve_script *script,
                                       const struct sieve_verb *verb, const char *name)
{
    const struct sieve_tag *tag = tag_in(verb->tags, verb, name);
    if (!tag)
        tag = tag_in(sieve_match_tags, verb, name);
    if (!tag)
        tag = tag_in(sieve_address_tags, verb, name);
    for (guint i = 0; i < sieve_extension_count && !tag; i++) {
        if (script->enabled[i])
            tag = tag_in(sieve_extensions[i]->tags, verb, name);
    }
    return tag;
}
