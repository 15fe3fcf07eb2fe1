// SPDX-License-Identifier: MIT
// Carries a plan out and tells what became of the message.
//
// Every run starts as "defer" and earns more. Stores come first, then what leaves the host, the
// least repeatable last. A folder that is refused falls back to the inbox; what fails for a reason
// that may pass defers, whatever else was done: a journal named after the delivery says what that
// was, and the MTA's next try does only the rest.
#pragma once

#include "base/clock.h"
#include "base/content.h"
#include "base/error.h"
#include "plan/plan.h"
#include "store/quota.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// How outgoing mail leaves: filled in by the command; NULL members mean that it cannot.
struct run_outgoing {
    gpointer data;
    // Each returns false with *err when the message did not leave for sure.
    bool (*redirect)(gpointer data, const struct plan_action *action, GError **err);
    // Vacation, notify, report. *SENT_R is what was sent, when something was; owned by the caller.
    bool (*answer)(gpointer data, const struct plan_action *action, GBytes **sent_r, GError **err);
    bool (*reject)(gpointer data, const struct plan_action *action, bool *caller_refuses_r,
                   GError **err);
    bool (*pipe)(gpointer data, const struct plan_action *action, GError **err);
    // Keeps the key of a PLAN_DUPLICATE in mind.
    bool (*remember)(gpointer data, const struct plan_action *action, GError **err);
};

struct run_request {
    const struct plan *plan;
    const char *location;    // [store] location
    const char *inbox;       // the folder that keep means, NULL: the inbox
    const char *sender;      // envelope sender, for mbox
    const char *recipient;   // for a store on another server
    const char *fingerprint; // of this delivery, see store.h
    const char *journals;    // the directory of journals (base/journal.h); NULL: none are kept
    gint64 arrival;
    bool create; // make missing folders
    bool fsync;
    mode_t mode;
    gint64 lock_milliseconds;
    bool keywords;      // as in struct store_request
    struct quota quota; // of the store
    const char *junk;   // the folder that may have JUNK_EXTRA bytes beyond it
    guint64 junk_extra;
    bool refuse_full; // who is over the quota is refused, not put off
    // What is written: content_of(data, bytes) composes the message, or BYTES (a message that the
    // rules changed) when that is not NULL. Owned by the caller, freed by the run.
    struct content *(*content_of)(gpointer data, GBytes *bytes);
    gpointer content_data;
    const struct run_outgoing *outgoing;
    void (*committed)(void); // called when all is done: from then on the end is success
};

// What is said of a message for which there is no room in the user's quota.
#define RUN_FULL_TEXT "the mailbox is full"

struct run_result {
    enum outcome outcome;
    GPtrArray *places;   // char *: where the message went, for the log: "Junk", "redirect:a@b"
    GPtrArray *troubles; // char *: what did not work on the way
    char *reject_text;   // with MDA_REJECT; RUN_FULL_TEXT also with MDA_DEFER
    bool full;           // why it was put off or refused: the user's quota
    guint percent_before, percent; // how full the store was and is now; 0: it has no quota
};

void run_plan(const struct run_request *request, struct run_result *result_r);
void run_result_clear(struct run_result *result);
