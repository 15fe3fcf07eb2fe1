// SPDX-License-Identifier: MIT
#include "delivery/junk-list.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "delivery/junk.h"
#include "judge/judge.h"
#include "learn/history.h"
#include "learn/word.h"
#include "message/intake.h"
#include "message/mime.h"
#include "store/move.h"
#include "store/read.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES_MAX 1000000
#define SHORTEST_ID 4
#define STATE_MS 10000

static void free_message(gpointer data)
{
    struct junk_message *message = data;
    g_free(message->id);
    g_free(message->name);
    g_free(message->from);
    g_free(message->subject);
    g_free(message->message_id);
    g_free(message->verdict);
    g_free(message);
}

static char *decoded(const struct message *message, const char *name)
{
    g_autofree char *value = message_header(message, name, 0);
    return value ? mime_decode_header(value, -1) : g_strdup("");
}

// What we wrote stands above the first Received line.
static char *verdict_of(const struct message *message)
{
    const struct header_field *field = message_field(message, "X-Backstop", 0);
    const struct header_field *received = message_field(message, "Received", 0);
    return field && (!received || field < received) ? header_field_value(field) : g_strdup("");
}

// Of a message that scan or the user put there: a hash of its file's name, which stays.
static char *id_of_name(const char *name)
{
    g_autofree char *lasting = read_lasting_name(name);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lasting, -1);
    return g_strndup(hash, JUDGE_ID_LENGTH);
}

static bool has_flag(const char *name, char flag)
{
    const char *flags = strstr(name, ":2,");
    return flags && strchr(flags + 3, flag);
}

static struct junk_message *look_at(const char *name, GBytes *header)
{
    g_autoptr(Message) message = message_new(header);
    struct junk_message *junk = g_new0(struct junk_message, 1);
    const gint64 time = g_ascii_strtoll(strchr(name, '/') ? strchr(name, '/') + 1 : name, NULL, 10);
    junk->name = g_strdup(name);
    junk->id = judge_id(message);
    if (!junk->id)
        junk->id = id_of_name(name);
    junk->arrived = time > 0 ? time : intake_arrival(message);
    junk->flagged = has_flag(name, 'F');
    junk->from = decoded(message, "From");
    junk->subject = decoded(message, "Subject");
    junk->message_id = decoded(message, "Message-ID");
    junk->verdict = verdict_of(message);
    return junk;
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
    const struct junk_message *one = *(const struct junk_message *const *)a;
    const struct junk_message *other = *(const struct junk_message *const *)b;
    if (one->arrived != other->arrived)
        return one->arrived > other->arrived ? -1 : 1;
    return strcmp(one->name, other->name);
}

bool junk_messages(const struct conf *conf, GPtrArray **messages_r, char **folder_r, GError **err)
{
    g_autofree char *folder = junk_path(conf, NULL, err);
    if (!folder)
        return false;
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    g_autoptr(GPtrArray) names = NULL;
    const enum read_kind kind = read_kind(folder);
    if (kind != READ_NONE && !read_list(folder, kind, MESSAGES_MAX, &names, err))
        return false;
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(GBytes) header = read_header(folder, name);
        if (header)
            g_ptr_array_add(messages, look_at(name, header));
    }
    g_ptr_array_sort(messages, newest_first);
    *messages_r = g_steal_pointer(&messages);
    *folder_r = g_steal_pointer(&folder);
    return true;
}

static bool is_named(const struct junk_message *message, const char *word)
{
    g_autofree char *lasting = read_lasting_name(message->name);
    g_autofree char *given = read_lasting_name(word);
    g_autofree char *bracketed = g_strdup_printf("<%s>", word);
    return (strlen(word) >= SHORTEST_ID && g_str_has_prefix(message->id, word)) ||
           strcmp(message->message_id, word) == 0 || strcmp(message->message_id, bracketed) == 0 ||
           strcmp(lasting, given) == 0;
}

const struct junk_message *junk_find(const GPtrArray *messages, const char *word, GError **err)
{
    const struct junk_message *found = NULL;
    for (guint i = 0; *word && i < messages->len; i++) {
        const struct junk_message *message = g_ptr_array_index(messages, i);
        if (!is_named(message, word))
            continue;
        if (found) {
            mda_fail(err, MDA_ERROR_CONFIG,
                     "%s is the name of more than one message; backstop junk list shows ids", word);
            return NULL;
        }
        found = message;
    }
    if (!found)
        mda_fail(err, MDA_ERROR_GONE, "%s is no message in Junk; backstop junk list shows all",
                 word);
    return found;
}

// cur, with the flags but S: what was seen as Junk was not read.
static char *inbox_name(const char *inbox, const char *name)
{
    g_autofree char *lasting = read_lasting_name(name);
    const char *flags = strstr(name, ":2,");
    GString *path = g_string_new(inbox);
    g_string_append_printf(path, "/cur/%s:2,", lasting);
    for (const char *flag = flags ? flags + 3 : ""; *flag; flag++) {
        if (*flag != 'S' && *flag != 'T')
            g_string_append_c(path, *flag);
    }
    return g_string_free(path, FALSE);
}

static bool make_inbox(const char *inbox, GError **err)
{
    static const char *const parts[] = {"cur", "new", "tmp"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_build_filename(inbox, parts[i], NULL);
        if (!files_make_path(path, 0700, true, err))
            return false;
    }
    return true;
}

// Everything that is no report, or cannot be kept in mind, goes without.
static bool learn_word(const struct conf *conf, GBytes *bytes)
{
    g_autoptr(State) state = NULL;
    return bytes && state_open(conf, deadline_in(STATE_MS), &state, NULL) &&
           word_learn(conf, state, bytes, true, NULL);
}

bool junk_restore(const struct conf *conf, const char *folder, const struct junk_message *message,
                  bool *learnt_r, GError **err)
{
    g_autofree char *inbox = junk_path(conf, "INBOX", err);
    if (!inbox || !make_inbox(inbox, err))
        return false;
    g_autofree char *from = g_build_filename(folder, message->name, NULL);
    g_autofree char *to = inbox_name(inbox, message->name);
    g_autoptr(GBytes) bytes = read_message(folder, message->name, WORD_MESSAGE_MAX);
    learn_ignore(conf, inbox, to); // it is learnt from here, not once more where it lies then
    if (!move_message_file(from, to, err))
        return false;
    *learnt_r = learn_word(conf, bytes);
    return true;
}

bool junk_delete(const char *folder, const struct junk_message *message, GError **err)
{
    g_autofree char *path = g_build_filename(folder, message->name, NULL);
    return unlink(path) == 0 || errno == ENOENT || mda_fail_errno(err, errno, "delete %s", path);
}
