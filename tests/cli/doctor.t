#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop doctor: what is known, what would help most, and what the reports that came would be now.
. "${srcdir:-..}/tests/tap.sh"

doctor() { "$BACKSTOP" --set log.destination=none --set "store.location=$HOME/Maildir" "$@" doctor >"$scratch/out" 2>"$scratch/err"; }
best() { sed -n 's/^What would help most: //p' "$scratch/out"; }
mkdir -p "$HOME/Maildir/cur" "$HOME/Maildir/new" "$HOME/Maildir/tmp" "$HOME/Maildir/.Junk/cur" "$HOME/Maildir/.Junk/new"

check 'it runs where nothing is set' doctor
is "$(best)" 'record outgoing mail: backstop sent, backstop milter' 'recording would help most'
printf '<a@example.org>\t1795230468\talice@example.org\tbob@example.net\n' | "$BACKSTOP" sent --ids -q
doctor
is "$(best)" '[identity] relays' 'then the relays'
check 'it tells how much is recorded' grep -q '^- ledger *1 messages in ' "$scratch/out"
doctor --set identity.relays=mail.example.org --set ledger.complete=yes
check 'a complete ledger counts' grep -q '^+ ledger' "$scratch/out"
cp "$srcdir/tests/evidence/0001-plain.eml" "$HOME/Maildir/new/1700000001.M1.host"
cp "$srcdir/tests/evidence/0002-plain-forged.eml" "$HOME/Maildir/.Junk/new/1700000002.M1.host"
printf 'From: bob@example.net\nTo: alice@example.org\n\nhello\n' >"$HOME/Maildir/new/1700000003.M1.host"
find "$HOME/Maildir" -type f | sort | xargs cksum >"$scratch/before"
doctor --set identity.relays=mail.example.org --set identity.networks=192.0.2.0/28
is "$(grep '^The last' "$scratch/out")" 'The last 2 reports would be: 1 genuine, 1 backscatter, 0 suspect, 0 unknown' 'reports are judged'
find "$HOME/Maildir" -type f | sort | xargs cksum >"$scratch/after"
check_same "$scratch/after" "$scratch/before" 'and stay where they are'
"$BACKSTOP" --set log.destination=none doctor --folder "$HOME/Maildir/.Junk" >"$scratch/out"
check 'another folder can be named' grep -q '^The last 1 reports' "$scratch/out"
expect_code 64 'a wrong option is told' "$BACKSTOP" doctor --nonsense

source_line() { sed -n "s/^  $1  *//p" "$scratch/out" | tr -s ' '; }
doctor --set identity.relays=mail.example.org --set identity.networks=192.0.2.0/28
is "$(source_line trail)" 'ours 1, forged 1, suspect 0, nothing 0' 'what each source says of them is counted'
is "$(source_line dnsbl)" 'ours 0, forged 0, suspect 0, nothing 2' 'also of one that says nothing'
is "$(grep -c '^!' "$scratch/out")" 0 'no source contradicts a proof'
"$BACKSTOP" sent --ids -q "$srcdir/tests/evidence/0001-plain.ids"
doctor --set identity.relays=smtp.elsewhere.example --set identity.networks=203.0.113.0/28
grep '^! trail' "$scratch/out" >"$scratch/contradiction"
is "$(sed 's/(.*)//' "$scratch/contradiction")" \
    '! trail calls 1 of them forged that are ours for sure : is a host missing in [identity] relays or networks?' \
    'a relay that is missing in the settings is found'
plan
