// SPDX-License-Identifier: MIT
// The message as it comes in: small ones in memory, larger ones in an unlinked file that is mapped,
// so that memory is bounded whatever the size. Read to the end of input once and kept once.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Up to this many bytes stay in memory.
#define SPOOL_MEMORY_BYTES (1024 * 1024)

// Reads FD to its end. A larger message goes to a nameless file in DIRECTORY (NULL or not usable:
// in $TMPDIR or /tmp). On success *BYTES_R holds everything, also nothing at all; owned by the
// caller. A read error, unlike the end of input, is a failure (MDA_ERROR_TEMP).
bool spool_read(int fd, const char *directory, GBytes **bytes_r,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same for a message that comes in pieces.
struct spool;
struct spool *spool_new(const char *directory);
void spool_free(struct spool *spool);

// Takes SIZE bytes more, SPOOL_MEMORY_BYTES at most. False with *err (MDA_ERROR_TEMP).
bool spool_append(struct spool *spool, const guint8 *bytes, gsize size,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The whole message as *BYTES_R, owned by the caller; it outlives SPOOL, which is of no more use.
bool spool_finish(struct spool *spool, GBytes **bytes_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

typedef struct spool Spool;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spool, spool_free)
