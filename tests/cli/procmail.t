#!/bin/sh
# SPDX-License-Identifier: MIT
# Called as procmail: what the comparison with the real one (tests/procmail) does not show: where we
# differ on purpose, safety, signals, the judge's variables, and the commands check and run.
. "${srcdir:-..}/tests/tap.sh"
plan 44
ln -s "$BACKSTOP" "$scratch/procmail"
cd "$scratch/home" || exit 1
printf 'From cora@example.com  Thu Jan  1 00:00:00 2015\nFrom: cora@example.com\nSubject: hello\n\ntext\n' >message
me=$(id -un)

# procmail [OPTION...], on the file rc
procmail() {
    "$scratch/procmail" "$@" "HOME=$HOME" "DEFAULT=$HOME/inbox" ORGMAIL="$HOME/last" LOCKSLEEP=1 SUSPEND=1 \
        PATH=/usr/bin:/bin LOGFILE=log ./rc <message
}
reset() { chmod -R u+rwX .; rm -rf ./* .procmailrc; printf '%s' "$kept" >message; }
kept="$(cat message)
"

# --- nothing is lost, nothing bounces by accident
printf 'DEFAULT=/dev/full\nORGMAIL=/dev/full\n' >rc
expect_code 75 "a full disk is tried again later" procmail
printf 'DEFAULT=/dev/full\nORGMAIL=/dev/full\n' >rc
expect_code 73 "... and bounces with --strict-procmail" procmail --strict-procmail
reset
printf ':0\n| no-such-program\n' >rc
expect_code 0 "a missing program does not swallow the mail" procmail
check "... which goes on to the inbox" grep -q '^text' inbox
reset
printf ':0 f\n| no-such-program\n' >rc
expect_code 0 "a missing filter ends well" procmail
check "... and leaves the mail whole" grep -q '^Subject: hello' inbox
reset
for signal in TERM HUP INT QUIT; do
    printf ':0 w\n| sleep 5\n' >rc
    "$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" LOGFILE=log ./rc <message &
    pid=$!
    sleep 0.3
    kill -$signal $pid
    wait $pid
    is $? 75 "SIG$signal is tried again later"
done
check "... and files nothing" test ! -e inbox
reset
printf 'LOCKFILE=held.lock\n:0 w\n| sleep 5\n' >rc
"$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" ./rc <message &
pid=$!
sleep 0.3
kill -TERM $pid
wait $pid
check "a signal leaves no lock behind" test ! -e held.lock
reset
printf 'LINEBUF=128\nV=%0500d\n:0\n* $ ^Subject: hello|$V\nbox\n' 1 >rc
expect_code 0 "an overlong line ends well" procmail
check "... and keeps the mail" grep -q '^text' inbox box
reset

# --- safety
printf ':0\nbox\n' >.procmailrc
chmod 602 .procmailrc
expect_code 0 "an rc file that others may write is no error" "$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" LOGFILE=log <message
check "... is not used" test ! -e box -a -s inbox
check "... and the log says so" grep -q 'Suspicious rcfile' log
reset
printf ':0\nbox\n' >.procmailrc
chmod 600 .procmailrc
expect_code 0 "one's own rc file is found" "$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" <message
check "... and used" grep -q '^text' box
reset
printf 'From: x\nSubject: $(touch owned) `touch owned` ; touch owned\n\nt\n' >message
printf ':0\n* ^Subject: \\/.*\n{ }\n:0 c\n| echo "$MATCH" >/dev/null; cat >/dev/null\nV=`echo $MATCH`\n:0\nbox\n' >rc
expect_code 0 "what a sender writes is no command" procmail
check "... and nothing of it is run" test ! -e owned
reset
mkdir dir
chmod 500 dir
printf ':0\nbox\n:0\n' >rc
expect_code 0 "a second run with the same mail" procmail
is "$(ls -A | grep -c lock)" 0 "no lock file is left"
reset
expect_code 67 "an unknown user" "$scratch/procmail" -d no-such-user-here <message
as_user() { # root becomes an ordinary user
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=nobody --clear-groups "$@"; else "$@"; fi
}
chmod 711 "$scratch"
if as_user test -x "$scratch/procmail" 2>/dev/null; then
    expect_code 75 "a user that we may not become: it waits" as_user "$scratch/procmail" -d root <message
    check "... which is said" grep -q 'Insufficient privileges' "$scratch/err"
    expect_code 77 "... and bounces with --strict-procmail" \
        as_user "$scratch/procmail" --strict-procmail -d root <message
else
    skip 3 "needs setpriv, and a program that an ordinary user can reach"
fi
chmod 700 "$scratch"
printf 'INCLUDERC=loop\n' >loop
printf 'INCLUDERC=loop\n' >rc
expect_code 0 "a file that includes itself ends" procmail
reset

# --- 20 at once into one mbox
printf ':0:\nbox\n' >rc
for n in $(seq 20); do
    "$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" LOCKSLEEP=1 ./rc <message &
done
wait
is "$(grep -c '^From cora' box)" 20 "20 deliveries at once are 20 messages"
is "$(grep -c '^text' box)" 20 "... all of them whole"
reset

# --- the judge
printf ':0 w\n| cat >/dev/null; echo "$BACKSTOP_VERDICT $BACKSTOP_CLASS" >out\n' >rc
procmail
is "$(cat out)" "none none" "a person's mail has the verdict none"
cat >message <<'END'
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: me@example.org
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; nobody@example.net
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

From: me@example.org
To: nobody@example.net
Message-ID: <forged@spam.example>
--b--
END
printf ':0 w\n| cat >/dev/null; echo "$BACKSTOP_CLASS" >out\n' >rc
procmail
is "$(cat out)" "dsn-failure" "a bounce has its class"

# --- check and run
printf '0:\n* ^Subj\nx\n:0\n* ^Subject: hello # no\nV=x\n' >bad
expect_code 1 "check finds errors" "$BACKSTOP" procmail check bad
is "$(cut -d: -f2 "$scratch/out" | sort -n | uniq | tr '\n' ' ')" "1 2 4 5 6 " "... with their lines"
printf ':0:\n* ^Subject\nbox\n' >good
expect_code 0 "check has nothing to say about a good file" "$BACKSTOP" procmail check good
is "$(cat "$scratch/out")" "" "... and says nothing"
printf ':0\n* 2^1 e\n* ^Subject: no\nbox\n:0\n* ^Subject: Undel\nother\n' >try
expect_code 0 "run --dry-run" "$BACKSTOP" procmail run --dry-run try message
check "... tells the score" grep -q 'line 2: Score: ' "$scratch/err"
check "... and the condition that failed" grep -q 'line 3: No match' "$scratch/err"
check "... and where the mail would go" grep -q 'would deliver to file: other' "$scratch/err"
check "... but puts nothing there" test ! -e other
expect_code 0 "run without it" "$BACKSTOP" procmail run try message
check "... delivers" test -s other
is "$(ls | grep -c '\.lock$')" 0 "no lock is left in the end"
