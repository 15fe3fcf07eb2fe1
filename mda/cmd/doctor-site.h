// SPDX-License-Identifier: MIT
// What doctor says of the host's MTA and of its domains in DNS.
#pragma once

#include "conf/conf.h"

// Prints both; MAIL_LOG (may be NULL) is looked at instead of the system's.
void doctor_print_site(const struct conf *conf, const char *mail_log);
