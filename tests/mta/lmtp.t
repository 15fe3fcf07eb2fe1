#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop lmtp with a client of ours: what it answers to each recipient, what is in the mailboxes
# afterwards, and that neither a killed process, a full disk nor a crowd loses mail or doubles it.
. "${srcdir:-..}/tests/tap.sh"
root=$([ "$(id -u)" -ne 0 ] || echo yes)
[ -z "$root" ] || command -v setpriv >/dev/null || skip_all "setpriv is not installed"
umask 022
chmod 711 "$scratch"

# Virtual users' mail belongs to the one user that the server runs as, who is not root.
vmail=$scratch/v
domain=$vmail/example.org
mkdir "$scratch/bin" "$vmail" "$domain"
for part in "$BACKSTOP" "${BACKSTOP%/*}"/backstop-*; do
    [ ! -f "$part" ] || cp "$part" "$scratch/bin/"
done
program=$scratch/bin/backstop
unset BACKSTOP_MODULE_DIR LOGNAME USER
as_user="env HOME=$vmail"
[ -z "$root" ] || as_user="setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$vmail"
for name in ann bob full eve; do mkdir "$domain/$name"; done
printf '#!/bin/sh\ncat >>%s/sent\n' "$vmail" >"$scratch/bin/sendmail"
chmod 755 "$scratch/bin/sendmail"
cat >"$scratch/conf" <<END
[lmtp]
home = $vmail/%d/%n
missing-home = refuse
recipients = 50
message-size = 3M
[log]
destination = $vmail/log
[sendmail]
command = $scratch/bin/sendmail
[identity]
domains = example.org
relays = mail.example.org
END
: >"$vmail/sent"
[ -z "$root" ] || chown -R 65534:65534 "$vmail"

socket=$vmail/lmtp
server=
stop_server() {
    [ -z "$server" ] || { kill "$server"; wait "$server"; }
    server=
}
start_server() { # OPTION...
    $as_user "$program" lmtp -c "$scratch/conf" --listen="unix:$socket" "$@" &
    server=$!
    for _ in $(seq 100); do
        perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => $ARGV[0])' "$socket" && return 0
        sleep 0.05
    done
    diag <"$vmail/log"
    return 1
}
at_exit='stop_server 2>/dev/null; umount "$domain/full" 2>/dev/null'
start_server
ok $? "it listens"

client() { perl "$srcdir/tests/mta/lmtp-client" "$@"; }
send() { client send "$socket" "$@"; }
raw() { client raw "$socket" "$@" | tr -d '\r'; }
boxes() { find "$domain/$1/Maildir" -path "*$2/new/*" -type f 2>/dev/null; } # USER [FOLDER]
count() { boxes "$@" | wc -l; }
empty() { for name in ann bob eve full; do rm -rf "$domain/$name/Maildir"; done; }
body_of() { sed '/^Return-Path:/d; /^Delivered-To:/d' "$1"; }
codes() { cut -c 1-9 | tr '\n' ' ' | sed 's/ *$//'; }
letter() { printf 'From: ann@example.net\nSubject: letter\n\nHello.\n'; }
# What a client says up to its message: SENDER RECIPIENT...
begin() {
    printf 'LHLO me\r\nMAIL FROM:%s\r\n' "$1"; shift
    printf 'RCPT TO:<%s>\r\n' "$@"
    printf 'DATA\r\n'
}
short="Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"

# ---- What it answers
is "$(printf 'LHLO me\r\nQUIT\r\n' | raw | tail -n +3 | tr '\n' ' ')" \
    "250-PIPELINING 250-ENHANCEDSTATUSCODES 250-8BITMIME 250-SMTPUTF8 250 SIZE 3145728 221 2.0.0 bye " "LHLO"
is "$(letter | send sam@example.net ann@example.org nobody@example.org bob+x@EXAMPLE.org ../bob@example.org ann@.. |
    sed 's/, session [0-9a-f]\{16\}$/, session ID/')" \
    "250 2.0.0 <ann@example.org> delivered, session ID
550 5.1.1 there is no such user
250 2.0.0 <bob+x@EXAMPLE.org> delivered, session ID
553 5.1.3 this address is no name of a mailbox
553 5.1.3 this address is no name of a mailbox" "a reply for each recipient"
is "$(count ann) $(count bob)" "1 1" "who is known has it"
is "$(sed -n 's/^Return-Path: *//p; s/^Delivered-To: *//p' "$(boxes bob)" | tr '\n' ' ')" \
    "<sam@example.net> bob+x@EXAMPLE.org " "with Return-Path and Delivered-To"
body_of "$(boxes ann)" >"$scratch/got"
letter >"$scratch/wanted"
check_same "$scratch/got" "$scratch/wanted" "and otherwise as it was"
empty
is "$({ begin '<>' ann@example.org; printf 'Subject: 1\r\n\r\nx\r\n.\r\nMAIL FROM:<s@x>\r\n'
    printf 'RCPT TO:<%s@example.org>\r\n' bob ann; printf 'DATA\r\n%b' "$short"; } | raw | tail -n +8 | codes)" \
    "250 2.1.0 250 2.1.5 354 send  250 2.0.0 250 2.1.0 250 2.1.5 250 2.1.5 354 send  250 2.0.0 250 2.0.0 221 2.0.0" \
    "a whole conversation in one packet"
is "$(count ann) $(count bob)" "2 1" "both messages are there"
empty

# ---- Bytes
perl -e 'binmode STDOUT; print "Subject: bytes\n\n.\n..\n.x\n", map({ chr } 0 .. 9, 11 .. 255), "\r\n\r.\n\nlast \r\r\n"' >"$scratch/bytes"
send s@example.net ann@example.org <"$scratch/bytes" >"$scratch/replies"
perl -0777 -pe 's/\r\n/\n/g; s/\r(?=\n)/\r/g' "$scratch/bytes" >"$scratch/wanted"
perl -0777 -pe 's/\AReturn-Path:.*\nDelivered-To:.*\n//; s/\r\n/\n/g' "$(boxes ann)" >"$scratch/got"
check_same "$scratch/got" "$scratch/wanted" "all bytes and dots come through"
empty
{ printf 'Subject: long\n\n'; head -c 2000000 /dev/zero | tr '\0' x; echo; } >"$scratch/wanted"
is "$(send s@example.net ann@example.org bob@example.org <"$scratch/wanted" | codes)" "250 2.0.0 250 2.0.0" "a line of 2 MB"
body_of "$(boxes bob)" >"$scratch/got"
check_same "$scratch/got" "$scratch/wanted" "is whole, for both recipients"
empty
is "$(head -c 3500000 /dev/zero | tr '\0' x | send s@example.net ann@example.org bob@example.org | codes)" \
    "552 5.3.4 552 5.3.4" "a message beyond the limit is refused"
is "$(printf 'LHLO me\r\nMAIL FROM:<a@b> SIZE=4000000\r\nQUIT\r\n' | raw | sed -n '8s/ the.*//p')" "552 5.3.4" \
    "before it comes, if its size was said"
is "$(count ann)" 0 "nothing of it is left"
is "$({ begin '<a@b>' ann@example.org; printf 'x\n.\r\nMAIL FROM:<e@vil>\r\n.\r\nQUIT\r\n'; } | raw | grep -c '^250 2.0.0')" 1 \
    "a dot behind a bare LF ends nothing"
is "$(grep -c 'e@vil' "$(boxes ann)")" 1 "what follows it is text"
empty
is "$({ perl -e 'srand 7; print map { chr int rand 256 } 1 .. 20000'; printf '\r\nQUIT\r\n'; } | raw | tail -n 1 | cut -c 1-3)" 221 \
    "garbage does not kill it"
is "$({ begin '<a@b>' ann@example.org; printf %b "$short"; } | raw 0.01 | grep -c '^250 2.0.0')" 1 "a slow client is served"
empty

# ---- What rules say
home=$domain/eve
cat >"$home/.dovecot.sieve" <<END
require ["reject", "ereject", "envelope", "envelope-dsn", "subaddress", "fileinto", "mailbox"];
if header :contains "subject" "refuse" { reject text:
Not today.
Ask again.
.
; }
elsif header :contains "subject" "umlaut" { reject "Nein, nicht für mich."; }
elsif header :contains "subject" "hard" { ereject "Nein, nicht für mich."; }
elsif envelope :detail "to" "news" { fileinto :create "News"; }
elsif envelope "envid" "id+1" { fileinto :create "Dsn"; }
END
ask() { printf 'From: a@example.net\nSubject: %s\n\nx\n' "$1" | send "${2-sam@example.net}" eve@example.org; }
is "$(ask refuse)" "550-5.7.1 Not today.
550 5.7.1 Ask again." "reject: the reply has the user's words"
is "$(count eve) $(wc -c <"$vmail/sent")" "0 0" "the message is nowhere, and no mail was sent"
is "$(ask refuse '' | codes) $(count eve)" "250 2.0.0 1" "the null sender is not refused"
is "$(ask refuse owner-list@example.net | codes) $(count eve)" "250 2.0.0 2" "nor is a list"
is "$(ask hard)" "550 5.7.1 the recipient's rules refuse this message" "ereject with a text beyond ASCII: in other words"
is "$(ask umlaut | codes) $(grep -c 'message/disposition-notification' "$vmail/sent")" "250 2.0.0 1" \
    "reject with a text beyond ASCII: by a message that has it"
is "$({ begin '<sam@example.net> SMTPUTF8' eve@example.org; printf 'Subject: umlaut\r\n\r\nx\r\n.\r\nQUIT\r\n'; } | raw | grep -a '^550')" \
    "550 5.7.1 Nein, nicht für mich." "with SMTPUTF8 the reply has it"
letter | send sam@example.net eve+news@example.org >"$scratch/replies"
is "$(count eve .News)" 1 "the detail of the address is there for the script"
{ begin '<s@example.net> ENVID=id+2B1' eve@example.org; printf %b "$short"; } | raw >"$scratch/replies"
is "$(count eve .Dsn)" 1 "so are DSN's parameters"
empty
is "$(printf 'From: a@example.net\nSubject: refuse\n\nx\n' | send sam@example.net ann@example.org eve@example.org bob@example.org | codes)" \
    "250 2.0.0 550-5.7.1 550 5.7.1 250 2.0.0" "one refuses, the others have it"
is "$(count ann) $(count bob) $(count eve)" "1 1 0" "indeed"
empty
is "$(send '' ann@example.org <"$srcdir/examples/mail/03-forged-postfix.eml" | codes) $(count ann .Junk)" "250 2.0.0 1" "backscatter goes to Junk"
empty

# ---- One fails, the other does not
chmod 500 "$domain/ann"
is "$(letter | send s@example.net ann@example.org bob@example.org | codes)" "451 4.3.0 250 2.0.0" \
    "a mailbox that cannot be written puts off its own recipient alone"
chmod 755 "$domain/ann"
is "$(count ann) $(count bob)" "0 1" "indeed"
empty
if [ -n "$root" ] && mount -t tmpfs -o size=64k,mode=755,uid=65534 none "$domain/full" 2>/dev/null; then
    { printf 'Received: from a by b; %s\nSubject: big\n\n' "$(date -R)"; head -c 100000 /dev/zero | tr '\0' x; } >"$scratch/big"
    is "$(send s@example.net full@example.org bob@example.org <"$scratch/big" | codes)" "451 4.3.0 250 2.0.0" "so does a full disk"
    is "$(find "$domain/full" -type f -path '*Maildir/*/*' | wc -l) $(count bob)" "0 1" "which holds nothing of it"
    mount -o remount,size=1m "$domain/full"
    is "$(send s@example.net full@example.org <"$scratch/big" | codes) $(count full)" "250 2.0.0 1" "until there is room"
    head -c 1000000 /dev/zero >"$domain/full/filler" 2>/dev/null
    is "$({ begin '<a@b>' ann@example.org bob@example.org; head -c 2000000 /dev/zero | tr '\0' x; printf '\r\n.\r\nQUIT\r\n'; } |
        TMPDIR=$domain/full $as_user "$program" lmtp -c "$scratch/conf" | tail -n 3 | codes)" \
        "452 4.3.1 452 4.3.1 221 2.0.0" "and no room for the spool file puts off all"
    is "$(count ann)" 0 "nobody has a part"
    umount "$domain/full"
else
    skip 5 "no small disk can be mounted here"
fi
empty

# ---- Killed
connections() { cat "/proc/$server/task/$server/children"; }
{ begin '<a@b>' ann@example.org; printf 'half a mess'; } >"$scratch/half.in"
perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]); open my $f, "<", $ARGV[1]; print $s join "", <$f>; $s->flush; sleep 2' \
    "$socket" "$scratch/half.in" &
sending=$!
sleep 0.5
kill -9 $(connections)
ok $? "a connection is killed in the middle of DATA"
kill $sending
wait $sending 2>/dev/null
is "$(find "$domain/ann" -type f -path "*Maildir*" | wc -l)" 0 "nothing was delivered"
is "$(letter | send s@example.net ann@example.org | codes)" "250 2.0.0" "the server goes on"
empty

# Deliveries, their connection, or both are killed at some moment, and the client tries again.
bad='' killed=0
cat >"$scratch/killer" <<'END'
my ($n, $server) = @ARGV;
sub children { open my $f, '<', "/proc/$_[0]/task/$_[0]/children" or return (); return split ' ', <$f> // '' }
for (1 .. 20000) {
    for my $connection (children($server)) {
        my @below = children($connection) or next;
        select undef, undef, undef, $n * 0.00006;
        kill KILL => $n % 3 ? $n % 3 == 1 ? @below : ($connection, @below) : $connection;
        exit;
    }
}
END
for i in $(seq 40); do
    { printf 'Received: from a by b with ESMTP id %s; %s\nSubject: kill\n\n' "$i" "$(date -R)"; seq 2000; } >"$scratch/kill"
    perl "$scratch/killer" "$i" "$server" &
    killer=$!
    send s@example.net bob@example.org <"$scratch/kill" >"$scratch/first"
    kill $killer 2>/dev/null
    wait $killer 2>/dev/null
    case $(cat "$scratch/first") in 250*) ;; *) killed=$((killed + 1))
        send s@example.net bob@example.org <"$scratch/kill" >"$scratch/first" ;;
    esac
    grep -q '^250' "$scratch/first" || bad="$bad $i: $(cat "$scratch/first");"
done
is "$bad" "" "deliveries killed ($killed of 40) and tried again"
[ "$killed" -gt 0 ]
ok $? "some were killed"
sleep 0.5 # one that lost its connection may still be at it
is "$(count bob) $(boxes bob | xargs -r sed -n 's/.* id \([0-9]*\);.*/\1/p' | sort -u | wc -l)" "40 40" "all are there, once"
empty

# ---- A crowd, and the end
is "$(client flood "$socket" ann@example.org 20 50 2>&1 | cut -d, -f 1)" "1000 taken" "20 connections with 50 messages each"
is "$(count ann) $(boxes ann | xargs -r sed -n 's/^Message-ID: //p' | sort -u | wc -l)" "1000 1000" "all are there, once"
empty
stop_server
start_server --set lmtp.connections=2 --set lmtp.timeout=1s
is "$(client flood "$socket" ann@example.org 6 10 2>&1 | cut -d, -f 1)" "60 taken" "with a cap on connections the others wait"
is "$(printf 'LHLO me\r\n' | raw | tail -n 1 | codes)" "421 4.4.2" "who says nothing is sent away"
empty
stop_server
start_server
printf '#!/bin/sh\nsleep 1.5\n' >"$scratch/slow"
chmod 755 "$scratch/slow"
printf ':0\n* ? %s\nMaildir/\n' "$scratch/slow" >"$domain/bob/.procmailrc"
[ -z "$root" ] || chown 65534:65534 "$domain/bob/.procmailrc"
letter | send s@example.net bob@example.org >"$scratch/first" &
sending=$!
printf 'LHLO me\r\n' | raw >"$scratch/idle" &
idle=$!
sleep 0.5
stop_server
wait $sending $idle
is "$(codes <"$scratch/first") $(count bob) $(tail -n 1 "$scratch/idle" | codes)" "250 2.0.0 1 421 4.3.2" \
    "at its end a delivery that runs is finished, and others are told"
[ ! -e "$socket" ]
ok $? "its socket is gone"
rm -f "$domain/bob/.procmailrc"
is "$(grep -E 'signal|broke' "$vmail/log" | grep -cvE 'ended by signal 9|broke down (before|after)')" 0 "nothing crashed by itself"

# ---- Other ways in
empty
talk() { { begin '<s@example.net>' "$1"; printf %b "$short"; } | $as_user "$program" lmtp -c "$scratch/conf" $2 | tail -n +9 | codes; }
is "$(talk ann@example.org)" "250 2.1.5 354 send  250 2.0.0 221 2.0.0" "standard input and output"
said=$(talk new@example.org "--set lmtp.missing-home=defer")
is "${said%% 503*} $(ls "$domain")" "451 4.2.0 $(printf 'ann\nbob\neve\nfull')" "a home that is not there can be waited for"
is "$(talk new@example.org "--set lmtp.missing-home=create") $(count new)" "250 2.1.5 354 send  250 2.0.0 221 2.0.0 1" "or made"
$as_user perl -MSocket -MPOSIX=dup2 -e '
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0 or die;
    if (!fork) {
        close $ours;
        dup2(fileno $theirs, 3) if fileno $theirs != 3;
        use Fcntl; open my $three, "<&=", 3; fcntl $three, F_SETFD, 0;
        $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV;
    }
    close $theirs;
    syswrite $ours, "QUIT\r\n";
    print while <$ours>; ' "$program" lmtp -c "$scratch/conf" >"$scratch/accepted"
is "$(tail -n 1 "$scratch/accepted" | codes)" "221 2.0.0" "a connection that is passed on"
ln -s backstop "$scratch/bin/procmail"
is "$({ begin '<s@example.net>' ann+x@example.org no-such-user; printf %b "$short"; } |
    $as_user env LOGNAME=ann "$scratch/bin/procmail" -z | tail -n +9 | codes)" \
    "250 2.1.5 550 5.1.1 354 send  250 2.0.0 221 2.0.0" "procmail -z delivers for its user alone"
$as_user perl -MIO::Socket::UNIX -MPOSIX=dup2 -e '
    my $listener = IO::Socket::UNIX->new(Local => shift, Listen => 5) or die;
    $^F = 9;
    dup2(fileno $listener, 3) if fileno $listener != 3;
    use Fcntl; open my $three, "<&=", 3; fcntl $three, F_SETFD, 0;
    $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV' "$vmail/passed" "$program" lmtp -c "$scratch/conf" &
server=$!
sleep 0.5
is "$({ begin '<s@example.net>' ann@example.org; printf %b "$short"; } | client raw "$vmail/passed" | tail -n 2 | codes)" \
    "250 2.0.0 221 2.0.0" "a socket that is passed on"
stop_server
port=$(free_port)
start_server --listen="inet:$port@127.0.0.1"
is "$(printf 'QUIT\r\n' | client raw "127.0.0.1:$port" | tail -n 1 | codes) $(printf 'QUIT\r\n' | raw | tail -n 1 | codes)" \
    "221 2.0.0 221 2.0.0" "TCP and a socket file at once"
expect_code 75 "a second server at the same socket does not start" $as_user "$program" lmtp -c "$scratch/conf" --listen="unix:$socket"
kill -9 "$server"
wait "$server" 2>/dev/null
server=
start_server
is "$(letter | send s@example.net ann@example.org | codes)" "250 2.0.0" "the socket of a killed one is taken over"
stop_server
if [ -n "$root" ]; then
    expect_code 75 "as root it does not serve virtual users" "$program" lmtp -c "$scratch/conf"
    box=$scratch/nobody
    mkdir "$box"
    chown 65534 "$box"
    is "$({ begin '<s@example.net>' Nobody+x@example.org root no-such-user; printf %b "$short"; } |
        "$program" lmtp --set "store.location=$box/Maildir" --set "state.directory=$box/state" --set log.destination=none | tail -n +9 | codes)" \
        "250 2.1.5 451 4.3.5 550 5.1.1 354 send  250 2.0.0 221 2.0.0" "as root it serves users of the system"
    is "$(stat -c %u "$box"/Maildir/new/*)" 65534 "as whom it delivers"
else
    skip 3 "only root can become others"
fi
plan
