#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop sieve filter: a script over a folder that is there. Nothing is lost, nothing is sent, flags and times stay.
. "${srcdir:-..}/tests/tap.sh"

M=$HOME/Maildir
printf '#!/bin/sh\ncat >>"%s/outbox"\n' "$HOME" >"$HOME/sendmail"
chmod +x "$HOME/sendmail"
fresh() {
    rm -rf "$M"
    mkdir -p "$M/cur" "$M/new" "$M/tmp"
    for n in 1 2 3 4 5 6 7; do
        printf 'From: a%s@example.org\nTo: me@example.com\nSubject: n%s\nMessage-ID: <%s@example.org>\n\nbody %s\n' $n $n $n $n \
            >"$M/cur/170000000$n.M$n.h:2,S"
        touch -d "2023-01-0$n 12:00:00Z" "$M/cur/170000000$n.M$n.h:2,S"
    done
    echo '0 work' >"$M/dovecot-keywords"
    mv "$M/cur/1700000003.M3.h:2,S" "$M/cur/1700000003.M3.h:2,FPSa"
    mv "$M/cur/1700000007.M7.h:2,S" "$M/new/1700000007.M7.h"
}
filter() { "$BACKSTOP" sieve filter "$@" --set sendmail.command="$HOME/sendmail" --set log.destination=none; }
state() { (cd "$M" && find . -type f ! -name 'dovecot*' ! -name maildirfolder | sed -E 's#[0-9]+\.(R[0-9]*\.)?H[0-9a-f]+[^:]*#COPY#' | sort); }

cat >"$scratch/s.sieve" <<'EOF'
require ["fileinto", "imap4flags", "mailbox", "copy", "vacation"];
if header "subject" "n1" { fileinto :create "Moved"; }
elsif header "subject" "n2" { fileinto :create :copy "Copied"; }
elsif hasflag "work" { fileinto :create "Work"; }
elsif header "subject" "n4" { discard; }
elsif header "subject" "n5" { addflag "\\Flagged"; keep; }
elsif header "subject" "n6" { vacation "away"; redirect "x@example.net"; }
EOF
fresh
state >"$scratch/before"
expect_code 0 "a dry run" filter INBOX --script "$scratch/s.sieve"
state >"$scratch/after"
check_same "$scratch/after" "$scratch/before" "changes nothing"
is "$(tail -1 "$scratch/out")" "7 messages (nothing was done: --execute does it): 2 moved, 1 copied, 0 deleted, 1 flagged, 2 stay as they are, 1 not done, 0 failed" \
    "and says what it would"
check "each with its actions" grep -q '^  fileinto "Moved"' "$scratch/out"
check "and what is not done" grep -q 'there is no vacation, redirect' "$scratch/out"
expect_code 0 "--execute" filter INBOX --script "$scratch/s.sieve" --execute -q
state >"$scratch/after"
cat >"$scratch/want" <<'EOF'
./.Copied/cur/COPY:2,S
./.Moved/cur/COPY:2,S
./.Work/cur/COPY:2,FSa
./cur/1700000002.M2.h:2,S
./cur/1700000004.M4.h:2,S
./cur/1700000005.M5.h:2,FS
./cur/1700000006.M6.h:2,S
./new/1700000007.M7.h
EOF
check_same "$scratch/after" "$scratch/want" "moves, copies, flags, and leaves the rest"
is "$(cat "$M/.Work/dovecot-keywords")" "0 work" "keywords come along"
is "$(date -u -r "$M"/.Moved/cur/* +%Y-%m-%d)" "2023-01-01" "and so does the time"
is "$(grep -h '^Subject' "$M"/.Moved/cur/*)" "Subject: n1" "it is the message"
is "$(ls "$HOME/outbox" 2>/dev/null)" "" "nothing is sent"
expect_code 0 "--delete-discarded" filter INBOX --script "$scratch/s.sieve" --execute -q --delete-discarded
is "$(state | grep -c M4)" 0 "deletes what is discarded"

# From another folder, and back.
echo 'require "fileinto"; fileinto "INBOX";' >"$scratch/back.sieve"
filter Moved --script "$scratch/back.sieve" --execute -q >"$scratch/out"
is "$(state | grep -c Moved)/$(grep -l 'Subject: n1' "$M"/cur/* | wc -l | tr -d ' ')" "0/1" "a folder is filtered into the inbox"
echo 'require "fileinto"; fileinto "Work";' >"$scratch/same.sieve"
filter Work --script "$scratch/same.sieve" --execute -q >"$scratch/out"
is "$(state | grep -c '^./.Work')" 1 "fileinto the folder itself is a keep"
echo 'keep;' >"$scratch/keep.sieve"
fresh
state >"$scratch/before"
filter INBOX --script "$scratch/keep.sieve" --execute -q >"$scratch/out"
state >"$scratch/after"
check_same "$scratch/after" "$scratch/before" "keep leaves all as it is, flags too"

# What does not work leaves the message where it is.
echo 'require "fileinto"; fileinto "a//b";' >"$scratch/bad.sieve"
expect_code 1 "a folder that cannot be" filter INBOX --script "$scratch/bad.sieve" --execute -q
state >"$scratch/after"
check_same "$scratch/after" "$scratch/before" "leaves all as it was"
printf 'require ["fileinto", "variables"];\nredirect "${x}";\ndiscard;\n' >"$scratch/fails.sieve"
expect_code 1 "a script that fails" filter INBOX --script "$scratch/fails.sieve" --execute -q --delete-discarded
state >"$scratch/after"
check_same "$scratch/after" "$scratch/before" "leaves all as it was"
echo 'require ["editheader"]; addheader "X-A" "b";' >"$scratch/edit.sieve"
expect_code 0 "an edit" filter INBOX --script "$scratch/edit.sieve" --execute -q
state >"$scratch/after"
check_same "$scratch/after" "$scratch/before" "of a message that stays is not made"
is "$(cat "$M"/cur/* | grep -c '^X-A')" 0 "and no byte changes"
expect_code 1 "no such folder" filter None --script "$scratch/keep.sieve"
expect_code 1 "a script that does not compile" filter INBOX --script "$scratch/before"
expect_code 64 "no script" filter INBOX
plan
