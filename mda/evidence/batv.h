// SPDX-License-Identifier: MIT
// Signed return paths (draft-levine-smtp-batv-01): prvs=KDDDSSSSSS=user@domain. K names the key,
// DDD is the day on which it expires (days since 1970, modulo 1000), SSSSSS begins the HMAC-SHA1
// over KDDD and the address.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

enum batv_result {
    BATV_UNTAGGED, // no tag that we know
    BATV_VALID,
    BATV_EXPIRED, // ours, and too old
    BATV_INVALID, // a tag that none of our keys wrote
};

// What the tag of ADDRESS is worth under KEYS (see evidence/keys.h) at NOW (Unix seconds). A tag
// holds for DAYS.
enum batv_result batv_verify(const GPtrArray *keys, const char *address, gint64 now, guint days);

// ADDRESS with a tag by the signing key. One that has a tag, or is no address, comes back as it is.
// Owned by the caller.
char *batv_sign(const GPtrArray *keys, const char *address, gint64 now, guint days);

// Is ADDRESS (tagged or not) to be signed by the settings: in a domain of ours, not exempt?
bool batv_is_signed(const struct conf *conf, const char *address);
