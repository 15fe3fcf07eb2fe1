#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/exim under a real Exim, with paths of our own: what arrives, and that no trouble of ours is a
# bounce.
. "${srcdir:-..}/tests/tap.sh"
. "$srcdir/tests/mta/beside.sh"
beside exim exim4 Debian-exim
mkdir -p "$etc/exim4" "$scratch/spool" "$scratch/log"
chown -R 61501:61501 "$scratch/spool" "$scratch/log"
as_exim() { in_beside exim4 "$@"; }
section() { sed -n "/^# $1/,/^# /{/^# /d;p}" "$srcdir/examples/exim/exim.conf" | sed "s|/usr/local/bin/|$scratch/bin/|"; }
configure() { # how the transport differs
    cat >"$etc/exim4/exim4.conf" <<END
primary_hostname = mta.example.org
domainlist local_domains = example.org
spool_directory = $scratch/spool
log_file_path = $scratch/log/%slog
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
add_environment = PATH=/usr/bin:/bin
qualify_domain = example.org
log_selector = +all
disable_ipv6
begin routers
elsewhere:
  driver = accept
  domains = ! +local_domains
  transport = elsewhere
$(cat "$scratch/router" 2>/dev/null)
$(section Routers)
begin transports
elsewhere:
  driver = appendfile
  file = $scratch/spool/elsewhere
$(section Transports)
forwards:
  driver = pipe
  return_output
begin retry
* * F,4d,1h
END
}
configure
as_exim -bV >"$scratch/said" 2>&1 || { diag <"$scratch/said"; skip_all "this Exim does not start here"; }

# send SENDER SUBJECT: one message, delivered before the command ends
send() { printf 'From: ann@example.net\nTo: nobody@example.org\nSubject: %s\n\ntext\n' "$2" | as_exim -odf -oi -f "$1" nobody@example.org; }
inbox() { cat "$home"/Maildir/new/* 2>/dev/null | grep -c "^Subject: $1\$"; }
queued() { find "$scratch/spool/input" -name '*-H' | wc -l | tr -d ' '; }
bounces() { cat "$scratch/spool/elsewhere" 2>/dev/null | grep -c '^Subject: Mail delivery failed'; }
state() { echo "$(inbox "$1") here, $(queued) queued, $(bounces) bounced"; }

send ann@example.net one
is "$(state one)" '1 here, 0 queued, 0 bounced' 'a message arrives'
is "$(grep -hi '^Return-Path' "$home"/Maildir/new/*)" 'Return-path: <ann@example.net>' 'with its envelope sender'
send '<>' two
is "$(state two)" '1 here, 0 queued, 0 bounced' 'and one from the null sender'
send 'o'"'"'hara+x=y@example.net' three
is "$(state three)" '1 here, 0 queued, 0 bounced' 'a sender with odd letters'

# Each fault leaves the message in the queue; when it is gone, it arrives once.
faulty() { # WHAT SUBJECT
    is "$(state "$2")" '0 here, 1 queued, 0 bounced' "$1: the message stays"
    mend
    as_exim -qff >"$scratch/said" 2>&1
    is "$(state "$2")" '1 here, 0 queued, 0 bounced' "$1: and arrives afterwards"
}
mv "$home/Maildir" "$home/aside"; touch "$home/Maildir"
mend() { rm "$home/Maildir"; mv "$home/aside" "$home/Maildir"; }
send ann@example.net four
faulty 'no maildir' four
mv "$scratch/bin/backstop-agent" "$scratch/agent"
mend() { rm -f "$scratch/bin/backstop-agent"; mv "$scratch/agent" "$scratch/bin/backstop-agent"; }
if [ -f "$scratch/agent" ]; then
    send ann@example.net five
    faulty 'the agent is missing (an upgrade)' five
    cp "$scratch/bin/backstop-agent" "$scratch/agent"
    printf '#!/bin/sh\nexit 127\n' >"$scratch/bin/backstop-agent"
    send ann@example.net six
    faulty 'a library is missing' six
    cp "$scratch/bin/backstop-agent" "$scratch/agent"
    printf '#!/bin/sh\nkill -KILL $$\n' >"$scratch/bin/backstop-agent"
    send ann@example.net seven
    faulty 'the kernel kills the agent' seven
else
    skip 6 'there is no launcher here'
fi

# A .forward, as Debian's configuration has it.
cat >"$scratch/router" <<END
userforward:
  driver = redirect
  check_local_user
  file = \$home/.forward
  no_verify
  pipe_transport = forwards
END
configure
echo "\"|$scratch/bin/backstop\"" >"$home/.forward"
chown nobody "$home/.forward"
send ann@example.net eight
is "$(state eight)" '1 here, 0 queued, 0 bounced' 'the line of a .forward'
plan
