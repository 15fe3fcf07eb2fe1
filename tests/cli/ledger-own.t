#!/bin/sh
# SPDX-License-Identifier: MIT
# What we send ourselves - redirects, answers, notifications, refusals - is in the ledger, so that
# reports on it are ours; and what could not be recorded leaves a gap. Beside each stands its forged
# twin.
. "${srcdir:-..}/tests/tap.sh"

cat >"$scratch/sendmail" <<'EOF'
#!/bin/sh
{ echo "ARGS $*"; cat; } >"$HOME/outbox"
EOF
chmod +x "$scratch/sendmail"
site() {
    "$BACKSTOP" --set "ledger.url=$scratch/site/ledger.sqlite" --set ledger.complete=yes --set "sendmail.command=$scratch/sendmail" \
        --set "log.destination=$scratch/log" --set identity.domains=example.org --set "evidence.disabled=spf dnsbl" "$@"
}
# A ledger that reaches back a day, in which alice wrote to someone.
fresh() {
    rm -rf "$scratch/site" "$HOME/.local" "$HOME/Maildir"
    printf '<known@example.org>\t%s\talice@example.org\tfriend@example.net\n' $(($(date +%s) - 86400)) | site sent -q --ids
}
# try SCRIPT [OPTION...]: delivers a stranger's message to alice by the script
try() {
    printf 'require ["vacation","enotify","reject","copy","envelope"];\n%s\n' "$1" >"$HOME/.dovecot.sieve"; shift
    rm -f "$HOME/outbox"
    printf 'Return-Path: <eve@example.com>\nFrom: Eve <eve@example.com>\nTo: alice@example.org\nSubject: hi\nDate: %s\nMessage-ID: <stranger.%s@example.com>\n\nhello\n' \
        "$(mail_date 60)" "$test_count" >"$scratch/in"
    site "$@" deliver -f eve@example.com -a alice@example.org -r alice@example.org <"$scratch/in"
}
field() { sed -n "/^\$/q; s/^$1: *//p" "$HOME/outbox"; }
sent_to() { sed -n '1s/.* //p' "$HOME/outbox"; }
# report ID FROM RECIPIENT [DATE]: that a mail of ours did not arrive
report() {
    cat <<EOF
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: alice@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; $3
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Return-Path: <alice@example.org>
From: $2
Subject: x
Date: ${4:-$(mail_date 60)}
Message-ID: $1

--b--
EOF
}
verdict_of() { sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }
verdict() { report "$@" | site check --json -r alice@example.org - | verdict_of; }
ours_and_not() { # WHAT: what is in the outbox is ours, another mail of that kind is not
    is "$(verdict "$(field Message-ID)" "$(field From)" "$(sent_to)")" genuine "$1 is recorded"
    is "$(verdict "<forged.$test_count@example.org>" alice@example.org "stranger$test_count@example.com")" backscatter "$1: its forged twin is backscatter"
}
fresh
try 'redirect "alice@other.example";' --set sieve.settings=sieve_redirect_envelope_from=recipient
ours_and_not 'a redirect'
fresh
try 'vacation "gone";'
ours_and_not 'a vacation answer'
fresh
try 'notify "mailto:phone@other.example"; keep;'
ours_and_not 'a notification'
fresh
try 'reject "no";'
ours_and_not 'a refusal'
fresh
cat >"$scratch/smtp.pl" <<'EOF'
use strict; use IO::Socket::INET;
my $listening = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 5) or die;
open my $say, ">", "$ENV{scratch}/port.new" or die; print $say $listening->sockport; close $say;
rename "$ENV{scratch}/port.new", "$ENV{scratch}/port";
my $peer = $listening->accept; my $to = ""; print $peer "220 ready\r\n";
while (defined(my $line = <$peer>)) {
    $to = $1 if $line =~ /^RCPT TO:<(.*?)>/i;
    if ($line =~ /^DATA/i) {
        print $peer "354 go\r\n"; open my $out, ">", "$ENV{HOME}/outbox"; print $out "ARGS $to\n";
        while (defined(my $text = <$peer>)) { last if $text eq ".\r\n"; $text =~ s/\r//; print $out $text }
        close $out;
    }
    print $peer $line =~ /^QUIT/i ? "221 bye\r\n" : "250 ok\r\n"; last if $line =~ /^QUIT/i;
}
EOF
perl "$scratch/smtp.pl" & smtp=$!
at_exit='kill $smtp 2>/dev/null'
i=0; until [ -s "$scratch/port" ] || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
try 'redirect "alice@other.example";' --set "sendmail.server=smtp://127.0.0.1:$(cat "$scratch/port")"
ours_and_not 'a redirect by SMTP'

# Nobody asked for a ledger: none is made.
rm -rf "$HOME/.local" "$HOME/Maildir"
printf 'redirect "alice@other.example";\n' >"$HOME/.dovecot.sieve"
"$BACKSTOP" --set "sendmail.command=$scratch/sendmail" --set log.destination=none deliver -f eve@example.com -r alice@example.org <"$scratch/in"
check 'where no ledger is used a redirect makes none' test ! -e "$HOME/.local/state/backstop/ledger.sqlite"

# A stranger's letter that somebody else's agent passed on from here: not ours by the ledger, but the
# trail shows our relay. Without that it is forged.
passed_on() { # HOST ADDRESS
    cat <<EOF
Return-Path: <>
From: MAILER-DAEMON@mx.other.example
To: alice@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.other.example

Final-Recipient: rfc822; alice@other.example
Action: failed
Status: 5.2.2

--b
Content-Type: text/rfc822-headers

Return-Path: <alice@example.org>
Received: from $1 ($1 [$2]) by mx.other.example with ESMTP id 7; $(mail_date 60)
From: s@stranger.example
To: alice@example.org
Date: $(mail_date 60)
Message-ID: <s1@stranger.example>

--b--
EOF
}
fresh
relays() { site --set identity.relays=mail.example.org --set identity.networks=192.0.2.0/28 check --json -r alice@example.org - | verdict_of; }
is "$(passed_on mail.example.org 192.0.2.5 | relays)" suspect "a stranger's letter that our relay passed on is not backscatter"
is "$(passed_on dsl.isp.example 198.51.100.7 | relays)" backscatter 'one that it did not pass on is'

# A ledger that is locked: the mail goes out, and nothing of that time is held forged.
cat >"$scratch/lock.pl" <<'EOF'
use Fcntl qw(F_SETLK F_RDLCK); use strict;
open my $file, "+<", $ARGV[0] or die "open: $!";
# The locks of all readers, writer and checkpointer (SQLite's WAL format, section 2.3).
my $lock = pack("s s x4 q q i x4", F_RDLCK, 0, 120, 8, 0);
fcntl($file, F_SETLK, $lock) or die "lock: $!";
open my $go, ">", $ARGV[1] or die; close $go; sleep 60;
EOF
message() { printf 'From: alice@example.org\nTo: %s\nDate: %s\nMessage-ID: %s\n\ntext\n' "$2" "$3" "$1"; }
fresh
before=$(mail_date 14400) now=$(mail_date 0)
perl "$scratch/lock.pl" "$scratch/site/ledger.sqlite-shm" "$scratch/locked" & locker=$!
at_exit='kill $locker $smtp 2>/dev/null'
i=0; until [ -e "$scratch/locked" ] || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
message '<lost@example.org>' bob@example.net "$now" | site sent "--sendmail=$scratch/sendmail" -- bob@example.net
is $? 0 'a mail leaves though a reader of the ledger locks it'
kill $locker; wait $locker 2>/dev/null
check 'the log says that it was not recorded' grep -q 'not recorded' "$scratch/log"
is "$(verdict '<lost@example.org>' alice@example.org bob@example.net "$now")" unknown 'its report is not held forged'
is "$(verdict '<forged@example.org>' alice@example.org eve@example.com "$before")" backscatter 'another of four hours before is'

# A ledger that is gone: so it is, for redirects too.
fresh
mv "$scratch/site" "$scratch/away"; : >"$scratch/site"
try 'redirect "alice@other.example";'
is "$(sent_to)" alice@other.example 'a redirect goes out without a ledger'
rm "$scratch/site"; mv "$scratch/away" "$scratch/site"
is "$(verdict "$(field Message-ID)" "$(field From)" alice@other.example)" unknown 'and its report is not held forged when it is back'
is "$(verdict '<forged@example.org>' alice@example.org eve@example.com "$before")" backscatter 'another of four hours before is'

# A full disk: the room for the gap was taken before.
if [ "$(id -u)" -eq 0 ] && mkdir "$scratch/full" && mount -t tmpfs -o size=256k none "$scratch/full" 2>/dev/null; then
    at_exit='kill $locker $smtp 2>/dev/null; umount "$scratch/full"'
    small() { "$BACKSTOP" --set "state.directory=$scratch/full/state" --set ledger.complete=yes --set log.destination=none --set identity.domains=example.org "$@"; }
    printf '<known@example.org>\t%s\talice@example.org\tfriend@example.net\n' $(($(date +%s) - 86400)) | small sent -q --ids
    message '<first@example.org>' bob@example.net "$(mail_date 18000)" | small sent "--sendmail=$scratch/sendmail" -- bob@example.net
    dd if=/dev/zero of="$scratch/full/fill" bs=1k 2>/dev/null
    message '<lost@example.org>' bob@example.net "$now" | small sent "--sendmail=$scratch/sendmail" -- bob@example.net
    is $? 0 'a mail leaves though the disk is full'
    rm "$scratch/full/fill"
    is "$(report '<lost@example.org>' alice@example.org bob@example.net "$now" | small check --json - | verdict_of)" unknown 'its report is not held forged'
    is "$(report '<forged@example.org>' alice@example.org eve@example.com "$before" | small check --json - | verdict_of)" backscatter 'another of four hours before is'
else
    skip 3 'not root, or no tmpfs'
fi
# rc files: an action ! and what is piped to sendmail are recorded, a shell's line leaves a gap.
mkdir -p "$scratch/rc-home/Maildir/cur" "$scratch/rc-home/Maildir/new" "$scratch/rc-home/Maildir/tmp"
rc() { # RC TEXT [OPTIONS...]: an rc file is run over a stranger's letter
    printf 'SENDMAIL=%s\nDEFAULT=%s/rc-home/inbox\n%s\n' "$scratch/sendmail" "$scratch" "$1" >"$scratch/rc-home/.procmailrc"; shift
    printf 'From: Stan <stan@stranger.example>\nTo: alice@example.org\nSubject: plans\nDate: %s\nMessage-ID: <rc%s@stranger.example>\n\nx\n' "$(mail_date 0)" "$rc_number" |
        HOME=$scratch/rc-home "$BACKSTOP" -c "$scratch/rc.conf" "$@" deliver -r alice@example.org
}
printf '[ledger]\nurl = %s/rc/ledger.sqlite\ncomplete = yes\n[identity]\ndomains = example.org\n[state]\ndirectory = %s/rc/state\n[rules]\nlanguage = procmail\n[log]\ndestination = none\n[evidence]\ndisabled = spf dkim dnsbl\n[store]\nlocation = maildir:%s/rc-home/Maildir\n' \
    "$scratch" "$scratch" "$scratch" >"$scratch/rc.conf"
mkdir -p "$scratch/rc"
rc_status() { HOME=$scratch/rc-home "$BACKSTOP" -c "$scratch/rc.conf" "$@"; }
printf '<early@example.org>\t%d\talice@example.org\tfriend@example.net\n' $(($(date +%s) - 400000)) | rc_status sent --ids -q
rc_count() { rc_status ledger status | sed -n 's/ messages in .*//p'; }
rc_gaps() { rc_status ledger status | grep -c '^gap'; }
rc_number=1; rc ":0 c
! alice@other.example"
is "$? $(rc_count) $(rc_gaps)" '0 2 0' 'an action ! is recorded'
rc_says() { # ID RECIPIENT
    printf 'Return-Path: <>\nDelivered-To: alice@example.org\nFrom: MAILER-DAEMON@mx.other.example\nTo: alice@example.org\nSubject: failure\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.other.example\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.2.2\n\n--b\nContent-Type: text/rfc822-headers\n\nReturn-Path: <alice@example.org>\nFrom: Stan <stan@stranger.example>\nTo: alice@example.org\nSubject: plans\nMessage-ID: <%s>\nDate: %s\n\n--b--\n' "$2" "$1" "$(mail_date 0)" |
        rc_status check --json -r alice@example.org - | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'
}
is "$(rc_says rc1@stranger.example alice@other.example)" genuine 'so a report on what was forwarded is ours'
is "$(rc_says forged@stranger.example alice@other.example | grep -c genuine)" 0 'and one on what was not is not'
rc_number=2; rc ":0 c
| \$SENDMAIL -oi -f alice@example.org bob@other.example"
is "$? $(rc_count) $(rc_gaps)" '0 3 0' 'what is piped to $SENDMAIL is recorded'
is "$(rc_says rc2@stranger.example bob@other.example)" genuine 'with its recipients'
rc_number=3; rc ":0 c
* ? true
| cat >/dev/null"
is "$? $(rc_count) $(rc_gaps)" '0 3 0' 'no other program is'
rc_number=4; rc ":0 c
| (echo To: bob@other.example; cat) | \$SENDMAIL -oi -t"
is "$? $(rc_count) $(rc_gaps)" '0 3 1' "what a shell's line mails leaves a gap"
rc_number=5; rc ":0 c
! alice@other.example" --set ledger.url=/dev/null/ledger.sqlite
is "$?" 0 'mail is forwarded when it cannot be recorded'
plan
