// SPDX-License-Identifier: MIT
// The places where users may be kept: X(suffix of users_…).
#pragma once

#define USERS_LIST(X) X(passwd) X(dovecot_auth) X(passwd_file) X(template)
