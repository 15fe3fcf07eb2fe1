#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop lmtp behind a real Postfix: what arrives, what stays in the queue while something is wrong
# and then comes once, and what the sender is told of a refusal. Postfix runs on loopback with a
# configuration, a queue and a port of its own; the system's own, if there is one, is not touched.
. "${srcdir:-..}/tests/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || skip_all "a Postfix of its own takes root"
command -v postfix >/dev/null && id postfix >/dev/null 2>&1 || skip_all "Postfix is not installed"
perl -MNet::SMTP -e 1 2>/dev/null || skip_all "Perl's Net::SMTP is not installed"
command -v setpriv >/dev/null || skip_all "setpriv is not installed"

umask 022
chmod 711 "$scratch"
conf=$scratch/etc
vmail=$scratch/v
domain=$vmail/example.org
mkdir -p "$scratch/bin" "$conf" "$scratch/queue" "$scratch/data" "$domain/ann" "$domain/bob" "$domain/eve"
for part in "$BACKSTOP" "${BACKSTOP%/*}"/backstop-*; do
    [ ! -f "$part" ] || cp "$part" "$scratch/bin/"
done
unset BACKSTOP_MODULE_DIR
echo 'require "reject"; if header :contains "subject" "refuse" { reject "Not\nfor me."; }' >"$domain/eve/.dovecot.sieve"
chown -R 65534:65534 "$vmail"
chown postfix "$scratch/data"
port=$(free_port)
log=$scratch/postfix.log
cat >"$conf/main.cf" <<END
compatibility_level = 3.6
queue_directory = $scratch/queue
data_directory = $scratch/data
maillog_file = $log
maillog_file_prefixes = $scratch
myhostname = mta.example.org
mydestination =
virtual_mailbox_domains = example.org
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:$vmail/lmtp
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_limit = 2000
smtputf8_enable = yes
smtputf8_autodetect_classes = all
alias_maps =
alias_database =
disable_dns_lookups = yes
default_transport = discard
default_database_type = texthash
message_size_limit = 100000000
minimal_backoff_time = 1s
END
{
    echo "127.0.0.1:$port inet n - n - - smtpd"
    echo "postlog unix-dgram n - n - 1 postlogd"
    echo "pickup unix n - n 60 1 pickup"
    echo "qmgr unix n - n 300 1 qmgr"
    echo "showq unix n - n - - showq"
    echo "cleanup unix n - n - 0 cleanup"
    for service in bounce defer trace; do echo "$service unix - - n - 0 bounce"; done
    echo "rewrite unix - - n - - trivial-rewrite"
    echo "retry unix - - n - - error"
    for service in proxymap error discard anvil lmtp; do echo "$service unix - - n - - $service"; done
} >"$conf/master.cf"

server=
start_server() {
    setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$vmail" "$scratch/bin/backstop" lmtp \
        --set "lmtp.home=$vmail/%d/%n" --set lmtp.missing-home=refuse --set "log.destination=$vmail/log" \
        --set lmtp.socket-mode=666 --set "lmtp.peers=postfix root" --listen="unix:$vmail/lmtp" &
    server=$!
    for _ in $(seq 100); do
        perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => $ARGV[0])' "$vmail/lmtp" && return 0
        sleep 0.05
    done
}
stop_server() { [ -z "$server" ] || { kill "$server"; wait "$server"; }; server=; }
at_exit='postfix -c "$conf" stop >/dev/null 2>&1; stop_server 2>/dev/null'
postfix -c "$conf" start >"$scratch/start" 2>&1 || {
    cat "$scratch/start" "$log" 2>/dev/null | diag
    skip_all "this Postfix does not start here"
}
start_server

queued() { postqueue -c "$conf" -j | grep -c .; }
queue_empty() { [ "$(queued)" -eq 0 ]; }
said() { grep -cE "$1" "$log"; }
said_since() { [ "$(said "$1")" -gt "$2" ]; }
count() { find "$domain/$1/Maildir" -type f -path '*/new/*' -exec grep -l "^Subject: $2\$" {} + 2>/dev/null | wc -l; } # USER SUBJECT
post() { # SUBJECT SENDER RECIPIENT...
    perl -MNet::SMTP -e '
        my ($port, $subject, $sender, @to) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "client.example.net", Timeout => 20) or die "connect: $@";
        $smtp->mail($sender) && $smtp->to(@to) && $smtp->data() or die $smtp->message;
        $smtp->datasend("From: sam\@example.net\nTo: all\nMessage-ID: <$subject\@example.net>\nSubject: $subject\n\n",
            ".\n..\n", "a line of the message\n" x 2000) && $smtp->dataend() or die $smtp->message;
        $smtp->quit' "$port" "$@"
}

check "Postfix takes a message for three" post one sam@example.net ann@example.org bob+x@example.org eve@example.org
until_true 20 queue_empty
is "$? $(count ann one) $(count bob one) $(count eve one)" "0 1 1 1" "all have it"
file=$(find "$domain/bob/Maildir/new" -type f)
is "$(sed -n 's/^Return-Path: *//p; s/^Delivered-To: *//p' "$file" | tr '\n' ' ')" "<sam@example.net> bob+x@example.org " \
    "with Return-Path and Delivered-To"
is "$(sed '1,/^$/d' "$file" | head -n 2 | tr '\n' ' ') $(grep -c 'a line of the message' "$file")" ". ..  2000" "and whole"
is "$(said 'lmtp\[.*status=sent \(250 2.0.0 <')" 3 "Postfix logs each recipient's reply"

# ---- Refused, and no such user: the sender is told, and nobody who may not be.
before=$(said 'status=bounced')
post refuse sam@example.net ann@example.org eve@example.org nobody@example.org
until_true 20 queue_empty
is "$? $(count ann refuse) $(count eve refuse) $(($(said 'status=bounced') - before))" "0 1 0 2" "one has it, two refuse it"
is "$(said 'to=<eve@example.org>.*dsn=5.7.1.*said: 550-5.7.1 Not')" 1 "one with the user's words"
is "$(said 'to=<nobody@example.org>.*dsn=5.1.1')" 1 "one because there is no such user"
post refuse '' eve@example.org
until_true 20 queue_empty
is "$? $(count eve refuse) $(($(said 'status=bounced') - before))" "0 1 2" "a report is not refused"

# ---- What is wrong for a while
deferred='status=deferred'
before=$(said "$deferred")
stop_server
post down sam@example.net ann@example.org
until_true 20 said_since "$deferred" "$before"
is "$? $(queued)" "0 1" "no server: the mail stays in the queue"
start_server
postqueue -c "$conf" -f
until_true 30 queue_empty
is "$? $(count ann down)" "0 1" "then it comes, once"

before=$(said "$deferred")
chmod 500 "$domain/ann/Maildir/new"
post locked sam@example.net ann@example.org bob@example.org
until_true 20 said_since "$deferred" "$before"
is "$? $(queued) $(count ann locked) $(count bob locked)" "0 1 0 1" "one mailbox cannot be written: that recipient stays"
chmod 700 "$domain/ann/Maildir/new"
postqueue -c "$conf" -f
until_true 30 queue_empty
is "$? $(count ann locked) $(count bob locked)" "0 1 1" "then it comes, once, and the other has no second one"

# The server and all its processes die while they deliver, again and again.
before=$(said 'status=deferred.*lost connection')
for i in $(seq 60); do echo "k$i"; done >"$scratch/subjects"
for subject in $(cat "$scratch/subjects"); do post "$subject" sam@example.net ann@example.org bob@example.org; done &
posting=$!
perl -e '
    sub children { open my $f, "<", "/proc/$_[0]/task/$_[0]/children" or return (); return split " ", <$f> // "" }
    for my $n (1 .. 8) {
        for (1 .. 3000) { # of half a millisecond
            my @hit = map { my @below = children($_); @below ? ($_, @below) : () } children($ARGV[0]);
            select undef, undef, undef, @hit ? $n * 0.0003 : 0.0005;
            next unless @hit;
            kill KILL => @hit;
            last;
        }
        select undef, undef, undef, 0.2;
    }' "$server"
wait $posting
for _ in $(seq 30); do
    postqueue -c "$conf" -f
    until_true 1 queue_empty && break
done
bad=
for subject in $(cat "$scratch/subjects"); do
    [ "$(count ann "$subject") $(count bob "$subject")" = "1 1" ] || bad="$bad $subject: $(count ann "$subject") $(count bob "$subject");"
done
is "$(queued) $bad" "0 " "killed while it delivers, again and again: each message is there once"
until_true 1 said_since 'status=deferred.*lost connection' "$before"
ok $? "that hit some deliveries"
is "$(grep -cE 'panic|fatal' "$log")" 0 "Postfix has nothing to complain of"
stop_server
plan
