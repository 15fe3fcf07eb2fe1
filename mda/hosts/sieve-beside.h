// SPDX-License-Identifier: MIT
// What a script may ask for that an IMAP server or an address book would know: members of lists
// (RFC 6134), annotations (RFC 5490), attributes (RFC 8579) and ids (RFC 9042) of folders. It comes
// from settings and side files:
//   extlists_list = KEY …, extlists_list/KEY/name, extlists_list/KEY/dict/file/path: lists, as
//     Dovecot names them; a member a line, or "shared/MEMBER" and a value by turns
//   metadata: a key file; [server] and [mailbox NAME] hold annotations, and mailboxid
//   special_use = FOLDER=ATTRIBUTE …
// and ids from the dovecot-uidlist of Maildir++ folders.
#pragma once

#include "conf/conf.h"
#include "hosts/sieve-host.h"
#include "plan/plan.h"

// Sets those settings from [sieve] lists and metadata and [store] special-use, and the maildir from
// [store] location, unless they are set. HOME is what "~" in a list's path stands for.
void sieve_beside_configure(struct sieve_source *source, const struct conf *conf, const char *home);

// Fills in HOST for what SOURCE has settings for; with ALL, for everything.
void sieve_beside_host(const struct sieve_source *source, struct sieve_host *host, bool all);

// Where ACTION's :mailboxid, else its :specialuse sends the message; NULL: to the folder that it
// names. Owned by the caller.
char *sieve_beside_folder(const struct sieve_source *source, const struct plan_action *action);

// Makes these the folders of all actions of PLAN.
void sieve_beside_resolve(const struct sieve_source *source, struct plan *plan);

// May a folder be called NAME? False with *err when no store would have it.
bool sieve_beside_may_name(const char *name, GError **err) G_GNUC_WARN_UNUSED_RESULT;
