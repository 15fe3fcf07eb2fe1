// SPDX-License-Identifier: MIT
#include "base/lookup.h"

#include "base/error.h"

struct host_lookup {
    GAsyncQueue *answer; // the thread puts the lookup into it when it is done
    char *host;
    char *port;
    int status;
    struct addrinfo *found;
};

static void lookup_free(gpointer data)
{
    struct host_lookup *lookup = data;
    if (lookup->found)
        freeaddrinfo(lookup->found);
    g_free(lookup->host);
    g_free(lookup->port);
    g_free(lookup);
}

static void look_up(struct host_lookup *lookup, int flags)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    lookup->status = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
}

static gpointer look_up_in_thread(gpointer data)
{
    struct host_lookup *lookup = data;
    GAsyncQueue *answer = lookup->answer;
    look_up(lookup, 0);
    g_async_queue_push(answer, lookup);
    g_async_queue_unref(answer); // nobody waits any more: the lookup goes with it
    return NULL;
}

// Hands LOOKUP to a thread. It again, or NULL when the time is over; the thread frees it then.
static struct host_lookup *look_up_within(struct host_lookup *lookup, struct deadline limit,
                                          const char *limit_name, GError **err)
{
    GAsyncQueue *answer = g_async_queue_new_full(lookup_free);
    lookup->answer = g_async_queue_ref(answer);
    GThread *thread = g_thread_try_new("resolver", look_up_in_thread, lookup, err);
    if (!thread) {
        g_async_queue_unref(answer);
        lookup_free(lookup);
        g_async_queue_unref(answer);
        return NULL;
    }
    g_thread_unref(thread);
    lookup = g_async_queue_timeout_pop(answer, (guint64)deadline_left(&limit) * 1000);
    g_async_queue_unref(answer);
    if (!lookup)
        mda_fail(err, MDA_ERROR_TEMP, "its name was not found within %s", limit_name);
    return lookup;
}

struct addrinfo *lookup_host(const char *host, const char *port, struct deadline limit,
                             const char *limit_name, GError **err)
{
    struct host_lookup *lookup = g_new0(struct host_lookup, 1);
    lookup->host = g_strdup(host);
    lookup->port = g_strdup(port);
    look_up(lookup, AI_NUMERICHOST);
    if (lookup->status != 0 && !(lookup = look_up_within(lookup, limit, limit_name, err)))
        return NULL;
    struct addrinfo *found = g_steal_pointer(&lookup->found);
    if (lookup->status != 0)
        mda_fail(err, MDA_ERROR_TEMP, "%s", gai_strerror(lookup->status));
    lookup_free(lookup);
    return found;
}
