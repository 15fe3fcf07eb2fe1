// SPDX-License-Identifier: MIT
// backstop setup --site: what the mail server's own settings say of the site, as a system file.
#pragma once

#include "conf/conf.h"

// Prints the file that it proposes, and writes it when WRITE and there is none yet. Returns the
// exit status.
int setup_site(const struct conf *conf, bool write);
