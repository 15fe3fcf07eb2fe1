#!/bin/sh
# SPDX-License-Identifier: MIT
# The ledger in a real Redis behind TLS: the server has to prove who it is, we prove who we are where
# it asks for that, and whatever goes wrong the ledger says nothing, in time, and says why.
. "${srcdir:-..}/tests/tap.sh"
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || skip_all "Redis is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
[ -f "${BACKSTOP%/*}/backstop-redis.so" ] || skip_all "this build has no hiredis"
[ -f "${BACKSTOP%/*}/backstop-tls.so" ] || skip_all "this build has no libssl"
# Without arguments, so that the positional ones are the certificates' directory.
set -- "$scratch/tls"
. "$srcdir/tests/servers/certificates.sh"
authority ours && authority theirs && certificate server ours DNS:localhost,IP:127.0.0.1 &&
    certificate elsewhere ours DNS:redis.example.org && certificate foreign theirs DNS:localhost,IP:127.0.0.1 &&
    certificate client ours DNS:mx1.example.org && certificate stranger theirs DNS:mx1.example.org &&
    certificate expired ours DNS:localhost,IP:127.0.0.1 -startdate 20200101000000Z -enddate 20200201000000Z ||
    { diag <"$certificates/log"; skip_all "openssl makes no certificates"; }

set -- $(perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. 3;
    print join " ", map { $_->sockport } @s')
port=$1 plain=$2 dead=$3
redis-server --port "$plain" --tls-port "$port" --bind 127.0.0.1 --save '' --dir "$scratch" --requirepass 'pass word' \
    --tls-cert-file "$certificates/server.pem" --tls-key-file "$certificates/server.key" \
    --tls-ca-cert-file "$certificates/ours.pem" --tls-auth-clients no >"$scratch/redis.log" 2>&1 &
pid=$!
helpers=
at_exit='kill -KILL $pid $helpers 2>/dev/null'
cli() { REDISCLI_AUTH='pass word' redis-cli -p "$plain" "$@"; }
i=0; until cli ping 2>/dev/null | grep -q PONG; do
    i=$((i + 1)); [ $i -lt 50 ] && kill -0 $pid || skip_all "this Redis does not start with TLS"; sleep 0.1
done
server_shows() { cli config set tls-cert-file "$certificates/$1.pem" tls-key-file "$certificates/$1.key" >/dev/null; }

cat >"$scratch/report" <<'END'
Return-Path: <>
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

--b
Content-Type: text/rfc822-headers

From: alice@example.org
To: bob@example.net
Message-ID: <one@example.org>
Date: Sat, 21 Nov 2026 03:07:48 +0000

--b--
END
conf=$scratch/backstop.conf
with() { # HOSTS [LINE...]: the settings
    printf '[state]\ndirectory = %s\n[evidence]\ndisabled = correspondent wave dkim sent-folder\n' "$scratch/state" >"$conf"
    printf '[log]\ndestination = none\n[ledger]\ncomplete = yes\n' >>"$conf"
    printf 'url = rediss://:pass%%20word@%s/2\n' "$1" >>"$conf"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$conf"
}
ca="tls-ca = $certificates/ours.pem"
says() { # what the ledger says of the report, and why in $scratch/why
    "$BACKSTOP" -c "$conf" check --json - <"$scratch/report" | tr '{' '\n' | sed -n '/"source":"ledger"/p' >"$scratch/why"
    sed -n 's/.*"says":"\([a-z]*\)".*/\1/p' "$scratch/why"
}
refused() { # WHY DESC: it says nothing, with that reason
    is "$(says)" nothing "$2"
    check "  and says why" grep -q "$1" "$scratch/why"
}

with "127.0.0.1:$port" "$ca"
printf '<one@example.org>\t1795230468\talice@example.org\tbob@example.net\n' >"$scratch/ids"
expect_code 0 'a message is recorded over TLS' "$BACKSTOP" -c "$conf" sent --ids -q "$scratch/ids"
is "$(cli -n 2 --scan --pattern '*:m' | wc -l)" 1 'it is in the database of the URL'
is "$(says)" ours 'and known'
perl -e 'printf "<%d\@example.org>\t1795230468\talice\@example.org\tto%d\@example.net\n", $_, $_ for 1 .. 3000' >"$scratch/many"
expect_code 0 'thousands of them are recorded' "$BACKSTOP" -c "$conf" sent --ids -q "$scratch/many"
is "$(cli -n 2 --scan --pattern '*:m' | wc -l)" 3001 'each of them'
with "localhost:$port" "$ca"
is "$(says)" ours 'a name in the certificate does as well'
mkdir "$scratch/authorities"
cp "$certificates/ours.pem" "$scratch/authorities/"
openssl rehash "$scratch/authorities" 2>/dev/null
with "localhost:$port" "tls-ca = $scratch/authorities"
is "$(says)" ours 'so does a directory of authorities'
with "localhost:$port" "$ca"
cli config set tls-protocols TLSv1.2 >/dev/null
is "$(says)" ours 'TLS 1.2 is spoken'
if cli config set tls-protocols TLSv1.1 tls-ciphers DEFAULT@SECLEVEL=0 | grep -q OK; then
    refused TLS 'TLS 1.1 is not'
else
    skip 2 'this Redis has no TLS 1.1'
fi
cli config set tls-protocols '' tls-ciphers '' >/dev/null

# Who the server is.
with "127.0.0.1:$port"
refused 'certificate is not accepted: .*ledger.tls-ca names' 'an authority that the system does not know is not trusted'
with "127.0.0.1:$port" "tls-ca = $certificates/theirs.pem"
refused 'certificate is not accepted: .*ledger.tls-ca names' 'nor one that is not ours'
with "127.0.0.1:$port" "tls-ca = $certificates/theirs.pem" "tls-check-name = no"
refused 'certificate is not accepted: ' 'nor without a check of names'
with "127.0.0.1:$port" "$ca"
server_shows foreign
refused 'certificate is not accepted: ' 'a server of theirs is not trusted'
server_shows elsewhere
refused 'IP address mismatch; .*ledger.tls-check-name = no' 'nor one with the certificate of another'
with "localhost:$port" "$ca"
refused 'hostname mismatch; .*ledger.url' 'by name'
with "localhost:$port" "$ca" "tls-check-name = no"
is "$(says)" ours 'unless names are not checked'
server_shows expired
refused 'certificate has expired; the server needs a new one' 'a certificate that has expired is not accepted'
server_shows server
cli config set tls-ca-cert-file "$certificates/ours.pem" tls-auth-clients yes >/dev/null

# Who we are.
with "localhost:$port" "$ca"
refused 'asks for a certificate of ours: set ledger.tls-cert and ledger.tls-key' 'a server that wants a certificate gets none'
cli config set tls-protocols TLSv1.2 >/dev/null
refused 'asks for a certificate of ours: set ledger.tls-cert and ledger.tls-key' 'by TLS 1.2'
cli config set tls-protocols '' >/dev/null
with "localhost:$port" "$ca" "tls-cert = $certificates/client.pem" "tls-key = $certificates/client.key"
is "$(says)" ours 'with ours it serves us'
cat "$certificates/client.pem" "$certificates/client.key" >"$scratch/both.pem"
with "localhost:$port" "$ca" "tls-cert = $scratch/both.pem"
is "$(says)" ours 'also with both in one file'
with "localhost:$port" "$ca" "tls-cert = $certificates/stranger.pem" "tls-key = $certificates/stranger.key"
refused 'does not accept the certificate of ledger.tls-cert' 'not with one of theirs'
cli config set tls-auth-clients no >/dev/null

# What is wrong with a setting is told with its place.
with "localhost:$port" "tls-ca = $scratch/none.pem"
refused "ledger.tls-ca ($conf:10): $scratch/none.pem: No such file" 'an authority that is not there'
with "localhost:$port" "$ca" "tls-cert = $scratch/report"
refused "ledger.tls-cert ($conf:11): $scratch/report: " 'a certificate that is none'
with "localhost:$port" "$ca" "tls-cert = $certificates/client.pem" "tls-key = $certificates/server.key"
refused "ledger.tls-key ($conf:12): $certificates/server.key: key values mismatch" 'a key that does not fit'
with "localhost:$port" "$ca" "tls-key = $certificates/server.key"
refused "ledger.tls-key ($conf:11): .*name its certificate in ledger.tls-cert" 'a key alone'
openssl ec -aes128 -passout pass:x -in "$certificates/client.key" -out "$scratch/locked.key" 2>/dev/null
with "localhost:$port" "$ca" "tls-cert = $certificates/client.pem" "tls-key = $scratch/locked.key"
refused "ledger.tls-key ($conf:12): $scratch/locked.key: " 'a key with a passphrase asks nobody'
with "localhost:$port," "$ca"
sed -i 's/,\/2/,x:y\/2/' "$conf"
refused "ledger.url ($conf:9): .*host:port" 'a host that is none'
check 'without the password' sh -c '! grep -q pass "$1"' - "$scratch/why"

# Who is not there, or does something else.
with "localhost:$plain" "$ca" 'timeout = 500ms'
refused 'TLS' 'a server without TLS'
with "localhost:$port" "$ca"
sed -i s/rediss:/redis:/ "$conf"
refused 'if it speaks TLS there, write rediss:// in ledger.url' 'TLS where none is expected'
with "127.0.0.1:$dead" "$ca"
refused "127.0.0.1:$dead: .*refused" 'nobody'
expect_code 75 'recording is deferred' "$BACKSTOP" -c "$conf" sent --ids "$scratch/ids"
check 'and the log has the reason, not the password' sh -c 'grep -q refused "$1" && ! grep -q pass "$1"' - "$scratch/err"
milliseconds() { perl -MTime::HiRes=time -e 'my $s = time; system(@ARGV); printf "%d", 1000 * (time - $s)' "$@"; }
in_time() { # LIMIT DESC
    took=$(milliseconds "$BACKSTOP" -c "$conf" sent --ids "$scratch/ids" 2>"$scratch/err")
    [ "$took" -lt "$1" ]
    ok $? "$2"
    [ "$took" -lt "$1" ] || { echo "$took ms"; cat "$scratch/err"; } | diag
}
perl -MIO::Socket::INET -e '$| = 1; my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die; print $s->sockport, "\n"; sleep 600' >"$scratch/silent" &
helpers="$helpers $!"
i=0; until [ -s "$scratch/silent" ] || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
with "127.0.0.1:$(cat "$scratch/silent")" "$ca" 'timeout = 500ms'
refused 'TLS handshake: no answer within ledger.timeout' 'a server that hangs in the handshake'
in_time 1000 'takes no longer than the limit'
# Every answer comes 150 ms late: each alone would be in time, all together are not.
cat >"$scratch/slow.pl" <<'END'
use strict; use IO::Socket::INET; use IO::Select;
$| = 1;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 9) or die;
print $listen->sockport, "\n";
while (my $client = $listen->accept) {
    next if fork;
    my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]") or die;
    my $both = IO::Select->new($client, $server);
    while (my @ready = $both->can_read) {
        for my $from (@ready) {
            sysread($from, my $data, 65536) or exit;
            select(undef, undef, undef, 0.15) if $from == $server;
            syswrite($from == $server ? $client : $server, $data);
        }
    }
}
END
perl "$scratch/slow.pl" "$port" >"$scratch/slow" &
helpers="$helpers $!"
i=0; until [ -s "$scratch/slow" ] || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
with "127.0.0.1:$(cat "$scratch/slow")" "$ca" 'timeout = 5s'
is "$(says)" ours 'a slow server is heard'
with "127.0.0.1:$(cat "$scratch/slow")" "$ca" 'timeout = 400ms'
refused 'no answer within ledger.timeout' 'but not beyond the limit for handshake, login and answer together'
in_time 1000 'takes no longer than the limit'

# A name server that is away: here every query to it is lost.
cat >"$scratch/lost.pl" <<'END'
use strict; use IO::Socket::INET;
my ($file, @command) = @ARGV;
my $server = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.77', LocalPort => 53) or exit 99;
open my $resolv, '>', $file or die; print $resolv "nameserver 127.0.0.77\n"; close $resolv;
system('mount', '--bind', $file, '/etc/resolv.conf') == 0 or exit 99;
exit(system(@command) >> 8);
END
with "redis.example.org:$port,localhost:$port" "$ca" 'timeout = 800ms'
in_the_dark() { unshare -m perl "$scratch/lost.pl" "$scratch/resolv.conf" "$@"; }
if [ "$(id -u)" -eq 0 ] && in_the_dark true 2>/dev/null; then
    start=$(date +%s)
    expect_code 0 'a name that is not found in time: the next host serves' in_the_dark "$BACKSTOP" -c "$conf" sent --ids "$scratch/ids"
    with "redis.example.org:$port" "$ca" 'timeout = 800ms'
    expect_code 75 'alone it defers' in_the_dark "$BACKSTOP" -c "$conf" sent --ids "$scratch/ids"
    check 'in time' test $(($(date +%s) - start)) -le 3
    check 'and says so' grep -q "redis.example.org:$port: its name was not found within ledger.timeout" "$scratch/err"
else
    skip 4 'no name server can be put in the way here'
fi

# Several hosts.
with "127.0.0.1:$dead,localhost:$port" "$ca"
is "$(says)" ours 'the first host is down: the next one answers'
expect_code 0 'and records' "$BACKSTOP" -c "$conf" sent --ids -q "$scratch/ids"
with "127.0.0.1:$(cat "$scratch/silent"),localhost:$port" "$ca" 'timeout = 1s'
is "$(says)" ours 'the first host hangs: the next one answers'
with "127.0.0.1:$dead,127.0.0.1:$(cat "$scratch/silent")" "$ca" 'timeout = 500ms'
refused "127.0.0.1:$dead: .*refused; redis: .*within ledger.timeout" 'all are down'
kill -STOP $pid
with "127.0.0.1:$port" "$ca" 'timeout = 500ms'
refused "no answer within ledger.timeout" 'a server that hangs'
kill -CONT $pid

# A build without libssl says what is missing; mail flows.
if [ -f "${BACKSTOP%/*}/backstop-agent" ]; then
    mkdir "$scratch/without"
    cp "${BACKSTOP%/*}/backstop-agent" "${BACKSTOP%/*}"/backstop-*.so "$scratch/without/"
    rm "$scratch/without/backstop-tls.so"
    BACKSTOP_MODULE_DIR= BACKSTOP=$scratch/without/backstop-agent
    export BACKSTOP_MODULE_DIR
    with "localhost:$port" "$ca"
    refused "ledger.url ($conf:9): TLS takes a build with OpenSSL's libssl, or stunnel" 'a build without TLS'
    "$BACKSTOP" -c "$conf" doctor >"$scratch/doctor" 2>&1
    check 'doctor names it' grep -q '^- ledger .*ledger.url (.*:9): TLS takes a build' "$scratch/doctor"
    check 'and what to do' grep -q '^What would help most: .*ledger.url (.*:9): TLS takes a build' "$scratch/doctor"
    expect_code 75 'recording is deferred' "$BACKSTOP" -c "$conf" sent --ids "$scratch/ids"
    may_reject=yes as_mta "$BACKSTOP" -c "$conf" deliver -f '<>' <"$scratch/report"
    is "$?:$(find "$HOME" -path '*/new/*' -type f | wc -l)" 0:1 'mail is delivered'
else
    skip 6 'the program has no launcher here, and modules cannot be left out'
fi
plan
