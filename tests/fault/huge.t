#!/bin/sh
# SPDX-License-Identifier: MIT
# A message of more than 4 GiB is stored whole, or waits; no part of it counts as the whole. Takes some
# minutes and 13 GB, so only with BACKSTOP_SLOW=1; tests/layers.sh and u-procmail keep the cause away.
. "${srcdir:-..}/tests/tap.sh"
[ "${BACKSTOP_SLOW:-}" = 1 ] || skip_all "takes minutes: BACKSTOP_SLOW=1 runs it"
{ printf 'From: a@example.com\nSubject: huge\n\n'; head -c 4300000000 /dev/zero; echo; } >"$scratch/huge"
size=$(stat -c %s "$scratch/huge")
for rules in .procmailrc .dovecot.sieve; do
    rm -rf "$HOME/box" "$HOME/Maildir" "$HOME/.procmailrc" "$HOME/.dovecot.sieve"
    case $rules in
    .procmailrc) printf ':0\n* ^Subject: huge\nbox\n' >"$HOME/$rules" ;;
    *) echo 'keep;' >"$HOME/$rules" ;;
    esac
    "$BACKSTOP" deliver <"$scratch/huge" 2>"$scratch/err"
    status=$?
    stored=$(find "$HOME" -type f -size +1G -exec stat -c %s {} +)
    [ "$status $stored" = "75 " ] || { [ $status -eq 0 ] && [ "${stored:-0}" -ge "$size" ]; }
    ok $? "$rules: status $status, $stored of $size bytes"
done
plan
