// SPDX-License-Identifier: MIT
// backstop learn: from the folders that are there, from what the user says of a report; and what
// was learnt, to see and to throw away.
#include "learn/history.h"

#include "base/error.h"
#include "cmd/learn-show.h"
#include "cmd/mail-source.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "learn/word.h"

#include <stdio.h>

#define STATE_MS 10000

static gboolean show, reset, genuine, backscatter, quiet;

static const GOptionEntry entries[] = {
    {"show", 's', 0, G_OPTION_ARG_NONE, &show, "Show what was learnt, and learn nothing", NULL},
    {"reset", 0, 0, G_OPTION_ARG_NONE, &reset, "Forget all that was learnt", NULL},
    {"genuine", 'g', 0, G_OPTION_ARG_NONE, &genuine,
     "The reports in the files named are on mail of ours", NULL},
    {"backscatter", 'b', 0, G_OPTION_ARG_NONE, &backscatter,
     "The reports in the files named are on mail that we never sent", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "No progress bar, and nothing shown at the end",
     NULL},
    G_OPTION_ENTRY_NULL};

static int complain(const GError *err)
{
    fprintf(stderr, "backstop learn: %s\n", err->message);
    return g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG) ? STATUS_NO : STATUS_TEMPFAIL;
}

static void step(guint64 total, gpointer data)
{
    struct progress *progress = data;
    progress->total = total;
    progress_step(progress);
}

static int learn_all(const struct conf *conf)
{
    g_autoptr(GError) err = NULL;
    struct progress progress = progress_begin(!quiet);
    const struct learn_request request = {.conf = conf,
                                          .max = G_MAXUINT,
                                          .deadline = deadline_in(-1),
                                          .step = step,
                                          .data = &progress};
    struct learn_counts counts;
    if (!learn_history(&request, &counts, &err))
        return complain(err);
    progress_end(&progress);
    if (quiet)
        return STATUS_OK;
    printf("%u messages read\n", counts.read);
    return learn_show(conf, stdout, "", &err) ? STATUS_OK : complain(err);
}

struct word {
    const struct conf *conf;
    struct state *state;
    guint learnt;
    bool failed;
};

static bool take_word(const char *name, GBytes *bytes, void *data)
{
    struct word *word = data;
    g_autoptr(GError) err = NULL;
    if (word_learn(word->conf, word->state, bytes, genuine, &err)) {
        word->learnt++;
    } else {
        fprintf(stderr, "backstop learn: %s: %s\n", name, err->message);
        word->failed = true;
    }
    return true;
}

static int take_words(const struct conf *conf, int argc, char **argv)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(State) state = NULL;
    if (!state_open(conf, deadline_in(STATE_MS), &state, &err))
        return complain(err);
    if (argc < 2)
        output_await("a report");
    struct word word = {.conf = conf, .state = state};
    for (int i = 1; i < MAX(argc, 2); i++) {
        if (!mail_source_each(i < argc ? argv[i] : "-", take_word, &word, &err))
            return complain(err);
    }
    if (!quiet)
        printf("learnt from %u reports\n", word.learnt);
    return word.failed ? STATUS_NO : STATUS_OK;
}

int cmd_learn(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries,
                       "[--show | --reset | --genuine FILE... | --backscatter FILE...]",
                       "Reads the user's folders for what they teach of his own mail, each message "
                       "once: how\ncomplete his folders of sent mail are, where his mail leaves, "
                       "which Message-IDs it bears.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (show + reset + genuine + backscatter > 1) {
        fprintf(stderr, "backstop learn: one thing at a time\n");
        return STATUS_USAGE;
    }
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err))
        return complain(err);
    if (genuine || backscatter)
        return take_words(context->conf, argc, argv);
    if (reset)
        return learn_forget(context->conf, &err) ? STATUS_OK : complain(err);
    if (show)
        return learn_show(context->conf, stdout, "", &err) ? STATUS_OK : complain(err);
    return learn_all(context->conf);
}
