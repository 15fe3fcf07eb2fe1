#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop rules: the list, the check of files, files of the site, and files that are wrong.
. "${srcdir:-..}/tests/tap.sh"
plan 35

expect_code 0 'rules lists them' "$BACKSTOP" rules
grep -q 'dsn-failure .*postfix ' "$scratch/out"; ok $? 'postfix is among them'
expect_code 0 'the files as installed are sound' "$BACKSTOP" rules --test "$srcdir"/rules/*.rules
expect_code 64 '--test wants files' "$BACKSTOP" rules --test
expect_code 64 'files want --test' "$BACKSTOP" rules x.rules
expect_code 1 'a missing file' "$BACKSTOP" rules --test "$scratch/none.rules"

printf '[mine]\nbody = weasel words\nkolor = red\n' >"$scratch/bad.rules"
expect_code 1 'a wrong file' "$BACKSTOP" rules --test "$scratch/bad.rules"
grep -q '^.*bad.rules:3: unknown key "kolor"' "$scratch/err"; ok $? 'its line and fault are named'

printf '[mine]\nbody = weasel words\nregex-sender = ^a\n' >"$scratch/regex.rules"
expect_code 1 'a regular expression where none is taken' "$BACKSTOP" rules --test "$scratch/regex.rules"
grep -q '^.*regex.rules:3: "regex-sender": regex- is for header fields, body and diagnostic' "$scratch/err"
ok $? 'is a fault, and not a condition that never holds'

# A site's directory: a sound file adds a rule, a wrong one beside it is skipped, mail is judged.
mkdir "$scratch/rules.d"
cp "$scratch/bad.rules" "$scratch/rules.d/a.rules"
printf '[weasel]\nclass = challenge\nwriter = anyone\nheader.x-weasel = *\n' >"$scratch/rules.d/b.rules"
printf 'Return-Path: <>\nFrom: w@x.example\nX-Weasel: 1\n\nHello.\n' >"$scratch/mail"
directories=rules.directories=$scratch/rules.d
expect_code 0 'a rule of the site decides' "$BACKSTOP" --set "$directories" check "$scratch/mail"
grep -q 'challenge (weasel)' "$scratch/out"; ok $? 'and is named'
grep -q 'a.rules:3: unknown key' "$scratch/err"; ok $? 'the wrong file is reported'
printf '[rfc3834]\nclass = none\nheader.auto-submitted = *\n' >"$scratch/rules.d/b.rules"
printf 'From: w@x.example\nAuto-Submitted: auto-replied\n\nHello.\n' >"$scratch/mail"
expect_code 0 'a rule of the same name replaces ours' \
    "$BACKSTOP" --set "$directories" check --json "$scratch/mail"
grep -q '"class":"none"' "$scratch/out"; ok $? 'here it says: none'
"$BACKSTOP" --set "$directories" rules 2>/dev/null | grep -c ' rfc3834 ' >"$scratch/count"
is "$(cat "$scratch/count")" 1 'and stands once in the list'

# A rule that refines is asked about what a maker's rule took for a failure.
printf '[slow]\norder = 50\nclass = dsn-delay\nrefines = yes\nwriter = mail-system\nwords = own\nbody = patience please\n' >"$scratch/rules.d/b.rules"
printf 'Return-Path: <>\nFrom: MAILER-DAEMON@x.example\n\nHi. This is the qmail-send program.\n\n<b@y.example>:\nPatience, please.\n' >"$scratch/mail"
sed 's/Patience, please/Patience please/' "$scratch/mail" >"$scratch/mail2"
"$BACKSTOP" --set "$directories" check --class "$scratch/mail" "$scratch/mail2" >"$scratch/out" 2>/dev/null
grep -q 'mail: dsn-failure (qmail-qsbmf)' "$scratch/out"; ok $? 'a failure is one without its words'
grep -q 'mail2: dsn-delay (qmail-qsbmf)' "$scratch/out"; ok $? 'and a delay with them'

# Every rule says who can have written what it holds for, and where its words stand.
printf '[mine]\nbody = weasel words\n' >"$scratch/bad.rules"
expect_code 1 'a rule that does not say whose words they are' "$BACKSTOP" rules --test "$scratch/bad.rules"
grep -q 'bad.rules:1: rule \[mine\] does not say who can have written' "$scratch/err"; ok $? 'is told so'

# Traits of the site: mail with a real sender and no sign that we know is judged by its rules.
printf '[weasel]\nclass = auto-reply\nwriter = anyone\nany-mail = yes\nheader.x-weasel = *\n' >"$scratch/rules.d/b.rules"
printf 'Return-Path: <w@x.example>\nFrom: w@x.example\nX-Weasel: 1\n\nHello.\n' >"$scratch/mail"
"$BACKSTOP" --set "$directories" check --class "$scratch/mail" >"$scratch/out" 2>/dev/null
grep -q 'mail: none' "$scratch/out"; ok $? 'without a trait no rule is tried'
printf '[ours]\nheader = X-Weasel\nsubject[xx] = ^wiesel | weasel words\n' >"$scratch/rules.d/traits.rules"
"$BACKSTOP" --set "$directories" check --class "$scratch/mail" >"$scratch/out" 2>/dev/null
grep -q 'mail: auto-reply (weasel)' "$scratch/out"; ok $? 'a field in traits.rules of the site makes it worth judging'
printf '[weasel]\nclass = auto-reply\nwriter = anyone\nany-mail = yes\nsubject = ^wiesel\n' >"$scratch/rules.d/b.rules"
printf 'Return-Path: <w@x.example>\nFrom: w@x.example\nSubject: Wiesel\n\nHello.\n' >"$scratch/mail"
"$BACKSTOP" --set "$directories" check --class "$scratch/mail" >"$scratch/out" 2>/dev/null
grep -q 'mail: auto-reply (weasel)' "$scratch/out"; ok $? 'and so does a subject'
expect_code 0 'a file of traits can be tested' "$BACKSTOP" rules --test "$scratch/rules.d/traits.rules"
printf '[ours]\nheader = X-Weasel\nfield = X-Other\n' >"$scratch/rules.d/traits.rules"
expect_code 1 'a wrong one is told' "$BACKSTOP" rules --test "$scratch/rules.d/traits.rules"
grep -q 'traits.rules:3: unknown key "field"' "$scratch/err"; ok $? 'with its line'
"$BACKSTOP" --set "$directories" check --class "$scratch/mail" >"$scratch/out" 2>"$scratch/err"
grep -q 'traits.rules:3: unknown key' "$scratch/err"; ok $? 'and again when mail is judged, which goes on'

# Providers that send under another name than they take mail under.
unlisted=$srcdir/tests/evidence/0325-smarthost-unlisted.eml
trail() { "$BACKSTOP" --set identity.domains=example.org --set identity.relays=mail.example.org --set identity.networks=192.0.2.0/28 --set log.destination=none "$@" check --json "$unlisted" | tr '{' '\n' | sed -n 's/^"source":"trail","says":"\([a-z]*\)","weight":"\([a-z]*\)".*/\1 \2/p'; }
mkdir "$scratch/providers.d"
is "$(trail)" 'suspect none' 'a provider that nobody knows is suspect'
printf '# ours\nSmallhost: *.smallhost.example  Mail-Fleet.example\n' >"$scratch/providers.d/site.providers"
is "$(trail --set "rules.directories=$scratch/providers.d")" 'ours hint' 'a site can add it'
printf 'Smallhost: relay.smallhost.example\nSMALLHOST: mail-fleet.example\n' >"$scratch/providers.d/site.providers"
is "$(trail --set "rules.directories=$scratch/providers.d")" 'ours hint' 'also in lines of one name'
printf 'Small: smallhost.example\nFleet: mail-fleet.example\n' >"$scratch/providers.d/site.providers"
is "$(trail --set "rules.directories=$scratch/providers.d")" 'suspect none' 'two providers are two'
printf 'Smallhost smallhost.example\nFleet: -\nFleet:\n' >"$scratch/providers.d/site.providers"
expect_code 1 'lines that are none are told' "$BACKSTOP" --set "rules.directories=$scratch/providers.d" rules
is "$(grep -c 'site.providers:[123]: ' "$scratch/err")" 3 'each of them'
is "$(sed -n 's/^\([^#:]*\):.*/\1/p' "$srcdir/rules/providers" | sort | uniq -d)" '' 'each provider has one line'
is "$(sed -n 's/^[^#:]*: *//p' "$srcdir/rules/providers" | tr -s ' ' '\n' | sort | uniq -d)" '' 'and each domain one provider'
