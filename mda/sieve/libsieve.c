// SPDX-License-Identifier: MIT
// The other engine: libsieve (RFC 3028) behind struct sieve_engine, built as a module.
//
// What that library does badly is done here: its header parser crashes on an empty value, so it is
// handed each header by a callback, decoded; it answers "OK" to scripts that do not parse, so its
// error callback decides; it repeats actions, so they are made one; addresses are split by us. A
// script that requires what it does not have is refused with the extension's name.
#include "base/error.h"
#include "sieve/lang/address-parts.h"
#include "sieve/lang/parse.h"
#include "sieve/lang/view.h"
#include "sieve/libsieve-module.h"

#include <sieve2.h>
#include <string.h>

// What scripts may require. All of it was tried; what the library merely parses is left out.
static const char *const known[] = {"comparator-i;ascii-casemap",
                                    "comparator-i;ascii-numeric",
                                    "comparator-i;octet",
                                    "envelope",
                                    "fileinto",
                                    "regex",
                                    "reject",
                                    "relational",
                                    "subaddress",
                                    "vacation"};

struct sieve_program {
    char *name;
    char *text;
};

struct libsieve_run {
    const struct sieve_program *program;
    const struct sieve_host *host; // NULL: only checking
    struct sieve_view *view;
    struct plan *plan;
    struct sieve_diagnostics *diagnostics;
    guint errors;
    GPtrArray *strings; // what the library borrows from us
};

// ---- Errors

static int on_error(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    int line = sieve2_getvalue_int(context, "lineno");
    const char *message = sieve2_getvalue_string(context, "message");
    run->errors++;
    sieve_diagnose(run->diagnostics, SIEVE_ERROR, run->program->name,
                   (struct sieve_position){(guint)MAX(line, 0), line > 0 ? 1 : 0},
                   MSG_LIBSIEVE_ERROR, message ? message : "an error that it does not name");
    return SIEVE2_OK;
}

// A header or an address that it does not understand is no error of the script's.
static int on_remark(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    const char *message = sieve2_getvalue_string(context, "message");
    sieve_diagnose(run->diagnostics, SIEVE_WARNING, run->program->name,
                   (struct sieve_position){0, 0}, MSG_LIBSIEVE_REMARK,
                   message ? message : "unknown remark");
    return SIEVE2_OK;
}

// ---- What it asks for

static int give_script(sieve2_context_t *context, void *data)
{
    const struct libsieve_run *run = data;
    sieve2_setvalue_string(context, "script", run->program->text);
    return SIEVE2_OK;
}

static char *keep_string(struct libsieve_run *run, char *text)
{
    g_ptr_array_add(run->strings, text);
    return text;
}

static int give_header(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    const char *name = sieve2_getvalue_string(context, "header");
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    GPtrArray *fields = run->host && name ? sieve_view_fields(run->view) : NULL;
    for (guint i = 0; fields && i < fields->len; i++) {
        struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0)
            g_ptr_array_add(values, (gpointer)sieve_view_decoded(run->view, field));
    }
    if (values->len == 0)
        return SIEVE2_ERROR_HEADER;
    g_ptr_array_add(values, NULL);
    char **list = (char **)keep_string(run, g_memdup2(values->pdata, values->len * sizeof(char *)));
    sieve2_setvalue_stringlist(context, "body", list);
    return SIEVE2_OK;
}

static int give_size(sieve2_context_t *context, void *data)
{
    const struct libsieve_run *run = data;
    guint64 size = run->host ? run->host->size(run->host->data) : 0;
    sieve2_setvalue_int(context, "size", (int)MIN(size, (guint64)G_MAXINT));
    return SIEVE2_OK;
}

static int give_envelope(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    static char *const parts[] = {"to", "from"};
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        const char *value = run->host ? run->host->envelope(run->host->data, parts[i]) : NULL;
        sieve2_setvalue_string(context, parts[i], keep_string(run, g_strdup(value ? value : "")));
    }
    return SIEVE2_OK;
}

static int give_subaddress(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    const char *text = sieve2_getvalue_string(context, "address");
    g_autofree char *why = NULL;
    g_autofree char *address = sieve_address_parse_one(text ? text : "", &why);
    const char *at = address ? strrchr(address, '@') : NULL;
    char *local = keep_string(run, at ? g_strndup(address, (gsize)(at - address)) : g_strdup(""));
    const char *plus = strchr(local, '+');
    char *user = plus ? g_strndup(local, (gsize)(plus - local)) : g_strdup(local);
    sieve2_setvalue_string(context, "localpart", local);
    sieve2_setvalue_string(context, "domain", keep_string(run, g_strdup(at ? at + 1 : "")));
    sieve2_setvalue_string(context, "user", keep_string(run, user));
    sieve2_setvalue_string(context, "detail", keep_string(run, g_strdup(plus ? plus + 1 : "")));
    return SIEVE2_OK;
}

// ---- What it wants done

static struct plan_action *find(const struct plan *plan, enum plan_kind kind, const char *folder,
                                const char *address)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (action->kind == kind && (!folder || g_strcmp0(action->folder, folder) == 0) &&
            (!address || (action->address && sieve_address_same(action->address, address))))
            return action;
    }
    return NULL;
}

static int on_keep(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    (void)context;
    if (!find(run->plan, PLAN_KEEP, NULL, NULL) && !find(run->plan, PLAN_FILEINTO, "INBOX", NULL))
        plan_add(run->plan, PLAN_KEEP);
    run->plan->implicit_keep = false;
    return SIEVE2_OK;
}

static int on_fileinto(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    const char *folder = sieve2_getvalue_string(context, "mailbox");
    if (!folder)
        return SIEVE2_ERROR_BADARGS;
    bool inbox = g_ascii_strcasecmp(folder, "INBOX") == 0;
    if (!find(run->plan, PLAN_FILEINTO, folder, NULL) &&
        !(inbox && find(run->plan, PLAN_KEEP, NULL, NULL)))
        plan_add(run->plan, PLAN_FILEINTO)->folder = g_strdup(folder);
    run->plan->implicit_keep = false;
    return SIEVE2_OK;
}

static int on_discard(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    (void)context;
    if (!find(run->plan, PLAN_DISCARD, NULL, NULL))
        plan_add(run->plan, PLAN_DISCARD);
    run->plan->implicit_keep = false;
    return SIEVE2_OK;
}

static int on_redirect(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    const char *text = sieve2_getvalue_string(context, "address");
    g_autofree char *why = NULL;
    g_autofree char *address = sieve_address_parse_one(text ? text : "", &why);
    if (!address) {
        run->errors++;
        sieve_diagnose(run->diagnostics, SIEVE_ERROR, run->program->name,
                       (struct sieve_position){0, 0}, MSG_REDIRECT_ADDRESS, text ? text : "", why);
        return SIEVE2_ERROR_BADARGS;
    }
    if (!find(run->plan, PLAN_REDIRECT, NULL, address))
        plan_add(run->plan, PLAN_REDIRECT)->address = g_steal_pointer(&address);
    run->plan->implicit_keep = false;
    return SIEVE2_OK;
}

static int on_reject(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    const char *message = sieve2_getvalue_string(context, "message");
    if (!find(run->plan, PLAN_REJECT, NULL, NULL))
        plan_add(run->plan, PLAN_REJECT)->text = g_strdup(message ? message : "");
    run->plan->implicit_keep = false;
    return SIEVE2_OK;
}

static int on_vacation(sieve2_context_t *context, void *data)
{
    struct libsieve_run *run = data;
    if (find(run->plan, PLAN_VACATION, NULL, NULL))
        return SIEVE2_OK;
    struct plan_action *action = plan_add(run->plan, PLAN_VACATION);
    char **addresses = sieve2_getvalue_stringlist(context, "addresses");
    int days = sieve2_getvalue_int(context, "days");
    action->text = g_strdup(sieve2_getvalue_string(context, "message"));
    action->subject = g_strdup(sieve2_getvalue_string(context, "subject"));
    action->handle = g_strdup(sieve2_getvalue_string(context, "hash"));
    action->mime = sieve2_getvalue_int(context, "mime") > 0;
    action->seconds = (gint64)CLAMP(days, 1, 365) * 86400;
    if (!action->text)
        action->text = g_strdup("");
    if (!action->handle)
        action->handle = g_compute_checksum_for_string(G_CHECKSUM_SHA256, action->text, -1);
    action->addresses = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; addresses && addresses[i]; i++)
        g_ptr_array_add(action->addresses, g_strdup(addresses[i]));
    return SIEVE2_OK;
}

static sieve2_callback_t callbacks[] = {
    {SIEVE2_ERRCALL_PARSE, on_error},
    {SIEVE2_ERRCALL_RUNTIME, on_error},
    {SIEVE2_ERRCALL_HEADER, on_remark},
    {SIEVE2_ERRCALL_ADDRESS, on_remark},
    {SIEVE2_SCRIPT_GETSCRIPT, give_script},
    {SIEVE2_MESSAGE_GETHEADER, give_header},
    {SIEVE2_MESSAGE_GETSIZE, give_size},
    {SIEVE2_MESSAGE_GETENVELOPE, give_envelope},
    {SIEVE2_MESSAGE_GETSUBADDRESS, give_subaddress},
    {SIEVE2_ACTION_KEEP, on_keep},
    {SIEVE2_ACTION_FILEINTO, on_fileinto},
    {SIEVE2_ACTION_DISCARD, on_discard},
    {SIEVE2_ACTION_REDIRECT, on_redirect},
    {SIEVE2_ACTION_REJECT, on_reject},
    {SIEVE2_ACTION_VACATION, on_vacation},
    {0, NULL},
};

// ---- The engine

static bool call(struct libsieve_run *run, bool execute)
{
    sieve2_context_t *context = NULL;
    run->strings = g_ptr_array_new_with_free_func(g_free);
    int code = sieve2_alloc(&context);
    if (code == SIEVE2_OK)
        code = sieve2_callbacks(context, callbacks);
    if (code == SIEVE2_OK)
        code = execute ? sieve2_execute(context, run) : sieve2_validate(context, run);
    if (code != SIEVE2_OK && run->errors == 0) {
        run->errors++;
        sieve_diagnose(run->diagnostics, SIEVE_ERROR, run->program->name,
                       (struct sieve_position){0, 0}, MSG_LIBSIEVE_ERROR, sieve2_errstr(code));
    }
    if (context)
        sieve2_free(&context);
    g_ptr_array_unref(run->strings);
    return run->errors == 0;
}

static bool is_known(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i], name) == 0)
            return true;
    }
    return false;
}

// Is it there, and do the site's settings leave it to this script?
static bool may_use(const char *name, const struct sieve_host *host)
{
    return is_known(name) && sieve_may_require(name, host);
}

// Our own parser reads what the script requires, and whether it is a script at all.
static bool check_requirements(const char *name, const char *text, gsize size,
                               const struct sieve_host *host, struct sieve_diagnostics *diagnostics)
{
    g_autoptr(GPtrArray) commands = sieve_parse(name, text, size, diagnostics);
    bool ok = commands != NULL;
    for (guint i = 0; ok && i < commands->len; i++) {
        const struct sieve_node *node = g_ptr_array_index(commands, i);
        const struct sieve_arg *arg = node->args->len > 0 ? g_ptr_array_index(node->args, 0) : NULL;
        if (g_ascii_strcasecmp(node->name, "require") != 0 || !arg || !arg->texts)
            continue;
        for (guint k = 0; k < arg->texts->len; k++) {
            const struct sieve_text *wanted = sieve_arg_text(arg, k);
            if (may_use(wanted->raw, host))
                continue;
            sieve_diagnose(diagnostics, SIEVE_ERROR, name, wanted->at, MSG_LIBSIEVE_EXTENSION,
                           wanted->raw);
        }
    }
    return ok && diagnostics->errors == 0;
}

static void libsieve_free(struct sieve_program *program)
{
    if (!program)
        return;
    g_free(program->name);
    g_free(program->text);
    g_free(program);
}

static bool libsieve_compile(const char *name, const char *text, gsize size,
                             const struct sieve_host *host, struct sieve_diagnostics *diagnostics,
                             struct sieve_program **program_r)
{
    if (!check_requirements(name, text, size, host, diagnostics))
        return false;
    struct sieve_program *program = g_new0(struct sieve_program, 1);
    program->name = g_strdup(name);
    program->text = g_strndup(text, size);
    struct libsieve_run run = {.program = program, .diagnostics = diagnostics};
    if (!call(&run, false)) {
        libsieve_free(program);
        return false;
    }
    *program_r = program;
    return true;
}

static bool libsieve_execute(const struct sieve_program *program, const struct sieve_host *host,
                             struct plan *plan, struct sieve_diagnostics *diagnostics)
{
    struct libsieve_run run = {.program = program,
                               .host = host,
                               .plan = plan,
                               .diagnostics = diagnostics,
                               .view = sieve_view_new(host)};
    bool ok = call(&run, true);
    // RFC 3028 §4.1: a refusal excludes delivery.
    bool refused = find(plan, PLAN_REJECT, NULL, NULL) != NULL;
    if (ok && refused && plan->actions->len > 1) {
        ok = false;
        sieve_diagnose(diagnostics, SIEVE_ERROR, program->name, (struct sieve_position){0, 0},
                       MSG_LIBSIEVE_CONFLICT);
    }
    if (!ok) {
        g_ptr_array_set_size(plan->actions, 0);
        plan->implicit_keep = true;
        g_free(plan->error);
        plan->error = g_strdup("libsieve reported an error");
    }
    sieve_view_free(run.view);
    return ok;
}

static GPtrArray *libsieve_capabilities(const struct sieve_host *host)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (may_use(known[i], host))
            g_ptr_array_add(names, g_strdup(known[i]));
    return names;
}

extern const struct libsieve_module MODULE_SYMBOL;
const struct libsieve_module MODULE_SYMBOL = {
    .head = {.version = PACKAGE_VERSION},
    .engine = {.name = "libsieve",
               .compile = libsieve_compile,
               .execute = libsieve_execute,
               .free = libsieve_free,
               .capabilities = libsieve_capabilities},
};
