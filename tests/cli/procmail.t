#!/bin/sh
# SPDX-License-Identifier: MIT
# Called as procmail: what the comparison with the real one (tests/procmail) does not show: where we
# differ on purpose, safety, signals, the judge's variables, and the commands check and run.
. "${srcdir:-..}/tests/tap.sh"

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

# A line that the shell runs: its status 126 or 127 says that there is no such program (procmail takes
# the mail for delivered, or its text for filtered away). Anything else is as in procmail.
: >noexec
try() { # WHAT RC: the mail goes on to the inbox, whole
    printf "$2" >rc
    expect_code 0 "$1: ends well" procmail
    check "... the mail goes on, whole" grep -q '^text' inbox
    check "... once, and nowhere else" test "$(grep -l '^text' inbox no* | wc -l) $(grep -c '^From cora' inbox)" = "1 1"
    rm -f inbox no no2 log
}
for flags in '' ' w' ' W' ' h' ' c'; do
    try "no such program, flags$flags" ":0$flags\n| no-such-program --opt >/dev/null\n"
done
for flags in f fw fh fb fW fbr; do
    try "no such filter, flags $flags" ":0 $flags\n| no-such-program 2>/dev/null\n"
done
try "no right to run it" ":0\n| ./noexec >/dev/null\n"
try "a directory for a program" ":0\n| /usr/bin >/dev/null\n"
try "env finds none" ":0\n| env no-such-program\n"
try "a program for a lock" ":0:\n| no-such-program >>/dev/null\n"
try "within a block" ":0\n{\n:0\n| no-such-program >/dev/null\n}\n"
try "of a backquote in a folder's name" ":0\nno\140no-such-program 2>/dev/null\140\n"
try "of a backquote in an address" "SENDMAIL=/bin/true\n:0\n! a@example.com\140no-such-program 2>/dev/null\140\n"
try "in a condition" ":0\n* ? no-such-program >/dev/null\nno\n"
try "in a negated condition" ":0\n* ! ? no-such-program >/dev/null\nno\n:0\n* ! ? no-such-program\nno2\n"
try "with weights" ":0\n* 1^0 ? no-such-program >/dev/null\n* 1^0 .\nno\n"
try "of a backquote in a condition" ":0\n* $ ^Subject:.*\140no-such-program 2>/dev/null\140\nno\n:0\n* $ ! xy\140no-such-program 2>/dev/null\140\nno2\n"
try "a chain knows it" ":0 c\n| no-such-program >/dev/null\n:0 a\nno\n"
printf ':0\n| cat >/dev/null; exit 1\n' >rc
expect_code 0 "a program that fails otherwise, unwaited for" procmail
check "... has the mail, as in procmail" test ! -e inbox
printf ':0\n* ! ? false >/dev/null\nbox\n' >rc
expect_code 0 "a program that answers no" procmail
check "... may be negated" grep -q '^text' box
printf ':0\n| cat >got; exec sleep 60 >/dev/null 2>&1\n' >rc
expect_code 0 "a program that runs long" timeout 20 "$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" SHELL=/bin/sh \
    PATH=/usr/bin:/bin ./rc <message
check "... holds nobody up, and has the mail" grep -q '^text' got
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

# --- -p -m: the caller's environment
printf ':0 w\n| echo "$PATH $HOST ${ORGMAIL-none}" >out; cat >/dev/null\n' >rc
chmod 600 rc
env PATH=/usr/bin:/bin:/opt/x/bin HOST=elsewhere ORGMAIL=x "$scratch/procmail" -p -m "HOME=$HOME" SHELL=/bin/sh \
    "MAILDIR=$HOME" "$HOME/rc" <message
is "$(cat out)" "/usr/bin:/bin:/opt/x/bin elsewhere none" "-p -m keeps the caller's PATH and HOST"
env PATH=/usr/bin:/bin:/opt/x/bin "$scratch/procmail" -m "HOME=$HOME" SHELL=/bin/sh "MAILDIR=$HOME" "$HOME/rc" <message
check "-m alone does not" grep -q '/bin:/usr/local/bin:/usr/bin:/bin ' out
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
plan
