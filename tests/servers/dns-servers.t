#!/bin/sh
# SPDX-License-Identifier: MIT
# DNS servers that fail, refuse, stay silent, lie or cut their answers short: the next one is asked,
# in time, and nothing is believed that does not answer the question.
. "${srcdir:-..}/tests/tap.sh"
[ -f "${BACKSTOP%/*}/backstop-dns.so" ] || skip_all "this build has no c-ares"
plan 14

# A server for each way of answering; all but "listed" know no list of ours.
cat >"$scratch/server.pl" <<'END'
use strict; use IO::Socket::INET; use IO::Select;
my ($mode, $file) = @ARGV;
my $udp = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") or die;
my $tcp = IO::Socket::INET->new(Proto => "tcp", LocalAddr => "127.0.0.1", LocalPort => $udp->sockport, Listen => 5, ReuseAddr => 1) or die;
open my $out, ">", "$file.new" or die; print $out $udp->sockport; close $out; rename "$file.new", $file;
sub answer { # QUERY CODE ADDRESS... : the answer to it
    my ($query, $code, @addresses) = @_;
    my ($id) = unpack "n", $query;
    my $end = 12; $end += 1 + ord substr $query, $end, 1 while ord substr $query, $end, 1; $end += 5;
    my $question = substr $query, 12, $end - 12;
    return pack("n6", $id, 0x8180 | $code, 1, scalar @addresses, 0, 0) . $question .
        join "", map { pack("n3Nn", 0xc00c, 1, 1, 60, 4) . pack "C4", split /\./, $_ } @addresses;
}
my $select = IO::Select->new($udp, $tcp);
while (my @ready = $select->can_read) {
    for my $socket (@ready) {
        my $query;
        if ($socket == $tcp) {
            my $client = $tcp->accept or next;
            sysread $client, my $length, 2; sysread $client, $query, unpack "n", $length;
            my $whole = answer($query, 0, "127.0.0.2");
            syswrite $client, pack("n", length $whole) . $whole;
            next;
        }
        $udp->recv($query, 4096) or next;
        next if $mode eq "silent";
        if ($mode eq "lies") { # another id, another question, and only then the truth
            my $wrong = answer($query, 0, "127.0.0.2"); substr($wrong, 0, 2) ^= "\x5a\x5a"; $udp->send($wrong);
            my $other = $query; substr($other, 13, 1) = "x"; $udp->send(answer($other, 0, "127.0.0.2"));
            $udp->send(answer($query, 3));
            next;
        }
        my $reply = $mode eq "listed" ? answer($query, 0, "127.0.0.2") : $mode eq "servfail" ? answer($query, 2)
            : $mode eq "refused" ? answer($query, 5) : $mode eq "none" ? answer($query, 3)
            : $mode eq "broken" ? substr(answer($query, 0, "127.0.0.2"), 0, -3) : answer($query, 0);
        substr($reply, 2, 1) = chr(0x83) if $mode eq "cut";
        $udp->send($reply);
    }
}
END
pids=
at_exit='kill $pids 2>/dev/null'
for mode in listed none servfail refused silent lies cut broken; do
    perl "$scratch/server.pl" $mode "$scratch/$mode" 2>/dev/null &
    pids="$pids $!"
done
for mode in listed none servfail refused silent lies cut broken; do
    i=0; until [ -s "$scratch/$mode" ] || [ $i -ge 100 ]; do sleep 0.1; i=$((i + 1)); done
    eval "$mode=127.0.0.1:$(cat "$scratch/$mode")"
done

cat >"$scratch/report.eml" <<'END'
Return-Path: <>
Received: from mx.example.net (mx.example.net [203.0.113.9]) by mail.example.org; Sun, 22 Nov 2026 10:00:00 +0000
From: MAILER-DAEMON@mx.example.net
To: alice@example.org
Subject: failure
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; bob@example.net
Action: failed
Status: 5.1.1

--b--
END
# asked SERVERS [OPTIONS...]: what the DNS list says
asked() {
    servers=$1; shift
    "$BACKSTOP" --set "dns.server=$servers" --set identity.domains=example.org --set dnsbl.zones=bl.example \
        --set "state.directory=$scratch/state" --set log.destination=none "$@" check --json "$scratch/report.eml" |
        tr '{' '\n' | sed -n 's/.*"source":"dnsbl","says":"\([a-z]*\)","weight":"\([a-z]*\)".*/\1 \2/p'
}
nobody=127.0.0.1:$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1")->sockport')
is "$(asked "$listed")" 'forged hint' 'a server that answers'
is "$(asked "$none")" 'nothing none' 'a name that is not there'
is "$(asked "$none $listed")" 'nothing none' 'is an answer: no other server is asked'
is "$(asked "$servfail")" 'nothing none' 'a server that fails says nothing'
is "$(asked "$servfail $listed")" 'forged hint' 'and the next one is asked'
is "$(asked "$refused, $listed")" 'forged hint' 'also when the first one refuses'
is "$(asked "$nobody $listed")" 'forged hint' 'or nobody listens there'
is "$(asked "$silent $listed" --set evidence.timeout=9s)" 'forged hint' 'or it stays silent'
is "$(asked "$broken $listed")" 'nothing none' 'a broken answer is none, and says nothing'
is "$(asked "$lies")" 'nothing none' 'answers with another id or to another question are not believed'
is "$(asked "$cut")" 'forged hint' 'an answer that was cut is asked for by TCP'
is "$(asked "[::1]:1,$listed")" 'forged hint' 'an IPv6 address has its port behind brackets'
is "$(asked "not-an-address")" 'nothing none' 'a server that is no address is none'
start=$(date +%s)
asked "$silent" --set dns.timeout=700ms >"$scratch/said"
is "$(cat "$scratch/said") $([ $(($(date +%s) - start)) -le 5 ] && echo soon)" 'nothing none soon' 'silence costs no more than its time'
