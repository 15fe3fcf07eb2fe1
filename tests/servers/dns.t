#!/bin/sh
# SPDX-License-Identifier: MIT
# DKIM, SPF, relays learnt from SPF and a DNS list, asked of a real DNS server (dnsmasq) on a high
# port; and silence, within the time, when it does not answer.
. "${srcdir:-..}/tests/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
command -v dnsmasq >/dev/null || skip_all "dnsmasq is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
[ -f "${BACKSTOP%/*}/backstop-crypto.so" ] || skip_all "this build has no libcrypto"
port=$(free_port)

openssl genrsa -out "$scratch/rsa.pem" 2048 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$scratch/ed.pem" 2>/dev/null
rsa=$(openssl pkey -in "$scratch/rsa.pem" -pubout -outform DER | openssl base64 -A)
ed=$(openssl pkey -in "$scratch/ed.pem" -pubout -outform DER | tail -c 32 | openssl base64 -A)
cat >"$scratch/dns.conf" <<END
no-resolv
no-hosts
port=$port
listen-address=127.0.0.1
bind-interfaces
local=/example.org/
local=/example.net/
local=/bl.example/
txt-record=example.org,"v=spf1 ip4:192.0.2.0/28 include:_more.example.org -all"
txt-record=_more.example.org,"v=spf1 ip6:2001:db8:1::/48 a:out.example.org ?all"
host-record=out.example.org,198.51.100.99
txt-record=r._domainkey.example.org,"v=DKIM1; k=rsa; p=","$(echo "$rsa" | cut -c1-200)","$(echo "$rsa" | cut -c201-)"
txt-record=e._domainkey.example.org,"v=DKIM1; k=ed25519; p=$ed"
txt-record=gone._domainkey.example.org,"v=DKIM1; p="
host-record=9.113.0.203.bl.example,127.0.0.2
END
dnsmasq --keep-in-foreground -C "$scratch/dns.conf" --user="$(id -un)" --pid-file= >"$scratch/dns.log" 2>&1 &
pid=$!
at_exit='kill $pid 2>/dev/null'

# sign KEY SELECTOR ALGORITHM CANONICALIZATION HEADER: the header with a signature in front (RFC 6376)
cat >"$scratch/sign.pl" <<'END'
use strict; use Digest::SHA qw(sha256); use MIME::Base64;
my ($key, $selector, $algorithm, $canon, $extra) = @ARGV;
my $header = do { local $/; <STDIN> };
my @fields = split /\n(?![ \t])/, $header;
my @names = qw(from to subject date message-id subject cc);
my $relax = sub { my ($n, $v) = $_[0] =~ /^([^:]+?)[ \t]*:(.*)$/s; $v =~ s/[ \t\r\n]+/ /g; $v =~ s/^ | $//g; lc($n) . ":$v" };
my $form = $canon =~ /^relaxed/ ? $relax : sub { my $f = $_[0]; $f =~ s/\n/\r\n/g; $f };
my $value = "v=1; a=$algorithm; c=$canon; d=example.org; s=$selector;\n\t$extra h=" . join(" : ", @names) . ";\n bh=" .
    encode_base64(sha256("text\r\n"), "") . "; b=";
my ($data, %used) = ("");
for my $name (@names) {
    my @of = grep { lc((/^([^:]+?)[ \t]*:/)[0]) eq $name } @fields;
    my $n = $used{$name}++;
    $data .= $form->($of[-1 - $n]) . "\r\n" if $n < @of;
}
$data .= $form->("DKIM-Signature: $value");
open my $in, ">", "$ENV{scratch}/data" or die; binmode $in; print $in ($algorithm =~ /^ed/ ? sha256($data) : $data); close $in;
my $signature = $algorithm =~ /^ed/
    ? `openssl pkeyutl -sign -rawin -in $ENV{scratch}/data -inkey $key` : `openssl dgst -sha256 -sign $key $ENV{scratch}/data`;
print "DKIM-Signature: $value" . join("\n ", encode_base64($signature, "") =~ /(.{1,60})/g) . "\n$header";
END
header() { printf 'From: Alice <alice@example.org>\nto:bob@example.net\nSubject: %s\n  and more\nDate: Sat, 21 Nov 2026 03:07:48 +0000\nMessage-ID:  <m1@mail.example.org>\n' "${1:-hello}"; }
sign() { header | perl "$scratch/sign.pl" "$@"; }
# report HEADER-FILE RECIPIENT: as Bob's server would return it
report() {
    printf 'Return-Path: <>\nReceived: from mx.example.net (mx.example.net [203.0.113.9]) by mail.example.org; Sun, 22 Nov 2026 10:00:00 +0000\n'
    printf 'From: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\nSubject: failure\nMIME-Version: 1.0\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n' "$2"
    printf -- '--b\nContent-Type: text/rfc822-headers\n\n'
    cat "$1"
    printf -- '\n--b--\n'
}
# says SOURCE HEADER-FILE RECIPIENT OPTIONS...
says() {
    source=$1 file=$2 rcpt=$3; shift 3
    report "$file" "$rcpt" | "$BACKSTOP" --set "dns.server=127.0.0.1:$port" --set identity.domains=example.org \
        --set "state.directory=$scratch/state" --set log.destination=none "$@" check --json - | tr '{' '\n' |
        sed -n 's/.*"source":"'"$source"'","says":"\([a-z]*\)","weight":"\([a-z]*\)".*/\1 \2/p'
}
i=0; until sign "$scratch/rsa.pem" r rsa-sha256 relaxed/relaxed '' >"$scratch/h" && [ "$(says dkim "$scratch/h" bob@example.net)" = 'ours proof' ]; do
    i=$((i + 1)); [ $i -lt 30 ] || break; sleep 0.1
done

is "$(says dkim "$scratch/h" bob@example.net)" 'ours proof' 'rsa, relaxed, to the signed recipient'
is "$(says dkim "$scratch/h" eve@example.com)" 'ours hint' 'to someone else it is a hint: a replay looks the same'
sed 's/hello/HELLO/' "$scratch/h" >"$scratch/changed"
is "$(says dkim "$scratch/changed" bob@example.net)" 'nothing none' 'a changed subject says nothing'
sed 's/^Subject: hello/SUBJECT :   hello  /' "$scratch/h" >"$scratch/spaced"
is "$(says dkim "$scratch/spaced" bob@example.net)" 'ours proof' 'relaxed: white space and case may change'
{ cat "$scratch/h"; echo 'Subject: another one'; } >"$scratch/added"
is "$(says dkim "$scratch/added" bob@example.net)" 'nothing none' 'a second Subject is signed as absent'
sign "$scratch/rsa.pem" r rsa-sha256 simple/simple '' >"$scratch/h"
is "$(says dkim "$scratch/h" bob@example.net)" 'ours proof' 'simple'
sed 's/^Message-ID:  /Message-ID: /' "$scratch/h" >"$scratch/spaced"
is "$(says dkim "$scratch/spaced" bob@example.net)" 'nothing none' 'simple: nothing may change'
sign "$scratch/ed.pem" e ed25519-sha256 relaxed/simple '' >"$scratch/h"
is "$(says dkim "$scratch/h" bob@example.net)" 'ours proof' 'ed25519'
sign "$scratch/rsa.pem" r rsa-sha256 relaxed/relaxed 't=1000; x=2000;' >"$scratch/h"
is "$(says dkim "$scratch/h" bob@example.net)" 'ours hint' 'an expired one is a hint'
sign "$scratch/rsa.pem" r rsa-sha256 relaxed/relaxed 't=99999999999;' >"$scratch/h"
is "$(says dkim "$scratch/h" bob@example.net)" 'nothing none' 'one from the future is none'
for selector in gone none; do
    sign "$scratch/rsa.pem" $selector rsa-sha256 relaxed/relaxed '' >"$scratch/h"
    is "$(says dkim "$scratch/h" bob@example.net)" 'nothing none' "selector $selector has no key"
done
sign "$scratch/rsa.pem" mine rsa-sha256 relaxed/relaxed '' >"$scratch/h"
is "$(says dkim "$scratch/h" bob@example.net --set "dkim.key-file=mine:$scratch/rsa.pem")" 'ours proof' 'a key from a file'
{ echo 'Received: from x.example.com (x.example.com [198.51.100.7]) by mx.example.net; Sat, 21 Nov 2026 03:07:50 +0000'; header; } >"$scratch/h"
is "$(says dkim "$scratch/h" bob@example.net)" 'nothing none' 'no signature says nothing'
is "$(says dkim "$scratch/h" bob@example.net --set dkim.signs-all=yes)" 'forged strong' 'unless everything is signed'

# SPF
if [ -f "${BACKSTOP%/*}/backstop-spf.so" ]; then
    from() { { printf 'Received: from %s (%s [%s]) by mx.example.net; Sat, 21 Nov 2026 03:07:50 +0000\n' "$1" "$1" "$2"; header; } >"$scratch/h"; }
    from mail.example.org 192.0.2.5; is "$(says spf "$scratch/h" bob@example.net)" 'ours strong' 'SPF: ip4'
    from mail.example.org 2001:db8:1::9; is "$(says spf "$scratch/h" bob@example.net)" 'ours strong' 'SPF: ip6 of an include'
    from out.example.org 198.51.100.99; is "$(says spf "$scratch/h" bob@example.net)" 'ours strong' 'SPF: a'
    from mail.example.org 198.51.100.7; is "$(says spf "$scratch/h" bob@example.net)" 'forged strong' 'SPF: none of these'
    is "$(says spf "$scratch/h" bob@example.net --set dns.server=127.0.0.1:9)" 'forged strong' 'the answer is remembered'
    from localhost 127.0.0.1; is "$(says spf "$scratch/h" bob@example.net)" 'nothing none' 'SPF: a filter on the other side is nobody'
else
    skip 6 "this build has no libspf2"
fi

# Relays learnt from SPF
{ printf 'Received: from mail.example.org (mail.example.org [192.0.2.5]) by mx.example.net; Sat, 21 Nov 2026 03:07:50 +0000\n'; header; } >"$scratch/h"
is "$(says trail "$scratch/h" bob@example.net)" 'nothing none' 'no relay is known'
is "$(says trail "$scratch/h" bob@example.net --set identity.networks-from-spf=yes)" 'ours strong' 'they are learnt from SPF'

# A DNS list
is "$(says dnsbl "$scratch/h" bob@example.net)" 'nothing none' 'no list is asked'
is "$(says dnsbl "$scratch/h" bob@example.net --set dnsbl.zones=bl.example)" 'forged hint' 'a listed host is a hint'

# A server that does not answer
sign "$scratch/rsa.pem" r rsa-sha256 relaxed/relaxed '' >"$scratch/h"
kill -STOP $pid
start=$(date +%s)
is "$(says dkim "$scratch/h" bob@example.net --set dns.timeout=700ms --set evidence.timeout=1500ms)" 'nothing none' 'silence says nothing'
check 'and costs no more than its time' test $(($(date +%s) - start)) -le 4
kill -CONT $pid
plan
