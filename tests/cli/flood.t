#!/bin/sh
# SPDX-License-Identifier: MIT
# A flood of reports on one spam run, to somebody of whom nothing is known; and what looks like one.
. "${srcdir:-..}/tests/tap.sh"

# N SUBJECT FROM ID HOST NETWORK RECIPIENT
report() {
    printf 'Date: %s\nFrom: MAILER-DAEMON@mx%s.example.net\nTo: alice@example.org\nSubject: failure\nMIME-Version: 1.0\n' "$(date -R)" "$1"
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nfailed\n'
    printf -- '--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx%s.example.net\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n' "$1" "$7"
    printf -- '--b\nContent-Type: message/rfc822\n\nReceived: from %s (%s [%s]) by mx%s.example.net with SMTP; %s\n' "$5" "$5" "$6" "$1" "$(date -R)"
    printf 'From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: %s\n\ntext\n\n--b--\n' "$3" "$7" "$2" "$(date -R)" "$4"
}
spam() { report "$1" "Your watch is waiting, order ${1}ab" alice@example.org "<$1.x@pc.bot$1.example>" "pc.bot$1.example" "198.51.$1.7" "victim$1@example.net"; }
mailing() { report "$1" "News of our club in winter, no $1" alice@example.org "<$1.x@example.org>" "out$(($1 % 3)).example.org" "192.0.2.$1" "member$1@host$1.example"; }
post() { report "$1" "Re: [choir] who brings the cake" "member$1@host$1.example" "<$1.x@host$1.example>" lists.example.org 192.0.2.9 bob@example.net; }
other() { report "$1" "$2" alice@example.org "<$1@somewhere.example>" out.somewhere.example 203.0.113.9 "$3"; }
give() { deliver --set log.destination=none --set wave.begin=0 -f '<>' -r alice@example.org; }
junk() { if [ -d "$HOME/Maildir/.Junk/new" ]; then find "$HOME/Maildir/.Junk/new" -type f | wc -l; else echo 0; fi; }

i=1; while [ $i -le 30 ]; do spam $i | give; [ $i -eq 7 ] && early=$(junk); i=$((i + 1)); done
is "$early" 0 'a few reports are no flood'
is "$(junk)" 23 'then those on the same subject go to Junk'
other 200 'Minutes of the meeting' bob@example.net | give
is "$(junk)" 23 'one on another mail does not'
other 201 'Your order is waiting' bob@example.net | give
is "$(junk)" 23 'nor one with a few of the same words'
spam 40 >"$scratch/again"
is "$("$BACKSTOP" --set log.destination=none check --json -r alice@example.org "$scratch/again" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/')" backscatter 'check sees it too'
printf '<%s>\t%s\talice@example.org\tc@example.net\n' $(i=0; while [ $i -lt 20 ]; do echo "s$i@example.org $(date +%s)"; i=$((i + 1)); done) | "$BACKSTOP" sent --ids -q
spam 31 | give
is "$(junk)" 23 'who sent as much himself may have caused them'

rm -rf "$HOME/.local" "$HOME/Maildir"
i=1; while [ $i -le 40 ]; do mailing $i | give; i=$((i + 1)); done
is "$(junk)" 0 'a mailing of his own, through a provider, is no flood'
rm -rf "$HOME/.local" "$HOME/Maildir"
i=1; while [ $i -le 30 ]; do post $i | give; i=$((i + 1)); done
is "$(junk)" 0 'nor are posts to a list that he runs, by many authors'
plan
