#!/bin/sh
# SPDX-License-Identifier: MIT
# sent --import: folders of every kind and name, and none that holds other people's letters.
. "${srcdir:-..}/tests/tap.sh"

message() { # ID FROM TO
    printf 'From: %s\nTo: %s\nDate: Sat, 21 Nov 2026 03:07:48 +0000\nMessage-ID: <%s>\n\ntext\n' "$2" "$3" "$1"
}
received() { printf 'Received: from mx.example.net by mail.example.org; Sat, 21 Nov 2026 03:07:48 +0000\n'; message "$@"; }
report() { # ID RECIPIENT
    printf 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\nSubject: failure\nMIME-Version: 1.0\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nfailed\n'
    printf -- '--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n' "$2"
    printf -- '--b\nContent-Type: text/rfc822-headers\n\n'
    message "$1" alice@example.org "$2"
    printf -- '\n--b--\n'
}
verdict() { report "$1" "$2" | "$BACKSTOP" --set log.destination=none ${3:+--set "$3"} check --json - | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }

{ printf 'From alice@example.org Sat Nov 21 03:07:48 2026\n'; message m1@example.org alice@example.org bob@example.net
  printf '\nFrom spam source below\n'; message m2@example.org alice@example.org eve@example.com
  printf '\nFrom alice@example.org Sat Nov 21 03:08:48 2026\n'; message m3@example.org alice@example.org bob@example.net; } >"$HOME/sent-mbox"
expect_code 0 'an mbox is recorded' "$BACKSTOP" sent --import "$HOME/sent-mbox"
check 'with what was found in it' grep -q '^ *2  alice@example.org$' "$scratch/out"
is "$(verdict m3@example.org bob@example.net)" genuine 'its letters are known'
is "$(verdict m2@example.org eve@example.com)" unknown 'what one of them quotes was never sent'

mkdir -p "$HOME/eml" "$HOME/inbox/cur" "$HOME/inbox/new" "$HOME/family/cur"
message e1@example.org alice@example.org bob@example.net >"$HOME/eml/a letter.eml"
check 'a folder of .eml is recorded' "$BACKSTOP" sent --import "$HOME/eml"
is "$(verdict e1@example.org bob@example.net)" genuine 'and its letters are known'

i=0; while [ $i -lt 10 ]; do received "i$i@example.net" "friend$((i % 7))@example.net" alice@example.org >"$HOME/inbox/cur/17000000$i.M1.host:2,S"; i=$((i + 1)); done
expect_code 1 'the inbox is not recorded as sent' "$BACKSTOP" sent --import "$HOME/inbox" </dev/null
check 'it says who wrote the letters' grep -q '^ *2  friend0@example.net$' "$scratch/err"
check 'and what to do' grep -q -- '--force' "$scratch/err"
is "$(verdict i3@example.net bob@example.net)" unknown 'nothing of it was recorded'
i=0; while [ $i -lt 4 ]; do message "f$i@example.org" "member$i@example.org" bob@example.net >"$HOME/family/cur/17000000$i.M1.host:2,S"; i=$((i + 1)); done
check 'letters that never travelled are sent mail, whoever wrote them' "$BACKSTOP" sent --import "$HOME/family"
expect_code 1 'authors that the settings do not know are none of ours' "$BACKSTOP" --set identity.addresses=alice@example.org sent --import "$HOME/family" </dev/null
check 'of a domain of ours they are' "$BACKSTOP" --set identity.domains=example.org sent --import "$HOME/family"
check '--force records what one insists on' "$BACKSTOP" sent --force --import "$HOME/inbox"
is "$(verdict i3@example.net alice@example.org)" genuine 'and then it is known'

# Taking it back.
expect_code 0 'what was recorded is listed by day' "$BACKSTOP" sent --list
check 'with the days of the mails' grep -q 'mails, sent from 2026-11-21 to 2026-11-21$' "$scratch/out"
expect_code 0 'what is known of an id' "$BACKSTOP" sent --list '<i3@example.net>'
check 'is told' grep -q '^<i3@example.net>: sent 2026-11-21 ' "$scratch/out"
expect_code 1 'nothing of another' "$BACKSTOP" sent --list nobody@example.net
expect_code 0 'an id is forgotten' "$BACKSTOP" sent --forget '<i3@example.net>'
is "$(verdict i3@example.net alice@example.org)" unknown 'and then it is not known'
is "$(verdict i4@example.net alice@example.org)" genuine 'others are'
expect_code 0 'what was recorded in the last hour is' "$BACKSTOP" sent --forget --since=1h
is "$(verdict i4@example.net alice@example.org)" unknown 'and then nothing is known'
expect_code 64 'a time is wanted' "$BACKSTOP" sent --forget --since=yesterday
"$BACKSTOP" sent -q --import "$HOME/eml"

# Folders of sent mail under the names that programs give them.
n=0
for name in 'Sent Items' 'Envoy&AOk-s' 'Gesendete Objekte' 'Sent.2026'; do
    n=$((n + 1))
    mkdir -p "$HOME/Maildir/.$name/cur" "$HOME/Maildir/.$name/new" "$HOME/Maildir/cur" "$HOME/Maildir/new"
    message "n$n@example.org" alice@example.org bob@example.net >"$HOME/Maildir/.$name/cur/17000000$n.M1.host:2,S"
    is "$(verdict "n$n@example.org" bob@example.net)" genuine "the folder $name is found"
done
mkdir -p "$HOME/Maildir/.Post.Ausgang &AOQ-/cur" "$HOME/Maildir/.Post.Ausgang &AOQ-/new"
message n9@example.org alice@example.org bob@example.net >"$HOME/Maildir/.Post.Ausgang &AOQ-/cur/170000009.M1.host:2,S"
is "$(verdict n9@example.org bob@example.net)" unknown 'one of any other name is not'
is "$(verdict n9@example.org bob@example.net 'identity.sent-folders="Post/Ausgang ä"')" genuine 'until it is named, with blanks and letters'

# doctor with a Junk folder below others
mkdir -p "$HOME/Maildir/.Post.Junk/cur" "$HOME/Maildir/.Post.Junk/new"
cp "$srcdir/tests/evidence/0002-plain-forged.eml" "$HOME/Maildir/.Post.Junk/new/1700000002.M1.host"
"$BACKSTOP" --set log.destination=none --set junk.folder=Post/Junk doctor >"$scratch/out" 2>&1
check 'doctor finds a nested Junk folder' grep -q '^The last 1 reports' "$scratch/out"
plan
