// SPDX-License-Identifier: MIT
// enotify (RFC 5435) with the mailto method (RFC 5436), and notify, the draft before it.
#include "answer/mailto.h"
#include "sieve/lang/address-parts.h"
#include "sieve/lang/match-type.h"

#include <string.h>

static char *address_fault(const char *address)
{
    char *why = NULL;
    g_free(sieve_address_parse_one(address, &why));
    return why;
}

// The scheme of URI (RFC 3986 §3.1), or NULL. Owned by the caller.
static char *scheme_of(const char *uri)
{
    gsize length = strspn(uri, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+-.");
    return g_ascii_isalpha(*uri) && uri[length] == ':' ? g_strndup(uri, length) : NULL;
}

static char *uri_fault(const char *uri)
{
    g_autofree char *scheme = scheme_of(uri), *why = NULL;
    struct mailto mailto;
    if (!scheme)
        return g_strdup_printf("\"%s\" does not begin with a method such as mailto:", uri);
    if (g_ascii_strcasecmp(scheme, "mailto") != 0)
        return g_strdup_printf("there is no method \"%s\"", scheme);
    if (!mailto_parse(uri, address_fault, &mailto, &why))
        return g_strdup_printf("mailto URI: %s", why);
    mailto_clear(&mailto);
    return NULL;
}

// ---- notify

static bool importance_check(struct sieve_checker *checker, struct sieve_node *node,
                             const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    if (text->parts || (strlen(text->raw) == 1 && strchr("123", *text->raw)))
        return true;
    return sieve_check_error(checker, text->at, MSG_IMPORTANCE, text->raw);
}

static bool from_check(struct sieve_checker *checker, struct sieve_node *node,
                       const struct sieve_tag_use *use)
{
    (void)node;
    const struct sieve_text *text = sieve_arg_text(use->value, 0);
    g_autofree char *why = text->parts ? NULL : address_fault(text->raw);
    return !why || sieve_check_error(checker, text->at, MSG_NOTIFY_FROM, text->raw, why);
}

// name "=" value (RFC 5435 §3.5): a name begins with a letter or digit and has "-", "_" and "."
// too.
static bool option_valid(const char *option)
{
    gsize length = strspn(option, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");
    return g_ascii_isalnum(*option) && option[length] == '=' && !strpbrk(option, "\r\n");
}

// The mailto method knows none.
static bool options_check(struct sieve_checker *checker, struct sieve_node *node,
                          const struct sieve_tag_use *use)
{
    (void)node;
    for (guint i = 0; i < use->value->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(use->value, i);
        if (!text->parts && !option_valid(text->raw))
            return sieve_check_error(
                checker, text->at,
                strpbrk(text->raw, "\r\n") ? MSG_OPTION_LINE_END : MSG_OPTION_NAME, text->raw);
    }
    return true;
}

static const struct sieve_tag notify_tags[] = {
    {.name = "from", .value = 's', .check = from_check},
    {.name = "importance", .value = 's', .check = importance_check},
    {.name = "options", .value = 'l', .check = options_check},
    {.name = "message", .value = 's'},
    {.name = NULL},
};

// A site that allows no notification says so before mail comes in.
static bool allowed(struct sieve_checker *checker, const struct sieve_node *node)
{
    return sieve_setting_number(checker->host, "notify_max_notifications",
                                SIEVE_MAX_NOTIFICATIONS) > 0 ||
           sieve_check_error(checker, node->at, MSG_NOTIFY_OFF);
}

static bool notify_check(struct sieve_checker *checker, struct sieve_node *node)
{
    if (!allowed(checker, node))
        return false;
    const struct sieve_text *text = sieve_arg_text(g_ptr_array_index(node->positional, 0), 0);
    g_autofree char *why = text->parts ? NULL : uri_fault(text->raw);
    return !why || sieve_check_error(checker, text->at, MSG_NOTIFY_METHOD, why);
}

static struct plan_action *find_notify(const struct plan *plan, const char *uri)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (action->kind == PLAN_NOTIFY && strcmp(action->address, uri) == 0)
            return action;
    }
    return NULL;
}

static enum sieve_flow notify_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *uri = sieve_string(run, node, 0), *why = uri_fault(uri);
    enum sieve_flow flow = FLOW_NEXT;
    if (why)
        return sieve_run_fail(run, MSG_NOTIFY_METHOD, why);
    g_autoptr(GPtrArray) options = sieve_tag_list(run, node, "options");
    for (guint i = 0; options && i < options->len; i++) {
        if (!option_valid(g_ptr_array_index(options, i)))
            return sieve_run_fail(run, MSG_OPTION_INVALID, (char *)g_ptr_array_index(options, i));
    }
    struct plan_action *action = find_notify(run->plan, uri);
    bool fresh = !action;
    if (fresh)
        action = sieve_act(run, PLAN_NOTIFY, &flow);
    if (!action || !fresh)
        return flow;
    action->address = g_steal_pointer(&uri);
    action->from = sieve_tag_string(run, node, "from");
    action->text = sieve_tag_string(run, node, "message");
    action->arguments = g_steal_pointer(&options);
    sieve_fcc_take(run, node, action);
    char *importance = sieve_tag_string(run, node, "importance");
    if (importance)
        plan_action_set(action, "importance", importance);
    return FLOW_NEXT;
}

static const struct sieve_verb notify = {.name = "notify",
                                         .kind = VERB_COMMAND,
                                         .positional = "s",
                                         .labels = "method",
                                         .tags = notify_tags,
                                         .check = notify_check,
                                         .run = notify_run};

// ---- Tests

static bool valid_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) uris = sieve_list(run, node, 0);
    for (guint i = 0; i < uris->len; i++) {
        g_autofree char *why = uri_fault(g_ptr_array_index(uris, i));
        if (why)
            return false;
    }
    return true;
}

static const struct sieve_verb valid = {.name = "valid_notify_method",
                                        .kind = VERB_TEST,
                                        .positional = "l",
                                        .labels = "notification-uris",
                                        .test = valid_test};

// Nobody knows whether the reader of a mailbox is there: "online" is "maybe" (RFC 5436 §2.2).
static bool capability_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    g_autofree char *uri = sieve_string(run, node, 0), *name = sieve_string(run, node, 1);
    g_autofree char *why = uri_fault(uri);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 2));
    bool known = !why && g_ascii_strcasecmp(name, "online") == 0;
    if (known)
        sieve_matching_value(&matching, "maybe");
    return sieve_matching_end(&matching) && known;
}

static const struct sieve_verb capability = {
    .name = "notify_method_capability",
    .kind = VERB_TEST,
    .positional = "ssl",
    .labels = "notification-uri|notification-capability|key list",
    .takes = TAKES_MATCH,
    .test = capability_test};

static const struct sieve_tag set_tags[] = {
    {.name = "encodeurl", .group = "*", .verbs = "set", .id = 15}, {.name = NULL}};

static const struct sieve_verb *const verbs[] = {&notify, &valid, &capability, NULL};

static bool enotify_require(struct sieve_checker *checker, struct sieve_position at)
{
    return !sieve_check_uses(checker, "notify") || !sieve_check_uses(checker, "enotify") ||
           sieve_check_error(checker, at, MSG_NOTIFY_BOTH);
}

const struct sieve_extension sieve_ext_enotify = {
    .name = "enotify", .verbs = verbs, .tags = set_tags, .require = enotify_require};

// ---- notify (draft-ietf-sieve-notify-00): the mailto method, its recipients in :options

static const struct sieve_tag old_tags[] = {
    {.name = "method", .group = "*", .value = 's'},
    {.name = "id", .value = 's'},
    {.name = "options", .value = 'l'},
    {.name = "message", .value = 's'},
    {.name = "low", .group = "importance", .id = 3},
    {.name = "normal", .group = "importance", .id = 2},
    {.name = "high", .group = "importance", .id = 1},
    {.name = NULL},
};

static const char *old_importance(const struct sieve_node *node)
{
    return sieve_has_tag(node, "low") ? "3" : sieve_has_tag(node, "high") ? "1" : "2";
}

// Each :options is a recipient.
static bool recipients_check(struct sieve_checker *checker, const struct sieve_arg *recipients)
{
    for (guint i = 0; i < recipients->texts->len; i++) {
        const struct sieve_text *text = sieve_arg_text(recipients, i);
        g_autofree char *why = text->parts ? NULL : address_fault(text->raw);
        if (why)
            return sieve_check_error(checker, text->at, MSG_OLD_NOTIFY_ADDRESS, text->raw, why);
    }
    return true;
}

// The last :method counts.
static const struct sieve_tag_use *method_of(const struct sieve_node *node)
{
    const struct sieve_tag_use *method = NULL;
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag_use *use = &g_array_index(node->tags, struct sieve_tag_use, i);
        if (strcmp(use->tag->name, "method") == 0)
            method = use;
    }
    return method;
}

static bool old_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_tag_use *method = method_of(node);
    const struct sieve_tag_use *options = sieve_node_tag(node, "options");
    if (!allowed(checker, node))
        return false;
    if (method && g_ascii_strcasecmp(sieve_arg_text(method->value, 0)->raw, "mailto") != 0)
        return sieve_check_error(checker, node->at, MSG_OLD_NOTIFY_METHOD);
    if (options)
        return recipients_check(checker, options->value);
    sieve_check_warn(checker, node->at, MSG_OLD_NOTIFY_NOBODY);
    return true;
}

// "$from$", "$subject$" … in the message.
static char *substitute(struct sieve_run *run, const char *text)
{
    GString *out = g_string_new(NULL);
    static const struct {
        const char *name, *header;
    } words[] = {{"$from$", "From"}, {"$subject$", "Subject"}};
    while (*text) {
        guint i = 0;
        for (; i < G_N_ELEMENTS(words); i++) {
            if (g_ascii_strncasecmp(text, words[i].name, strlen(words[i].name)) == 0)
                break;
        }
        if (i == G_N_ELEMENTS(words)) {
            g_string_append_c(out, *text++);
            continue;
        }
        text += strlen(words[i].name);
        GPtrArray *fields = sieve_view_fields(run->view);
        for (guint k = 0; k < fields->len; k++) {
            struct sieve_view_field *field = g_ptr_array_index(fields, k);
            if (g_ascii_strcasecmp(field->name, words[i].header) == 0) {
                g_string_append(out, sieve_view_decoded(run->view, field));
                break;
            }
        }
    }
    return g_string_free(out, FALSE);
}

static enum sieve_flow old_run(struct sieve_run *run, const struct sieve_node *node)
{
    enum sieve_flow flow = FLOW_NEXT;
    g_autoptr(GPtrArray) recipients = sieve_tag_list(run, node, "options");
    if (!recipients)
        return FLOW_NEXT;
    g_ptr_array_add(recipients, NULL);
    g_autofree char *joined = g_strjoinv(",", (char **)recipients->pdata);
    g_autofree char *message = sieve_tag_string(run, node, "message");
    struct plan_action *action = sieve_act(run, PLAN_NOTIFY, &flow);
    if (!action)
        return flow;
    action->address = g_strconcat("mailto:", joined, NULL);
    action->text = substitute(
        run, message ? message : "You have new mail\n\n  From: $from$\n  Subject: $subject$\n");
    action->handle = sieve_tag_string(run, node, "id");
    plan_action_set(action, "importance", g_strdup(old_importance(node)));
    return FLOW_NEXT;
}

static const struct sieve_verb old_notify = {
    .name = "notify", .kind = VERB_COMMAND, .tags = old_tags, .check = old_check, .run = old_run};

static const struct sieve_tag denotify_tags[] = {
    {.name = "low", .group = "importance", .id = 3},
    {.name = "normal", .group = "importance", .id = 2},
    {.name = "high", .group = "importance", .id = 1},
    {.name = NULL},
};

// Does the id of the notification match? All do without a match type.
static bool id_matches(struct sieve_run *run, const struct sieve_node *node,
                       const struct plan_action *action)
{
    const struct sieve_arg *key = sieve_match_keys(node);
    struct sieve_matching matching;
    if (!key)
        return true;
    sieve_matching_begin(&matching, run, node->match, sieve_arg_list(run, key));
    sieve_matching_value(&matching, action->handle ? action->handle : "");
    return sieve_matching_end(&matching);
}

// Takes back the notifications whose id matches (all of them without a match type).
static enum sieve_flow denotify_run(struct sieve_run *run, const struct sieve_node *node)
{
    bool graded =
        sieve_has_tag(node, "low") || sieve_has_tag(node, "normal") || sieve_has_tag(node, "high");
    for (guint i = run->plan->actions->len; i > 0; i--) {
        const struct plan_action *action = g_ptr_array_index(run->plan->actions, i - 1);
        if (action->kind != PLAN_NOTIFY)
            continue;
        if (id_matches(run, node, action) &&
            (!graded ||
             g_strcmp0(plan_action_get(action, "importance"), old_importance(node)) == 0))
            g_ptr_array_remove_index(run->plan->actions, i - 1);
    }
    return FLOW_NEXT;
}

static const struct sieve_verb denotify = {.name = "denotify",
                                           .kind = VERB_COMMAND,
                                           .takes = TAKES_MATCH_KEY,
                                           .tags = denotify_tags,
                                           .run = denotify_run};

static const struct sieve_verb *const old_verbs[] = {&old_notify, &denotify, NULL};

const struct sieve_extension sieve_ext_notify = {
    .name = "notify", .verbs = old_verbs, .require = enotify_require};

// ---- fcc (RFC 8580): a copy of what is sent. What fileinto may carry goes along as options.

void sieve_fcc_take(struct sieve_run *run, const struct sieve_node *node,
                    struct plan_action *action)
{
    action->fcc = sieve_tag_string(run, node, "fcc");
    action->create = sieve_has_tag(node, "create");
    action->special_use = sieve_tag_string(run, node, "specialuse");
    action->mailbox_id = sieve_tag_string(run, node, "mailboxid");
    if (sieve_has_tag(node, "flags"))
        action->flags = sieve_flags_for(run, node);
}

// RFC 8580 §3: the options stand beside :fcc alone, and each is of the extension that brought it.
static bool fcc_option_check(struct sieve_checker *checker, struct sieve_node *node,
                             const struct sieve_tag_use *use)
{
    static const struct {
        const char *tag, *extension;
    } owners[] = {{"flags", "imap4flags"},
                  {"create", "mailbox"},
                  {"specialuse", "special-use"},
                  {"mailboxid", "mailboxid"}};
    bool beside = false;
    for (guint i = 0; i < node->args->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        beside |= arg->kind == ARG_TAG && strcmp(arg->tag, "fcc") == 0;
    }
    for (guint i = 0; i < G_N_ELEMENTS(owners); i++) {
        if (strcmp(owners[i].tag, use->tag->name) == 0 &&
            !sieve_check_uses(checker, owners[i].extension))
            return sieve_check_error(checker, use->arg->at, MSG_FCC_TAG_NEEDS, use->tag->name,
                                     node->verb->name, owners[i].extension);
    }
    return beside || sieve_check_error(checker, use->arg->at, MSG_FCC_TAG_ALONE, use->tag->name,
                                       node->verb->name);
}

static const struct sieve_tag fcc_tags[] = {
    {.name = "fcc", .value = 's', .verbs = "vacation notify"},
    {.name = "flags", .value = 'l', .verbs = "vacation notify", .check = fcc_option_check},
    {.name = "create", .verbs = "vacation notify", .check = fcc_option_check},
    {.name = "specialuse", .value = 's', .verbs = "vacation notify", .check = fcc_option_check},
    {.name = "mailboxid", .value = 's', .verbs = "vacation notify", .check = fcc_option_check},
    {.name = NULL}};

const struct sieve_extension sieve_ext_fcc = {.name = "fcc", .tags = fcc_tags};
