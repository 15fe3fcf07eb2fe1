#!/bin/sh
# SPDX-License-Identifier: MIT
# A milter whose ledger is away: mail flows, what it could not record is a gap as soon as the ledger is
# back, and nothing of that time is held forged. Two of them on one host are two recorders.
. "${srcdir:-..}/tests/tap.sh"
[ -f "${BACKSTOP%/*}/backstop-milter.so" ] || skip_all "this build has no libmilter"

milters='' server=
at_exit='for pid in $milters; do end KILL $pid; done; [ -z "$server" ] || { kill -CONT $server; kill $server; } 2>/dev/null'
# The launcher waits for the agent, its child; both go.
end() {
    child=$(ps -o pid= --ppid "$2" | tr -d ' ')
    kill "-$1" ${child:-"$2"} 2>/dev/null
    i=0; while kill -0 "$2" 2>/dev/null && [ $i -lt 100 ]; do i=$((i + 1)); sleep 0.05; done
    kill -KILL "$2" 2>/dev/null
}
until_true() { i=0; until "$@"; do i=$((i + 1)); [ $i -lt 100 ] || return 1; sleep 0.1; done; }
settings() { # NAME URL: $conf, $dir
    dir=$scratch/$1 conf=$scratch/$1/conf
    mkdir -p "$dir"
    cat >"$conf" <<END
[identity]
domains = example.org
[ledger]
url = $2
complete = yes
timeout = 500ms
[state]
directory = $dir/state
[evidence]
disabled = spf dkim dnsbl
[milter]
socket = unix:$dir/milter
[log]
destination = $dir/log
level = debug
END
}
backstop() { "$BACKSTOP" -c "$conf" "$@"; }
connects() { perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => $ARGV[0])' "$1"; }
start() { # SOCKET
    backstop milter --socket "unix:$1" >/dev/null 2>&1 &
    last=$! milters="$milters $!"
    until_true connects "$1"
}
is_there() { backstop ledger status | grep -q "^recorder \"milter.*$1"; }
send() { MAIL_DATE=$(mail_date 0) timeout 30 perl "$srcdir/tests/servers/milter-client" "$1" 4 127.0.0.1 alice@example.org "$2"; }
says() { grep -q "milter: $1" "$dir/log"; }
has_gap() { backstop ledger status | grep -q '^gap from .* until '; }
verdict() { # ID SECONDS
    printf 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\nSubject: failure\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; eve@example.com\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\nFrom: alice@example.org\nTo: eve@example.com\nMessage-ID: <%s>\nDate: %s\n\n--b--\n' "$1" "$(mail_date "$2")" |
        backstop check --json - | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'
}
# away COMMAND BACK: what happens around an outage that the commands begin and end
outage() {
    printf '<old@example.org>\t%s\talice@example.org\tfriend@example.net\n' $(($(date +%s) - 90000)) | backstop sent -q --ids
    start "$dir/a"; until_true is_there "$dir/a"
    send "$dir/a" before@example.org >"$scratch/answer"
    until_true says 'recorded <before@example.org>'
    ok $? "$1: what leaves is recorded"
    "$2"
    send "$dir/a" during@example.org >"$scratch/answer"
    ok $? "$1: mail flows without its ledger"
    is "$(tail -n 1 "$scratch/answer")" "$(send "$dir/a" during-too@example.org | tail -n 1)" "$1: one like the other"
    until_true says 'not recorded'
    ok $? "$1: the log says so"
    is "$(verdict during@example.org 0)" unknown "$1: meanwhile nothing is held forged"
    "$3"
    until_true has_gap
    ok $? "$1: when it is back there is a gap"
    is "$(verdict during@example.org 0 | grep -c backscatter)" 0 "$1: nothing of that time is held forged"
    is "$(verdict forged@example.org 40000)" backscatter "$1: what is of another time is"
    send "$dir/a" after@example.org >/dev/null
    until_true says 'recorded <after@example.org>'
    ok $? "$1: and it records again"
}

settings sqlite "$scratch/sqlite/ledger.sqlite"
file_goes() { mkdir "$dir/away"; mv "$dir"/ledger.sqlite* "$dir/away/"; mkdir "$dir/ledger.sqlite"; }
file_comes() { rmdir "$dir/ledger.sqlite"; mv "$dir"/away/ledger.sqlite* "$dir/"; }
outage SQLite file_goes file_comes

first=$last
start "$dir/b"; until_true is_there "$dir/b"
is "$(backstop ledger status | grep -c '^recorder "milter')" 2 'two milters on one host are two recorders'
gaps=$(backstop ledger status | grep -c '^gap')
end KILL $last
sleep 1.1
is "$(backstop ledger status | grep -c '^gap')" "$gaps" 'a short silence is none yet'
start "$dir/b"
more_gaps() { [ "$(backstop ledger status | grep -c '^gap')" -gt "$gaps" ]; }
until_true more_gaps
ok $? 'but one that starts again was away, whatever the other said'
end TERM $first; end TERM $last

if command -v redis-server >/dev/null && [ -f "${BACKSTOP%/*}/backstop-redis.so" ]; then
    port=$(free_port)
    redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$scratch" >"$scratch/redis.log" 2>&1 &
    server=$!
    answers() { redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; }
    until_true answers
    settings redis "redis://127.0.0.1:$port/0"
    hangs() { kill -STOP $server; }
    goes_on() { kill -CONT $server; }
    outage Redis hangs goes_on
    end TERM $last
else
    skip 9 'Redis is not installed'
fi
plan
