// SPDX-License-Identifier: MIT
// Does the returned original look like a letter of the user's own? It answers a mail that he got;
// it bears the name by which he writes.
//
// Design rationale
// - Nobody but the two who wrote to each other knows the Message-ID of a mail that the user got. An
//   original that answers one is his: measured.
// - Whoever stole an address book knows his name, and most spam does not. It is a hint: enough to
//   hold back what one measurement says, as of a telephone that was bought yesterday.
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/identity.h"
#include "ledger/facts.h"
#include "ledger/learnt.h"

#include <string.h>

#define SHOWN_BYTES 90
#define HEADER_MAX_BYTES (64 * 1024)
#define ANSWERED_MAX 20

// What came back of the original's header, as one. NULL: nothing did. Owned by the caller.
static struct message *returned_header(const struct original *original)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < original->fields->len && text->len < HEADER_MAX_BYTES; i++)
        g_string_append_printf(text, "%s\n", (const char *)original->fields->pdata[i]);
    if (text->len == 0)
        return NULL;
    g_string_append_c(text, '\n');
    g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
    return message_new(bytes);
}

// An id in field NAME that somebody else wrote to the user, or NULL. Owned by the caller.
static char *find_received(struct state *state, const struct message *header, const char *name)
{
    g_autofree char *value = message_header(header, name, 0);
    const char *at = value ? value : "";
    for (guint i = 0; i < ANSWERED_MAX && (at = strchr(at, '<')); i++) {
        const char *end = strchr(at, '>');
        if (!end)
            break;
        g_autofree char *id = g_strndup(at, (gsize)(end - at) + 1);
        bool received;
        if (strchr(id, '@') && learnt_was_received(state, id, &received, NULL) && received)
            return g_steal_pointer(&id);
        at = end;
    }
    return NULL;
}

static char *find_answered(struct state *state, const struct message *header)
{
    char *id = find_received(state, header, "In-Reply-To");
    return id ? id : find_received(state, header, "References");
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(Message) header = returned_header(&evidence_case->report->original);
    g_autoptr(State) state = NULL;
    g_autoptr(GError) err = NULL;
    finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "nothing in it is known to be yours");
    if (!header || !conf_bool(evidence_case->conf, CONF_LEARN_ENABLED))
        return;
    if (!state_open(evidence_case->conf, evidence_case->deadline, &state, &err)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s", err->message);
        return;
    }
    g_autofree char *answered = find_answered(state, header);
    g_autofree char *name = sent_name_read(header);
    g_autofree char *shown = text_printable(answered ? answered : name, -1, SHOWN_BYTES);
    if (answered)
        finding_set(finding, SAYS_OURS, WEIGHT_MEASURED, "it answers %s, which you got", shown);
    else if (name && learnt_is_name(state, name))
        finding_set(finding, SAYS_OURS, WEIGHT_HINT, "its author is called as you are: %s", shown);
}

const struct evidence_source evidence_letter = {.name = "letter", .look = look};
