#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop lmtp for many: one user's rules, or one client, do not stop it for the others; SIGHUP; who may
# connect; what of a server that root starts a user's program sees.
. "${srcdir:-..}/tests/tap.sh"
root=$([ "$(id -u)" -ne 0 ] || echo yes)
[ -z "$root" ] || command -v setpriv >/dev/null || skip_all "setpriv is not installed"
umask 022
chmod 711 "$scratch"
vmail=$scratch/v
mkdir -p "$scratch/bin" "$vmail/slow" "$vmail/quick" "$vmail/fifo" "$vmail/trap"
for part in "$BACKSTOP" "${BACKSTOP%/*}"/backstop-*; do
    [ ! -f "$part" ] || cp "$part" "$scratch/bin/"
done
program=$scratch/bin/backstop
unset BACKSTOP_MODULE_DIR LOGNAME USER
as_user="env HOME=$vmail"
[ -z "$root" ] || as_user="setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$vmail"
write_conf() { # [LMTP SETTING...]
    { printf '[log]\ndestination = %s\n[lmtp]\nhome = %s/%%n\nmissing-home = refuse\n' "$vmail/log" "$vmail"
        printf '%s\n' "$@"; } >"$scratch/conf"
}
write_conf
hand_over() { [ -z "$root" ] || chown -R 65534:65534 "$vmail"; }

server=
stop_server() {
    [ -z "$server" ] || { kill "$server"; wait "$server"; }
    server=
}
start_server() { # OPTION...
    $as_user "$program" lmtp -c "$scratch/conf" "$@" 2>"$scratch/stderr" &
    server=$!
    for _ in $(seq 100); do
        perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => $ARGV[0])' "$vmail/lmtp" && return 0
        sleep 0.05
    done
    cat "$vmail/log" "$scratch/stderr" | diag
    return 1
}
at_exit='stop_server 2>/dev/null; kill $others 2>/dev/null'
others=
listen=--listen=unix:$vmail/lmtp
client() { timeout 40 perl "$srcdir/tests/mta/lmtp-client" "$@"; }
send() { client send "$vmail/lmtp" s@example.net "$@"; }
raw() { client raw "$vmail/lmtp" "$@" | tr -d '\r'; }
codes() { cut -c 1-9 | tr '\n' ' ' | sed 's/ *$//'; }
letter() { printf 'Received: from a by b; %s\nFrom: a@example.net\nSubject: %s\nMessage-ID: <%s@x>\n\nx\n' "$(date -R)" "$1" "$1"; }
count() { find "$vmail/$1/Maildir/new" -type f 2>/dev/null | wc -l | tr -d ' '; }
send_letter() { send "$@" <"$scratch/letter"; }
timed_letter() { letter "$1" >"$scratch/letter"; shift; timed send_letter "$@"; }
timed() { began=$(date +%s); "$@" >"$scratch/timed"; took=$(($(date +%s) - began)); }

# ---- One user's rules
printf ':0\n* ? sleep 33\nMaildir/\n:0:\n| sleep 33\n' >"$vmail/slow/.procmailrc"
hand_over
start_server $listen --set lmtp.connections=4 --set lmtp.delivery-timeout=3s
for i in 1 2 3 4; do
    letter slow$i | send slow >"$scratch/slow$i" &
    others="$others $!"
done
sleep 0.7
timed_letter q1 quick
is "$(codes <"$scratch/timed") $([ "$took" -le 2 ] && echo soon)" "250 2.0.0 soon" "four messages whose rules hang: the next user is served at once"
wait $others
is "$(cat "$scratch"/slow[1-4] | cut -c 1-9 | sort | uniq -c | tr -s ' \n' ' ')" " 2 250 2.0.0 2 451 4.3.2 " \
    "one was delivered when its programs had had their time, one after it, the others are put off"
is "$(count slow) $(count quick)" "2 1" "they are there, once"
others=
printf 'TRAP="sleep 33"\n:0\nMaildir/\n' >"$vmail/trap/.procmailrc"
timed_letter trap trap
is "$(codes <"$scratch/timed") $(count trap) $([ "$took" -le 7 ] && echo soon)" "250 2.0.0 1 soon" "a TRAP that hangs is stopped"

# What is written to the log after the outcome was told goes where nobody reads.
mkfifo "$vmail/fifo/log"
mkdir -p "$vmail/fifo/.config/backstop"
printf 'LOGFILE=%s\nVERBOSE=yes\n:0\nMaildir/\n' "$vmail/fifo/log" >"$vmail/fifo/.procmailrc"
hand_over
perl -e 'use Fcntl; sysopen my $f, $ARGV[0], O_RDWR | O_NONBLOCK or die; 1 while syswrite $f, "x" x 4096;
    1 while syswrite $f, "x"; open my $ready, ">", $ARGV[1]; sleep 60' "$vmail/fifo/log" "$scratch/full" &
others=$!
for _ in $(seq 50); do [ -e "$scratch/full" ] && break; sleep 0.1; done
rm -f "$vmail/trap/.procmailrc"
timed eval '{ letter f1 | send fifo; letter q2 | send quick; }'
is "$(cut -c 1-3 "$scratch/timed" | tr '\n' ' ') $([ "$took" -le 6 ] && echo soon)" "250 250  soon" "a log that is full is not waited for"
stop_server
write_conf "[log]" "destination = stderr"
start_server $listen --set lmtp.connections=4 --set lmtp.delivery-timeout=20s
{ printf 'LHLO me\r\n'
    for i in 1 2 3; do
        printf 'MAIL FROM:<s@example.net>\r\nRCPT TO:<fifo>\r\nDATA\r\n'; letter g$i | sed 's/$/\r/'; printf '.\r\n'
    done; printf 'QUIT\r\n'; } >"$scratch/three"
timed eval 'raw <"$scratch/three"'
is "$(grep -c '^250 2.0.0' "$scratch/timed") $([ "$took" -le 12 ] && echo soon)" "3 soon" "nor after the outcome was told"
kill $others 2>/dev/null
others=
stop_server

# A delivery that stops itself, or hangs outside of any program, is given up; what it started too.
printf '#!/bin/sh\nkill -STOP $PPID\nexec sleep 301\n' >"$scratch/bin/stop"
chmod 755 "$scratch/bin/stop"
printf ':0 w\n| %s\n' "$scratch/bin/stop" >"$vmail/slow/.procmailrc"
write_conf
hand_over
start_server $listen --set lmtp.delivery-timeout=1s
timed_letter stop slow
is "$(codes <"$scratch/timed") $([ "$took" -le 15 ] && echo soon)" "451 4.3.0 soon" "a delivery that is stopped is put off"
sleep 0.2
is "$(pgrep -f 'sleep 301' | wc -l | tr -d ' ')" 0 "and what it had started is gone"
# A background program keeps a copy of nothing.
printf ':0 c\n{\n:0\n| sleep 20\n}\n:0\nMaildir/\n' >"$vmail/slow/.procmailrc"
hand_over
timed_letter copy slow
is "$(codes <"$scratch/timed") $([ "$took" -le 8 ] && echo soon)" "250 2.0.0 soon" "a copy that goes on in the background is not waited for"
stop_server

# ---- One client
start_server $listen --set lmtp.timeout=1s
is "$({ printf 'LHLO me\r\n'; for _ in $(seq 150); do printf 'NOOP\r\n'; done; } | raw | tail -n 1 | codes)" "421 4.7.0" "a client that says only NOOP is sent away"
is "$({ printf 'LHLO me\r\n'; for _ in $(seq 60); do printf 'MAIL FROM:<a@b>\r\nRSET\r\n'; done; } | raw | tail -n 1 | codes)" "421 4.7.0" "or begins and forgets"
is "$({ printf 'LHLO me\r\n'; for i in $(seq 60); do
    printf 'NOOP\r\nMAIL FROM:<a@b>\r\nRCPT TO:<quick>\r\nDATA\r\nSubject: %s\r\n\r\nx\r\n.\r\n' "$i"; done; printf 'QUIT\r\n'; } | raw | tail -n 1 | codes)" \
    "221 2.0.0" "one that sends messages may stay"
timed eval 'perl -e "\$| = 1; print qq(LHLO me\\r\\n); for (1 .. 30) { select undef, undef, undef, 0.5; print qq(NOOP\\r\\n) }" |
    perl -MIO::Socket::UNIX -e "my \$s = IO::Socket::UNIX->new(Peer => \$ARGV[0]); if (!fork) { local \$SIG{PIPE} = q(IGNORE); while (<STDIN>) { syswrite \$s, \$_ or exit } exit } print while <\$s>" "$vmail/lmtp"'
is "$(tail -n 1 "$scratch/timed" | codes) $([ "$took" -le 10 ] && echo soon)" "421 4.4.2 soon" "so is one that keeps talking, slowly"
stop_server

# ---- SIGHUP
write_conf "message-size = 5000" "listen = unix:$vmail/lmtp"
start_server
printf ':0\n* ? sleep 2\nMaildir/\n' >"$vmail/slow/.procmailrc"
hand_over
rm -rf "$vmail/slow/Maildir" "$vmail/quick/Maildir"
letter h1 | send slow >"$scratch/first" &
sending=$!
cat >"$scratch/long" <<'END'
use IO::Socket::UNIX; $| = 1;
my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die;
print scalar <$s>; print $s "LHLO me\r\n";
sub reply { while (<$s>) { s/\r//; print; last if /^\d+ / } }
reply(); print "---\n";
open my $waiting, '>', "$ARGV[1]";
1 until -e $ARGV[2]; select undef, undef, undef, 0.5;
print $s "LHLO me\r\n"; reply();
print $s "QUIT\r\n"; reply();
END
perl "$scratch/long" "$vmail/lmtp" "$scratch/waiting" "$scratch/go" >"$scratch/idle" &
idle=$!
for _ in $(seq 50); do [ -e "$scratch/waiting" ] && break; sleep 0.1; done
mv "$vmail/log" "$vmail/log.1"
write_conf "message-size = 6000" "listen = unix:$vmail/lmtp unix:$vmail/lmtp2"
kill -HUP "$server"
for _ in $(seq 50); do [ -S "$vmail/lmtp2" ] && break; sleep 0.1; done
: >"$scratch/go"
wait $sending $idle
is "$(codes <"$scratch/first") $(count slow)" "250 2.0.0 1" "SIGHUP: a delivery under way is finished"
is "$(grep SIZE "$scratch/idle" | tr '\n' ' ') $(tail -n 1 "$scratch/idle" | codes)" "250 SIZE 5000 250 SIZE 6000  221 2.0.0" \
    "a connection stays, with the new settings"
is "$(printf 'QUIT\r\n' | client raw "$vmail/lmtp2" | tail -n 1 | tr -d '\r' | codes)" "221 2.0.0" "it listens where the settings say now"
grep -q 'read again' "$vmail/log"
ok $? "the log is opened again"
write_conf "message-size = nonsense" "listen = unix:$vmail/lmtp2"
kill -HUP "$server"
for _ in $(seq 50); do grep -q 'former settings' "$vmail/log" && break; sleep 0.1; done
is "$(grep -c 'former settings stay in force: .*conf:[0-9]*: ' "$vmail/log") $(printf 'LHLO me\r\nQUIT\r\n' | raw | grep -c '^250 SIZE 6000')" "1 1" \
    "settings with a fault are not taken, and it says where"
write_conf "listen = unix:$vmail/lmtp2"
kill -HUP "$server"
for _ in $(seq 50); do [ ! -e "$vmail/lmtp" ] && break; sleep 0.1; done
is "$(ls "$vmail" | grep '^lmtp') $(printf 'LHLO me\r\nQUIT\r\n' | client raw "$vmail/lmtp2" | grep -c 'SIZE 209715200')" "lmtp2 1" "and no longer where they do not"
kill -HUP "$server"; kill -HUP "$server"
kill -0 "$server"
ok $? "it lives"
stop_server
is "$(ls "$vmail" | grep -c '^lmtp')" 0 "its sockets are gone"

# ---- Who may connect
write_conf
start_server $listen
is "$(stat -c %a "$vmail/lmtp")" 660 "a socket is for its owner and group"
stop_server
start_server $listen --set lmtp.peers=4294967 --set lmtp.socket-mode=666
is "$(printf 'QUIT\r\n' | raw | codes)" "421 4.7.0" "who is not among the peers is sent away"
stop_server
start_server $listen --set "lmtp.peers=4294967 $(id -u)" --set lmtp.socket-mode=666
is "$(printf 'QUIT\r\n' | raw | tail -n 1 | codes)" "221 2.0.0" "who is may talk"
stop_server
port=$(free_port)
for peers in "192.0.2.0/24 $(id -u)" "192.0.2.0/24 127.0.0.0/8"; do
    start_server "$listen" --listen="inet:$port@127.0.0.1" --set "lmtp.peers=$peers" --set lmtp.socket-mode=666
    printf 'QUIT\r\n' | client raw "127.0.0.1:$port" | tail -n 1 | codes
    stop_server
done >"$scratch/inet"
is "$(cat "$scratch/inet")" "421 4.7.0221 2.0.0" "by networks where it is no unix socket"
expect_code 75 "a peer who is nobody" timeout 10 $as_user "$program" lmtp -c "$scratch/conf" $listen --set lmtp.peers=no-such-user
expect_code 75 "a group that there is not" timeout 10 $as_user "$program" lmtp -c "$scratch/conf" $listen --set lmtp.socket-group=no-such-group

# ---- Users of the system, and what is root's
as_user=
if [ -n "$root" ] && unshare -m true 2>/dev/null; then
    mkdir "$scratch/h" "$scratch/h/ann" "$scratch/h/bob"
    cp /etc/passwd "$scratch/passwd"
    for user in ann:64001 bob:64002; do
        printf 'bst%s:x:%s:%s::%s:/bin/sh\n' "${user%:*}" "${user#*:}" "${user#*:}" "$scratch/h/${user%:*}" >>"$scratch/passwd"
    done
    cat >"$scratch/bin/tell" <<'END'
#!/bin/sh
{ env; for fd in 0 1 2 3 4 5 6 7 8 9; do echo "fd $fd $(readlink /proc/$$/fd/$fd)"; done; } >"$HOME/told"
echo "a line of mine" >&2
kill -0 $(cat "$HOME/server") && echo "may signal the server" >>"$HOME/told"
cat /proc/$PPID/environ >>"$HOME/told" 2>/dev/null
exit 0
END
    chmod 755 "$scratch/bin/tell"
    printf ':0\n* ? %s\nMaildir/\n' "$scratch/bin/tell" >"$scratch/h/ann/.procmailrc"
    chmod 711 "$scratch/h"
    chmod 700 "$scratch/h/ann" "$scratch/h/bob"
    chown -R 64001:64001 "$scratch/h/ann"
    chown -R 64002:64002 "$scratch/h/bob"
    mkdir "$scratch/mta"
    cat >"$scratch/root-server" <<'END'
mount --bind "$scratch/passwd" /etc/passwd && exec "$program" lmtp "$@"
END
    export program
    : >"$scratch/no-conf"
    # The server is what unshare becomes; descriptor 8 and the variables are root's own.
    DB_PASSWORD=s3cret NOTIFY_SOCKET=/run/x CREDENTIALS_DIRECTORY=/run/y unshare -m sh "$scratch/root-server" \
        -c "$scratch/no-conf" --set log.destination=stderr --set lmtp.socket-group=64002 --listen="unix:$scratch/mta/lmtp" \
        2>"$scratch/stderr" 8>"$scratch/private" &
    server=$!
    for _ in $(seq 100); do [ -S "$scratch/mta/lmtp" ] && break; sleep 0.05; done
    echo $server >"$scratch/h/ann/server"
    is "$(stat -c '%a %g' "$scratch/mta/lmtp")" "660 64002" "root's socket is for the group that the settings name"
    is "$(letter ann | client send "$scratch/mta/lmtp" s@example.net bstann bstbob | codes)" "250 2.0.0 250 2.0.0" "two users"
    told=$scratch/h/ann/told
    is "$(grep -c '^HOME=' "$told") $(grep -acE 's3cret|NOTIFY|CREDENTIALS' "$told")" "1 0" "a program sees nothing of root's environment"
    is "$(sed -n 's/^fd [3-9] //p' "$told" | grep -c /)" 0 "and has no descriptor of its"
    is "$(sed -n 's/^fd 2 //p' "$told") $(grep -c 'a line of mine' "$scratch/stderr")" "/dev/null 0" "it cannot write into the server's log"
    is "$(grep -c 'may signal' "$told")" 0 "nor signal it"
    [ "$(stat -c %u "$scratch"/h/bob/Maildir/new/*)" = 64002 ]
    ok $? "the mailbox is its user's"
    is "$(setpriv --reuid=64001 --regid=64001 --clear-groups perl -MIO::Socket::UNIX -e 'print IO::Socket::UNIX->new(Peer => $ARGV[0]) ? "in" : "out"' "$scratch/mta/lmtp")" \
        out "a user who is not in the group cannot connect"
    stop_server
else
    skip 8 "not root, or no mount namespace"
fi
plan
