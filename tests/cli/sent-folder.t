#!/bin/sh
# SPDX-License-Identifier: MIT
# The user's folder of sent mail as a ledger: found is genuine, it is followed as it grows, and the
# index is left alone when nothing has changed.
. "${srcdir:-..}/tests/tap.sh"

sent=$HOME/Maildir/.Sent
mkdir -p "$sent/cur" "$sent/new" "$sent/tmp"
message() {
    printf 'From: alice@example.org\nTo: %s\nDate: Sat, 21 Nov 2026 03:07:48 +0000\n' "$2"
    printf 'Message-ID: <%s>\n\ntext\n' "$1"
}
report() {
    printf 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\n'
    printf 'Subject: failure\nMIME-Version: 1.0\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n' "$2"
    printf -- '--b\nContent-Type: text/rfc822-headers\n\n'
    message "$1" "$2"
    printf -- '\n--b--\n'
}
check_json() { report "$1" "$2" | "$BACKSTOP" --set log.destination=none check --json -; }
verdict() { check_json "$1" "$2" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }
says() { check_json "$1" "$2" | tr '{' '\n' | sed -n 's/.*"source":"'"$3"'","says":"\([a-z]*\)","weight":"\([a-z]*\)".*/\1 \2/p'; }

plan 13
is "$(says s1@mail.example.org bob@example.net sent-folder)" 'nothing none' 'an empty folder says nothing'
message s1@mail.example.org bob@example.net >"$sent/cur/1700000001.M1.host:2,S"
is "$(verdict s1@mail.example.org bob@example.net)" genuine 'a sent mail is found'
is "$(says s2@mail.example.org eve@example.com sent-folder)" 'forged hint' 'another is missed, which is a hint'
is "$(says s2@mail.example.org bob@example.net sent-folder)" 'ours hint' 'but not when something was sent to him in that minute'
is "$(verdict s2@mail.example.org eve@example.com)" unknown 'and no more than that'
message s2@mail.example.org bob@example.net >"$sent/new/1700000002.M1.host"
is "$(verdict s2@mail.example.org bob@example.net)" genuine 'the folder is followed'
mv "$sent/new/1700000002.M1.host" "$sent/cur/1700000002.M1.host:2,FS"
is "$(verdict s2@mail.example.org bob@example.net)" genuine 'flags and moves change nothing'
is "$(says s9@elsewhere.example bob@example.net correspondent)" 'ours hint' 'its recipients are correspondents'
i=10; while [ $i -lt 40 ]; do message "s$i@mail.example.org" bob@example.net >"$sent/cur/17000000$i.M1.host:2,S"; i=$((i + 1)); done
verdict s39@mail.example.org bob@example.net >/dev/null
is "$(says s99@mail.example.org bob@example.net msgid)" 'ours hint' 'the form of Message-IDs is learnt'
is "$(says s99@spam.example bob@example.net msgid)" 'forged hint' 'and another one stands out'

# From whom the folder shows mail is one of us: a report to that account is about us.
second() { "$BACKSTOP" --set log.destination=none --set identity.domains=example.org --set identity.relays=mail.example.org check --json "$srcdir/tests/evidence/0116-listed-address-forged.eml" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }
is "$(second)" unknown 'a report to another account is about others'
message s50@mail.example.org eve@example.com | sed 's/alice@example.org/A. Smith <A.Smith+x@Provider.Example>/' >"$sent/cur/1700000050.M1.host:2,S"
is "$(second)" backscatter 'unless the folder shows mail from it'
rm -rf "$HOME/Maildir/.Sent"
ln -s "$scratch" "$HOME/Maildir/.Sent"
is "$(says s1@mail.example.org bob@example.net sent-folder)" 'nothing none' 'a folder that is a link is not read'
