// SPDX-License-Identifier: MIT
// Taking back what was recorded by mistake: the inbox as sent mail, say. What is forgotten counts
// as never sent.
#include "base/error.h"
#include "ledger/inside.h"

bool ledger_forget(struct ledger *ledger, const char *word, const char *sender, gint64 *count_r,
                   GError **err)
{
    struct ledger_hash hashes[3];
    guint count = 0;
    *count_r = 0;
    if (ledger_hash_id(ledger->hasher, word, &hashes[count]))
        count++;
    hashes[count++] = ledger_hash_address(ledger->hasher, word);
    if (sender) {
        const struct ledger_hash owner = ledger_hash_owner(ledger->hasher, sender);
        hashes[count] =
            ledger_hash_bound(ledger->hasher, BOND_CORRESPONDENT, &owner, &hashes[count - 1]);
        count++;
    }
    for (guint i = 0; i < count; i++) {
        gint64 gone;
        if (!ledger->backend->forget(ledger->state, &hashes[i], &gone, err))
            return false;
        *count_r += gone;
    }
    return true;
}

static bool fail_there(const struct ledger *ledger, GError **err)
{
    return mda_fail(err, MDA_ERROR_CONFIG,
                    "%s: a ledger in Redis cannot tell what was recorded when", ledger->name);
}

bool ledger_forget_since(struct ledger *ledger, gint64 since, gint64 *count_r, GError **err)
{
    return ledger->backend->forget_since
               ? ledger->backend->forget_since(ledger->state, since, count_r, err)
               : fail_there(ledger, err);
}

bool ledger_each_day(struct ledger *ledger, ledger_day_visit visit, gpointer data, GError **err)
{
    return ledger->backend->each_day ? ledger->backend->each_day(ledger->state, visit, data, err)
                                     : fail_there(ledger, err);
}
