// SPDX-License-Identifier: MIT
// ihave, error (RFC 5463). What is there is usable from here on, as if it were required; what is
// not there makes the test false while the script is checked, so that what depends on it is not
// looked at.
#include "sieve/lang/registry.h"

#include <string.h>

static bool has_one(struct sieve_checker *checker, const char *name, guint *index_r)
{
    const struct sieve_extension *extension = sieve_extension_find(name, index_r);
    // RFC 5463 §4: what changes how strings are read cannot be asked for half way.
    if (strcmp(name, "variables") == 0 || strcmp(name, "encoded-character") == 0)
        return false;
    if (strcmp(name, "comparator-i;octet") == 0 ||
        strcmp(name, "comparator-i;ascii-casemap") == 0) {
        *index_r = G_MAXUINT;
        return true;
    }
    return extension &&
           sieve_extension_available(extension, checker->host, checker->script->location);
}

static int ihave_constant(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    guint index = 0;
    for (guint i = 0; i < names->texts->len; i++) {
        if (!has_one(checker, sieve_arg_text(names, i)->raw, &index))
            return 0;
    }
    for (guint i = 0; i < names->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(names, i);
        if (has_one(checker, text->raw, &index) && index != G_MAXUINT)
            sieve_check_enable(checker, text->at, sieve_extensions[index], index);
    }
    return 1;
}

static const struct sieve_verb ihave = {.name = "ihave",
                                        .kind = VERB_TEST,
                                        .positional = "l",
                                        .labels = "capabilities",
                                        .constant = ihave_constant};

static enum sieve_flow error_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *message = sieve_string(run, node, 0);
    return sieve_run_fail(run, "%s", message);
}

static const struct sieve_verb error = {.name = "error",
                                        .kind = VERB_COMMAND,
                                        .positional = "s",
                                        .labels = "message",
                                        .run = error_run};

static const struct sieve_verb *const verbs[] = {&ihave, &error, NULL};

const struct sieve_extension sieve_ext_ihave = {.name = "ihave", .verbs = verbs};
