// SPDX-License-Identifier: MIT
// Between the source spf and the module backstop-spf.so, which alone knows libspf2.
#pragma once

#include "base/clock.h"
#include "base/module.h"

#include <stdbool.h>

struct spf_api {
    struct module_head head;

    // RFC 7208 check_host() for a client at ADDRESS, greeting as HELO (or NULL), with envelope
    // sender SENDER. Every DNS question goes to SERVER ("": the system's) and ends at DEADLINE.
    // *RESULT_R: "pass", "fail", "softfail", "neutral", "none", "temperror", "permerror". Static.
    bool (*check)(const char *address, const char *helo, const char *sender, const char *server,
                  struct deadline deadline, const char **result_r, GError **err);
};
