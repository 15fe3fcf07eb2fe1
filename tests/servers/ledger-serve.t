#!/bin/sh
# SPDX-License-Identifier: MIT
# The ledger of a site, which no user can open: backstop ledger serve answers each for himself. What
# one user may not learn of another, and what he may not do to him. Also what a milter that is killed
# leaves behind.
. "${srcdir:-..}/tests/tap.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'takes root, to become two users'
command -v perl >/dev/null || skip_all 'no perl'
chmod 755 "$scratch"
alice=daemon mallory=games # two accounts that every system has
id "$alice" >/dev/null 2>&1 && id "$mallory" >/dev/null 2>&1 || skip_all 'no two accounts'
mkdir "$scratch/site"; chmod 700 "$scratch/site"
mkdir "$scratch/run"; chmod 755 "$scratch/run"
as() { # USER COMMAND...: with a home of his own
    user=$1; shift
    home=$scratch/home-$user
    [ -d "$home" ] || { mkdir "$home" && chown "$user" "$home"; }
    HOME=$home USER=$user LOGNAME=$user perl -e 'use POSIX; my ($u) = shift; my @p = getpwnam $u; $( = $) = "$p[3] $p[3]"; POSIX::setuid($p[2]); chdir "/"; exec @ARGV or exit 126' "$user" "$@"
}
as $alice "$BACKSTOP" --version >/dev/null 2>&1 || skip_all 'users cannot run the program where it is built'
cat >"$scratch/conf" <<EOF
[identity]
domains = example.org
[ledger]
url = $scratch/site/ledger.sqlite
socket = $scratch/run/ledger
complete = yes
[evidence]
disabled = spf dnsbl sent-folder wave
[log]
destination = none
EOF
chmod 644 "$scratch/conf"
site() { "$BACKSTOP" -c "$scratch/conf" "$@"; }
user() { who=$1; shift; as "$who" "$BACKSTOP" -c "$scratch/conf" "$@"; }
yesterday=$(($(date +%s) - 86400))
{
    printf '<a1@example.org>\t%s\t%s@example.org\tfriend@example.net\n' $yesterday $alice
    printf '<m1@example.org>\t%s\t%s@example.org\tother@example.com\n' $yesterday $mallory
} | site sent -q --ids
date_field=$(mail_date 86400)
# The launcher waits for the agent, its child; both go.
end() { # SIGNAL PID
    child=$(ps -o pid= --ppid "$2" | tr -d ' ')
    kill "-$1" ${child:-"$2"} 2>/dev/null
    i=0; while kill -0 "$2" 2>/dev/null && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1; done
    kill -KILL "$2" 2>/dev/null
}
# report ID RECIPIENT TO
report() {
    id=${1:+"Message-ID: $1
"}
    cat <<EOF
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: $3@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; $2
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

From: $3@example.org
Date: $date_field
${id}
--b--
EOF
}
says() { # USER SOURCE ID RECIPIENT TO
    asker=$1 source=$2; shift 2
    report "$@" | user "$asker" check --json -r "$3@example.org" - | tr '{' '\n' |
        sed -n "s/.*\"source\":\"$source\",\"says\":\"\([a-z]*\)\",\"weight\":\"\([a-z]*\)\".*/\1 \2/p"
}
is "$(stat -c %a "$scratch/site/ledger.sqlite" "$scratch/site/ledger.key" | tr '\n' ' ')" '600 600 ' 'nobody else can open ledger and key'
is "$(says $alice ledger '<a1@example.org>' friend@example.net $alice)" 'nothing none' 'while nobody serves, the ledger says nothing'
site ledger serve >/dev/null 2>&1 & server=$!
at_exit='end KILL $server'
i=0; until [ -S "$scratch/run/ledger" ] || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
is "$(says $alice ledger '<a1@example.org>' friend@example.net $alice)" 'ours proof' 'a user learns that a mail is ours'
is "$(says $alice ledger '<zz@dyn.example.com>' eve@example.com $alice)" 'forged proof' 'and that another is not'
is "$(says $alice correspondent '' friend@example.net $alice)" 'ours strong' 'and to whom he wrote himself'
is "$(says $mallory correspondent '' friend@example.net $alice)" 'nothing none' 'but not to whom another one did, under his name'
is "$(says $mallory correspondent '' friend@example.net $mallory | grep -c ours)" 0 'nor under his own'
is "$(says $mallory correspondent '' other@example.com $mallory)" 'ours strong' 'he knows his own'
# What he records counts for himself.
printf 'From: %s@example.org\nTo: eve@example.com\nDate: %s\nMessage-ID: <forged@example.org>\n\n' $alice "$date_field" >"$scratch/m"; chmod 644 "$scratch/m"
user $mallory sent -f $alice@example.org eve@example.com <"$scratch/m"
is $? 0 'a user can record what he sends'
is "$(says $mallory ledger '<forged@example.org>' eve@example.com $mallory)" 'ours proof' 'he finds it'
is "$(says $alice ledger '<forged@example.org>' eve@example.com $alice)" 'forged proof' 'another user does not'
is "$(says $alice correspondent '' eve@example.com $alice | grep -c ours)" 0 'nor does he appear to have written to anyone by it'
is "$(site ledger status | sed -n 's/^complete since \(....-..-..\).*/\1/p')" "$(date -u -d @$yesterday +%F)" 'and it says nothing of how far the ledger reaches'
# A user who says nothing, or nonsense, hinders nobody.
cat >"$scratch/hold.pl" <<'EOF'
use IO::Socket::UNIX; my @all; $SIG{PIPE} = "IGNORE";
for (1 .. 20) { my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or next; push @all, $s }
open my $go, ">", $ARGV[1]; close $go; sleep 20;
EOF
chmod 644 "$scratch/hold.pl"; as $mallory true; touch "$scratch/held" && chmod 666 "$scratch/held"
as $mallory perl "$scratch/hold.pl" "$scratch/run/ledger" "$scratch/home-$mallory/held" >/dev/null 2>&1 & holder=$!
at_exit='end KILL $server; kill $holder 2>/dev/null'
i=0; until [ -e "$scratch/home-$mallory/held" ] || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
is "$(says $alice ledger '<a1@example.org>' friend@example.net $alice)" 'ours proof' 'twenty connections of one user stop no other'
kill $holder; wait $holder 2>/dev/null
perl -MIO::Socket::UNIX -e '$SIG{PIPE} = "IGNORE"; for my $size (0, 3, 4, 100, 70000, 4294967295) { my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print $s pack("Q<", $size), join("", map { chr rand 256 } 1 .. 3000); close $s }' "$scratch/run/ledger"
is "$(says $alice ledger '<a1@example.org>' friend@example.net $alice)" 'ours proof' 'nonsense stops nothing'
# The lock of a reader: no user can open the file that it is on.
is "$(as $mallory sh -c "cat '$scratch/site/ledger.sqlite-shm'" 2>/dev/null | wc -c | tr -d ' ')" 0 'no user opens what a lock could be held on'
end TERM $server
is "$(says $alice ledger '<zz@dyn.example.com>' eve@example.com $alice)" 'nothing none' 'when it is gone, nothing is held forged'

# A milter that is killed: what left meanwhile was not recorded.
if [ -f "${BACKSTOP%/*}/backstop-milter.so" ]; then
    start_milter() {
        site milter --socket "unix:$scratch/run/milter" >/dev/null 2>&1 & milter=$!
        at_exit='end KILL $milter'
        i=0; until site ledger status | grep -q "recorder.*${1:-milter}" || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
    }
    start_milter
    is "$(site ledger status | grep -c '^gap')" 0 'a milter that runs leaves no gap'
    is "$(report '<zz@dyn.example.com>' eve@example.com $alice | site check --json - | grep -c '"says":"forged","weight":"proof"')" 1 'what it did not record is forged'
    end KILL $milter
    sleep 1.1
    start_milter; i=0; until site ledger status | grep -q '^gap' || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
    is "$(site ledger status | grep -c '^gap from .* until ')" 1 'killed and started again, it leaves one'
    date_field=$(mail_date 0)
    is "$(report '<zz@dyn.example.com>' eve@example.com $alice | site check --json - | grep -c '"source":"ledger","says":"nothing"')" 1 'and nothing of that time is held forged'
    date_field=$(mail_date 14400)
    is "$(report '<zz@dyn.example.com>' eve@example.com $alice | site check --json - | grep -c '"says":"forged","weight":"proof"')" 1 'but what is of four hours before'
    end TERM $milter
    name=$(site ledger status | sed -n 's/^recorder "\(.*\)".*/\1/p')
    expect_code 0 'a recorder that will not come again can be taken off' site ledger retire "$name"
    is "$(site ledger status | grep -c '^recorder')" 0 'it is gone'
else
    skip 7 'no milter in this build'
fi
plan
