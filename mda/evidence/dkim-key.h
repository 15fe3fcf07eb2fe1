// SPDX-License-Identifier: MIT
// Where the public key of a DKIM signature comes from: a file that the settings name, or DNS.
#pragma once

#include "base/crypto.h"
#include "evidence/dkim-signature.h"
#include "evidence/evidence.h"

// The key of SIGNATURE's selector and domain. Owned by the caller. False with *err:
// MDA_ERROR_GONE when there is none (or it was revoked), else it could not be had now.
bool dkim_key_get(const struct evidence_case *evidence_case, const struct dkim_signature *signature,
                  enum crypto_key_kind *kind_r, GBytes **key_r,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;
