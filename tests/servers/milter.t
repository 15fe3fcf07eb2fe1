#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop milter with a real Postfix: outgoing mail is recorded with its recipients, stamped, and its
# envelope sender signed; the report that Postfix then writes is known by all three; and mail flows
# when the milter is gone or its ledger cannot be written.
. "${srcdir:-..}/tests/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || skip_all "a Postfix of its own takes root"
command -v postfix >/dev/null && id postfix >/dev/null 2>&1 || skip_all "Postfix is not installed"
command -v smtp-sink >/dev/null || skip_all "smtp-sink is not installed"
[ -f "${BACKSTOP%/*}/backstop-milter.so" ] || skip_all "this build has no libmilter"

umask 022
chmod 711 "$scratch"
conf=$scratch/etc state=$scratch/state dump=$scratch/dump
mkdir -p "$conf" "$scratch/queue" "$scratch/data" "$state" "$dump"
chown postfix "$scratch/data"
chown nobody "$dump"
port=$(free_port) sink=$(free_port) refusing=$(free_port)

cat >"$scratch/backstop.conf" <<END
[identity]
domains = example.org
[state]
directory = $state
[ledger]
complete = yes
[batv]
key-file = $scratch/batv.keys
exempt = exempt@example.org
required = yes
[stamp]
key-file = $scratch/stamp.keys
[milter]
socket = unix:$scratch/queue/backstop/milter
[log]
destination = $scratch/milter.log
level = debug
END
echo '1 a secret for return paths' >"$scratch/batv.keys"
echo '2026-11 a secret for stamps' >"$scratch/stamp.keys"
judge() { sed '/^X-\(Client\|Helo\|Mail\|Rcpt\)-/d; 1s/^/Return-Path: <>\n/' "$1" | "$BACKSTOP" -c "$scratch/backstop.conf" check --json -; }

cat >"$conf/main.cf" <<END
compatibility_level = 3.6
queue_directory = $scratch/queue
data_directory = $scratch/data
maillog_file = $scratch/postfix.log
maillog_file_prefixes = $scratch
myhostname = mta.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
alias_database =
disable_dns_lookups = yes
default_transport = smtp:[127.0.0.1]:$sink
transport_maps = inline:{ {refused.example = smtp:[127.0.0.1]:$refusing} }
default_database_type = texthash
smtpd_milters = unix:backstop/milter
milter_default_action = accept
milter_connect_timeout = 3s
END
{
    echo "127.0.0.1:$port inet n - y - - smtpd"
    echo "postlog unix-dgram n - n - 1 postlogd"
    echo "pickup unix n - n 60 1 pickup"
    echo "qmgr unix n - n 300 1 qmgr"
    echo "cleanup unix n - n - 0 cleanup"
    echo "bounce unix - - n - 0 bounce"
    echo "defer unix - - n - 0 bounce"
    echo "trace unix - - n - 0 bounce"
    echo "rewrite unix - - n - - trivial-rewrite"
    for service in smtp proxymap error discard anvil retry; do
        program=$service; [ $service = retry ] && program=error
        echo "$service unix - - n - - $program"
    done
} >"$conf/master.cf"

at_exit='postfix -c "$conf" stop >/dev/null 2>&1; kill $pids 2>/dev/null'
"$BACKSTOP" -c "$scratch/backstop.conf" milter >"$scratch/milter.out" 2>&1 &
milter_pid=$!
(cd "$dump" && exec smtp-sink -u nobody -d '%H%M%S.' "127.0.0.1:$sink" 50) >"$scratch/sink.out" 2>&1 &
pids="$milter_pid $!"
smtp-sink -u nobody -f rcpt "127.0.0.1:$refusing" 50 >"$scratch/refusing.out" 2>&1 &
pids="$pids $!"
postfix -c "$conf" start >"$scratch/start" 2>&1 || {
    cat "$scratch/start" "$scratch/postfix.log" 2>/dev/null | diag
    skip_all "this Postfix does not start here"
}
listening() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]")' "$1"; }
until_true 10 test -S "$scratch/queue/backstop/milter" && until_true 10 listening "$port" || skip_all "the servers do not listen"

# submit SENDER RECIPIENT ID
submit() {
    perl -MNet::SMTP -e '
        my ($port, $from, $to, $id, $date) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Timeout => 20) or die "no connection";
        $smtp->mail($from) && $smtp->to($to) && $smtp->data && $smtp->datasend(
            "From: Alice <alice\@example.org>\nTo: $to\nDate: $date\n" .
            "Message-ID: <$id>\nSubject: test\n\ntext\n") && $smtp->dataend or die $smtp->message;
        $smtp->quit;' "$port" "$@" "$(mail_date)"
}
# The dumped mail with TEXT in it; waits for it.
find_dump() { grep -l -e "$1" "$dump"/* 2>/dev/null | head -n 1 | grep .; }
dumped() { until_true 20 find_dump "$1" >"$scratch/found" && tail -n 1 "$scratch/found"; }

plan 12
check 'mail is accepted' submit alice@example.org bob@example.net one@example.org
mail=$(dumped 'one@example.org')
check 'it goes out' test -n "$mail"
check 'with a signed envelope sender' grep -q 'X-Mail-Args: *<prvs=1[0-9]\{3\}[0-9a-f]\{6\}=alice@example.org>' "$mail"
check 'and a stamp' grep -q '^X-Backstop-Sent: 1; k=2026-11; s=[0-9a-f]\{64\}' "$mail"

check 'mail that will be refused is accepted' submit alice@example.org carol@refused.example two@example.org
mail=$(dumped 'Subject: Undelivered Mail Returned to Sender')
check 'and comes back' test -n "$mail"
judge "$mail" >"$scratch/json"
for source in ledger stamp batv; do
    check "$source knows it" grep -q "\"source\":\"$source\",\"says\":\"ours\",\"weight\":\"proof\"" "$scratch/json"
done

submit exempt@example.org dora@example.net three@example.org
mail=$(dumped 'three@example.org')
check 'an exempt sender stays as it is' grep -q 'X-Mail-Args: *<exempt@example.org>' "$mail"

chmod 000 "$state"; mv "$state" "$state.gone"; echo >"$state"
submit alice@example.org bob@example.net four@example.org
check 'mail flows without a ledger' test -n "$(dumped 'four@example.org')"
kill "$milter_pid"; wait "$milter_pid" 2>/dev/null
submit alice@example.org bob@example.net five@example.org
check 'and without a milter' test -n "$(dumped 'five@example.org')"
