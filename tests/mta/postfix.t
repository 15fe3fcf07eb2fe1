#!/bin/sh
# SPDX-License-Identifier: MIT
# Through a real Postfix, with .forward and with mailbox_command: what arrives, and that a full disk,
# a maildir that cannot be written and a killed process leave the mail in the queue until the fault
# is gone. Postfix runs on loopback with a configuration, a queue and a port of its own; the
# system's own, if there is one, is not touched.
# In a mount namespace of its own, so that "nobody" can have a home there.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
    own_mounts=yes
    export own_mounts
    exec unshare -m /bin/sh "$0"
fi
. "${srcdir:-..}/tests/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || skip_all "a Postfix of its own takes root"
command -v postfix >/dev/null && id postfix >/dev/null 2>&1 || skip_all "Postfix is not installed"
perl -MNet::SMTP -e 1 2>/dev/null || skip_all "Perl's Net::SMTP is not installed"

# Mail is for "nobody", who has a home only for this test.
umask 022
chmod 711 "$scratch"
home=$scratch/nobody
conf=$scratch/etc
mkdir -p "$scratch/bin" "$home" "$conf" "$scratch/queue" "$scratch/data" "$scratch/forward"
cp "$BACKSTOP" "$scratch/bin/"
for part in "${BACKSTOP%/*}"/backstop-*; do
    [ ! -f "$part" ] || cp "$part" "$scratch/bin/"
done
chown nobody "$home"
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
mydestination = example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
smtpd_relay_restrictions = permit_mynetworks, reject
local_recipient_maps =
alias_maps =
alias_database =
disable_dns_lookups = yes
default_transport = discard
default_database_type = texthash
forward_path = $scratch/forward/\$user
command_time_limit = 60s
message_size_limit = 100000000
mailbox_size_limit = 0
END
{
    echo "127.0.0.1:$port inet n - n - - smtpd"
    echo "postlog unix-dgram n - n - 1 postlogd"
    echo "pickup unix n - n 60 1 pickup"
    echo "qmgr unix n - n 300 1 qmgr"
    echo "showq unix n - n - - showq"
    echo "cleanup unix n - n - 0 cleanup"
    echo "bounce unix - - n - 0 bounce"
    echo "defer unix - - n - 0 bounce"
    echo "trace unix - - n - 0 bounce"
    echo "rewrite unix - - n - - trivial-rewrite"
    echo "local unix - n n - - local"
    echo "retry unix - - n - - error"
    for service in proxymap error discard anvil; do
        echo "$service unix - - n - - $service"
    done
} >"$conf/master.cf"

at_exit='postfix -c "$conf" stop >/dev/null 2>&1; umount "$home/Maildir" 2>/dev/null'
postfix -c "$conf" start >"$scratch/start" 2>&1 || {
    cat "$scratch/start" "$log" 2>/dev/null | diag
    skip_all "this Postfix does not start here"
}

queued() { postqueue -c "$conf" -j | grep -c .; }
queue_empty() { [ "$(queued)" -eq 0 ]; }
deferrals() { grep -c 'status=deferred' "$log"; }
deferred_since() { [ "$(deferrals)" -gt "$1" ]; }
inbox() { find "$home/Maildir" -type f -path '*/new/*' 2>/dev/null; }
count() { inbox | xargs -r grep -l "^Subject: $1\$" | wc -l; }
post() { # SUBJECT [SENDER]
    perl -MNet::SMTP -e '
        my ($port, $subject, $sender) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "client.example.net", Timeout => 20) or die "connect: $@";
        $smtp->mail($sender) && $smtp->to("nobody\@example.org") && $smtp->data() or die $smtp->message;
        $smtp->datasend("From: ann\@example.net\nTo: nobody\@example.org\nMessage-ID: <$subject\@example.net>\nSubject: $subject\n\n",
            "a line of the message\n" x 2000) && $smtp->dataend() or die $smtp->message;
        $smtp->quit' "$port" "$1" "${2-ann@example.net}"
}
# nobody's home in the password file is no home; env gives it one.
program="env HOME=$home $scratch/bin/backstop --set log.destination=$home/log"
by_forward() {
    printf '"|%s%s"\n' "$program" "${1:+ $1}" >"$scratch/forward/nobody"
    chown nobody "$scratch/forward/nobody"
    set_mailbox_command ''
}
by_mailbox_command() {
    rm -f "$scratch/forward/nobody"
    set_mailbox_command "$program${1:+ $1}"
}
set_mailbox_command() {
    [ "$(postconf -c "$conf" -h mailbox_command)" = "$1" ] && return
    postconf -c "$conf" -e "mailbox_command = $1"
    postfix -c "$conf" reload >/dev/null 2>&1
    sleep 1
}

# Puts a fault in, sends a message, takes the fault out: the message waits, then comes, once.
fault() { # NAME BREAK MEND
    before=$(deferrals)
    $2
    post "$1" || echo "not sent: $1" | diag
    until_true 20 deferred_since "$before"
    is "$? $(queued) $(count "$1")" "0 1 0" "$1: the mail stays in the queue"
    $3
    postqueue -c "$conf" -f
    until_true 30 queue_empty
    is "$? $(count "$1")" "0 1" "$1: gone, the mail comes, once"
}
lock_up() { chmod 500 "$home/Maildir/new"; }
unlock() { chmod 700 "$home/Maildir/new"; }
fill() { dd if=/dev/zero of="$home/Maildir/filler" bs=4k >/dev/null 2>&1; }
empty() { rm "$home/Maildir/filler"; }

for way in forward mailbox_command; do
    "by_$way"
    check "$way: Postfix takes a message" post "$way-1"
    post "$way-2" ''
    until_true 20 queue_empty
    is "$? $(count "$way-1") $(count "$way-2")" "0 1 1" "$way: it arrives, one from the null sender too"
    file=$(inbox | xargs grep -l "^Subject: $way-1\$")
    is "$(sed -n 's/^Return-Path: *//p; s/^Delivered-To: *//p' "$file" | tr '\n' ' ')" \
        "<ann@example.net> nobody@example.org " "$way: with Return-Path and Delivered-To"
    is "$(grep -c 'a line of the message' "$file") $(stat -c %U "$file")" "2000 nobody" \
        "$way: whole, and its user's own"

    fault "$way-unwritable" lock_up unlock

    rm -rf "$home/Maildir"
    mkdir "$home/Maildir"
    if mount -t tmpfs -o size=256k,mode=700,uid="$(id -u nobody)" backstop-test "$home/Maildir" 2>/dev/null; then
        post "$way-space"
        until_true 20 queue_empty
        fault "$way-full" fill empty
        is "$(find "$home/Maildir/tmp" -type f | wc -l)" 0 "$way-full: nothing is left in tmp"
        umount "$home/Maildir"
        rmdir "$home/Maildir"
    else
        rmdir "$home/Maildir"
        skip 3 "no tmpfs can be mounted here"
    fi

    # It is killed while it waits for the lock of an mbox.
    mbox=$home/mbox-$way
    "by_$way" "--set store.location=mbox:$mbox"
    before=$(deferrals)
    : >"$mbox.lock"
    chown nobody "$mbox.lock"
    post "$way-killed"
    waiting() { pid=$(pidof "$scratch/bin/backstop" "$scratch/bin/backstop-agent"); }
    until_true 20 waiting
    ok $? "$way-killed: it waits for the lock"
    sleep 0.3
    kill -9 $pid
    until_true 20 deferred_since "$before"
    is "$? $(queued) $(test -e "$mbox" && grep -c . "$mbox")" "0 1 " "$way-killed: the mail stays in the queue"
    rm "$mbox.lock"
    postqueue -c "$conf" -f
    until_true 30 queue_empty
    is "$? $(grep -c "^Subject: $way-killed\$" "$mbox") $(grep -c 'a line of the message' "$mbox")" "0 1 2000" \
        "$way-killed: the mail comes, once and whole"
done

# The line of examples/postfix as it stands there: no shell, so that a program that is missing for a
# moment is no bounce, and Postfix's own word for the address before an alias.
if [ "${own_mounts:-}" = yes ]; then
    { grep -v '^nobody:' /etc/passwd; echo "nobody:x:$(id -u nobody):$(id -g nobody)::$home:/bin/sh"; } >"$scratch/passwd"
    chmod 644 "$scratch/passwd"
    mount --bind "$scratch/passwd" /etc/passwd
    rm -f "$scratch/forward/nobody"
    echo 'sales nobody@example.org' >"$scratch/aliases"
    postconf -c "$conf" -e "alias_maps = texthash:$scratch/aliases" \
        "$(sed -n "s|^mailbox_command = /usr/local/bin/|mailbox_command = $scratch/bin/|p" "$srcdir/examples/postfix/main.cf")"
    postfix -c "$conf" reload >/dev/null 2>&1
    sleep 1
    mkdir -p "$home/.config/backstop"
    printf '[log]\ndestination = %s/log\n[identity]\nnever-sends = sales@example.org\n' "$home" >"$home/.config/backstop/backstop.conf"
    chown -R nobody "$home/.config"
    check "the example's line: a message" post plain
    until_true 20 queue_empty
    is "$? $(count plain)" "0 1" "the example's line: it arrives"
    hide() { mv "$scratch/bin/backstop" "$scratch/hidden"; }
    show() { mv "$scratch/hidden" "$scratch/bin/backstop"; }
    fault missing hide show
    sed '0,/^To: /{/^To: /d}' "$srcdir/examples/mail/03-forged-postfix.eml" >"$scratch/report"
    perl -MNet::SMTP -e '
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $ARGV[0], Timeout => 20) or die;
        $smtp->mail("") && $smtp->to("sales\@example.org") && $smtp->data() or die;
        $smtp->datasend(<STDIN>) && $smtp->dataend() or die' "$port" <"$scratch/report"
    ok $? "the example's line: a report to an address that never sends"
    until_true 20 queue_empty
    is "$(find "$home/Maildir/.Junk/new" -type f | wc -l)" 1 "the example's line: evidence sees the address before the alias"
    umount /etc/passwd
else
    skip 6 "no mount namespace here"
fi
is "$(grep -c 'status=bounced' "$log")" 0 "nothing was ever bounced"
grep -E 'status=bounced|fatal|panic' "$log" | diag
plan
