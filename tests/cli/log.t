#!/bin/sh
# SPDX-License-Identifier: MIT
# The line in the log: one for each recipient, whatever becomes of the message, by which it can be
# followed; its forms and places; and what the MTA is told when it is to wait or to refuse.
. "${srcdir:-..}/tests/tap.sh"
log=$HOME/log
may_reject=yes
mail() { # [RECEIVED]: a message on standard output
    [ -z "$1" ] || printf 'Received: %s; %s\n' "$1" "$(mail_date 90)"
    printf 'From: sam@example.com\nMessage-ID: <1@example.com>\nSubject: secret words\n\nsecret text\n'
}
put() { rm -f "$log"; deliver --set "log.destination=$log" "$@" 2>"$scratch/err"; echo $? >"$scratch/status"; }
status() { cat "$scratch/status"; }
field() { # KEY: its value in the log
    sed -n "s/^.* $1=\(\"\([^\"]*\)\"\|\([^ \"]*\)\).*/\2\3/p" "$log"
}

mail 'from a.example.com (a.example.com [192.0.2.1])
	by mx.example.org (Postfix) with ESMTPS id 4QXyZ12abcz9 (TLS id 99) for <ann@example.org>' >"$scratch/m"
put -f sam@example.com -r ann@example.org -a alias@example.org -m Lists <"$scratch/m"
is "$(status) $(field to) $(field orig_to) $(field from)" "0 ann@example.org alias@example.org sam@example.com" "who it is for, and was for, and from"
is "$(field queue) $(field msgid) $(field size)" "4QXyZ12abcz9 <1@example.com> $(wc -c <"$scratch/m")" "Postfix's queue id, Message-ID, size"
is "$(field class) $(field verdict) $(field rule) $(field folder) $(field status)" "none none none Lists delivered" "what it is, where it went"
is "$(awk "BEGIN { print ($(field delay) >= 89 && $(field delay) < 600) }")" 1 "delay: since our MTA took it in"
is "$(cat "$scratch/err")" "" "nothing on standard error: to Exim what a program prints is a failure"
mail 'from b.example.com ([192.0.2.2] helo=b) by mx.example.org with esmtps (TLS1.3) tls TLS_AES (Exim 4.96) (envelope-from <s@id.example>) id 1qXyZ1-0001Ab-2C for ann@example.org' | put
is "$(field queue)" 1qXyZ1-0001Ab-2C "Exim's"
mail 'from c.example.com by mx.example.org (8.17.1/8.17.1) with ESMTP id 3AU0abcd012345 for <ann@example.org>' | put
is "$(field queue)" 3AU0abcd012345 "sendmail's"
mail '(qmail 1234 invoked by uid 89)' | put
is "$(field queue)" "" "one that says none"
mail | put -f '<>'
is "$(field from)" "<>" "the null sender"

# ---- What did not go well
mail | put -d no-such-user-here
is "$(status) $(field status) $(field user)" "67 no-user no-such-user-here" "no such user is not deferred"
is "$(wc -l <"$scratch/err") $(cut -d: -f1,2 "$scratch/err")" "1 backstop: no-user" "and the MTA's log says why"
mail | put --set "store.location=maildir:/dev/null/x"
is "$(status) $(field status)" "75 deferred" "a place that cannot be: deferred"
is "$(wc -l <"$scratch/err") $(cut -d: -f1,2 "$scratch/err")" "1 backstop: deferred" "in one line"
[ "$(wc -l <"$log")" -eq 1 ]
ok $? "of one line in the log"
printf 'require "reject"; reject "secret reason";\n' >"$HOME/.dovecot.sieve"
mail | put -e -f sam@example.com
is "$(status) $(field status)" "77 rejected" "what a rule refuses"
is "$(wc -l <"$scratch/err") $(grep -c secret "$scratch/err" "$log" | cut -d: -f2 | paste -sd' ')" "1 0 0" "no text of the message's, nor of the rule's"
rm "$HOME/.dovecot.sieve"
[ "$(grep -cE '^([^:]*: )?[245]\.?[0-9]' "$scratch/err")" -eq 0 ]
ok $? "and it begins with no status code"
mail | deliver --set log.destination=stderr --set "store.location=maildir:/dev/null/x" 2>"$scratch/err"
is "$? $(wc -l <"$scratch/err")" "75 1" "a log on standard error has it once"

# ---- JSON
mail "$(printf 'by mx.example.org with ESMTP id Q1')" | put --set log.format=json -r ann@example.org -m 'A "quoted" box'
if perl -MJSON::PP -e 1 2>/dev/null; then
    is "$(perl -MJSON::PP -e 'local $/; $j = decode_json(<>); print join "|", @$j{qw(to queue folder status program level)}' "$log")" \
        'ann@example.org|Q1|A "quoted" box|delivered|backstop|info' "an object"
    mail | put --set log.format=json --set log.level=debug -d no-such-user-here
    perl -MJSON::PP -ne 'decode_json($_)' "$log"
    ok $? "each line is one"
else
    skip 2 "JSON::PP is not installed"
fi

# ---- Files
mail | put
mv "$log" "$log.1"
mail | deliver --set "log.destination=$log"
is "$(wc -l <"$log.1") $(wc -l <"$log")" "1 1" "a file that was renamed is followed by a new one"
ln -sf "$BACKSTOP" "$scratch/dovecot-lda"
HOME=$HOME as_mta "$scratch/dovecot-lda" -c /nowhere/dovecot.conf <"$log" 2>"$scratch/err"
is "$? $(cut -d: -f1 "$scratch/err")" "75 backstop" "one name, whatever we are called by"
head -c 900 /dev/zero | tr '\0' x >"$log"
mail >"$scratch/m"
(ulimit -f 2 && deliver --set "log.destination=$log" <"$scratch/m")
is "$? $(wc -c <"$log")" "0 900" "at a limit of file sizes no part of a line is written"
plan
