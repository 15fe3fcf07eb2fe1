// SPDX-License-Identifier: MIT
// fileinto (RFC 5228 §4.1). What it may carry comes from other extensions: copy, mailbox,
// imap4flags, special-use, mailboxid.
#include "sieve/lang/engine.h"

#include <string.h>

static bool fileinto_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_text *text = sieve_arg_text(g_ptr_array_index(node->positional, 0), 0);
    // A NUL will be a blank.
    if (text->parts || strstr(text->raw, SIEVE_NUL) || g_utf8_validate(text->raw, -1, NULL))
        return true;
    return sieve_check_error(checker, text->at, MSG_FOLDER_NOT_UTF8, text->raw);
}

static enum sieve_flow fileinto_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *folder = sieve_string(run, node, 0);
    enum sieve_flow flow = FLOW_NEXT;
    if (!g_utf8_validate(folder, -1, NULL)) {
        g_autofree char *shown = g_utf8_make_valid(folder, -1);
        return sieve_run_fail(run, MSG_FOLDER_NOT_UTF8, shown);
    }
    // What a variable left empty is the inbox, as with Dovecot.
    if (!*folder) {
        g_free(folder);
        folder = g_strdup("INBOX");
    }
    struct plan_action *action = sieve_act_store(run, node, folder, &flow);
    if (!action)
        return flow;
    action->create |= sieve_has_tag(node, "create");
    if (sieve_has_tag(node, "specialuse")) {
        g_free(action->special_use);
        action->special_use = sieve_tag_string(run, node, "specialuse");
    }
    if (sieve_has_tag(node, "mailboxid")) {
        g_free(action->mailbox_id);
        action->mailbox_id = sieve_tag_string(run, node, "mailboxid");
    }
    if (!sieve_has_tag(node, "copy"))
        run->plan->implicit_keep = false;
    return FLOW_NEXT;
}

static const struct sieve_verb fileinto = {.name = "fileinto",
                                           .kind = VERB_COMMAND,
                                           .positional = "s",
                                           .labels = "folder",
                                           .check = fileinto_check,
                                           .run = fileinto_run};

static const struct sieve_verb *const verbs[] = {&fileinto, NULL};

const struct sieve_extension sieve_ext_fileinto = {.name = "fileinto", .verbs = verbs};
