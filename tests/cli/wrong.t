#!/bin/sh
# SPDX-License-Identifier: MIT
# When it is wrong: what Junk says of itself, why, back into the inbox, and whose mail is never judged.
. "${srcdir:-..}/tests/tap.sh"
state=$HOME/.local/state/backstop
mkdir -p "$HOME/.config/backstop"

serial=0
report() { # RECIPIENT [FROM [RECEIVED]]: a new report in $scratch/m
    serial=$((serial + 1))
    [ -z "$3" ] || printf 'Received: %s\n' "$3" >"$scratch/trace"
    [ -n "$3" ] || : >"$scratch/trace"
    {
        cat "$scratch/trace"
        printf 'From: %s\nTo: %s\nSubject: Undeliverable %s\nMessage-ID: <r%s@mx.example.net>\n' "${2:-MAILER-DAEMON@mx.example.net}" "$1" $serial $serial
        printf 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
        printf -- '--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n'
        printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; x@example.net\n'
        printf 'Action: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\n'
        printf 'From: %s\nSubject: letter %s\nMessage-ID: <o%s@pc>\n\nx\n--b--\n' "$1" $serial $serial
    } >"$scratch/m"
}
options="--set identity.never-sends=robot@example.com --set log.destination=$HOME/log"
deliver() { # RECIPIENT [FROM [RECEIVED]]
    report "$@"
    # shellcheck disable=SC2086
    as_mta "$BACKSTOP" $options ${setting:+--set "$setting"} -f '<>' -a "$1" <"$scratch/m"
}
where() {
    found=$(grep -rl "^Subject: Undeliverable $serial\$" "$HOME/Maildir" 2>/dev/null | sed 's|.*/Maildir/\(.*\)/[a-z]*/[^/]*$|\1|; t; s|.*/Maildir/.*|INBOX|')
    echo "${found:-nowhere}"
}
file() { grep -rl "^Subject: Undeliverable $serial\$" "$HOME/Maildir"; }
# shellcheck disable=SC2086
bs() { "$BACKSTOP" $options "$@"; }
id_of() { sed -n 's/^X-Backstop-Wrong: why: backstop why \([0-9a-f]*\);.*/\1/p' "$1"; }

expect_code 0 "Junk that is not there yet is empty" bs junk list
check "and it says so" grep -q 'is empty' "$scratch/out"

deliver robot@example.com
is "$(where)" .Junk "backscatter goes to Junk"
first=$(id_of "$(file)") first_file=$(file)
is "${#first}" 10 "one header line tells how to see why"
is "$(sed -n '/^X-Backstop-Wrong:/,/^[^	 ]/p' "$first_file" | tr -d '\n' | grep -c "why $first; if it is wrong:	backstop junk restore $first")" 1 \
    "and how to take it back"
is "$(sed '/^$/q' "$first_file" | awk 'length > 78' | grep -c Wrong)" 0 "in lines that are not too long"
deliver me@example.com
is "$(grep -c X-Backstop-Wrong "$(file)")" 0 "what is in the inbox needs none"
inbox_file=$(file)
setting=judgement.unknown=junk deliver me@example.com
is "$(where) $(grep -c X-Backstop-Wrong "$(file)")" ".Junk 1" "but whatever the settings put into Junk does"
third=$(id_of "$(file)")

# A sender cannot forge it.
report robot@example.com
{ printf 'X-Backstop-Wrong: why: backstop why 0123456789; if\n'; cat "$scratch/m"; } >"$scratch/forged"
# shellcheck disable=SC2086
as_mta "$BACKSTOP" $options -f '<>' -a robot@example.com <"$scratch/forged"
is "$(grep -rc 0123456789 "$(file)")" 0 "a sender cannot write that line"
fourth=$(id_of "$(file)")

expect_code 0 "why, by the id" bs why "$first"
check "what was said" grep -q '^When it was delivered: backscatter' "$scratch/out"
check "by which source" grep -q 'recipient: robot@example.com never sends mail' "$scratch/out"
check "what would be said now" grep -q '^Judged anew: backscatter' "$scratch/out"
check "and what to do" grep -q "backstop junk restore $first" "$scratch/out"
expect_code 0 "why, by the Message-ID" bs why '<r1@mx.example.net>'
expect_code 0 "why, of a file" bs why "$inbox_file"
check "undecided: which setting would decide" grep -q 'what would decide it: ledger.complete' "$scratch/out"
check "and the command for it" grep -q 'backstop learn --genuine' "$scratch/out"
expect_code 0 "why, of standard input" bs why - <"$inbox_file"
printf 'From: ann@example.net\nSubject: hi\n\nhi\n' >"$scratch/plain"
expect_code 0 "why, of a letter" bs why "$scratch/plain"
check "which is not judged" grep -q 'no automatic message' "$scratch/out"
expect_code 1 "an id of nothing" bs why 0000000000
expect_code 64 "without a name" bs why
cp "$first_file" "$scratch/saved" && rm "$first_file"
expect_code 0 "what is gone is found in the log, by its id" bs why "$first"
check "with verdict and reasons" grep -q 'never sends mail' "$scratch/out"
expect_code 0 "and by its Message-ID" bs why r1@mx.example.net
expect_code 0 "in a log that is named" bs --set log.destination=none why --log "$HOME/log" "$first"
cp "$scratch/saved" "$first_file"

expect_code 0 "junk list" bs junk list
for what in "$first" "$third" "$fourth" 'never sends mail' 'Undeliverable 1'; do check "shows $what" grep -q "$what" "$scratch/out"; done
is "$(bs junk --json | perl -MJSON::PP -ne '$j = decode_json($_); print "$j->{id} " if $j->{verdict} =~ /^backscatter;/' | wc -w | tr -d ' ')" 2 "--json"

expect_code 0 "restore" bs junk restore "$first"
serial=1
is "$(where)" INBOX "puts it into the inbox"
check "unread" sh -c "ls '$HOME'/Maildir/cur | grep -q ':2,\$'"
check_same "$(file)" "$scratch/saved" "as it was"
serial=5
is "$("$BACKSTOP" report --json | perl -MJSON::PP -0777 -ne 'print decode_json($_)->{total}{taken_back}')" 1 "and it is counted as our mistake"
bs learn --quiet
is "$("$BACKSTOP" report --json | perl -MJSON::PP -0777 -ne 'print decode_json($_)->{total}{taken_back}')" 1 "once, also when the folders are learnt from"
expect_code 1 "what is not there any more" bs junk restore "$first"
expect_code 64 "restore of nothing" bs junk restore
expect_code 1 "an empty name is none" bs junk restore ''
expect_code 1 "nor is the beginning of many" bs junk restore 0
expect_code 64 "a word that is none" bs junk frobnicate

# A message that somebody moved there has an id by its name.
printf 'From: ann@example.net\nSubject: moved here\n\nhi\n' >"$HOME/Maildir/.Junk/cur/1700000000.M1.host:2,FS"
moved=$(bs junk list | sed -n 's/^\([0-9a-f]\{10\}\)  .*moved here.*/\1/p')
is "${#moved}" 10 "what somebody moved there has an id"
expect_code 1 "empty asks first" bs junk empty </dev/null
expect_code 0 "empty" bs junk empty --yes
is "$(ls "$HOME"/Maildir/.Junk/cur "$HOME"/Maildir/.Junk/new | grep -c 1700000000)" 1 "leaves what is flagged"
is "$(bs junk --json | wc -l | tr -d ' ')" 1 "and nothing else"
expect_code 0 "a letter is restored too" bs junk restore "$moved"
check "with its flag, unread" test -e "$HOME/Maildir/cur/1700000000.M1.host:2,F"
printf 'x\n' >"$HOME/Maildir/.Junk/cur/1700000000.M1.host:2,F"
expect_code 75 "nothing is overwritten" bs junk restore 1700000000.M1.host
check "the inbox has its own still" test -e "$HOME/Maildir/cur/1700000000.M1.host:2,F"
bs junk empty --yes --flagged >"$scratch/out"
is "$(bs junk --json | wc -l | tr -d ' ')" 0 "--flagged"
expect_code 75 "output that cannot be written" sh -c "'$BACKSTOP' $options junk list >/dev/full"
expect_code 1 "an mbox has no such folder, which is said" "$BACKSTOP" --set store.location=mbox:/tmp/none junk list

bs learn --reset # what was restored vouches for its host

# Trust: nothing of these is judged. Each pattern has a near miss beside it.
hop='from mx.example.net (mail.example.net [192.0.2.7]) by here.example.com (Postfix) id 1; Mon, 30 Nov 2026 10:00:00 +0000'
liar='from mail.example.net (evil.example.org [198.51.100.7]) by here.example.com (Postfix) id 1; Mon, 30 Nov 2026 10:00:00 +0000'
for pattern in postmaster@mx.example.net '*@mx.example.net' mx.example.net .example.net '*.example.net' mail.example.net 192.0.2.0/24 192.0.2.7; do
    setting="judgement.trust=x@y $pattern" deliver robot@example.com postmaster@mx.example.net "$hop"
    is "$(where)" INBOX "trust = $pattern"
    is "$(grep -c '^X-Backstop' "$(file)")" 0 "it is not judged"
done
for pattern in postmaster@example.net '*@example.net' example.net .example.com 192.0.3.0/24 mail.example.net; do
    setting="judgement.trust=$pattern" deliver robot@example.com postmaster@mx.example.net "$liar"
    is "$(where)" .Junk "trust = $pattern trusts nobody else, nor what a client calls itself"
done
printf '# our list server, which bounces on purpose\n*@mx.example.net  # all of them\n\n' >"$HOME/.config/backstop/trust"
deliver robot@example.com postmaster@mx.example.net
is "$(where)" INBOX "a file of them, with comments"
check "the log says so" sh -c "tail -n 1 '$HOME/log' | grep -q 'is trusted'"
expect_code 0 "check says so" bs check "$scratch/m"
check "and why" grep -q 'postmaster@mx.example.net is trusted' "$scratch/out"
deliver robot@example.com other@mx2.example.net
is "$(where)" .Junk "and of others nothing changes"
printf '# postmaster@mx.example.net\n' >"$HOME/.config/backstop/trust"
deliver robot@example.com postmaster@mx.example.net
is "$(where)" .Junk "a comment trusts nobody"
plan
