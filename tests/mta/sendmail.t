#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/sendmail under a real sendmail, with paths of our own: what arrives, and that no trouble of
# ours is a bounce.
. "${srcdir:-..}/tests/tap.sh"
. "$srcdir/tests/mta/beside.sh"
command -v m4 >/dev/null || skip_all "m4 is not installed"
beside sendmail sendmail smmta smmsp
[ -d "$beside/usr/share/sendmail/cf" ] || skip_all "sendmail's configuration sources are not here"
mkdir -p "$etc/mail/smrsh" "$var/spool/mqueue" "$var/lib/sendmail/host_status"
echo '127.0.0.1 localhost mta.example.org' >"$etc/hosts"
printf 'aliases files\nhosts files\n' >"$etc/mail/service.switch"
: >"$etc/mail/aliases"
{
    cat <<'END'
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`test')dnl
OSTYPE(`debian')dnl
define(`confDOMAIN_NAME', `mta.example.org')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
define(`ALIAS_FILE', `/etc/mail/aliases')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
LOCAL_DOMAIN(`example.org')dnl
END
    sed -n "s/^    \\(FEATURE(.local_procmail.*\\)/\\1dnl/p" "$srcdir/examples/sendmail/README.md" | sed "s|/usr/local/bin/|$scratch/bin/|"
    printf 'MAILER(`local%s)dnl\nMAILER(`smtp%s)dnl\n' "'" "'"
} >"$etc/mail/sendmail.mc"
is "$(grep -c "local_procmail', .$scratch/bin/backstop'" "$etc/mail/sendmail.mc")" 1 'the example names its mailer'
in_beside m4 "$etc/mail/sendmail.mc" >"$scratch/sendmail.cf" 2>"$scratch/said" ||
    { diag <"$scratch/said"; skip_all "its configuration cannot be made here"; }
cp "$scratch/sendmail.cf" "$etc/mail/sendmail.cf"
# One namespace for all: the queue lives in it.
unshare -m sh -c ". '$scratch/mount'; chmod 700 /var/spool/mqueue; exec sleep 600" & room=$!
at_exit='kill $room 2>/dev/null'
inside() { nsenter -m -t "$room" "$@"; }
sendmail=/usr/libexec/sendmail/sendmail
tries=100
until inside test -x $sendmail || [ $tries -eq 0 ]; do sleep 0.1; tries=$((tries - 1)); done
inside $sendmail -bi -C/etc/mail/sendmail.cf >"$scratch/said" 2>&1 || { diag <"$scratch/said"; skip_all "this sendmail makes no aliases here"; }
send() { # SENDER SUBJECT
    printf 'From: ann@example.net\nTo: nobody@example.org\nSubject: %s\n\ntext\n' "$2" |
        inside $sendmail -Am -C/etc/mail/sendmail.cf -odi -oi -f "$1" nobody@example.org >"$scratch/said" 2>&1
}
inbox() { cat "$home"/Maildir/new/* 2>/dev/null | grep -c "^Subject: $1\$"; }
queued() { inside find /var/spool/mqueue -name 'qf*' | wc -l | tr -d ' '; }
again() { inside $sendmail -Am -C/etc/mail/sendmail.cf -q -v >"$scratch/said" 2>&1; }
send ann@example.net one
is "$(inbox one) $(queued)" '1 0' 'a message arrives' || diag <"$scratch/said"

is "$(grep -h '^Return-Path' "$home"/Maildir/new/*)" 'Return-Path: <ann@example.net>' 'with its envelope sender'
is "$(stat -c %U "$home"/Maildir/new/*)" nobody 'as its owner'
send '<>' two
is "$(grep -l '^Subject: two' "$home"/Maildir/new/* | xargs grep -h '^Return-Path')" 'Return-Path: <>' 'and one from the null sender'
faulty() { # WHAT SUBJECT
    send ann@example.net "$2"
    is "$(inbox "$2") $(queued)" '0 1' "$1: the message stays"
    mend
    again
    is "$(inbox "$2") $(queued)" '1 0' "$1: and arrives afterwards"
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
is "$(cat "$home"/Maildir/new/* | grep -c '^From: .*MAILER-DAEMON')" 0 'nothing was bounced'
plan
