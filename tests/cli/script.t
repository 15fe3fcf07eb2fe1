#!/bin/sh
# SPDX-License-Identifier: MIT
# Delivery through the user's Sieve script: where messages go, what is sent, and that no script, good
# or bad, stops mail.
. "${srcdir:-..}/tests/tap.sh"

cat >"$HOME/sendmail" <<'EOF'
#!/bin/sh
[ -f "$HOME/sendmail-status" ] && exit "$(cat "$HOME/sendmail-status")"
{ echo "ARGS $*"; cat; } >>"$HOME/outbox"
EOF
chmod +x "$HOME/sendmail"
: >"$HOME/outbox"

message() { # SUBJECT [HEADER]: a message, a new one at every call
    number=$((number + 1))
    printf 'From: a@example.org\nTo: me@example.com\nSubject: %s\nMessage-ID: <%s@example.org>\n' "$1" $number
    [ -n "$2" ] && echo "$2"
    printf '\nhello %s\n' $number
}
number=0
deliver() { # SETTING...: the message in $scratch/m
    set -- "$@" log.destination="$HOME/log" sendmail.command="$HOME/sendmail"
    options=
    for setting in "$@"; do options="$options --set $setting"; done
    # shellcheck disable=SC2086
    as_mta "$BACKSTOP" $options -f "${sender-a@example.org}" -a me@example.com <"$scratch/m"
}
count() { find "$1" -type f 2>/dev/null | wc -l | tr -d ' '; }
inbox() { echo $(($(count "$HOME/Maildir/new") + $(count "$HOME/Maildir/cur"))); }

cat >"$HOME/.dovecot.sieve" <<'EOF'
require ["fileinto", "imap4flags", "copy", "vacation", "reject", "editheader", "environment", "fcc"];
if environment "vnd.backstop.verdict" "unknown" { fileinto "Reports"; }
elsif header :contains "subject" "list" { fileinto :flags "\\Seen" "Lists/Über"; }
elsif header :contains "subject" "copy" { redirect :copy "other@example.net"; }
elsif header :contains "subject" "away" { redirect "other@example.net"; }
elsif header :contains "subject" "refuse" { reject "no, thanks"; }
elsif header :contains "subject" "edit" { addheader "X-New" "yes"; }
elsif header :contains "subject" "drop" { discard; }
elsif header :contains "subject" "leave" { vacation :days 1 :fcc "Sent" "I am away."; }
EOF

message "a list" >"$scratch/m"
expect_code 0 "a script is run" deliver
is "$(find "$HOME/Maildir" -name '*:2,S' | sed 's|.*Maildir/\([^/]*\)/.*|\1|')" ".Lists.&ANw-ber" \
    "fileinto makes the folder and sets the flag"
is "$(inbox)" 0 "and nothing stays in the inbox"

message "a copy" >"$scratch/m"
expect_code 0 "redirect :copy" deliver
is "$(grep -c '^ARGS -i -f a@example.org -- other@example.net' "$HOME/outbox")" 1 \
    "the copy leaves with the sender's envelope address"
is "$(inbox)" 1 "and the message is kept"

message "away" >"$scratch/m"
echo 75 >"$HOME/sendmail-status"
expect_code 75 "a redirect that cannot leave now defers" deliver
is "$(inbox)" 1 "and files nothing"
rm "$HOME/sendmail-status"
expect_code 0 "the retry sends it" deliver
is "$(grep -c '^Subject: away' "$HOME/outbox")" 1 "once"
expect_code 0 "the same delivery tried again" deliver
is "$(grep -c '^Subject: away' "$HOME/outbox")" 1 "does not send it twice"
is "$(inbox)" 1 "a redirected message is not kept"

message "refuse" >"$scratch/m"
expect_code 0 "reject sends a refusal" deliver
is "$(grep -c '^ARGS -i -f <> -- a@example.org' "$HOME/outbox")" 1 "from the null sender"
: >"$HOME/outbox"
sender='<>' expect_code 0 "a reject of a message from nobody" deliver
is "$(cat "$HOME/outbox")" "" "sends nothing"
is "$(inbox)" 2 "and keeps the message"
message "refuse" "Auto-Submitted: auto-generated" >"$scratch/m"
expect_code 0 "a reject of automatic mail" deliver
is "$(cat "$HOME/outbox")" "" "sends nothing"

message "edit" >"$scratch/m"
expect_code 0 "addheader" deliver
edited=$(grep -l '^X-New: yes' "$HOME/Maildir/new/"*)
{ printf 'Return-Path: <a@example.org>\nDelivered-To: me@example.com\nX-New: yes\n'; cat "$scratch/m"; } >"$scratch/want"
check_same "$edited" "$scratch/want" "changes that one line"

before=$(inbox)
message "drop" >"$scratch/m"
expect_code 0 "discard" deliver
is "$(inbox)" "$before" "keeps nothing"

message "leave" >"$scratch/m"
expect_code 0 "vacation" deliver
message "leave" >"$scratch/m"
expect_code 0 "vacation again" deliver
is "$(grep -c '^I am away' "$HOME/outbox")" 1 "answers one sender once"
is "$(count "$HOME/Maildir/.Sent/new")" 1 "and files the copy that :fcc asks for"
: >"$HOME/outbox"
for header in 'Precedence: list' 'List-Id: <l.example.org>' 'Auto-Submitted: auto-replied'; do
    message "leave" "$header" | sed 's/^From:.*/From: other@example.org/' >"$scratch/m"
    sender=other@example.org deliver
done
sender='<>' deliver
is "$(cat "$HOME/outbox")" "" "lists, robots and nobody get no answer"

{
    printf 'From: MAILER-DAEMON@example.org\nSubject: failure notice\nAuto-Submitted: auto-replied\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nsorry\n'
    printf -- '--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n'
    printf 'Final-Recipient: rfc822; x@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n'
} >"$scratch/m"
sender='<>' expect_code 0 "a report of unknown origin" deliver
report=$(grep -l '^Status: 5.1.1' "$HOME/Maildir/.Reports/new/"*)
is "$(grep -c '^X-Backstop: unknown; class=dsn-failure' "$report")" 1 "the script sees its verdict, once"

mkdir "$scratch/before"
echo 'require "fileinto"; if header :contains "subject" "first" { fileinto "First"; }' >"$scratch/before/a.sieve"
echo 'if header :contains "subject" "second" { discard; stop; }' >"$scratch/before/b.sieve"
message "first, and a list" >"$scratch/m"
expect_code 0 "scripts before the user's" deliver sieve.before="$scratch/before"
is "$(count "$HOME/Maildir/.First/new")/$(find "$HOME/Maildir/.Lists.&ANw-ber" -name '*:2,S' | wc -l | tr -d ' ')" \
    "1/1" "one that takes the message ends the row"
message "second, and a list" >"$scratch/m"
expect_code 0 "they run in the order of their names" deliver sieve.before="$scratch/before"
is "$(find "$HOME/Maildir/.Lists.&ANw-ber" -name '*:2,S' | wc -l | tr -d ' ')" 1 "and the second one too"

echo 'require "fileinto"; fileinto "Default";' >"$scratch/default.sieve"
before=$(inbox)
printf 'keep;\nfileinto "x";\n' >"$HOME/.dovecot.sieve"
message "x" >"$scratch/m"
expect_code 0 "a script that does not compile" deliver
is "$(inbox)" $((before + 1)) "leaves the mail in the inbox"
is "$(sed -n 's|.*/\(.dovecot.sieve:[0-9]*\):[0-9]*: error.*|\1|p' "$HOME/.dovecot.sieve.log" | head -n 1)" \
    ".dovecot.sieve:2" "and its errors beside it"
cat >"$HOME/.dovecot.sieve" <<'EOF'
require ["fileinto", "special-use", "mailbox", "vacation", "fcc", "imap4flags"];
if header :contains "subject" "special" { fileinto :specialuse "\\Archive" "Elsewhere"; }
elsif specialuse_exists "\\Drafts" { discard; }
else { vacation :handle "two" :fcc "Answers" :flags "\\Seen" "Gone."; }
EOF
message "special" >"$scratch/m"
expect_code 0 "fileinto :specialuse without such a folder" deliver
is "$(count "$HOME/Maildir/.Elsewhere/new")" 1 "takes the folder that is named"
mkdir -p "$HOME/Maildir/.Archive/new" "$HOME/Maildir/.Archive/cur" "$HOME/Maildir/.Archive/tmp"
message "special" >"$scratch/m"
expect_code 0 "fileinto :specialuse with it" deliver
is "$(count "$HOME/Maildir/.Archive/new")" 1 "takes that one"
message "plain" >"$scratch/m"
expect_code 0 "flags for the copy of an answer" deliver
is "$(find "$HOME/Maildir/.Answers/cur" -name '*:2,S' | wc -l | tr -d ' ')" 1 "are set on it"
before=$(inbox)
rm "$HOME/.dovecot.sieve"
message "y" >"$scratch/m"
expect_code 0 "a user without a script" deliver sieve.default="$scratch/default.sieve"
is "$(count "$HOME/Maildir/.Default/new")" 1 "gets the default one"
mkfifo "$HOME/.dovecot.sieve"
message "z" >"$scratch/m"
expect_code 0 "a FIFO in the script's place" deliver
is "$(inbox)" $((before + 1)) "does not hold the mail up"
# What one script leaves to the next.
rm "$HOME/.dovecot.sieve"
mkdir "$scratch/row"
cat >"$scratch/row/a.sieve" <<'EOF'
require ["editheader", "imap4flags", "fileinto", "copy"];
fileinto :copy "Before"; addheader "X-Row" "one"; setflag "\\Flagged";
EOF
cat >"$HOME/.dovecot.sieve" <<'EOF'
require ["editheader", "imap4flags", "fileinto", "copy"];
if header "x-row" "one" { addflag "\\Seen"; fileinto :copy "Seen"; addheader "X-Row" "two"; }
EOF
message "row" >"$scratch/m"
expect_code 0 "a script after one that edits" deliver sieve.before="$scratch/row"
is "$(cat "$HOME/Maildir/.Before/"???/* | grep -c X-Row)" 0 "what came before the edit is as it came"
is "$(cat "$HOME/Maildir/.Seen/"???/* | grep X-Row)" "X-Row: one" "the next script sees it, and keeps it"
is "$(find "$HOME/Maildir/.Seen" -name '*:2,FS' | wc -l | tr -d ' ')" 1 "and the flags"
is "$(grep -lr '^X-Row: two' "$HOME/Maildir/cur" | xargs grep -h '^X-Row' | tr '\n' ' ')" "X-Row: two X-Row: one " \
    "the keep at the end has the edits of both"
# What stands beside the mail store: lists, annotations, folders' ids.
rm -f "$HOME/.dovecot.sieve"
printf 'a@example.org\n' >"$HOME/friends"
printf '[server]\n/shared/admin=root@example.com\n[mailbox Work]\n/private/filter=yes\nmailboxid=F1\n' \
    >"$HOME/annotations"
mkdir -p "$HOME/Maildir/.Work/cur" "$HOME/Maildir/.Work/new" "$HOME/Maildir/.Work/tmp"
for folder in Ids. Named.; do mkdir -p "$HOME/Maildir/.$folder&APw-/cur"; done
mkfifo "$HOME/Maildir/.Work/dovecot-uidlist"
echo '3 V1700000000 N1 Gabcdef' >"$HOME/Maildir/.Ids.&APw-/dovecot-uidlist"
cat >"$HOME/.dovecot.sieve" <<'EOT'
require ["fileinto", "extlists", "mboxmetadata", "servermetadata", "mailboxid"];
if header "subject" "by list" {
    if address :list "from" "tag:example.com,2026:friends" { fileinto "Friends"; }
} elsif header "subject" "by note" {
    if allof (metadata "Work" "/private/filter" "yes", servermetadata :contains "/shared/admin" "root")
        { fileinto :mailboxid "F1" "Nothing"; }
} elsif mailboxidexists "abcdef" { fileinto :mailboxid "abcdef" "Nothing"; }
EOT
beside="sieve.lists=tag:example.com%2C2026:friends=~/friends sieve.metadata=~/annotations"
for case in "by list:.Friends" "by note:.Work" "by id:.Ids.&APw-"; do
    message "${case%%:*}" >"$scratch/m"
    # shellcheck disable=SC2086
    expect_code 0 "${case%%:*}" deliver $beside
    is "$(count "$HOME/Maildir/${case#*:}/new")" 1 "goes to ${case#*:}"
done
message "by list" >"$scratch/m"
before=$(inbox)
expect_code 0 "without the settings" deliver
is "$(inbox)" $((before + 1)) "a script that requires lists does not compile, and the mail is in the inbox"
check "its log says why" grep -q "there is no extension \"extlists\" here" "$HOME/.dovecot.sieve.log"

# Programs.
mkdir "$scratch/bin"
printf '#!/bin/sh\ncat >"$HOME/piped"\n' >"$scratch/bin/take"
printf '#!/bin/sh\ncat >/dev/null\nexit 3\n' >"$scratch/bin/fail"
printf '#!/bin/sh\ncat >/dev/null\nexit 75\n' >"$scratch/bin/later"
printf '#!/bin/sh\ncat >/dev/null\nkill -9 $$\n' >"$scratch/bin/die"
chmod +x "$scratch/bin/"*
pipe() { # ARGUMENTS... of pipe
    message "pipe" >"$scratch/m"
    echo "require [\"vnd.dovecot.pipe\", \"copy\"]; pipe $*;" >"$HOME/.dovecot.sieve"
    deliver sieve.settings="pipe_bin_dir=$scratch/bin"
}
before=$(inbox)
expect_code 0 "pipe" pipe '"take"'
is "$(tail -n 1 "$HOME/piped" | tr -d "\r")/$(inbox)" "hello $number/$before" "gives the message to the program, and does not keep it"
for program in fail nope; do
    expect_code 0 "pipe \"$program\"" pipe "\"$program\""
    before=$((before + 1))
    is "$(inbox)" "$before" "keeps the message that the program did not take"
    expect_code 0 "pipe :try \"$program\"" pipe ":try \"$program\""
    before=$((before + 1))
    is "$(inbox)" "$before" "does so with :try as well"
done
expect_code 75 "a program that was killed" pipe '"die"'
expect_code 75 "... with :try as well" pipe ':try "die"'
is "$(inbox)" "$before" "is tried again, and nothing is filed meanwhile"
expect_code 75 "a program that asks for another try" pipe '"later"'
is "$(inbox)" "$before" "gets it"
# Keywords, as Dovecot keeps them: letters that dovecot-keywords explains.
cat >"$HOME/.dovecot.sieve" <<'EOT'
require ["fileinto", "imap4flags", "vacation", "fcc"];
if header "subject" "first" { fileinto :flags ["\\Seen", "$Label1", "work"] "Words"; }
elsif header "subject" "second" { fileinto :flags ["WORK", "home"] "Words"; }
elsif header "subject" "fcc" { vacation :fcc "Words" :flags ["sent", "$label1"] "away"; }
EOT
words="$HOME/Maildir/.Words"
for subject in first second; do
    message $subject >"$scratch/m"
    expect_code 0 "keywords: $subject" deliver
done
is "$(ls "$words/cur" | sed 's/.*:2,//' | sort | tr '\n' ' ')" "Sab bc " "a letter each, in any case the same"
is "$(tr '\n' ' ' <"$words/dovecot-keywords")" '0 $Label1 1 work 2 home ' "the file says which"
touch "$words/dovecot-uidlist.lock"
message second >"$scratch/m"
expect_code 0 "known keywords need no lock" deliver
is "$(ls "$words/cur" | grep -c ':2,bc$')" 2 "and are kept"
message fcc >"$scratch/m"
expect_code 0 "new ones while Dovecot has the folder locked" deliver
is "$(ls "$words/cur" | grep -c ':2,a$')" 1 "those of an answer's copy; the new one is dropped, the mail is not"
check "and the log says so" grep -q 'not all keywords are kept' "$HOME/log"
rm "$words/dovecot-uidlist.lock"
awk 'BEGIN { for (i = 0; i < 26; i++) print i " k" i }' >"$words/dovecot-keywords"
before=$(count "$words/new")
message first >"$scratch/m"
expect_code 0 "no letter left" deliver
is "$(ls "$words/cur" | grep -c ':2,S$')" 1 "is no reason to lose the message"
message second >"$scratch/m"
expect_code 0 "store.keywords = no" deliver store.keywords=no
is "$(count "$words/new")" $((before + 1)) "sets system flags alone"
cat >"$HOME/.dovecot.sieve" <<'EOT'
require "imap4flags";
keep :flags ["\\Seen", "\\Flagged", "work", "$x"];
EOT
message box "Received: from a by b; $(date -R)" >"$scratch/m"
for try in first second; do expect_code 0 "flags in an mbox, $try try" deliver "store.location=mbox:$HOME/box"; done
is "$(sed -n '2,4p' "$HOME/box" | tr '\n' '|')" 'Status: R|X-Status: F|X-Keywords: work $x|' "are fields"
is "$(grep -c '^From a' "$HOME/box")" 1 "by which a second try is not deceived"
plan
