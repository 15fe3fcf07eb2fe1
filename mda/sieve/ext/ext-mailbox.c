// SPDX-License-Identifier: MIT
// Questions about the mail store: mailbox, mboxmetadata, servermetadata (RFC 5490), mailboxid
// (RFC 9042), special-use (RFC 8579).
#include "sieve/lang/match-type.h"

#include <string.h>

// ---- mailbox

static bool name_valid(struct sieve_checker *checker, const struct sieve_node *node,
                       const struct sieve_text *text)
{
    if (text->parts || g_utf8_validate(text->raw, -1, NULL))
        return true;
    sieve_check_warn(checker, text->at, MSG_MAILBOX_NOT_UTF8, node->verb->name, text->raw);
    return true;
}

static bool exists_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, 0);
    for (guint i = 0; i < names->texts->len; i++)
        name_valid(checker, node, sieve_arg_text(names, i));
    return true;
}

static bool mailboxexists_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) names = sieve_list(run, node, 0);
    for (guint i = 0; i < names->len; i++) {
        if (!run->host->mailbox_exists(run->host->data, g_ptr_array_index(names, i)))
            return false;
    }
    return true;
}

static const struct sieve_verb mailboxexists = {.name = "mailboxexists",
                                                .kind = VERB_TEST,
                                                .positional = "l",
                                                .labels = "mailbox-names",
                                                .check = exists_check,
                                                .test = mailboxexists_test};
static const struct sieve_verb *const mailbox_verbs[] = {&mailboxexists, NULL};
static const struct sieve_tag mailbox_tags[] = {{.name = "create", .verbs = "fileinto"},
                                                {.name = NULL}};

static bool mailbox_available(const struct sieve_host *host)
{
    return host->mailbox_exists != NULL;
}

const struct sieve_extension sieve_ext_mailbox = {.name = "mailbox",
                                                  .verbs = mailbox_verbs,
                                                  .tags = mailbox_tags,
                                                  .available = mailbox_available};

// ---- mailboxid

static bool mailboxidexists_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) ids = sieve_list(run, node, 0);
    for (guint i = 0; i < ids->len; i++) {
        if (!run->host->mailbox_id_exists(run->host->data, g_ptr_array_index(ids, i)))
            return false;
    }
    return true;
}

static const struct sieve_verb mailboxidexists = {.name = "mailboxidexists",
                                                  .kind = VERB_TEST,
                                                  .positional = "l",
                                                  .labels = "mailbox-objectids",
                                                  .test = mailboxidexists_test};
static const struct sieve_verb *const id_verbs[] = {&mailboxidexists, NULL};
static const struct sieve_tag id_tags[] = {{.name = "mailboxid", .value = 's', .verbs = "fileinto"},
                                           {.name = NULL}};

static bool id_available(const struct sieve_host *host)
{
    return host->mailbox_id_exists != NULL;
}

const struct sieve_extension sieve_ext_mailboxid = {
    .name = "mailboxid", .verbs = id_verbs, .tags = id_tags, .available = id_available};

// ---- mboxmetadata, servermetadata

static bool annotation_valid(const char *name, const char **why_r)
{
    *why_r = NULL;
    if (g_ascii_strncasecmp(name, "/private/", 9) != 0 &&
        g_ascii_strncasecmp(name, "/shared/", 8) != 0)
        *why_r = "it begins with /private/ or /shared/";
    else if (strpbrk(name, "*%"))
        *why_r = "it must not hold * or %";
    else if (strstr(name, "//") || g_str_has_suffix(name, "/"))
        *why_r = "a name between two of its slashes is empty";
    return !*why_r;
}

static bool annotations_check(struct sieve_checker *checker, const struct sieve_node *node, guint n)
{
    const struct sieve_arg *names = g_ptr_array_index(node->positional, n);
    const char *why = NULL;
    for (guint i = 0; i < names->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(names, i);
        if (!text->parts && !annotation_valid(text->raw, &why))
            sieve_check_warn(checker, text->at, MSG_ANNOTATION, node->verb->name, text->raw, why);
    }
    return true;
}

static bool metadata_check(struct sieve_checker *checker, struct sieve_node *node)
{
    return annotations_check(checker, node, 1);
}

static bool servermetadata_check(struct sieve_checker *checker, struct sieve_node *node)
{
    return annotations_check(checker, node, 0);
}

static bool match_metadata(struct sieve_run *run, const struct sieve_node *node,
                           const char *mailbox, guint n)
{
    struct sieve_matching matching;
    const char *why = NULL;
    g_autofree char *annotation = sieve_string(run, node, n);
    g_autofree char *value = annotation_valid(annotation, &why)
                                 ? run->host->metadata(run->host->data, mailbox, annotation)
                                 : NULL;
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, n + 1));
    if (value)
        sieve_matching_value(&matching, value);
    return sieve_matching_end(&matching);
}

static bool metadata_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *mailbox = sieve_string(run, node, 0);
    return match_metadata(run, node, mailbox, 1);
}

static bool servermetadata_test(struct sieve_run *run, const struct sieve_node *node)
{
    return match_metadata(run, node, NULL, 0);
}

static bool annotations_exist(struct sieve_run *run, const struct sieve_node *node,
                              const char *mailbox, guint n)
{
    g_autoptr(GPtrArray) names = sieve_list(run, node, n);
    for (guint i = 0; i < names->len; i++) {
        const char *why = NULL;
        if (!annotation_valid(g_ptr_array_index(names, i), &why))
            return false;
        g_autofree char *value =
            run->host->metadata(run->host->data, mailbox, g_ptr_array_index(names, i));
        if (!value)
            return false;
    }
    return true;
}

static bool metadataexists_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *mailbox = sieve_string(run, node, 0);
    if (run->host->mailbox_exists && !run->host->mailbox_exists(run->host->data, mailbox))
        return false;
    return annotations_exist(run, node, mailbox, 1);
}

static bool servermetadataexists_test(struct sieve_run *run, const struct sieve_node *node)
{
    return annotations_exist(run, node, NULL, 0);
}

static const struct sieve_verb metadata = {.name = "metadata",
                                           .kind = VERB_TEST,
                                           .positional = "ssl",
                                           .labels = "mailbox|annotation-name|key list",
                                           .takes = TAKES_MATCH,
                                           .check = metadata_check,
                                           .test = metadata_test};
static const struct sieve_verb metadataexists = {.name = "metadataexists",
                                                 .kind = VERB_TEST,
                                                 .positional = "sl",
                                                 .labels = "mailbox|annotation-names",
                                                 .check = metadata_check,
                                                 .test = metadataexists_test};
static const struct sieve_verb servermetadata = {.name = "servermetadata",
                                                 .kind = VERB_TEST,
                                                 .positional = "sl",
                                                 .labels = "annotation-name|key list",
                                                 .takes = TAKES_MATCH,
                                                 .check = servermetadata_check,
                                                 .test = servermetadata_test};
static const struct sieve_verb servermetadataexists = {.name = "servermetadataexists",
                                                       .kind = VERB_TEST,
                                                       .positional = "l",
                                                       .labels = "annotation-names",
                                                       .check = servermetadata_check,
                                                       .test = servermetadataexists_test};

static const struct sieve_verb *const mboxmetadata_verbs[] = {&metadata, &metadataexists, NULL};
static const struct sieve_verb *const servermetadata_verbs[] = {&servermetadata,
                                                                &servermetadataexists, NULL};

static bool metadata_available(const struct sieve_host *host)
{
    return host->metadata != NULL;
}

const struct sieve_extension sieve_ext_mboxmetadata = {
    .name = "mboxmetadata", .verbs = mboxmetadata_verbs, .available = metadata_available};
const struct sieve_extension sieve_ext_servermetadata = {
    .name = "servermetadata", .verbs = servermetadata_verbs, .available = metadata_available};

// ---- special-use

static bool use_flag_valid(const char *flag)
{
    if (*flag != '\\' || !flag[1])
        return false;
    for (flag++; *flag; flag++) {
        if (*flag <= ' ' || *flag >= 127 || strchr("(){%*\"\\]", *flag))
            return false;
    }
    return true;
}

static bool specialuse_check(struct sieve_checker *checker, struct sieve_node *node,
                             const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    return text->parts || use_flag_valid(text->raw) ||
           sieve_check_error(checker, text->at, MSG_SPECIAL_USE_TAG, text->raw);
}

// Where the flags stand. What follows them is let pass, as Dovecot does.
static guint flags_at(const struct sieve_node *node)
{
    return node->positional->len > 1 ? 1 : 0;
}

// One argument: flags; two: a mailbox and flags.
static bool specialuse_exists_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const GPtrArray *args = node->positional;
    if (args->len == 0)
        return sieve_check_error(checker, node->at, MSG_SPECIAL_USE_NONE);
    const struct sieve_arg *first = g_ptr_array_index(args, 0);
    const struct sieve_arg *flags = g_ptr_array_index(args, flags_at(node));
    if (!first->texts)
        return sieve_check_error(checker, first->at, MSG_SPECIAL_USE_FIRST,
                                 sieve_arg_describe(first));
    if (args->len > 1 && first->kind != ARG_STRING)
        return sieve_check_error(checker, first->at, MSG_SPECIAL_USE_FOLDER,
                                 sieve_arg_describe(first));
    if (!flags->texts)
        return sieve_check_error(checker, flags->at, MSG_SPECIAL_USE_SECOND,
                                 sieve_arg_describe(flags));
    for (guint i = 0; i < flags->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(flags, i);
        if (!text->parts && !use_flag_valid(text->raw))
            return sieve_check_error(checker, text->at, MSG_SPECIAL_USE, text->raw);
    }
    return true;
}

static bool specialuse_exists_test(struct sieve_run *run, const struct sieve_node *node)
{
    guint at = flags_at(node);
    g_autofree char *mailbox = at > 0 ? sieve_string(run, node, 0) : NULL;
    g_autoptr(GPtrArray) flags = sieve_list(run, node, at);
    for (guint i = 0; i < flags->len; i++) {
        if (!run->host->special_use_exists(run->host->data, mailbox, g_ptr_array_index(flags, i)))
            return false;
    }
    return true;
}

static const struct sieve_verb specialuse_exists = {.name = "specialuse_exists",
                                                    .kind = VERB_TEST,
                                                    .positional = "*",
                                                    .check = specialuse_exists_check,
                                                    .test = specialuse_exists_test};
static const struct sieve_verb *const use_verbs[] = {&specialuse_exists, NULL};
static const struct sieve_tag use_tags[] = {
    {.name = "specialuse", .value = 's', .verbs = "fileinto", .check = specialuse_check},
    {.name = NULL}};

static bool use_available(const struct sieve_host *host)
{
    return host->special_use_exists != NULL;
}

const struct sieve_extension sieve_ext_special_use = {
    .name = "special-use", .verbs = use_verbs, .tags = use_tags, .available = use_available};
