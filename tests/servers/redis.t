#!/bin/sh
# SPDX-License-Identifier: MIT
# The ledger in a real Redis: recorded on one host, known on another; and nothing is said when the
# server is away, slow, or refuses.
. "${srcdir:-..}/tests/tap.sh"
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || skip_all "Redis is not installed"
[ -f "${BACKSTOP%/*}/backstop-redis.so" ] || skip_all "this build has no hiredis"
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
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
is "$(ledger_says 2 two@example.org bob@example.net)" 'forged proof' 'what was not recorded is forged'
printf 'From: a@example.org\nTo: bob@example.net\nDate: Sat, 21 Nov 2026 03:07:48 +0000\nMessage-ID: <three@example.org>\n\n' | host 2 sent
is "$(ledger_says 1 three@example.org bob@example.net)" 'ours proof' 'and the other way round'
is "$(cli --scan | grep -c example)" 0 'keys tell no names'
check 'records expire' test "$(cli --scan --pattern '*:m' | head -n 1 | xargs redis-cli -p "$port" -n 3 -a 'pass word' --no-auth-warning ttl)" -gt 1000000
saved=$url
url="redis://:wrong@127.0.0.1:$port/3"
is "$(ledger_says 1 one@example.org bob@example.net)" 'nothing none' 'a wrong password says nothing'
url="redis+unix://$scratch/redis.sock"
printf '<four@example.org>\n' >"$scratch/ids"
expect_code 75 'a server that wants a password defers recording' host 1 sent --ids "$scratch/ids"
if grep -q 'define HAVE_HIREDIS_SSL 1' config.h; then
    skip 6 'this build has TLS to Redis'
else
    url="rediss://127.0.0.1:$port"
    report one@example.org bob@example.net >"$scratch/report"
    is "$(ledger_says 1 one@example.org bob@example.net)" 'nothing none' 'without TLS there is no answer, not a wrong one'
    check 'and the reason names the setting and the remedy' grep -q 'ledger.url: this build has no TLS to Redis.*stunnel to 127.0.0.1' \
        <<END
$(host 1 check --json - <"$scratch/report")
END
    host 1 doctor >"$scratch/doctor" 2>&1
    check 'doctor names it' grep -q '^- ledger .*ledger.url: this build has no TLS to Redis.*stunnel' "$scratch/doctor"
    check 'and what to do' grep -q '^What would help most: \[ledger\] url' "$scratch/doctor"
    expect_code 75 'recording is deferred' host 1 sent --ids "$scratch/ids"
    may_reject=yes as_mta "$BACKSTOP" --set "state.directory=$scratch/host1" --set "ledger.url=$url" --set log.destination=none deliver -f '' <"$scratch/report"
    is "$?:$(find "$HOME" -path '*/new/*' -type f | wc -l)" 0:1 'mail is delivered'
fi
url=$saved
kill -STOP $pid
start=$(date +%s)
is "$(ledger_says 1 one@example.org bob@example.net --set ledger.timeout=500ms)" 'nothing none' 'a server that hangs says nothing'
check 'within its time' test $(($(date +%s) - start)) -le 4
kill -CONT $pid
kill $pid; wait $pid 2>/dev/null
is "$(ledger_says 1 one@example.org bob@example.net)" 'nothing none' 'nor does one that is gone'
plan
