// SPDX-License-Identifier: MIT
#include "delivery/carry-out.h"

#include "base/journal.h"
#include "base/process.h"
#include "store/store.h"

#include <string.h>
#include <time.h>

// A run of the same delivery that is still at work is waited for so long.
#define JOURNAL_MILLISECONDS 30000
// An answer that could not be sent is tried for so long after the message came: its MTA would tell
// the sender in the end that his mail, which is in a folder, was not delivered.
#define ANSWER_SECONDS (12 * 3600)

// What can be done again without harm comes first: a store knows its own copy (store.h).
enum rank { RANK_INBOX, RANK_FOLDER, RANK_REDIRECT, RANK_ANSWER, RANK_REJECT, RANK_PIPE };

struct step {
    const struct plan_action *action;
    enum rank rank;
    char *name; // in the journal: the same for the retry, even when the scripts then say more
};

struct plan_run {
    const struct run_request *request;
    struct run_result *result;
    const struct store *store;
    char *path;
    GPtrArray *steps;        // struct step *
    struct journal *journal; // NULL: nothing is remembered
    bool filed_inbox;        // the inbox has its copy: fallbacks need no second one
    bool refused;            // the caller is to refuse the message
    bool later;              // a step failed for now, and nothing took its place
    bool unnoted;            // something left the host, and that could not be noted
};

static void trouble(const struct plan_run *run, const char *what, GError *err)
{
    g_ptr_array_add(run->result->troubles, g_strdup_printf("%s: %s", what, err->message));
}

static bool is_inbox(const char *folder)
{
    return !folder || g_ascii_strcasecmp(folder, "INBOX") == 0;
}

static bool is_junk(const struct run_request *request, const char *folder)
{
    return folder && request->junk && g_ascii_strcasecmp(folder, request->junk) == 0;
}

static bool store_into(struct plan_run *run, const char *folder, const struct plan_action *action,
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
        .recipient = request->recipient,
        .fingerprint = request->fingerprint,
        .arrival = request->arrival,
        .keywords = request->keywords,
        .fsync = request->fsync,
        .mode = request->mode,
        .deadline = deadline_in(request->lock_milliseconds),
        .alone = run->steps->len <= 1,
        .quota = request->quota,
        .quota_extra = is_junk(request, folder) ? request->junk_extra : 0,
    };
    struct store_result done = {0};
    if (!run->store->deliver(run->path, &wanted, &done, err)) {
        run->result->full |= g_error_matches(*err, MDA_ERROR, MDA_ERROR_FULL);
        return false;
    }
    if (run->result->percent == 0)
        run->result->percent_before = done.percent_before;
    run->result->percent = MAX(run->result->percent, done.percent);
    if (is_inbox(folder))
        run->filed_inbox = true;
    g_ptr_array_add(run->result->places,
                    g_strdup_printf("%s%s", is_inbox(folder) ? "INBOX" : folder,
                                    done.duplicate ? " (was there)" : ""));
    store_result_clear(&done);
    return true;
}

// Will another try help? A folder that is not there or may not be written is for its owner to mend,
// and the inbox takes its place; a full disk and a lock pass.
static bool may_pass(const GError *err)
{
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP) ||
           g_error_matches(err, MDA_ERROR, MDA_ERROR_FULL);
}

// Files into FOLDER, and when that is refused into the inbox. The inbox itself is the last place:
// whatever ails it, the message stays with the MTA. False: not now.
static bool file(struct plan_run *run, const char *folder, const struct plan_action *action)
{
    g_autoptr(GError) err = NULL;
    if (store_into(run, folder, action, &err))
        return true;
    trouble(run, folder ? folder : "INBOX", err);
    if (is_inbox(folder) || may_pass(err))
        return false;
    g_clear_error(&err);
    if (run->filed_inbox || store_into(run, NULL, action, &err))
        return true;
    trouble(run, "INBOX", err);
    return false;
}

// Keeps the message in place of ACTION, which cannot be done. False: not now.
static bool keep_instead(struct plan_run *run, const struct plan_action *action)
{
    const struct plan_action keep = {.kind = PLAN_KEEP, .message = action->message};
    return run->filed_inbox || file(run, run->request->inbox, &keep);
}

// An action for which the message leaves us.
static bool send(struct plan_run *run, const struct plan_action *action,
                 bool (*way)(gpointer data, const struct plan_action *action, GError **err))
{
    g_autoptr(GError) err = NULL;
    const char *name = plan_kind_name(action->kind);
    bool sent = way ? way(run->request->outgoing->data, action, &err)
                    : mda_fail(&err, MDA_ERROR_CONFIG, "there is no way to send mail from here");
    if (!sent) {
        trouble(run, name, err);
        // What can never work must not hold the mail up; the rest is worth another try.
        return !may_pass(err) && !g_error_matches(err, MDA_ERROR, MDA_ERROR_DENIED) &&
               keep_instead(run, action);
    }
    g_ptr_array_add(run->result->places, action->address
                                             ? g_strdup_printf("%s:%s", name, action->address)
                                             : g_strdup(name));
    return true;
}

// RFC 8580: a copy of what was sent goes into a folder. It is no delivery of the message.
static void file_copy(struct plan_run *run, const struct plan_action *action, GBytes *sent)
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

// An answer that cannot be sent costs nothing but itself. False: not now.
static bool answer(struct plan_run *run, const struct plan_action *action,
                   const struct run_outgoing *outgoing)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GBytes) sent = NULL;
    const char *name = plan_kind_name(action->kind);
    bool done = outgoing->answer
                    ? outgoing->answer(outgoing->data, action, &sent, &err)
                    : mda_fail(&err, MDA_ERROR_CONFIG, "there is no way to send mail from here");
    if (!done)
        trouble(run, name, err);
    if (sent)
        g_ptr_array_add(run->result->places, g_strdup(name));
    if (sent && action->fcc)
        file_copy(run, action, sent);
    return done || !may_pass(err) ||
           (run->journal && (gint64)time(NULL) - journal_begun(run->journal) > ANSWER_SECONDS);
}

static bool reject(struct plan_run *run, const struct plan_action *action)
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
        return !may_pass(err) && keep_instead(run, action);
    }
    g_ptr_array_add(run->result->places, g_strdup("reject"));
    if (caller_refuses) {
        run->refused = true;
        g_free(run->result->reject_text);
        run->result->reject_text = g_strdup(action->text);
    }
    return true;
}

// False: it could not be done now, and nothing took its place.
static bool carry_out(struct plan_run *run, const struct plan_action *action)
{
    const struct run_outgoing none = {0};
    const struct run_outgoing *outgoing = run->request->outgoing ? run->request->outgoing : &none;
    switch (action->kind) {
    case PLAN_KEEP:
        return file(run, run->request->inbox, action);
    case PLAN_FILEINTO:
        return file(run, action->folder, action);
    case PLAN_REDIRECT:
        return send(run, action, outgoing->redirect);
    case PLAN_REJECT:
    case PLAN_EREJECT:
        return reject(run, action);
    case PLAN_PIPE:
        return send(run, action, outgoing->pipe);
    case PLAN_DISCARD:
    case PLAN_DUPLICATE:
        return true; // they are no steps
    default:
        return answer(run, action, outgoing);
    }
}

// ---- The steps and their order

static enum rank rank_of(const struct plan_run *run, const struct plan_action *action)
{
    switch (action->kind) {
    case PLAN_KEEP:
        return is_inbox(run->request->inbox) ? RANK_INBOX : RANK_FOLDER;
    case PLAN_FILEINTO:
        return is_inbox(action->folder) ? RANK_INBOX : RANK_FOLDER;
    case PLAN_REDIRECT:
        return RANK_REDIRECT;
    case PLAN_REJECT:
    case PLAN_EREJECT:
        return RANK_REJECT;
    case PLAN_PIPE:
        return RANK_PIPE;
    default:
        return RANK_ANSWER;
    }
}

static void step_free(gpointer data)
{
    struct step *step = data;
    g_free(step->name);
    g_free(step);
}

// Two steps that would have one name are told apart by their number.
static char *name_of(const struct plan_run *run, const struct plan_action *action)
{
    const char *target = action->folder ? action->folder : action->address;
    g_autofree char *base =
        g_strdup_printf("%s %s", plan_kind_name(action->kind), target ? target : "");
    guint same = 0;
    for (guint i = 0; i < run->steps->len; i++) {
        const struct step *step = g_ptr_array_index(run->steps, i);
        same += g_str_has_prefix(step->name, base) && step->name[strlen(base)] == '\n';
    }
    return g_strdup_printf("%s\n%u", base, same);
}

static void add_step(struct plan_run *run, const struct plan_action *action)
{
    struct step *step = g_new0(struct step, 1);
    step->action = action;
    step->rank = rank_of(run, action);
    step->name = name_of(run, action);
    // Behind all of its rank: among equals the script's order stays.
    guint at = run->steps->len;
    while (at > 0 &&
           ((const struct step *)g_ptr_array_index(run->steps, at - 1))->rank > step->rank)
        at--;
    g_ptr_array_insert(run->steps, (gint)at, step);
}

static void list_steps(struct plan_run *run, const struct plan_action *implicit_keep)
{
    const struct plan *plan = run->request->plan;
    run->steps = g_ptr_array_new_with_free_func(step_free);
    for (guint i = 0; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (action->kind == PLAN_DISCARD)
            g_ptr_array_add(run->result->places, g_strdup("discard"));
        else if (action->kind != PLAN_DUPLICATE)
            add_step(run, action);
    }
    if (plan->implicit_keep)
        add_step(run, implicit_keep);
}

static bool leaves_host(const struct step *step)
{
    return step->rank > RANK_FOLDER;
}

// ---- What was done is remembered

// One store finds its own copy. All else takes a journal; without one the message is delivered all
// the same: stores first; one thing that leaves is the last that is done, so that only a kill in
// that very moment can double it; and where there are more of them, see stand_in().
static bool open_journal(struct plan_run *run)
{
    g_autoptr(GError) err = NULL;
    const struct run_request *request = run->request;
    const struct step *last =
        run->steps->len > 0 ? g_ptr_array_index(run->steps, run->steps->len - 1) : NULL;
    if (!request->journals || !last || (run->steps->len == 1 && !leaves_host(last)) ||
        journal_open(request->journals, request->fingerprint, deadline_in(JOURNAL_MILLISECONDS),
                     &run->journal, &err))
        return true;
    trouble(run, "journal", err);
    return !may_pass(err);
}

static void note(struct plan_run *run, const struct step *step, bool last)
{
    g_autoptr(GError) err = NULL;
    const bool sync = run->request->fsync && (leaves_host(step) || !last);
    if (run->journal && journal_note(run->journal, step->name, sync, &err))
        return;
    if (err)
        trouble(run, "journal", err);
    run->unnoted |= leaves_host(step);
}

// STEP failed for now, but something left the host that a retry would send again: the inbox gets
// the message for what is not done, an answer is left out.
static bool stand_in(struct plan_run *run, const struct step *step)
{
    g_ptr_array_add(run->result->troubles,
                    g_strdup_printf("%s is not tried again: there is no journal of what was sent",
                                    plan_kind_name(step->action->kind)));
    return step->rank == RANK_ANSWER || keep_instead(run, step->action);
}

static void take(struct plan_run *run, const struct step *step, bool last)
{
    if (journal_has(run->journal, step->name)) {
        run->filed_inbox |= step->rank == RANK_INBOX;
        g_ptr_array_add(run->result->places,
                        g_strdup_printf("%s (done before)", plan_kind_name(step->action->kind)));
        return;
    }
    // What leaves the host waits until the message is where it belongs.
    if (leaves_host(step) && run->later && !run->unnoted)
        return;
    char text[JOURNAL_NOTE_BYTES];
    struct process_witness witness = {.text = text, .size = sizeof text};
    if (run->journal && leaves_host(step)) {
        journal_place(run->journal, step->name, &witness.fd, &witness.offset, text);
        process_set_witness(&witness);
    }
    bool done = carry_out(run, step->action);
    process_set_witness(NULL);
    if (!done && run->unnoted)
        done = stand_in(run, step);
    if (!done)
        run->later = true;
    else if (!run->refused || step->rank != RANK_REJECT)
        note(run, step, last);
}

// What was seen is remembered once the message is settled: one that comes again after a failure is
// no duplicate (RFC 7352 §3).
static void remember(const struct plan_run *run)
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

// ---- The end

static void settle(struct plan_run *run)
{
    struct run_result *result = run->result;
    // Only before anything was done: what is refused must not be half there.
    if (run->later && result->full && result->places->len == 0) {
        result->outcome = run->request->refuse_full ? MDA_REJECT : MDA_DEFER;
        g_free(result->reject_text);
        result->reject_text = g_strdup(RUN_FULL_TEXT);
    }
    if (run->later)
        return;
    if (run->journal)
        journal_finish(run->journal, store_is_certain(run->request->arrival, (gint64)time(NULL)));
    result->outcome = run->refused ? MDA_REJECT : MDA_DELIVERED;
    if (!run->refused && run->request->committed)
        run->request->committed();
}

static bool open_store(struct plan_run *run)
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
    const struct plan_action implicit_keep = {
        .kind = PLAN_KEEP, .message = request->plan->message, .flags = request->plan->flags};
    struct plan_run run = {.request = request, .result = result_r};
    if (!open_store(&run))
        return;
    list_steps(&run, &implicit_keep);
    if (open_journal(&run)) {
        for (guint i = 0; i < run.steps->len; i++)
            take(&run, g_ptr_array_index(run.steps, i), i + 1 == run.steps->len);
        settle(&run);
        remember(&run);
    }
    journal_close(run.journal);
    g_ptr_array_unref(run.steps);
    g_free(run.path);
}

void run_result_clear(struct run_result *result)
{
    g_clear_pointer(&result->places, g_ptr_array_unref);
    g_clear_pointer(&result->troubles, g_ptr_array_unref);
    g_clear_pointer(&result->reject_text, g_free);
}
