#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop doctor: what is known, what would help most, and what the reports that came would be now.
. "${srcdir:-..}/tests/tap.sh"

doctor() { "$BACKSTOP" --set log.destination=none --set "store.location=$HOME/Maildir" "$@" doctor >"$scratch/out" 2>"$scratch/err"; }
# The lines to paste below the best advice.
pasted() { sed -n '/^What would help most/,$p' "$scratch/out" | sed -n '2,${/^    /!q;s/^    //p;}'; }
best() { sed -n 's/^What would help most: //p' "$scratch/out"; }
mkdir -p "$HOME/Maildir/cur" "$HOME/Maildir/new" "$HOME/Maildir/tmp" "$HOME/Maildir/.Junk/cur" "$HOME/Maildir/.Junk/new"

check 'it runs where nothing is set' doctor
is "$(best)" 'nothing was ever recorded' 'recording would help most'
# Its place depends on whether there is a Postfix here.
is "$(pasted | sed 's|unix:backstop/milter$|PLACE|; s|unix:/run/backstop-milter/milter$|PLACE|')" "backstop milter, and in Postfix's main.cf:
smtpd_milters = PLACE" 'and how is told'
printf '<a@example.org>\t1795230468\talice@example.org\tbob@example.net\n' | "$BACKSTOP" sent --ids -q
doctor
is "$(best)" '[identity] relays are not set, and no letter shows them yet' 'then the relays'
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

# Advice comes with the value that was seen, and can be pasted.
for i in 10 11 12 13 14 15 16 17 18 19; do
    sed "s/<a1@/<a$i@/" "$srcdir/tests/evidence/0001-plain.eml" >"$HOME/Maildir/new/17000000$i.M1.host"
    sed -n "s/<a1@/<a$i@/p" "$srcdir/tests/evidence/0001-plain.ids" | "$BACKSTOP" sent --ids -q
done
doctor
is "$(best)" '11 of 11 letters left by mail.example.org' 'the relay by which letters left is found'
is "$(pasted)" '[identity]
relays = mail.example.org' 'as lines to paste'
pasted >"$scratch/pasted.conf"
"$BACKSTOP" -c "$scratch/pasted.conf" --set log.destination=none --set "store.location=$HOME/Maildir" doctor >"$scratch/out"
is "$(sed -n 's/^+ trail *//p' "$scratch/out")" mail.example.org 'which are taken'
check 'whose letters they are is told' grep -q '^    domains = example.org' "$scratch/out"
doctor --set identity.relays=smtp.elsewhere.example --set identity.networks=203.0.113.0/28
check 'a missing relay is named beside those set' grep -q '^    relays = smtp.elsewhere.example mail.example.org' "$scratch/out"

# Names and mistakes.
mkdir -p "$HOME/Maildir/.Sent/cur" "$HOME/Maildir/.Sent/new"
printf 'From: alice@example.org\nTo: bob@example.net\nDate: Sat, 21 Nov 2026 12:00:00 +0000\nMessage-ID: <a1@www.example.org>\n\nhi\n' >"$HOME/Maildir/.Sent/cur/1.M1.host:2,S"
doctor
check 'the folder of sent mail is counted under its name' grep -q '^  sent-folder  *ours *[1-9]' "$scratch/out"
is "$(sed -n 's/^  \([a-z-]*\)  *ours .*/\1/p' "$scratch/out" | grep -c .)" \
    "$("$BACKSTOP" --set log.destination=none check --json "$srcdir/tests/evidence/0001-plain.eml" | grep -o '"source"' | grep -c .)" \
    'each source has its row'
printf '[evidence]\ndisabled = sentfolder dnsbl\n[identity]\nrelay = mail.example.org\n' >"$scratch/wrong.conf"
expect_code 1 'mistakes in the settings end with 1' "$BACKSTOP" -c "$scratch/wrong.conf" --set log.destination=none doctor
check 'a source that is none is told' grep -q 'wrong.conf:2: evidence.disabled: there is no source "sentfolder"; there are .*sent-folder' "$scratch/out"
check 'and a setting that is none' grep -q '^error: .*wrong.conf:4: ' "$scratch/out"
mkdir "$scratch/rules.d" && printf 'Smallhost smallhost.example\n' >"$scratch/rules.d/site.providers"
expect_code 1 'and a list of providers' "$BACKSTOP" --set log.destination=none --set "rules.directories=$scratch/rules.d" doctor
check 'with its line' grep -q '^error: .*site.providers:1: ' "$scratch/out"

# Message-IDs that are replaced.
rm -rf "$HOME/Maildir/new" "$HOME/Maildir/.Junk" "$HOME/Maildir/.Sent"
mkdir "$HOME/Maildir/new"
cp "$srcdir/tests/evidence/0405-id-replaced-ses.eml" "$HOME/Maildir/new/1.M1.host"
cp "$srcdir/tests/evidence/0401-id-replaced-outlook.eml" "$HOME/Maildir/new/2.M1.host"
"$BACKSTOP" sent --ids -q "$srcdir/tests/evidence/0401-id-replaced-outlook.ids"
doctor --set identity.domains=example.org
check 'replaced ids are counted' grep -q '^! the Message-IDs of 2 of them were replaced' "$scratch/out"
check 'and no complete ledger is recommended' sh -c "! grep -q 'complete = yes' '$scratch/out'"
doctor --set identity.domains=example.org --set ledger.complete=yes
check 'one that is said to be complete is contradicted' grep -q '^    complete = no' "$scratch/out"

# Keys that are none.
for source in batv stamp; do
    printf 'x\n' >"$HOME/key"
    chmod 600 "$HOME/key"
    doctor --set "$source.key-file=$HOME/key"
    check "$source: a key of one letter is told of" grep -q "^- $source .*can be guessed" "$scratch/out"
    printf '1 0123456789abcdef0123456789abcdef01234567\n' >"$HOME/key"
    chmod 644 "$HOME/key"
    doctor --set "$source.key-file=$HOME/key"
    check "$source: one that all may read" grep -q "^- $source .*mode 0644" "$scratch/out"
    chmod 600 "$HOME/key"
    doctor --set "$source.key-file=$HOME/key"
    check "$source: a good one is fine" grep -q "^+ $source .*key" "$scratch/out"
done
plan
