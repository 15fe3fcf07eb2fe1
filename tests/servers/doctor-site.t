#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop doctor on the host: does its MTA make backscatter, by fake postconf, postqueue and exim with
# one fault at a time, and can its domains be forged, by a real DNS server.
. "${srcdir:-..}/tests/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
bin=$scratch/bin
mkdir -p "$bin"
# What a sound Postfix says; a line that is set by fault() replaces its own.
cat >"$scratch/sound" <<'END'
mydestination = mail.example.org, localhost
local_recipient_maps = proxy:unix:passwd.byname $alias_maps
luser_relay =
relay_domains =
relay_recipient_maps =
virtual_mailbox_domains =
virtual_mailbox_maps =
virtual_alias_maps =
content_filter =
smtpd_recipient_restrictions =
END
: >"$scratch/services" >"$scratch/queue" >"$scratch/config" >"$scratch/log"
printf '#!/bin/sh\n[ "$1" = -M ] && exec cat "%s/services"\nexec cat "%s/main"\n' "$scratch" "$scratch" >"$bin/postconf"
printf '#!/bin/sh\nexec cat "%s/queue"\n' "$scratch" >"$bin/postqueue"
printf '#!/bin/sh\n[ -s "%s/config" ] || exit 1\nexec cat "%s/config"\n' "$scratch" "$scratch" >"$bin/exim"
chmod +x "$bin"/*
doctor() { PATH=$bin:$PATH "$BACKSTOP" --set log.destination=none --set dns.timeout=1s "$@" >"$scratch/out" 2>"$scratch/err"; }
faults() { sed -n '/^Do we send/,/^Can we be/s/^  ! //p' "$scratch/out"; }
# with LINE...: doctor's faults where these lines of main.cf are so
with() {
    cp "$scratch/sound" "$scratch/main"
    for line; do
        grep -v "^${line%% =*} =" "$scratch/main" >"$scratch/main.new"
        { cat "$scratch/main.new"; echo "$line"; } >"$scratch/main"
    done
    doctor doctor --mail-log "$scratch/log"
}
one() { # WANTED DESC LINE...: exactly one fault, which says WANTED, and a line that mends it
    wanted=$1 what=$2; shift 2
    with "$@"
    is "$(faults | wc -l | tr -d ' ') $(faults | grep -c -- "$wanted")" "1 1" "$what"
    check "what mends it is told" grep -q '^      [a-z]' "$scratch/out"
}
none() { with "$@"; is "$(faults)" "" "no fault: $*"; }

none
one 'local_recipient_maps is empty' "unknown local users" 'local_recipient_maps ='
none 'local_recipient_maps =' 'mydestination ='
one 'luser_relay' "a relay for unknown users" 'luser_relay = admin@example.org'
one 'as by a secondary MX' "a secondary MX" 'relay_domains = example.net'
none 'relay_domains = example.net' 'relay_recipient_maps = hash:/nonexistent'
none 'relay_domains = example.net' 'smtpd_recipient_restrictions = permit_mynetworks, reject_unverified_recipient'
none 'relay_domains = $mydestination'
one 'virtual_mailbox_maps is empty' "virtual mailboxes" 'virtual_mailbox_domains = example.net'
printf '# comment\n@example.net everybody@example.org\n' >"$scratch/virtual"
one 'catch-all takes every address' "a catch-all" "virtual_alias_maps = hash:$scratch/virtual"
printf '@example.net @example.org\na@example.net b\n#@example.com x\n' >"$scratch/virtual"
none "virtual_alias_maps = hash:$scratch/virtual"
one 'behind the queue' "a filter behind the queue" 'content_filter = scan:[127.0.0.1]:10025'
echo 'smtp inet n - y - - smtpd -o content_filter=spamassassin' >"$scratch/services"
one 'in master.cf' "one in master.cf"
echo 'vacation unix - n n - - pipe flags=Rq user=vacation argv=/usr/lib/vacation' >"$scratch/services"
one 'auto-responder' "an auto-responder"
: >"$scratch/services"
for i in 1 2 3 4 5 6; do echo "A$i*  1234 Mon Nov 30 10:00:00  MAILER-DAEMON"; done >"$scratch/queue"
one '6 bounces to others wait' "bounces in the queue"
: >"$scratch/queue"
for i in 1 2 3 4 5 6 7; do
    echo "Nov 30 10:00:0$i mail postfix/qmgr[9]: B$i: from=<>, size=10, nrcpt=1 (queue active)"
    echo "Nov 30 10:00:0$i mail postfix/smtp[9]: B$i: to=<x@example.net>, relay=mx.example.net[192.0.2.1]:25, status=sent (250 ok)"
    echo "Nov 30 10:00:0$i mail postfix/qmgr[9]: C$i: from=<>, size=10, nrcpt=1 (queue active)"
    echo "Nov 30 10:00:0$i mail postfix/local[9]: C$i: to=<me@example.org>, relay=local, status=sent (delivered)"
    echo "Nov 30 10:00:0$i mail postfix/qmgr[9]: D$i: from=<me@example.org>, size=10, nrcpt=1 (queue active)"
    echo "Nov 30 10:00:0$i mail postfix/smtp[9]: D$i: to=<x@example.net>, relay=mx.example.net[192.0.2.1]:25, status=sent (250 ok)"
done >"$scratch/log"
one '7 bounces to others left' "bounces in the log, and nothing else that is in it"
: >"$scratch/log"

# Exim.
exim() { printf '%s\n' "$@" >"$scratch/config"; with; }
exim 'acl_check_rcpt:' '  require verify    =  recipient'
is "$(faults)" "" "an Exim that verifies recipients"
exim 'acl_check_rcpt:' '# require verify = recipient'
is "$(faults | grep -c 'not verified')" 1 "one that does not"
exim 'require verify = recipient' '  data = ${lookup{$local_part}lsearch*{/etc/aliases}}'
is "$(faults | grep -c 'takes every address')" 1 "a lookup with a default"
exim 'require verify = recipient' 'driver = autoreply'
is "$(faults | grep -c 'answers every message')" 1 "an auto-responder without memory"
exim 'require verify = recipient' 'driver = autoreply' 'once = /var/spool/exim/once'
is "$(faults)" "" "and with one"
rm "$bin"/*
for program in postconf exim exim4; do [ -x "/usr/sbin/$program" ] && there=$program; done
if [ -z "$there" ]; then
    doctor doctor --mail-log "$scratch/log"
    check "no MTA is told" grep -q 'no Postfix or Exim here' "$scratch/out"
else
    skip 1 "there is $there here"
fi
expect_code 75 "what cannot be written is an error" sh -c "'$BACKSTOP' --set log.destination=none doctor --mail-log '$scratch/log' >/dev/full"

# Can we be forged?
command -v dnsmasq >/dev/null || skip_all "dnsmasq is not installed"
port=$(free_port)
cat >"$scratch/dns.conf" <<END
no-resolv
no-hosts
port=$port
listen-address=127.0.0.1
bind-interfaces
local=/example/
txt-record=good.example,"v=spf1 mx -all"
txt-record=_dmarc.good.example,"v=DMARC1; p=reject; rua=mailto:x@good.example"
txt-record=s1._domainkey.good.example,"v=DKIM1; k=rsa; p=MIIB"
txt-record=gone._domainkey.good.example,"v=DKIM1; p="
txt-record=weak.example,"v=spf1 mx ~all"
txt-record=_dmarc.weak.example,"v=DMARC1; p=none; sp=reject"
txt-record=twice.example,"v=spf1 mx -all"
txt-record=twice.example,"v=spf1 a -all"
txt-record=bare.example,"something else"
END
dnsmasq --keep-in-foreground -C "$scratch/dns.conf" --user="$(id -un)" --pid-file= >"$scratch/dns.log" 2>&1 &
pid=$!
at_exit='kill $pid 2>/dev/null'
dns() { doctor --set "dns.server=127.0.0.1:$port" --set "identity.domains=$1" "$2" doctor --mail-log "$scratch/log"; }
forged() { sed -n '/^Can we be/,$s/^  ! //p' "$scratch/out"; }
is_up() { dns good.example --set=batv.days=7; ! grep -q 'does not answer' "$scratch/out"; }
until_true 10 is_up
is "$(forged)" "" "a domain that has it all"
check "SPF, DKIM and DMARC are named" sh -c "grep -q 'SPF refuses' '$scratch/out' && grep -q 'DKIM keys' '$scratch/out' && grep -q 'DMARC refuses' '$scratch/out'"
dns weak.example --set=batv.days=7
is "$(forged | cut -d: -f1-2 | cut -c1-42)" "weak.example: SPF forbids nothing for sure
weak.example has no DKIM key: nobody can t
weak.example: DMARC asks nobody to refuse " "one that asks nobody for anything"
dns twice.example --set=batv.days=7
is "$(forged | grep -c '2 SPF records')" 1 "two SPF records are none"
dns bare.example --set=batv.days=7
is "$(forged | grep -c 'has no')" 3 "one that has nothing"
check "the line for the zone is told" grep -q '^      bare.example. TXT "v=spf1' "$scratch/out"
dns good.example --set=dkim.key-file=s1:/nonexistent,gone:/nonexistent,none:/nonexistent
is "$(forged | sed 's/.*the DKIM/the DKIM/')" "the DKIM key gone is not in DNS any more (p= is empty)
the DKIM key none is not in DNS" "keys that are configured are looked for"
kill $pid
dns good.example --set=batv.days=7
is "$(forged)" "" "silence is no fault"
check "and is told" grep -q 'DNS does not answer' "$scratch/out"
plan
