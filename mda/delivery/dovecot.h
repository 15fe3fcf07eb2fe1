// SPDX-License-Identifier: MIT
// What a Dovecot's configuration says, for a delivery that takes its place.
#pragma once

#include "conf/conf.h"

// Reads the site's settings into CONF (conf_load_site), with what Dovecot's configuration says
// beneath them where the settings or the command line name one. SERVICE is "lda" or "lmtp". False
// with *err when they cannot be had.
bool dovecot_load_site(struct conf *conf, const char *service,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;
