#!/bin/sh
# SPDX-License-Identifier: MIT
# Who can reach the milter, and who is taken for one of ours: a stranger who gets a stamp or a row in the
# ledger has made a forged report genuine.
. "${srcdir:-..}/tests/tap.sh"
[ -f "${BACKSTOP%/*}/backstop-milter.so" ] || skip_all "this build has no libmilter"
root=$([ "$(id -u)" -ne 0 ] || echo yes)
mkdir "$scratch/keys"
echo '0 secret' >"$scratch/keys/batv"
echo '2026-11 secret' >"$scratch/keys/stamp"
cat >"$scratch/conf" <<END
[ledger]
url = $scratch/ledger.sqlite
[batv]
key-file = $scratch/keys/batv
[stamp]
key-file = $scratch/keys/stamp
[identity]
domains = example.org
[log]
destination = $scratch/log
level = debug
END
milter=
at_exit='[ -z "$milter" ] || kill $milter'
# start PLACE OPTION...: until somebody listens at PLACE
start() {
    place=$1; shift
    "$BACKSTOP" -c "$scratch/conf" "$@" milter >"$scratch/out" 2>&1 &
    milter=$!
    for _ in $(seq 100); do
        perl -MIO::Socket::UNIX -MIO::Socket::INET -e 'exit !($ARGV[0] =~ m{^/} ? IO::Socket::UNIX->new(Peer => $ARGV[0]) : IO::Socket::INET->new($ARGV[0]))' "$place" && return 0
        kill -0 $milter 2>/dev/null || break
        sleep 0.05
    done
    cat "$scratch/out" "$scratch/log" | diag
    return 1
}
stop() { kill $milter; wait $milter 2>/dev/null; milter=; }
client() { timeout 20 perl "$srcdir/tests/servers/milter-client" "$place" "$@"; }
recorded() { grep -c "milter: recorded <$1@example.org>" "$scratch/log"; }
changes() { grep -c '^header X-Backstop-Sent\|^sender ' "$scratch/said"; }

group=$(id -g)
[ -z "$root" ] || group=64007
start "$scratch/queue/backstop/milter" --set "milter.socket=unix:$scratch/queue/backstop/milter" --set "milter.socket-group=$group"
ok $? "it listens where nothing was"
is "$(stat -c '%a %g' "$scratch/queue/backstop") $(stat -c '%a %g' "$place")" "2750 $group 660 $group" "the directory and the socket are made for one group"
if [ -n "$root" ] && command -v setpriv >/dev/null; then
    chmod 711 "$scratch" "$scratch/queue"
    reach() { setpriv --reuid=64001 --regid="$1" --clear-groups perl -MIO::Socket::UNIX -e 'print IO::Socket::UNIX->new(Peer => $ARGV[0]) ? "in" : "out"' "$place"; }
    is "$(reach 64001) $(reach $group)" "out in" "a user outside of the group cannot reach it"
else
    skip 1 "not root"
fi
client 4 127.0.0.1 ann@example.org one@example.org >"$scratch/said"
is "$(changes) $(recorded one)" "2 1" "a client on this host is internal"
for stranger in "U -" "4 192.0.2.7" "6 2001:db8::7" "L /run/x"; do
    client $stranger ann@example.org two@example.org >"$scratch/said"
    is "$(changes) $(recorded two) $(grep -c answer "$scratch/said")" "0 0 1" "a client at $stranger gets nothing"
done
client 4 192.0.2.7 ann@example.org three@example.org ann >"$scratch/said"
is "$(changes) $(recorded three)" "2 1" "but when it logged in"
client U - ann@example.org four@example.org ann >"$scratch/said"
is "$(changes) $(recorded four)" "2 1" "wherever it is"
stop
[ ! -e "$place" ]
ok $? "its socket goes with it"

mkdir "$scratch/open"
chmod 777 "$scratch/open"
expect_code 75 "a directory that everybody can write to is none for it" timeout 10 "$BACKSTOP" -c "$scratch/conf" milter -s "unix:$scratch/open/milter"
expect_code 75 "a group that there is not" timeout 10 "$BACKSTOP" -c "$scratch/conf" --set milter.socket-group=no-such milter -s "unix:$scratch/m/milter"
if [ -n "$root" ] && command -v setpriv >/dev/null && unshare -m true 2>/dev/null; then
    # What is made when nothing is set, with a queue directory and without; as another user who is not in the group.
    mkdir -p "$scratch/fake/postfix" "$scratch/run"
    cp /etc/passwd "$scratch/passwd"; cp /etc/group "$scratch/group"
    echo "bstmilter:x:64009:64009::$scratch/run:/bin/false" >>"$scratch/passwd"
    sed -i '/^postfix:/d' "$scratch/group"; echo "postfix:x:64008:" >>"$scratch/group"
    chown 64009:64009 "$scratch/run" "$scratch/keys"/* "$scratch/keys" "$scratch/log"
    rm -f "$scratch"/ledger*
    sed "s|$scratch/ledger|$scratch/run/ledger|" "$scratch/conf" >"$scratch/conf2"
    chmod 755 "$scratch"; chmod 644 "$scratch/conf2"
    cat >"$scratch/inside" <<'END'
mount --bind "$scratch/passwd" /etc/passwd && mount --bind "$scratch/group" /etc/group &&
    mkdir -p /var/spool && mount -t tmpfs none /var/spool && mount -t tmpfs none /run || exit 1
chmod 755 /var/spool /run
[ "$1" = without ] || mkdir -m 755 /var/spool/postfix
"$BACKSTOP" -c "$scratch/conf2" --set milter.user=bstmilter milter & milter=$!
for _ in $(seq 100); do
    for socket in /var/spool/postfix/backstop/milter /run/backstop-milter/milter; do [ ! -S $socket ] || break 2; done
    sleep 0.05
done
[ -S $socket ] && stat -c '%n %a %U %G' "${socket%/*}" "$socket"
ps -o uid= -p $milter | tr -d ' '
perl "$srcdir/tests/servers/milter-client" $socket 4 127.0.0.1 ann@example.org five@example.org
kill $milter
END
    unshare -m sh "$scratch/inside" with >"$scratch/got" 2>"$scratch/err"
    is "$(sed -n 1,3p "$scratch/got" | tr '\n' ';')" "/var/spool/postfix/backstop 2750 bstmilter postfix;/var/spool/postfix/backstop/milter 660 bstmilter postfix;64009;" \
        "by itself it is where Postfix's chroot sees it, for Postfix's group, and not root's"
    is "$(grep -c '^header\|^sender' "$scratch/got")" 2 "and works"
    unshare -m sh "$scratch/inside" without >"$scratch/got" 2>"$scratch/err"
    is "$(sed -n 2p "$scratch/got")" "/run/backstop-milter/milter 660 bstmilter postfix" "without a Postfix it is below /run"
else
    skip 3 "not root, or no mount namespace"
fi

# doctor
is "$("$BACKSTOP" -c "$scratch/conf" --set milter.socket=inet:8899@127.0.0.1 doctor | grep -c '^- milter .*any process')" 1 "doctor warns of a socket for everybody"
is "$("$BACKSTOP" -c "$scratch/conf" --set milter.socket=unix:/run/x/y doctor | grep -c '^. milter')" 0 "and not of one for the MTA"
is "$("$BACKSTOP" -c "$scratch/conf" doctor | grep -c '^. milter')" 0 "nor of the default"
plan
