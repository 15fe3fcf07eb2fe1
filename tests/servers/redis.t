#!/bin/sh
# SPDX-License-Identifier: MIT
# The ledger in a real Redis: recorded on one host, known on another; and nothing is said when the
# server is away, slow, or refuses.
. "${srcdir:-..}/tests/tap.sh"
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || skip_all "Redis is not installed"
[ -f "${BACKSTOP%/*}/backstop-redis.so" ] || skip_all "this build has no hiredis"
port=$(free_port)
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$scratch" --requirepass 'pass word' \
    --unixsocket "$scratch/redis.sock" >"$scratch/redis.log" 2>&1 &
pid=$!
at_exit='kill -KILL $pid 2>/dev/null'
cli() { REDISCLI_AUTH='pass word' redis-cli -p "$port" -n 3 "$@"; }
i=0; until cli ping 2>/dev/null | grep -q PONG; do i=$((i + 1)); [ $i -lt 50 ] || skip_all "Redis does not start"; sleep 0.1; done
url="redis://:pass%20word@127.0.0.1:$port/3"

# host NUMBER ARGUMENTS...: a host with a home of its own
host() { number=$1; shift; "$BACKSTOP" --set "state.directory=$scratch/host$number" --set "ledger.url=$url" --set log.destination=none "$@"; }
report() {
    printf 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\n'
    printf 'Subject: failure\nMIME-Version: 1.0\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n' "$2"
    printf -- '--b\nContent-Type: text/rfc822-headers\n\nFrom: alice@example.org\nTo: %s\nMessage-ID: <%s>\n' "$2" "$1"
    printf 'Date: Sat, 21 Nov 2026 03:07:48 +0000\n\n--b--\n'
}
ledger_says() { # HOST ID RECIPIENT OPTIONS...
    number=$1 id=$2 rcpt=$3; shift 3
    report "$id" "$rcpt" | host "$number" --set ledger.complete=yes "$@" check --json - | tr '{' '\n' |
        sed -n 's/.*"source":"ledger","says":"\([a-z]*\)","weight":"\([a-z]*\)".*/\1 \2/p'
}
is "$(ledger_says 2 one@example.org bob@example.net)" 'nothing none' 'an empty ledger says nothing'
printf '<one@example.org>\t1795230468\talice@example.org\tbob@example.net\n' | host 1 sent --ids -q
is "$(ledger_says 2 one@example.org bob@example.net)" 'ours proof' 'recorded on one host, known on the other'
is "$(ledger_says 2 two@example.org eve@example.com)" 'forged proof' 'what was not recorded is forged'
printf 'From: a@example.org\nTo: bob@example.net\nDate: Sat, 21 Nov 2026 03:07:48 +0000\nMessage-ID: <three@example.org>\n\n' | host 2 sent
is "$(ledger_says 1 three@example.org bob@example.net)" 'ours proof' 'and the other way round'
is "$(cli --scan | grep -c example)" 0 'keys tell no names'
check 'records expire' test "$(cli --scan --pattern '*:m' | head -n 1 | xargs redis-cli -p "$port" -n 3 -a 'pass word' --no-auth-warning ttl)" -gt 1000000
# One look at it per report takes one connection, whatever the number of sources that ask.
connections() { cli info stats | sed -n 's/^total_connections_received:\([0-9]*\).*/\1/p'; }
before=$(connections)
ledger_says 2 two@example.org eve@example.com >/dev/null
after=$(connections)
is $((after - before - 1)) 1 'one connection for a report'   # one of them asked for the number
before=$after
printf 'From: a@example.org\nTo: bob@example.net\nMessage-ID: <conn@example.org>\n\n' | host 1 sent
is $(($(connections) - before - 1)) 1 'and one for a mail that is recorded'

# Whom a user wrote to is kept under both names: another user's question does not find it.
asked_by() { # ADDRESS: what correspondent says of a report to it on mail to bob, of which nothing came back
    report none@example.org bob@example.net | sed "s/^To: alice@example.org/To: $1/; /rfc822-headers/,/^--b--/d" | { cat; echo '--b--'; } |
        host 2 --set identity.domains=example.org check --json -r "$1" - | tr '{' '\n' |
        sed -n 's/.*"source":"correspondent","says":"\([a-z]*\)".*/\1/p'
}
is "$(asked_by alice@example.org)" ours 'alice wrote to bob'
is "$(asked_by mallory@example.org)" nothing 'mallory is not told so'

# An outage: a wrapper hands mail on that it could not record, and notes the gap on its host. The next
# mail that it records brings the gap to Redis, where the others see it.
kill -STOP $pid
printf '#!/bin/sh\ncat >/dev/null\n' >"$scratch/mta"; chmod +x "$scratch/mta"
outage() { # ID SECONDS OPTIONS...
    id=$1 date=$(mail_date "$2"); shift 2
    printf 'From: alice@example.org\nTo: carl@example.net\nDate: %s\nMessage-ID: <%s>\n\nx\n' "$date" "$id" |
        host 1 --set ledger.timeout=300ms "$@" sent "--sendmail=$scratch/mta" -- -f alice@example.org carl@example.net
}
outage lost@example.org 0 2>/dev/null
is $? 0 'mail leaves while the server hangs'
kill -CONT $pid
is "$(cli zcard backstop:gaps)" 0 'and Redis knows nothing of it'
outage next@example.org 0 --set ledger.timeout=5s
is "$(cli zcard backstop:gaps)" 1 'the next mail brings the gap'
check 'another host sees it' sh -c "'$BACKSTOP' --set 'state.directory=$scratch/host2' --set 'ledger.url=$url' --set log.destination=none ledger status | grep -q '^gap from '"
outage third@example.org 0 --set ledger.timeout=5s
is "$(cli zcard backstop:gaps)" 1 'once'
now_report() { report "$1" "$2" | sed "s/^Date: .*/Date: $(mail_date 0)/"; }
is "$(now_report lost@example.org carl@example.net | host 2 --set ledger.complete=yes check --json - | grep -c '"verdict":"backscatter"')" 0 \
    'there what was lost is not held forged'
is "$(ledger_says 2 two@example.org eve@example.com)" 'forged proof' 'and what is of another time is'

# A recorder that is silent: what left since then is not held forged, and doctor says what to do.
cli hset backstop:recorders 'milter gone.example.org' $(($(date +%s) - 7200)) >/dev/null
host 2 doctor >"$scratch/doctor" 2>&1
check 'doctor tells a silent recorder' grep -q "^- ledger .*the recorder 'milter gone.example.org' is silent since " "$scratch/doctor"
is "$(now_report other@example.org eve@example.com | host 2 --set ledger.complete=yes check --json - | grep -c '"verdict":"backscatter"')" 0 'and nothing is held forged'
eval "host 1 $(sed -n 's/.*or if it will not come again: backstop //p' "$scratch/doctor")"
host 2 doctor >"$scratch/doctor" 2>&1
check 'what it says to paste mends it' sh -c "! grep -q 'is silent' '$scratch/doctor'"

saved=$url
url="redis://:wrong@127.0.0.1:$port/3"
is "$(ledger_says 1 one@example.org bob@example.net)" 'nothing none' 'a wrong password says nothing'
url="redis+unix://$scratch/redis.sock"
printf '<four@example.org>\n' >"$scratch/ids"
expect_code 75 'a server that wants a password defers recording' host 1 sent --ids "$scratch/ids"
url=redis://:pass%20word@127.0.0.1:$port/three
report one@example.org bob@example.net | host 1 check --json - >"$scratch/json"
check 'a URL that is wrong says nothing and tells why' grep -q 'ledger.url (--set): .*number of a database' "$scratch/json"
is "$(grep -c pass "$scratch/json")" 0 'without the password'

# Several hosts of which one is a replica: records go to the one that takes them.
replica=$(free_port)
mkdir "$scratch/replica"
redis-server --port "$replica" --bind 127.0.0.1 --save '' --dir "$scratch/replica" --requirepass 'pass word' \
    --masterauth 'pass word' --replicaof "127.0.0.1 $port" --repl-diskless-sync-delay 0 >"$scratch/replica/log" 2>&1 &
second=$!
at_exit='kill -KILL $pid $second 2>/dev/null'
cli config set repl-diskless-sync-delay 0 >/dev/null
i=0; until cli -p "$replica" info replication 2>/dev/null | grep -q master_link_status:up || [ $i -ge 100 ]; do i=$((i + 1)); sleep 0.1; done
url=redis://:pass%20word@127.0.0.1:$replica,127.0.0.1:$port/3
printf '<five@example.org>\n' >"$scratch/ids"
expect_code 0 'a replica that is named first is passed over' host 1 sent --ids -q "$scratch/ids"
is "$(ledger_says 2 five@example.org bob@example.net)" 'ours proof' 'and the message known'
url=$saved
kill -STOP $pid
start=$(date +%s)
is "$(ledger_says 1 one@example.org bob@example.net --set ledger.timeout=500ms)" 'nothing none' 'a server that hangs says nothing'
check 'within its time' test $(($(date +%s) - start)) -le 4
kill -CONT $pid
kill $pid; wait $pid 2>/dev/null
is "$(ledger_says 1 one@example.org bob@example.net)" 'nothing none' 'nor does one that is gone'
url=redis://:pass%20word@127.0.0.1:$port,127.0.0.1:$replica/3
is "$(ledger_says 1 one@example.org bob@example.net)" 'ours proof' 'its replica goes on answering'
printf '<six@example.org>\n' >"$scratch/ids"
expect_code 75 'but takes no records' host 1 sent --ids "$scratch/ids"
cli -p "$replica" replicaof no one >/dev/null
expect_code 0 'until it is made the master' host 1 sent --ids -q "$scratch/ids"
plan
