// SPDX-License-Identifier: MIT
// Mail that another server keeps: it is handed on by LMTP (RFC 2033), whose answer is the
// delivery's. Folders are that server's to choose, by rules of its own: none can be named.
#include "base/error.h"
#include "store/store.h"
#include "submit/submit.h"

#include <string.h>

#define LMTP_MILLISECONDS (5 * 60 * 1000)

static char *folder_path(const char *path, const char *folder, GError **err)
{
    mda_fail(err, folder && *folder ? MDA_ERROR_GONE : MDA_ERROR_CONFIG,
             "lmtp:%s: the folders there are not ours to name", path);
    return NULL;
}

static bool deliver(const char *path, const struct store_request *request,
                    struct store_result *result_r, GError **err)
{
    if (request->folder) {
        g_autofree char *none = folder_path(path, request->folder, err);
        return none != NULL;
    }
    if (!request->recipient)
        return mda_fail(err, MDA_ERROR_CONFIG, "lmtp:%s: nobody says for whom it is", path);
    g_autoptr(GBytes) text = g_string_free_to_bytes(content_text(request->content));
    g_autoptr(GPtrArray) to = g_ptr_array_new();
    g_ptr_array_add(to, (gpointer)request->recipient);
    const struct submission mail = {
        .sender = request->sender ? request->sender : "", .to = to, .text = text};
    if (!submit_lmtp(path, LMTP_MILLISECONDS, &mail, err)) {
        g_prefix_error(err, "handing on to lmtp:%s: ", path);
        return false;
    }
    *result_r = (struct store_result){.path = g_strdup(path)};
    return true;
}

static char *spool_directory(const char *path)
{
    (void)path;
    return NULL;
}

const struct store store_lmtp = {
    .name = "lmtp",
    .deliver = deliver,
    .folder_path = folder_path,
    .spool_directory = spool_directory,
};
