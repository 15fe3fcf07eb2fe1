#!/bin/sh
# SPDX-License-Identifier: MIT
# The ledger in a real Redis cluster of three nodes: whichever node the settings name, all of it is
# found, with TLS as well; slots that move, and moved ones, are followed; a cluster in pieces says
# nothing.
. "${srcdir:-..}/tests/tap.sh"
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || skip_all "Redis is not installed"
[ -f "${BACKSTOP%/*}/backstop-redis.so" ] || skip_all "this build has no hiredis"

# Three ports, with TLS three more; the cluster's own bus must not be at 10000 above, where a port may be none.
ports=$(perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. 9;
    print join " ", map { $_->sockport } @s')
set -- "$scratch/tls"
. "$srcdir/tests/servers/certificates.sh"
authority ours && certificate server ours IP:127.0.0.1 || skip_all "openssl makes no certificates"
set -- $ports
first=$1 second=$2 third=$3 buses="$4 $5 $6" tls_ports="$7 $8 $9"
at_exit='for node in $first $second $third; do [ -f "$scratch/$node/pid" ] && kill -KILL "$(cat "$scratch/$node/pid")"; done 2>/dev/null'
for bus in $buses; do
    node=$1
    shift
    mkdir "$scratch/$node"
    tls_port=${tls_ports%% *} tls_ports=${tls_ports#* }
    echo "$tls_port" >"$scratch/$node/tls-port"
    redis-server --port "$node" --bind 127.0.0.1 --save '' --appendonly no --dir "$scratch/$node" \
        --cluster-enabled yes --cluster-port "$bus" --cluster-node-timeout 2000 --requirepass secret \
        --masterauth secret --tls-port "$tls_port" --tls-cert-file "$certificates/server.pem" \
        --tls-key-file "$certificates/server.key" --tls-ca-cert-file "$certificates/ours.pem" --tls-auth-clients no --tls-cluster yes \
        >"$scratch/$node/log" 2>&1 &
    echo $! >"$scratch/$node/pid"
done
cli() { node=$1; shift; REDISCLI_AUTH=secret redis-cli -p "$node" "$@"; }
until_it() { i=0; until "$@" >/dev/null 2>&1; do i=$((i + 1)); [ $i -lt 100 ] || return 1; sleep 0.1; done; }
answers() { cli "$1" ping | grep -q PONG; }
in_state() { cli "$1" cluster info | tr -d '\r' | grep -qx "cluster_state:$2"; }
for node in $first $second $third; do
    until_it answers "$node" || skip_all "Redis does not start"
done
# Nodes speak TLS with each other, and tell each client the port that is right for it.
tls_port() { cat "$scratch/$1/tls-port"; }
REDISCLI_AUTH=secret redis-cli --tls --cacert "$certificates/ours.pem" --cluster create \
    "127.0.0.1:$(tls_port "$first")" "127.0.0.1:$(tls_port "$second")" "127.0.0.1:$(tls_port "$third")" \
    --cluster-yes >"$scratch/create" 2>&1 || { diag <"$scratch/create"; skip_all "this Redis makes no cluster"; }
for node in $first $second $third; do
    until_it in_state "$node" ok || skip_all "the cluster does not come up"
done

# by PORT ARGUMENTS...: the program, told of one node only, with TLS where $scheme says so
scheme=redis
by() {
    node=$1 at=$1
    shift
    [ $scheme = redis ] || at=$(tls_port "$node")
    "$BACKSTOP" --set "state.directory=$scratch/state" --set "ledger.url=$scheme://:secret@127.0.0.1:$at" \
        --set "ledger.tls-ca=$certificates/ours.pem" --set log.destination=none --set ledger.complete=yes "$@"
}
report() {
    printf 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\n'
    printf 'Subject: failure\nMIME-Version: 1.0\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n' "$2"
    printf -- '--b\nContent-Type: text/rfc822-headers\n\nFrom: alice@example.org\nTo: %s\nMessage-ID: <%s>\n' "$2" "$1"
    printf 'Date: Sat, 21 Nov 2026 03:07:48 +0000\n\n--b--\n'
}
says() { # SOURCE PORT ID RECIPIENT
    report "$3" "$4" | by "$2" check --json - | tr '{' '\n' |
        sed -n "s/.*\"source\":\"$1\",\"says\":\"\\([a-z]*\\)\",\"weight\":\"\\([a-z]*\\)\".*/\\1 \\2/p"
}
ids() { # FROM TO
    perl -e 'printf "<%d\@example.org>\t1795230468\talice\@example.org\tto%d\@example.net\n", $_, $_ for $ARGV[0] .. $ARGV[1]' "$1" "$2"
}

# One message, whose place can be known.
ids 1 1 | by "$first" sent --ids -q
ok $? 'one message is recorded'
source=
for node in $first $second $third; do
    key=$(cli "$node" --scan --pattern '*:m')
    [ -z "$key" ] || { source=$node; break; }
done

# More than one batch of commands, spread over all slots.
ids 2 300 | by "$first" sent --ids -q
ok $? 'a list is recorded through one node'
[ ! -f "${BACKSTOP%/*}/backstop-tls.so" ] || scheme=rediss
ids 301 320 | by "$second" sent --ids -q
ok $? 'and another one through the next, with TLS'
for node in $first $second $third; do
    is "$(for n in 1 2 3 150 301 320; do says ledger "$node" "$n@example.org" "to$n@example.net"; done | sort | uniq -c | xargs)" \
        '6 ours proof' 'with TLS all is found by way of any node'
done
scheme=redis
spread=
for node in $first $second $third; do [ "$(cli "$node" dbsize)" -gt 100 ] && spread=$spread+; done
is "$spread" +++ 'the records lie on all three nodes'
is "$(for node in $first $second $third; do cli "$node" --scan --pattern '*:m'; done | wc -l)" 320 'each message once'
for node in $first $second $third; do
    is "$(for n in 1 2 3 150 301 320; do says ledger "$node" "$n@example.org" "to$n@example.net"; done | sort | uniq -c | xargs)" \
        '6 ours proof' 'what was sent is found by way of any node'
    is "$(says ledger "$node" 321@example.org to321@example.net)" 'forged proof' 'what was not is forged'
    is "$(says correspondent "$node" 7@example.org to7@example.net)" 'ours hint' 'a recipient is known'
done
is "$(says ledger "1,127.0.0.1:$second" 7@example.org to7@example.net)" 'ours proof' 'of two nodes that are named the first is down'
meta() { cli "$first" -c hget backstop:meta "$1"; }
is "$(meta count)" 320 'every record was counted once'
is "$(meta began)" 1795230468 'the earliest time was kept, by a script'

# The slot of the first message on its way to another node: what is there no more is asked for there
# (ASK). When it has arrived, everybody is sent on (MOVED).
slot=$(cli "$source" cluster keyslot "$key")
for target in $first $second $third; do [ "$target" = "$source" ] || break; done
for other in $first $second $third; do [ "$other" = "$source" ] || [ "$other" = "$target" ] || break; done
from=$(cli "$source" cluster myid) to=$(cli "$target" cluster myid)
cli "$target" cluster setslot "$slot" importing "$from" >/dev/null
cli "$source" cluster setslot "$slot" migrating "$to" >/dev/null
is "$(says ledger "$other" 1@example.org to1@example.net)" 'ours proof' 'a slot that moves: what has not gone yet'
cli "$source" migrate 127.0.0.1 "$(tls_port "$target")" '' 0 5000 AUTH secret KEYS "$key" "${key%m}r" >/dev/null
is "$(cli "$source" exists "$key" 2>&1 | cut -d' ' -f1)" ASK 'its record has gone ahead'
for node in $first $second $third; do
    is "$(says ledger "$node" 1@example.org to1@example.net)" 'ours proof' 'it is asked for where it went'
done
printf '<1@example.org>\t1795230468\talice@example.org\tnew@example.net\n' | by "$other" sent --ids -q
ok $? 'and recorded there'
is "$(says ledger "$source" 1@example.org new@example.net)" 'ours proof' 'with its new recipient'
for node in $target $source $other; do cli "$node" cluster setslot "$slot" node "$to" >/dev/null; done
is "$(cli "$target" hexists "$key" t)" 1 'the slot has arrived'
for node in $first $second $third; do
    is "$(says ledger "$node" 1@example.org to1@example.net)" 'ours proof' 'and is found there'
done

# A node that hangs takes no longer than the limit, also behind a redirection.
kill -STOP "$(cat "$scratch/$third/pid")"
ids 331 360 >"$scratch/ids"
start=$(date +%s)
expect_code 75 'a node that hangs defers recording' by "$first" --set ledger.timeout=500ms sent --ids "$scratch/ids"
check 'within its time' test $(($(date +%s) - start)) -le 4
check 'and is named' grep -q "127.0.0.1:$third: no answer within ledger.timeout" "$scratch/err"
kill -CONT "$(cat "$scratch/$third/pid")"
until_it in_state "$first" ok
is "$(says ledger "$third" 2@example.org to2@example.net)" 'ours proof' 'when it goes on, all is as it was'

# Without one node the cluster serves nobody.
kill "$(cat "$scratch/$third/pid")"
rm "$scratch/$third/pid"
until_it in_state "$first" fail
is "$(says ledger "$first" 1@example.org to1@example.net)" 'nothing none' 'a cluster in pieces says nothing'
ids 400 410 >"$scratch/ids"
expect_code 75 'and defers recording' by "$first" sent --ids "$scratch/ids"
is "$(says ledger "$third" 1@example.org to1@example.net)" 'nothing none' 'nor does a node that is gone'
plan
