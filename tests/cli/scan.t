#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop scan: a table of what lies in folders, and backscatter out of them, and back again.
. "${srcdir:-..}/tests/tap.sh"

scan() { "$BACKSTOP" --set log.destination=none --set identity.relays=mail.example.org --set identity.networks=192.0.2.0/28 scan -q "$@" >"$scratch/out" 2>"$scratch/err"; }
box=$HOME/Maildir
mkdir -p "$box/cur" "$box/new" "$box/tmp" "$box/.Work/cur" "$box/.Work/new" "$box/.Junk/cur" "$box/.Junk/new"
"$BACKSTOP" sent --ids -q "$srcdir/tests/evidence/0001-plain.ids"
cp "$srcdir/tests/evidence/0001-plain.eml" "$box/new/1700000001.M1.host"
cp "$srcdir/tests/evidence/0002-plain-forged.eml" "$box/cur/1700000002.M2.host:2,FS"
cp "$srcdir/tests/evidence/0002-plain-forged.eml" "$box/.Work/new/1700000003.M3.host"
cp "$srcdir/tests/evidence/0002-plain-forged.eml" "$box/.Junk/new/1700000004.M4.host"
printf 'From: bob@example.net\nTo: alice@example.org\n\nhello\n' >"$box/cur/1700000005.M5.host:2,"
names() { (cd "$box" && find . -type f | sort | tr '\n' ' '); }
before=$(names)

check 'a store' scan "$box"
is "$(sed -n 1p "$scratch/out")" '4 messages, 3 reports:' 'is looked through, but for Junk'
is "$(sed -n 's/^dsn-failure *//p' "$scratch/out" | tr -s ' ')" '1 2 0 0' 'reports are counted by class and verdict'
is "$(names)" "$before" 'and stay'
check '--move --dry-run' scan --move --dry-run "$box"
check 'tells' grep -q '^2 would be moved' "$scratch/out"
is "$(names)" "$before" 'and moves nothing'
check '--move' scan --move --log "$scratch/log" "$box"
is "$(names)" './.Junk/cur/1700000002.M2.host:2,FS ./.Junk/cur/1700000003.M3.host:2, ./.Junk/new/1700000004.M4.host ./cur/1700000005.M5.host:2, ./new/1700000001.M1.host ' \
    'backscatter is in Junk, with its flags'
mv "$box/.Junk/cur/1700000003.M3.host:2," "$box/.Junk/cur/1700000003.M3.host:2,S"
check '--undo' scan --undo "$scratch/log"
is "$(names | sed 's/2,S/2,/')" "$(echo "$before" | sed 's/2,S/2,/')" 'everything is back, though flags changed meanwhile'
check 'again' scan --undo "$scratch/log"
is "$(cat "$scratch/out")" '0 were moved back; others are not there any more' 'there is nothing to undo'
expect_code 75 'a log that is there is not written over' "$BACKSTOP" --set log.destination=none scan -q --move --log "$scratch/log" "$box"

{ printf 'From MAILER-DAEMON Sat Nov 21 03:07:48 2026\n'; cat "$srcdir/tests/evidence/0002-plain-forged.eml"; printf '\nFrom b@example.net Sat Nov 21 03:07:48 2026\nFrom: b@example.net\n\nhi\n'; } >"$HOME/mbox"
cksum <"$HOME/mbox" >"$scratch/sum"
check 'an mbox' scan --move "$HOME/mbox"
is "$(sed -n 1p "$scratch/out")" '2 messages, 1 reports:' 'is read'
check 'and not changed' grep -q '^1 stay where they are' "$scratch/out"
is "$(cksum <"$HOME/mbox")" "$(cat "$scratch/sum")" 'at all'
expect_code 64 'a folder is needed' "$BACKSTOP" scan
expect_code 75 'one that is not there is told' "$BACKSTOP" --set log.destination=none scan -q "$HOME/nowhere"
plan
