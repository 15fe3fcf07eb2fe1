#!/bin/sh
# SPDX-License-Identifier: MIT
# Homes of mail, set up by one command with nothing configured: what becomes of reports. No genuine
# one is backscatter in any of them, and of the forged ones as many are as can be known.
. "${srcdir:-..}/tests/tap.sh"

# PERSONA DAY...: counts of "truth verdict"
verdicts() {
    (cd "$HOME/reports" && "$BACKSTOP" --set log.destination=none check --json *.eml) |
        sed 's/.*"verdict":"\([a-z]*\)".*/\1/' | paste -d ' ' - "$HOME/reports/truth.tsv" >"$scratch/verdicts"
    junked=$(grep -c '^backscatter.*genuine' "$scratch/verdicts")
    caught=$(grep -c '^backscatter.*forged' "$scratch/verdicts")
    forged=$(grep -c 'forged' "$scratch/verdicts")
}
home_of() { rm -rf "$HOME"; mkdir "$HOME"; perl "$srcdir/tests/homes/make-home" "$1" "$HOME" ${2:+"$2"}; }

while read -r persona wanted; do
    home_of "$persona"
    check "$persona: set up" "$BACKSTOP" --set log.destination=none setup --yes --quiet
    verdicts
    is "$junked" 0 "$persona: no genuine report is backscatter"
    [ "$((100 * caught / forged))" -ge "$wanted" ]
    ok $? "$persona: of $forged forged reports $caught are ($wanted % wanted)"
done <<END
plain 90
tidy 85
family 90
providers 85
lists 90
answers 90
taken-over 0
newcomer 0
END

# A telephone that was bought yesterday: it keeps no copy, and its ids are like none that were seen.
home_of plain
"$BACKSTOP" --set log.destination=none setup --yes --quiet >"$scratch/out" 2>&1
new_phone() { # NAME FIELD
    printf 'Return-Path: <>\nDelivered-To: mira@fjord.example\nFrom: MAILER-DAEMON@mx.host.example\nTo: mira@fjord.example\nDate: %s\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.host.example.\n' "$(date -R)"
    printf "I'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<x@firm.example>:\nunknown user\n\n--- Below this line is a copy of the message.\n\n"
    printf 'Return-Path: <mira@fjord.example>\nDate: %s\nFrom: %s <mira@fjord.example>\nTo: x@firm.example\nSubject: hello\nMessage-ID: <99@new.phone.example>\n%s\nhi\n' "$(date -R)" "$1" "$2"
}
verdict() { "$BACKSTOP" --set log.destination=none check --json - | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }
is "$(new_phone Shop '' | verdict)" backscatter 'an id like none of his, under another name, is not his'
is "$(new_phone 'Mira Solberg' '' | verdict)" suspect 'under his own name it may be'
got=$(grep -h '^Message-ID' "$HOME/Maildir/cur/"* | grep uni.example | head -n 1 | sed 's/.*: //')
is "$(new_phone Shop "In-Reply-To: $got
" | verdict)" suspect 'nor is an answer to a mail that he got condemned'
is "$(new_phone Shop 'In-Reply-To: <never@uni.example>
' | verdict)" backscatter 'but one to a mail that nobody got is'

# A letter under the user's own name that comes in is none that he sent, whatever it lacks.
printf 'From: Mira Solberg <mira@fjord.example>\nTo: mira@fjord.example\nDate: %s\nMessage-ID: <99@new.phone.example>\n\nbuy\n' "$(date -R)" |
    deliver --set log.destination=none -f mira@fjord.example -r mira@fjord.example
"$BACKSTOP" learn --quiet
is "$(new_phone Shop '' | verdict)" backscatter 'spam under his address teaches nothing'

# From the first day on: an account that grows, asked each day.
day=1
while [ $day -le 60 ]; do
    home_of growing $day
    "$BACKSTOP" --set log.destination=none setup --yes --quiet >"$scratch/out" 2>&1 || break
    verdicts
    [ "$junked" -eq 0 ] || break
    day=$((day + $([ $day -lt 10 ] && echo 1 || echo 6)))
done
[ $day -gt 60 ]
ok $? "growing: no genuine report is backscatter on any day of 60"
[ "$caught" -ge 30 ]
ok $? "growing: and at its end $caught of $forged forged ones are"

# An account that was set up when it was empty, and whose mail comes in by delivery, in the order of
# its days: it learns the same.
home_of growing 60
"$BACKSTOP" learn --quiet && "$BACKSTOP" learn --show | grep 'answers' >"$scratch/read"
mv "$HOME/Maildir" "$scratch/all" && rm -rf "$HOME/.local" && mkdir -p "$HOME/Maildir"
"$BACKSTOP" --set log.destination=none setup --yes --quiet >"$scratch/out" 2>&1
mkdir -p "$HOME/Maildir/.Sent/cur" "$HOME/Maildir/.Sent/new"
(cd "$scratch/all" && ls .Sent/cur/* cur/* | awk -F/ '{ print $NF, $0 }' | sort -n | cut -d ' ' -f 2-) >"$scratch/order"
while read -r file; do
    case $file in
    .Sent/*) cp -p "$scratch/all/$file" "$HOME/Maildir/$file" ;;
    *) "$BACKSTOP" --set log.destination=none --set store.fsync=no -r mira@fjord.example -f "$(sed -n 's/^Return-Path: //p' "$scratch/all/$file")" <"$scratch/all/$file" ;;
    esac
done <"$scratch/order"
"$BACKSTOP" learn --show | grep 'answers' >"$scratch/delivered"
is "$(cut -d ' ' -f 1,4-9 "$scratch/delivered" | head -n 1)" "$(cut -d ' ' -f 1,4-9 "$scratch/read" | head -n 1)" 'what is delivered teaches what reading does'
count_in() { sed -n '1s/^[^ ]* of \([0-9]*\) .*/\1/p' "$1"; }
[ $((10 * $(count_in "$scratch/delivered"))) -ge $((9 * $(count_in "$scratch/read"))) ]
ok $? "of $(count_in "$scratch/read") answers $(count_in "$scratch/delivered") were counted as they came"
verdicts
is "$junked" 0 'and no genuine report is backscatter'
[ "$caught" -ge 30 ]
ok $? "$caught of $forged forged ones are"

# What is delivered goes where the verdict says, and is learnt from: answers that come after setup.
home_of growing 30
"$BACKSTOP" --set log.destination=none setup --yes --quiet >"$scratch/out" 2>&1
tests_of() { "$BACKSTOP" learn --show | sed -n 's/^\(none\|[0-9]*\) of \([0-9]*\) answers to ids of fjord.*/\1 \2/p'; }
before=$(tests_of | sed 's/.* //')
grep -h '^In-Reply-To' "$HOME/Maildir/cur/"* | sed 's/.*: //' >"$scratch/answered"
id=$(grep -h '^Message-ID' "$HOME/Maildir/.Sent/cur/"* | sed 's/.*: //' | grep -vxFf "$scratch/answered" | head -n 1)
printf 'From: ana@post.example\nTo: mira@fjord.example\nDate: %s\nMessage-ID: <new@post.example>\nIn-Reply-To: %s\n\nyes\n' "$(date -R)" "$id" |
    deliver --set log.destination=none -f ana@post.example -r mira@fjord.example
is "$(tests_of)" "none $((before + 1))" 'an answer that is delivered counts'
printf 'From: ana@post.example\nTo: mira@fjord.example\nDate: %s\nMessage-ID: <new2@post.example>\nIn-Reply-To: <other@made.up>\n\nyes\n' "$(date -R)" |
    deliver --set log.destination=none -f ana@post.example -r mira@fjord.example
"$BACKSTOP" learn --show >"$scratch/out"
check 'one to a mail that nobody has a copy of counts too' grep -q '^1 of 1 answers to ids of made.up' "$scratch/out"

# The user's word.
home_of plain
"$BACKSTOP" --set log.destination=none setup --yes --quiet >"$scratch/out" 2>&1
one=$(awk '$2 == "forged" && $3 == "-" { print $1; exit }' "$HOME/reports/truth.tsv")
verdict_of() { "$BACKSTOP" --set log.destination=none check --json "$1" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }
deliver --set log.destination=none -f '<>' -r mira@fjord.example <"$HOME/reports/$one"
is "$(ls "$HOME/Maildir/.Junk/new" | wc -l)" 1 'a forged report goes to Junk'
mv "$HOME/Maildir/.Junk/new/"* "$HOME/Maildir/cur/"
"$BACKSTOP" learn --quiet
is "$(verdict_of "$HOME/reports/$one")" suspect 'moved out of Junk, it is not condemned again'
"$BACKSTOP" learn --reset && "$BACKSTOP" learn --quiet --set learn.enabled=yes
"$BACKSTOP" learn --reset
is "$("$BACKSTOP" learn --show)" 'no sent mail was found
no answer to your mail was found, so a mail that Sent lacks may be yours' '--reset forgets all'
"$BACKSTOP" learn --quiet
expect_code 0 'a file can be called genuine' "$BACKSTOP" learn --genuine "$HOME/reports/$one"
is "$(verdict_of "$HOME/reports/$one")" suspect 'which counts'
expect_code 1 'what is no report cannot' "$BACKSTOP" learn --genuine "$(ls "$HOME/Maildir/.Sent/cur/"* | head -n 1)"
home_of newcomer
"$BACKSTOP" --set log.destination=none setup --yes --quiet >"$scratch/out" 2>&1
one=$(awk '$2 == "forged" && $3 == "-" { print $1; exit }' "$HOME/reports/truth.tsv")
is "$(verdict_of "$HOME/reports/$one")" unknown 'with little history nothing is known'
"$BACKSTOP" learn --backscatter "$HOME/reports/$one" >"$scratch/out"
is "$(verdict_of "$HOME/reports/$one")" backscatter 'a file can be called backscatter'
plan
