// SPDX-License-Identifier: MIT
// Judging the reports that lie in whole folders. Nothing is changed.
#pragma once

#include "judge/judge.h"
#include "store/tree.h"

// One report that was found.
struct scanned {
    const struct tree_folder *folder;
    const char *name; // as read_list gives it; in an mbox NULL
    gint64 offset;    // in an mbox
    const struct judgement *judgement;
};

struct scan {
    const struct conf *conf;
    struct bounce_rules *rules;
    void (*report)(const struct scanned *scanned, gpointer data);
    void (*step)(guint64 total, gpointer data); // one more message was looked at; may be NULL
    bool (*stop)(gpointer data);                // asked before each message; may be NULL
    gpointer data;
    guint64 total; // messages so far in the folders, as far as is known
};

// Looks through FOLDER, newest messages first where it is no mbox. False with *err when it cannot
// be read; true also when it was stopped.
bool scan_folder(struct scan *scan, const struct tree_folder *folder,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Verdicts by class, for a table.
struct scan_table {
    guint counts[VERDICT_UNKNOWN + 1][BOUNCE_FEEDBACK_REPORT + 1];
    guint reports;
};

void scan_count(struct scan_table *table, const struct judgement *judgement);
void scan_print(const struct scan_table *table);
