#!/bin/sh
# SPDX-License-Identifier: MIT
# One plain message from the start of the process to its end, against each delivery agent that is
# installed. procmail and maildrop do not sync what they write; so both figures of ours are shown.
srcdir=${srcdir:-..}
BACKSTOP=${BACKSTOP:-$PWD/backstop}
work=$(mktemp -d "${TMPDIR:-/tmp}/backstop-bench.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
HOME=$work USER=$(id -un) LOGNAME=$(id -un)
export HOME USER LOGNAME
unset SENDER RECIPIENT

{
    printf 'From: a@example.org\nTo: b@example.org\nSubject: bench\nDate: Tue, 1 Apr 1997 09:06:31 -0800\n'
    printf 'Message-ID: <bench@example.org>\nReceived: by mx.example.org id 1; Tue, 1 Apr 1997 09:06:31 -0800\n\n'
    i=0
    while [ $i -lt 100 ]; do
        echo 'The quick brown fox jumps over the lazy dog, and again.'
        i=$((i + 1))
    done
} >"$work/message"
printf 'mail_location = maildir:%s/dovecot\npostmaster_address = postmaster@example.org\nssl = no\n' \
    "$work" >"$work/dovecot.conf"

ours="$BACKSTOP --set log.destination=none --set store.location=$work/ours -f RUN@example.org"
against() { # NAME COMMAND
    perl "$srcdir/tests/bench/pairs.pl" 9 60 "$work/message" "backstop, no fsync" \
        "$ours --set store.fsync=no" "$1" "$2" || exit 1
    perl "$srcdir/tests/bench/pairs.pl" 9 60 "$work/message" "backstop" "$ours" "$1" "$2" || exit 1
}

echo "# plain delivery into a maildir, one process a message"
command -v procmail >/dev/null && against procmail "procmail -f a@example.org DEFAULT=$work/procmail/ /dev/null"
if command -v maildrop >/dev/null && command -v maildirmake.maildrop >/dev/null; then
    maildirmake.maildrop "$work/maildrop"
    echo "to \"$work/maildrop\"" >"$work/mailfilter"
    chmod 600 "$work/mailfilter"
    against maildrop "maildrop -f a@example.org $work/mailfilter"
fi
lda="/usr/lib/dovecot/dovecot-lda -c $work/dovecot.conf -f a@example.org"
# It serves root only with a user database; then there is nothing to compare with.
if [ -x /usr/lib/dovecot/dovecot-lda ] && $lda <"$work/message" 2>/dev/null; then
    against dovecot-lda "$lda"
else
    echo "# dovecot-lda is not installed or does not deliver for $(id -un)"
fi
