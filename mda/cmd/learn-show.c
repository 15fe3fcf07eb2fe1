// SPDX-License-Identifier: MIT
#include "cmd/learn-show.h"

#include "base/text.h"
#include "ledger/learnt.h"

#include <string.h>

#define STATE_MS 10000
#define SHOWN_BYTES 100
#define SHOWN_FORMS 6

struct show {
    struct state *state;
    FILE *out;
    const char *indent;
};

static void show_addresses(const struct show *show)
{
    struct db_statement *statement;
    bool row;
    guint count = 0;
    if (!state_prepare(show->state, &statement, NULL,
                       "SELECT account, sum(count) FROM sent_form GROUP BY account ORDER BY 2 DESC",
                       NULL))
        return;
    while (show->state->api->step(statement, &row, NULL) && row && count++ < SHOWN_FORMS) {
        g_autofree char *address =
            text_printable(show->state->api->column_text(statement, 0), -1, SHOWN_BYTES);
        fprintf(show->out, "%s%s sent %" G_GINT64_FORMAT " letters that are kept\n", show->indent,
                address, show->state->api->column_int(statement, 1));
    }
    if (count == 0)
        fprintf(show->out, "%sno sent mail was found\n", show->indent);
}

// Which forms of ids answers named, and how many of those mails are kept.
static void show_forms(const struct show *show)
{
    struct db_statement *statement;
    bool row;
    guint count = 0;
    if (!state_prepare(show->state, &statement, NULL,
                       "SELECT domain, count(*), sum(known = 0) FROM answer WHERE known >= 0"
                       " GROUP BY domain ORDER BY 2 DESC",
                       NULL))
        return;
    while (show->state->api->step(statement, &row, NULL) && row && count++ < SHOWN_FORMS) {
        g_autofree char *domain =
            text_printable(show->state->api->column_text(statement, 0), -1, SHOWN_BYTES);
        const gint64 all = show->state->api->column_int(statement, 1);
        const gint64 missing = show->state->api->column_int(statement, 2);
        g_autofree char *number =
            missing ? g_strdup_printf("%" G_GINT64_FORMAT, missing) : g_strdup("none");
        fprintf(show->out,
                "%s%s of %" G_GINT64_FORMAT " answers to ids of %s named a mail that your Sent "
                "folder lacks: at most %.0f %% of these are missing\n",
                show->indent, number, all, domain, 100 * learnt_bound((guint)missing, (guint)all));
    }
    if (count == 0)
        fprintf(show->out,
                "%sno answer to your mail was found, so a mail that Sent lacks may be yours\n",
                show->indent);
}

// An id that no program of his writes: how sure is that?
static void show_surprises(const struct show *show)
{
    struct learnt_absence absence;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (!learnt_absence(show->state, "", "<nobody@never.seen.invalid>", now, &absence, NULL) ||
        absence.tests == 0)
        return;
    fprintf(show->out,
            "%sa mail with an id of another kind is not yours: sure in %.0f of 100 cases%s\n",
            show->indent, 100 * (1 - absence.bound),
            absence.settled ? "" : ", but your programs changed lately");
}

static void show_relays(const struct show *show)
{
    guint posts, strange;
    g_autoptr(GPtrArray) relays =
        learnt_relays(show->state, g_get_real_time() / G_USEC_PER_SEC, &posts, &strange);
    if (relays->len == 0)
        return;
    g_ptr_array_add(relays, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)relays->pdata);
    g_autofree char *shown = text_printable(names, -1, 4 * SHOWN_BYTES);
    fprintf(show->out, "%s%u posts that came back had left through %s\n", show->indent, posts,
            shown);
}

static void show_words(const struct show *show)
{
    struct db_statement *statement;
    gint64 count;
    if (!state_prepare(show->state, &statement, NULL, "SELECT count(*) FROM word", NULL) ||
        !state_number(show->state, statement, 0, &count, NULL) || count == 0)
        return;
    fprintf(show->out, "%s%" G_GINT64_FORMAT " facts come from what you said of reports\n",
            show->indent, count);
}

bool learn_show(const struct conf *conf, FILE *out, const char *indent, GError **err)
{
    g_autoptr(State) state = NULL;
    if (!state_open(conf, deadline_in(STATE_MS), &state, err))
        return false;
    const struct show show = {state, out, indent};
    show_addresses(&show);
    show_forms(&show);
    show_surprises(&show);
    show_relays(&show);
    show_words(&show);
    return true;
}
