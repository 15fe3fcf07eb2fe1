#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/opensmtpd under a real OpenSMTPD, with paths of our own: what arrives, and that no trouble of
# ours is a bounce.
. "${srcdir:-..}/tests/tap.sh"
. "$srcdir/tests/mta/beside.sh"
beside opensmtpd smtpd opensmtpd opensmtpq
perl -MNet::SMTP -e 1 2>/dev/null || skip_all "Perl's Net::SMTP is not installed"
port=$(free_port)
mkdir -p "$var/spool/smtpd" "$var/lib/opensmtpd/empty"
chmod 711 "$var/spool/smtpd"
# As the package's own script leaves it.
[ ! -f "$beside/usr/sbin/smtpctl" ] || { chgrp 61502 "$beside/usr/sbin/smtpctl"; chmod 2755 "$beside/usr/sbin/smtpctl"; }
{
    echo "listen on 127.0.0.1 port $port hostname mta.example.org"
    echo 'queue ttl 4d'
    sed -n 's/^    \(action .*\)/\1/p' "$srcdir/examples/opensmtpd/README.md" | sed "s|/usr/local/bin/|$scratch/bin/|"
    echo "action \"elsewhere\" mda \"/bin/sh -c 'cat >>$scratch/bounced'\" user nobody"
    echo 'match from any for domain "example.org" action "backstop"'
    echo 'match from any for any reject'
} >"$etc/smtpd.conf"
sed -n 's/^    match for local \(action .*\)/\1/p' "$srcdir/examples/opensmtpd/README.md" >"$scratch/match"
is "$(cat "$scratch/match")" 'action "backstop"' "the example's match names its action"

unshare -m sh -c ". '$scratch/mount'; exec smtpd -d" >"$scratch/log" 2>&1 & server=$!
at_exit='kill $server 2>/dev/null; wait $server 2>/dev/null'
listening() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]")' "$port"; }
until_true 10 listening || { diag <"$scratch/log"; skip_all "this OpenSMTPD does not start here"; }
inside() { nsenter -m -t "$server" "$@"; }
send() { # SENDER SUBJECT
    perl -MNet::SMTP -e '
        my ($port, $sender, $subject) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "client.example.net", Timeout => 20) or die "connect: $@";
        $smtp->mail($sender) && $smtp->to("nobody\@example.org") && $smtp->data() or die $smtp->message;
        $smtp->datasend("From: ann\@example.net\nTo: nobody\@example.org\nSubject: $subject\n\ntext\n") && $smtp->dataend() or die $smtp->message;
        $smtp->quit' "$port" "$@"
}
inbox() { cat "$home"/Maildir/new/* 2>/dev/null | grep -c "^Subject: $1\$"; }
# The time of the next try is OpenSMTPD's own; it is told to try now.
again() { inside smtpctl show queue | cut -d'|' -f1 | while read -r id; do inside smtpctl schedule "$id" >/dev/null; done; }
arrived() { [ "$(inbox "$1")" -eq 1 ]; }
queued() { inside smtpctl show queue | grep -c .; }
tempfailed() { grep -c 'result=TempFail' "$scratch/log"; }
failed_since() { [ "$(tempfailed)" -gt "$1" ]; }

send ann@example.net one
until_true 10 arrived one
ok $? 'a message arrives'
is "$(grep -h '^Return-Path' "$home"/Maildir/new/*)" 'Return-Path: <ann@example.net>' 'with its envelope sender'
send '' two
until_true 10 arrived two
ok $? 'and one from the null sender'
is "$(grep -l '^Subject: two' "$home"/Maildir/new/* | xargs grep -h '^Return-Path')" 'Return-Path: <>' 'known as such'
faulty() { # WHAT SUBJECT
    before=$(tempfailed)
    send ann@example.net "$2"
    until_true 15 failed_since "$before"
    is "$? $(inbox "$2") $(queued)" '0 0 1' "$1: the message stays"
    mend
    again
    until_true 15 arrived "$2"
    is "$? $(queued)" '0 0' "$1: and arrives afterwards"
}
chmod 500 "$home/Maildir/new"
mend() { chmod 700 "$home/Maildir/new"; }
faulty 'a maildir that cannot be written' three
if [ -f "$scratch/bin/backstop-agent" ]; then
    mv "$scratch/bin/backstop-agent" "$scratch/agent"
    mend() { rm -f "$scratch/bin/backstop-agent"; mv "$scratch/agent" "$scratch/bin/backstop-agent"; }
    faulty 'the agent is missing (an upgrade)' four
    cp "$scratch/bin/backstop-agent" "$scratch/agent"
    printf '#!/bin/sh\nkill -KILL $$\n' >"$scratch/bin/backstop-agent"
    faulty 'the kernel kills the agent' five
else
    skip 4 'there is no launcher here'
fi
is "$(grep -c 'result=PermFail' "$scratch/log")" 0 'nothing was ever bounced'
plan
