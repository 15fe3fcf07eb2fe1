#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop sent: every way in which outgoing mail is recorded, seen by what a report then becomes.
. "${srcdir:-..}/tests/tap.sh"
sent_at=$(mail_date)

state=$scratch/state
run() { "$BACKSTOP" --set "state.directory=$state" --set log.destination=none "$@"; }
sent() { run sent "$@"; }

# message ID RECIPIENT: an outgoing mail
message() {
    printf 'From: Alice <alice@example.org>\nTo: %s\nSubject: hello %s\n' "$2" "$2"
    printf 'Date: %s\nMessage-ID: <%s>\n\ntext\n' "$sent_at" "$1"
}
# report ID RECIPIENT: a report that it could not be delivered
report() {
    cat <<EOF
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: alice@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-$1>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; $2
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

$(message "$1" "$2")

--b--
EOF
}
verdict() { report "$1" "$2" | run --set ledger.complete=yes check --json - | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }

plan 41

# A pipe.
message p1@example.org bob@example.net >"$scratch/m"
expect_code 0 'the pipe records' sent -f alice@example.org bob@example.net <"$scratch/m"
is "$(cat "$scratch/out" "$scratch/err")" '' 'and says nothing'
is "$(verdict p1@example.org bob@example.net)" genuine 'a report on it is genuine'
is "$(verdict p2@example.org eve@example.com)" backscatter 'one on another mail is backscatter'
is "$(stat -c %a "$state/ledger.sqlite" "$state/ledger.key" | tr '\n' ' ')" '600 600 ' 'for the owner alone'
printf '' >"$scratch/empty"
expect_code 0 'an empty message is no error' sent <"$scratch/empty"
head -c 300000 /dev/urandom >"$scratch/noise"
expect_code 0 'nor is noise' sent <"$scratch/noise"
touch "$scratch/file"
expect_code 75 'a ledger that cannot be made defers' \
    "$BACKSTOP" --set "state.directory=$scratch/file/x" --set log.destination=none sent <"$scratch/m"

# A list.
{
    echo '# comment'
    printf '<i1@example.org>\n'
    printf '<i2@example.org>\t%s\talice@example.org\tdora@example.net\r\n' "$(date +%s)"
    printf '\t\t\tonly@example.net\n'
    printf '\n'
} >"$scratch/ids"
expect_code 0 'a list is read' sent --ids "$scratch/ids"
is "$(cut -d' ' -f1 "$scratch/out")" 3 'three lines of it count'
is "$(verdict i1@example.org x@example.net)" genuine 'an id alone is enough'
is "$(verdict i2@example.org dora@example.net)" genuine 'with its recipient too'
printf '<i3@example.org>\tnonsense\n<i4@example.org>\n' >"$scratch/bad"
expect_code 1 'a line that is none is told' sent --ids "$scratch/bad"
is "$(verdict i4@example.org x@example.net)" genuine 'and the others count'
sent --ids <"$scratch/ids" >/dev/null
is "$(verdict i1@example.org x@example.net)" genuine 'it comes from standard input as well'
i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); echo "<many$i@example.org>"; done >"$scratch/many"
expect_code 0 'many at once' timeout 60 "$BACKSTOP" --set "state.directory=$state" sent --ids -q "$scratch/many"
is "$(verdict many19999@example.org x@example.net)" genuine 'are all there'

# Folders.
mkdir -p "$scratch/Sent/cur" "$scratch/Sent/new" "$scratch/Sent/tmp" "$scratch/mh"
message f1@example.org fred@example.net >"$scratch/Sent/cur/1700000000.M1.host:2,S"
message f2@example.org fred@example.net >"$scratch/mh/7"
message secret@example.org fred@example.net >"$scratch/elsewhere"
ln -s "$scratch/elsewhere" "$scratch/Sent/cur/1700000001.M1.host:2,S"
{ echo 'From alice Sat Nov 21 03:07:48 2026'; message f3@example.org fred@example.net; echo
  echo 'From alice Sat Nov 21 03:07:49 2026'; message f4@example.org fred@example.net; } >"$scratch/mbox"
expect_code 0 'maildir, MH and mbox are imported' sent --import "$scratch/Sent" "$scratch/mh" "$scratch/mbox"
for id in f1 f2 f3 f4; do
    is "$(verdict $id@example.org fred@example.net)" genuine "$id was found"
done
is "$(verdict secret@example.org eve@example.com)" backscatter 'a symbolic link is not followed'
expect_code 75 'what is no folder is told' sent --import "$scratch/nowhere"

# Around sendmail.
cat >"$scratch/sendmail" <<'EOF'
#!/bin/sh
echo "$*" >"$0.args"
cat >"$0.in"
exit 3
EOF
chmod +x "$scratch/sendmail"
message w1@example.org wanda@example.net >"$scratch/m"
expect_code 3 "the wrapper exits as sendmail does" \
    sent "--sendmail=$scratch/sendmail" -- -oi -f alice@example.org -- wanda@example.net <"$scratch/m"
check_same "$scratch/sendmail.in" "$scratch/m" 'sendmail got the message as it was'
is "$(cat "$scratch/sendmail.args")" '-oi -f alice@example.org -- wanda@example.net' 'and its arguments'
is "$(verdict w1@example.org wanda@example.net)" genuine 'it was recorded'
expect_code 3 'a ledger that is broken stops no mail' \
    "$BACKSTOP" --set "state.directory=$scratch/file/x" --set log.destination=none \
    sent "--sendmail=$scratch/sendmail" -- wanda@example.net <"$scratch/m"
check_same "$scratch/sendmail.in" "$scratch/m" 'it got through'
ln -s "$BACKSTOP" "$scratch/self"
expect_code 75 'it does not run itself' sent "--sendmail=$scratch/self" -- x@example.net <"$scratch/m"
expect_code 3 'without a message it is just run' sent "--sendmail=$scratch/sendmail" -- -bp </dev/null
ln -s "$BACKSTOP" "$scratch/bin-sendmail" && mkdir "$scratch/bin" && ln -s "$BACKSTOP" "$scratch/bin/sendmail"
mkdir -p "$HOME/.config/backstop"
printf '[sendmail]\ncommand = %s\n[state]\ndirectory = %s\n' "$scratch/sendmail" "$state" >"$HOME/.config/backstop/backstop.conf"
message w2@example.org wanda@example.net >"$scratch/m"
expect_code 3 'called as sendmail it does the same' "$scratch/bin/sendmail" -t -oi <"$scratch/m"
is "$(verdict w2@example.org wanda@example.net)" genuine 'and records too'

# The stamp.
echo '2026-11 a secret' >"$scratch/stamps"
message w3@example.org wanda@example.net >"$scratch/m"
stamped() { sent --set "stamp.key-file=$scratch/stamps" "--sendmail=$scratch/sendmail" -- -t; }
stamped <"$scratch/m"
check 'a stamp is put in front' sh -c "head -n 1 '$scratch/sendmail.in' | grep -q '^X-Backstop-Sent: 1; k=2026-11; s=[0-9a-f]\{64\}$'"
sed 1d "$scratch/sendmail.in" >"$scratch/rest"
check_same "$scratch/rest" "$scratch/m" 'and nothing else is changed'
printf 'Subject: no date\n\ntext\n' >"$scratch/m"
stamped <"$scratch/m"
check_same "$scratch/sendmail.in" "$scratch/m" 'what has no Date and Message-ID yet stays as it is'

# Addresses are bytes, whatever the locale; and what is wrong is never a bounce of the mail.
for locale in C C.UTF-8; do
    message "bytes-$locale@example.org" bob@example.net >"$scratch/m"
    LC_ALL=$locale "$BACKSTOP" --set "state.directory=$state" sent -f "$(printf 'j\303\274rgen\374@example.org')" \
        bob@example.net <"$scratch/m" >"$scratch/out" 2>&1
    is "$?" 0 "a sender of other bytes than ASCII is recorded ($locale)"
done
expect_code 75 'an option that there is not: the mail waits' sent --no-such-option <"$scratch/m"
LC_ALL=C expect_code 0 'and check takes such an address' "$BACKSTOP" --set "state.directory=$state" check \
    -f "$(printf 'j\374rgen@example.org')" "$scratch/m"
