// SPDX-License-Identifier: MIT
// Providers that take mail under one name and hand it on under another: rules/providers, and what
// the site adds to it.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

struct providers;

// Those built in, and those of the files *.providers in [rules] directories. Lines that are none
// are told in WARNINGS (char *; may be NULL) as "file:line: …" and left out. Owned by the caller.
struct providers *providers_load(const struct conf *conf, GPtrArray *warnings);
void providers_free(struct providers *providers);

// The provider below whose domains the host NAME (or NULL) stands, or NULL. Borrowed.
const char *providers_of(const struct providers *providers, const char *name);

// Do the hosts A and B belong to one organisation or one provider? NULL is related to nothing.
bool providers_related(const struct providers *providers, const char *a, const char *b);

typedef struct providers Providers;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Providers, providers_free)
