// SPDX-License-Identifier: MIT
#include "plan/run.h"

#include "store/store.h"

#include <string.h>

struct run {
    const struct run_request *request;
    struct run_result *result;
    const struct store *store;
    char *path;
    bool committed;
    bool filed_inbox; // the inbox has its copy: fallbacks need no second one
    bool failed;      // an action failed, and nothing took its place
};

static void trouble(const struct run *run, const char *what, GError *err)
{
    g_ptr_array_add(run->result->troubles, g_strdup_printf("%s: %s", what, err->message));
}

static void commit(struct run *run)
{
    if (!run->committed && run->request->committed)
        run->request->committed();
    run->committed = true;
    run->result->outcome = MDA_DELIVERED;
}

static bool is_inbox(const char *folder)
{
    return !folder || g_ascii_strcasecmp(folder, "INBOX") == 0;
}

static bool store_into(struct run *run, const char *folder, const struct plan_action *action,
                       GError **err)
{
    const struct run_request *request = run->request;
    g_autoptr(Content) content =
        request->content_of(request->content_data, action ? action->message : NULL);
    struct store_request wanted = {
        .content = content,
        .folder = is_inbox(folder) ? NULL : folder,
        .create = request->create || (action && action->create),
        .flags = action ? action->flags : NULL,
        .sender = request->sender,
        .fingerprint = request->fingerprint,
        .arrival = request->arrival,
        .keywords = request->keywords,
        .fsync = request->fsync,
        .mode = request->mode,
        .deadline = deadline_in(request->lock_milliseconds),
        .alone = request->plan->actions->len <= 1,
    };
    struct store_result done = {0};
    if (!run->store->deliver(run->path, &wanted, &done, err))
        return false;
    commit(run);
    if (is_inbox(folder))
        run->filed_inbox = true;
    g_ptr_array_add(run->result->places,
                    g_strdup_printf("%s%s", is_inbox(folder) ? "INBOX" : folder,
                                    done.duplicate ? " (was there)" : ""));
    store_result_clear(&done);
    return true;
}

// Files into FOLDER, and when that does not work into the inbox.
static void file(struct run *run, const char *folder, const struct plan_action *action)
{
    g_autoptr(GError) err = NULL;
    if (store_into(run, folder, action, &err))
        return;
    trouble(run, folder ? folder : "INBOX", err);
    g_clear_error(&err);
    if (run->filed_inbox)
        return;
    if (!is_inbox(folder) && store_into(run, NULL, action, &err))
        return;
    if (err)
        trouble(run, "INBOX", err);
    run->failed = true;
}

// An action for which the message leaves us.
static void send(struct run *run, const struct plan_action *action,
                 bool (*way)(gpointer data, const struct plan_action *action, GError **err))
{
    g_autoptr(GError) err = NULL;
    const char *name = plan_kind_name(action->kind);
    bool sent = way ? way(run->request->outgoing->data, action, &err)
                    : mda_fail(&err, MDA_ERROR_CONFIG, "there is no way to send mail from here");
    if (!sent) {
        trouble(run, name, err);
        // What can never work must not hold the mail up; the rest is worth another try.
        if (!g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP))
            file(run, run->request->inbox, NULL);
        else
            run->failed = true;
        return;
    }
    commit(run);
    g_ptr_array_add(run->result->places, action->address
                                             ? g_strdup_printf("%s:%s", name, action->address)
                                             : g_strdup(name));
}

// RFC 8580: a copy of what was sent goes into a folder. It is no delivery of the message.
static void file_copy(struct run *run, const struct plan_action *action, GBytes *sent)
{
    const struct run_request *request = run->request;
    const char *folder = action->fcc;
    g_autoptr(Content) content = request->content_of(request->content_data, sent);
    g_autofree char *fingerprint = g_compute_checksum_for_bytes(G_CHECKSUM_MD5, sent);
    struct store_request wanted = {
        .content = content,
        .folder = is_inbox(folder) ? NULL : folder,
        .create = request->create || action->create,
        .flags = action->flags,
        .fingerprint = fingerprint,
        .keywords = request->keywords,
        .fsync = request->fsync,
        .mode = request->mode,
        .deadline = deadline_in(request->lock_milliseconds),
    };
    struct store_result done = {0};
    g_autoptr(GError) err = NULL;
    if (!run->store->deliver(run->path, &wanted, &done, &err))
        trouble(run, folder, err);
    store_result_clear(&done);
}

// An answer that cannot be sent costs nothing but itself.
static void answer(struct run *run, const struct plan_action *action,
                   const struct run_outgoing *outgoing)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GBytes) sent = NULL;
    const char *name = plan_kind_name(action->kind);
    if (!(outgoing->answer
              ? outgoing->answer(outgoing->data, action, &sent, &err)
              : mda_fail(&err, MDA_ERROR_CONFIG, "there is no way to send mail from here")))
        trouble(run, name, err);
    if (sent)
        g_ptr_array_add(run->result->places, g_strdup(name));
    if (sent && action->fcc)
        file_copy(run, action, sent);
}

static void reject(struct run *run, const struct plan_action *action)
{
    g_autoptr(GError) err = NULL;
    const struct run_outgoing *outgoing = run->request->outgoing;
    bool caller_refuses = false;
    bool done = outgoing && outgoing->reject
                    ? outgoing->reject(outgoing->data, action, &caller_refuses, &err)
                    : mda_fail(&err, MDA_ERROR_CONFIG, "this sender may not be answered");
    if (!done) {
        // Who may not be answered is not refused either: the message goes to the inbox.
        trouble(run, "reject", err);
        file(run, run->request->inbox, NULL);
        return;
    }
    g_ptr_array_add(run->result->places, g_strdup("reject"));
    if (!caller_refuses) {
        commit(run);
    } else if (!run->committed) {
        run->result->outcome = MDA_REJECT;
        run->result->reject_text = g_strdup(action->text);
    }
}

static void carry_out(struct run *run, const struct plan_action *action)
{
    const struct run_outgoing none = {0};
    const struct run_outgoing *outgoing = run->request->outgoing ? run->request->outgoing : &none;
    switch (action->kind) {
    case PLAN_KEEP:
        file(run, run->request->inbox, action);
        break;
    case PLAN_FILEINTO:
        file(run, action->folder, action);
        break;
    case PLAN_DISCARD:
        g_ptr_array_add(run->result->places, g_strdup("discard"));
        break;
    case PLAN_REDIRECT:
        send(run, action, outgoing->redirect);
        break;
    case PLAN_REJECT:
    case PLAN_EREJECT:
        reject(run, action);
        break;
    case PLAN_VACATION:
    case PLAN_NOTIFY:
    case PLAN_REPORT:
        answer(run, action, outgoing);
        break;
    case PLAN_PIPE:
        send(run, action, outgoing->pipe);
        break;
    case PLAN_DUPLICATE:
        break; // when all else is settled
    }
}

static void keep_implicitly(struct run *run)
{
    struct plan_action keep = {
        .kind = PLAN_KEEP,
        .message = run->request->plan->message,
        .flags = run->request->plan->flags,
    };
    file(run, run->request->inbox, &keep);
}

// What was seen is remembered once the message is settled: one that comes again after a failure is
// no duplicate (RFC 7352 §3).
static void remember(const struct run *run)
{
    const struct plan *plan = run->request->plan;
    const struct run_outgoing *outgoing = run->request->outgoing;
    if (!outgoing || !outgoing->remember || run->result->outcome == MDA_DEFER)
        return;
    for (guint i = 0; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        g_autoptr(GError) err = NULL;
        if (action->kind == PLAN_DUPLICATE && !outgoing->remember(outgoing->data, action, &err))
            trouble(run, "duplicate", err);
    }
}

// What is owed at the end: the implicit keep, and a copy when an action failed.
static void settle(struct run *run)
{
    struct run_result *result = run->result;
    // A failure before anything was committed leaves it all to the next try; afterwards a copy in
    // the inbox makes up for it.
    if (run->failed && !run->committed) {
        result->outcome = MDA_DEFER;
        return;
    }
    bool owed = run->request->plan->implicit_keep || run->failed;
    if (owed && !run->filed_inbox && result->outcome != MDA_REJECT)
        keep_implicitly(run);
    else if (!run->failed && result->outcome == MDA_DEFER)
        commit(run); // every action worked, and none of them keeps the message: discard
}

static bool open_store(struct run *run)
{
    g_autoptr(GError) err = NULL;
    run->store = store_for(run->request->location, &run->path, &err);
    if (!run->store)
        trouble(run, "store", err);
    return run->store != NULL;
}

void run_plan(const struct run_request *request, struct run_result *result_r)
{
    *result_r = (struct run_result){
        .outcome = MDA_DEFER,
        .places = g_ptr_array_new_with_free_func(g_free),
        .troubles = g_ptr_array_new_with_free_func(g_free),
    };
    struct run run = {.request = request, .result = result_r};
    if (!open_store(&run))
        return;
    for (guint i = 0; i < request->plan->actions->len; i++)
        carry_out(&run, g_ptr_array_index(request->plan->actions, i));
    settle(&run);
    remember(&run);
    g_free(run.path);
}

void run_result_clear(struct run_result *result)
{
    g_ptr_array_unref(result->places);
    g_ptr_array_unref(result->troubles);
    g_free(result->reject_text);
}
