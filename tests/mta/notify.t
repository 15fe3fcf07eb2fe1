#!/bin/sh
# SPDX-License-Identifier: MIT
# What the servers tell the service manager: when they serve, that they read their settings again, that
# they end. Without a manager, or with one that is not there, they serve all the same.
. "${srcdir:-..}/tests/tap.sh"
plan 6

# A service manager's socket: each datagram is a line, its own lines joined by blanks.
cat >"$scratch/manager.pl" <<'END'
use strict; use Socket;
socket my $socket, AF_UNIX, SOCK_DGRAM, 0 or die; bind $socket, pack_sockaddr_un($ARGV[0]) or die;
open my $out, ">>", $ARGV[1] or die; select $out; $| = 1;
print "listening\n";
while (defined recv $socket, my $said, 4096, 0) { $said =~ s/\n/ /g; $said =~ s/MONOTONIC_USEC=[1-9]\d+/MONOTONIC_USEC=N/; print "$said\n" }
END
manager() { # SOCKET FILE
    : >"$2"
    perl "$scratch/manager.pl" "$1" "$2" & pids="$pids $!"
    wait_for_lines "$2" 1
}
wait_for_lines() { # FILE COUNT: its lines after the first
    i=0
    until [ "$(wc -l <"$1")" -ge "$2" ] || [ $i -ge 150 ]; do sleep 0.1; i=$((i + 1)); done
    sed 1d "$1" | tr '\n' ';'
}
pids=
at_exit='kill $pids 2>/dev/null'
mkdir -p "$scratch/home"

manager "$scratch/manager" "$scratch/lmtp.states" >/dev/null
HOME=$scratch/home NOTIFY_SOCKET=$scratch/manager "$BACKSTOP" --set "log.destination=$scratch/log" lmtp --listen="unix:$scratch/lmtp" &
server=$! pids="$pids $!"
is "$(wait_for_lines "$scratch/lmtp.states" 2)" 'READY=1;' 'lmtp: ready'
check 'and it is: somebody listens' test -S "$scratch/lmtp"
kill -HUP "$server"
is "$(wait_for_lines "$scratch/lmtp.states" 4)" 'READY=1;RELOADING=1 MONOTONIC_USEC=N;READY=1;' 'lmtp: the settings are read again'
kill "$server"; wait "$server"
is "$? $(wait_for_lines "$scratch/lmtp.states" 5)" '0 READY=1;RELOADING=1 MONOTONIC_USEC=N;READY=1;STOPPING=1;' 'lmtp: the end'

HOME=$scratch/home NOTIFY_SOCKET=$scratch/nobody "$BACKSTOP" --set "log.destination=$scratch/log" lmtp --listen="unix:$scratch/lmtp2" &
server=$! pids="$pids $!"
i=0; until grep -q 'lmtp: ready' "$scratch/log" && [ -S "$scratch/lmtp2" ] || [ $i -ge 150 ]; do sleep 0.1; i=$((i + 1)); done
kill "$server"; wait "$server"
is "$? $(grep -c 'cannot be told' "$scratch/log")" '0 2' 'a manager that is not there is no obstacle'

if [ -f "${BACKSTOP%/*}/backstop-milter.so" ]; then
    manager "$scratch/manager2" "$scratch/milter.states" >/dev/null
    HOME=$scratch/home NOTIFY_SOCKET=$scratch/manager2 "$BACKSTOP" --set "state.directory=$scratch/state" --set log.destination=none \
        milter --socket="unix:$scratch/milter" 2>/dev/null &
    server=$! pids="$pids $!"
    wait_for_lines "$scratch/milter.states" 2 >/dev/null
    kill "$server"; wait "$server"
    is "$(wait_for_lines "$scratch/milter.states" 3)" 'READY=1;STOPPING=1;' 'milter: ready, and its end'
else
    skip 1 "this build has no libmilter"
fi
