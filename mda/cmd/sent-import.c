// SPDX-License-Identifier: MIT
// Design rationale
// - Whoever records the inbox as sent makes every report genuine that names a mail in it, for good.
//   So the folder is looked through first: its letters must be from us.
// - Who "us" is say [identity] addresses and domains. Without these, a folder of sent mail is known
//   by its letters: they never travelled (no Received line), or one author wrote most of them.
#include "cmd/sent-import.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "ledger/facts.h"
#include "ledger/ledger.h"
#include "message/message.h"
#include "store/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BULK_MS 600000
// Records between two commits, so that others get their turn.
#define BATCH 100000
#define NAMES_MAX 10000000
#define SHOWN_AUTHORS 8
#define SHOWN_BYTES 100
// One letter in so many may be a stranger's: drafts, letters that were moved there.
#define STRANGERS_PART 5

// What a folder holds, by its letters' authors.
struct survey {
    const struct conf *conf;
    GHashTable *authors; // address -> number of letters
    guint letters, travelled, strangers;
};

typedef bool (*header_visit)(GBytes *header, gpointer data, GError **err);

struct import_walk {
    header_visit visit;
    gpointer data;
    GError **err;
    bool failed;
};

static bool visit_mbox(GBytes *header, gint64 offset, gpointer data)
{
    (void)offset;
    struct import_walk *walk = data;
    walk->failed = !walk->visit(header, walk->data, walk->err);
    return !walk->failed;
}

// Calls VISIT for the header of each message at PATH. *COUNT_R, set before, tells how many there
// are; 0: not known.
static bool each_header(const char *path, header_visit visit, gpointer data, guint64 *count_r,
                        GError **err)
{
    const enum read_kind kind = read_kind(path);
    struct import_walk walk = {visit, data, err, false};
    gint64 end, size;
    if (kind == READ_NONE)
        return mda_fail(err, MDA_ERROR_GONE, "%s: is no mail folder", path);
    if (kind == READ_MBOX)
        return read_each_mbox(path, 0, 0, visit_mbox, &walk, &end, &size, err) && !walk.failed;
    g_autoptr(GPtrArray) names = NULL;
    if (!read_list(path, kind, NAMES_MAX, &names, err))
        return false;
    if (count_r)
        *count_r += names->len;
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GBytes) header = read_header(path, g_ptr_array_index(names, i));
        if (header && !visit(header, data, err))
            return false;
    }
    return true;
}

static bool is_configured(const struct conf *conf, const char *address)
{
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
    for (const char *const *entry = conf_list(conf, CONF_IDENTITY_ADDRESSES); *entry; entry++)
        address_scan(*entry, G_MAXUINT, own);
    return g_ptr_array_find_with_equal_func(own, address, g_str_equal, NULL) ||
           domain_among(text_domain_of(address), conf_list(conf, CONF_IDENTITY_DOMAINS));
}

static bool survey_header(GBytes *header, gpointer data, GError **err)
{
    (void)err;
    struct survey *survey = data;
    g_autoptr(SentFacts) facts = sent_facts_read(header);
    g_autoptr(Message) message = message_new(header);
    const char *author = facts->from ? facts->from : "(nobody)";
    const guint count = GPOINTER_TO_UINT(g_hash_table_lookup(survey->authors, author)) + 1;
    g_hash_table_insert(survey->authors, g_strdup(author), GUINT_TO_POINTER(count));
    survey->letters++;
    survey->travelled += message_field(message, "Received", 0) != NULL;
    survey->strangers += !facts->from || !is_configured(survey->conf, facts->from);
    return true;
}

static gint by_count(gconstpointer a, gconstpointer b, gpointer data)
{
    GHashTable *authors = data;
    const guint first = GPOINTER_TO_UINT(g_hash_table_lookup(authors, *(const char *const *)a));
    const guint second = GPOINTER_TO_UINT(g_hash_table_lookup(authors, *(const char *const *)b));
    return first != second ? (first < second ? 1 : -1)
                           : strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The addresses in SURVEY, those with most letters first. The array owns nothing.
static GPtrArray *authors_by_count(const struct survey *survey)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, survey->authors);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort_with_data(names, by_count, survey->authors);
    return names;
}

static bool looks_like_sent(const struct survey *survey, const GPtrArray *names)
{
    const struct conf *conf = survey->conf;
    const bool known =
        *conf_list(conf, CONF_IDENTITY_ADDRESSES) || *conf_list(conf, CONF_IDENTITY_DOMAINS);
    if (known)
        return STRANGERS_PART * survey->strangers <= survey->letters;
    const guint first =
        names->len > 0 ? GPOINTER_TO_UINT(g_hash_table_lookup(survey->authors, names->pdata[0]))
                       : 0;
    return STRANGERS_PART * survey->travelled <= survey->letters || 2 * first >= survey->letters;
}

static void print_authors(FILE *out, const struct survey *survey, const GPtrArray *names)
{
    guint rest = survey->letters;
    for (guint i = 0; i < names->len && i < SHOWN_AUTHORS; i++) {
        const char *name = g_ptr_array_index(names, i);
        const guint count = GPOINTER_TO_UINT(g_hash_table_lookup(survey->authors, name));
        g_autofree char *shown = text_printable(name, -1, SHOWN_BYTES);
        fprintf(out, "%7u  %s\n", count, shown);
        rest -= count;
    }
    if (names->len > SHOWN_AUTHORS)
        fprintf(out, "%7u  by %u others\n", rest, names->len - SHOWN_AUTHORS);
}

static bool asked_yes(void)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO))
        return false;
    fprintf(stderr, "Record them all the same? [y/N] ");
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

// Are the letters at PATH ours, as far as they show it, or does the user say so?
static bool may_import(const struct conf *conf, const char *path, bool force, bool quiet,
                       GError **err)
{
    g_autoptr(GHashTable) authors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct survey survey = {.conf = conf, .authors = authors};
    if (!each_header(path, survey_header, &survey, NULL, err))
        return false;
    if (survey.letters == 0 && read_kind(path) == READ_MBOX &&
        g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return true;
    g_autoptr(GPtrArray) names = authors_by_count(&survey);
    const bool sound = looks_like_sent(&survey, names);
    g_autofree char *shown = text_printable(path, -1, SHOWN_BYTES);
    if (!quiet || !sound) {
        fprintf(sound ? stdout : stderr, "%s: %u letters, from\n", shown, survey.letters);
        print_authors(sound ? stdout : stderr, &survey, names);
    }
    if (sound || force)
        return true;
    fprintf(stderr, "backstop sent: these are not letters that one person sent. Recorded as sent, "
                    "they would make\nreports on strangers' mail genuine.\n");
    return asked_yes() || mda_fail(err, MDA_ERROR_CONFIG,
                                   "%s: not recorded; --force records it all the same", path);
}

struct import {
    struct ledger *ledger;
    struct progress progress;
};

static bool import_header(GBytes *header, gpointer data, GError **err)
{
    struct import *import = data;
    g_autoptr(SentFacts) facts = sent_facts_read(header);
    if (!sent_facts_record(facts, import->ledger, err))
        return false;
    progress_step(&import->progress);
    if (import->progress.done % BATCH != 0)
        return true;
    return ledger_commit(import->ledger, err) && ledger_begin(import->ledger, err);
}

static int complain(const GError *err)
{
    fprintf(stderr, "backstop sent: %s\n", err->message);
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG) ? STATUS_NO : STATUS_TEMPFAIL;
}

int sent_import(const struct conf *conf, char **paths, bool force, bool quiet)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Ledger) ledger = NULL;
    if (!paths[0]) {
        fprintf(stderr, "backstop sent: --import needs a folder\n");
        return STATUS_USAGE;
    }
    for (char **path = paths; *path; path++) {
        if (!may_import(conf, *path, force, quiet, &err))
            return complain(err);
    }
    if (!ledger_open(conf, LEDGER_WRITE, deadline_in(BULK_MS), &ledger, &err))
        return complain(err);
    struct import import = {.ledger = ledger, .progress = progress_begin(!quiet)};
    if (!ledger_begin(ledger, &err))
        return complain(err);
    for (char **path = paths; *path; path++) {
        if (!each_header(*path, import_header, &import, &import.progress.total, &err))
            return complain(err);
    }
    if (!ledger_commit(ledger, &err))
        return complain(err);
    progress_end(&import.progress);
    if (!quiet)
        printf("%" G_GUINT64_FORMAT " messages recorded in %s\n", import.progress.done,
               ledger_name(ledger));
    return STATUS_OK;
}
