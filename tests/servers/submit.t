#!/bin/sh
# SPDX-License-Identifier: MIT
# Outgoing mail handed to a server by SMTP or LMTP: what is said to it, and that no answer of its
# loses or doubles a message. The server is a script that answers as it is told.
. "${srcdir:-..}/tests/tap.sh"

# server PORT|SOCKET: answers with the lines of $scratch/say ("VERB reply", "|" between the lines of
# one), else as a server should, and writes what it hears to $scratch/heard.
cat >"$scratch/server.pl" <<'END'
use strict; use IO::Socket::INET; use IO::Socket::UNIX; use Socket; $SIG{PIPE} = "IGNORE";
my ($where) = @ARGV;
my $listening = $where =~ m{/} ? IO::Socket::UNIX->new(Local => $where, Listen => 5)
    : IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $where, Listen => 5, ReuseAddr => 1);
die "listen: $!" unless $listening;
while (my $peer = $listening->accept) {
    my %say = (greeting => "220 ready", EHLO => "250-here|250-SIZE 99999|250-8BITMIME|250 DSN",
        LHLO => "250-here|250 8bitmime", MAIL => "250 ok", RCPT => "250 ok", DATA => "354 go", end => "250 taken", QUIT => "221 bye");
    if (open my $in, "<", "$ENV{scratch}/say") { while (<$in>) { $say{$1} = $2 if /^(\S+) (.*)/ } }
    open my $log, ">>", "$ENV{scratch}/heard" or die; $log->autoflush(1);
    my $answer = sub { my $text = $say{$_[0]} // "500 what?"; if ($text eq "close") { close $peer; return }
        if ($text eq "hang") { sleep 2; return } print $peer map { "$_\r\n" } split /\|/, $text; $peer->flush };
    $answer->("greeting");
    my $rcpts = 0;
    while (defined(my $line = <$peer>)) {
        print $log $line;
        my ($verb) = $line =~ /^(\w+)/; $verb = uc $verb;
        $rcpts++ if $verb eq "RCPT";
        $answer->($verb);
        last if $verb eq "QUIT" || !$peer->opened;
        next unless $verb eq "DATA" && $say{DATA} =~ /^354/;
        while (defined(my $text = <$peer>)) { print $log $text; last if $text eq ".\r\n" }
        $answer->("end") for 1 .. ($where =~ m{/} ? $rcpts : 1);
        last unless $peer->opened;
    }
    close $peer;
}
END
port=$(free_port)
perl "$scratch/server.pl" "$port" 2>"$scratch/server.err" & smtp=$!
perl "$scratch/server.pl" "$scratch/lmtp" 2>>"$scratch/server.err" & lmtp=$!
at_exit='kill $smtp $lmtp 2>/dev/null'
for _ in $(seq 50); do
    [ -S "$scratch/lmtp" ] && perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$port" && break
    sleep 0.1
done

number=0
try() { # SERVER RULE [SETTING...]: delivers a new message by the script "RULE"
    number=$((number + 1)) to=$1
    echo "require [\"copy\", \"redirect-dsn\", \"redirect-deliverby\", \"variables\", \"enotify\"]; $2" >"$HOME/.dovecot.sieve"
    shift 2
    printf 'From: a@example.org\nTo: me@example.com\nSubject: s%s\nMessage-ID: <%s@example.org>\n\n.\n..dots\nGr\374n\n' \
        $number $number >"$scratch/m"
    : >"$scratch/heard"
    for setting in "$@"; do set -- "$@" --set "$setting"; shift; done
    "$BACKSTOP" --set log.destination="$HOME/log" --set sendmail.server="$to" "$@" -f a@example.org \
        -a me@example.com <"$scratch/m"
}
say() { printf '%s\n' "$@" >"$scratch/say"; }
heard() { tr -d '\r' <"$scratch/heard" | grep -a "$1"; }
inbox() { find "$HOME/Maildir/new" -type f 2>/dev/null | wc -l | tr -d ' '; }
to_smtp=smtp://127.0.0.1:$port

say
expect_code 0 "a redirect leaves by SMTP" try "$to_smtp" 'redirect "other@example.net";'
size=$(sed '1,/^DATA/d; /^\.\r$/,$d; s/^\.\././' "$scratch/heard" | wc -c | tr -d ' ')
is "$(heard '^MAIL')" "MAIL FROM:<a@example.org> SIZE=$size BODY=8BITMIME" "with the sender's address, its true size and 8BITMIME"
is "$(heard '^RCPT')" "RCPT TO:<other@example.net>" "to the recipient"
is "$(tr -d '\r' <"$scratch/heard" | sed -n '/^$/,/^\.$/p')" "$(printf '\n..\n...dots\nGr\374n\n.')" \
    "byte for byte, with dots doubled"
is "$(grep -ac "[^$(printf '\r')]\$" "$scratch/heard")" 0 "every line ends in CRLF"
is "$(inbox)" 0 "and is not kept"

expect_code 0 "NOTIFY and RET" try "$to_smtp" 'redirect :notify "failure,delay" :ret "hdrs" "other@example.net";'
is "$(heard '^MAIL' | grep -o 'RET=.*')" "RET=HDRS" "RET is said"
is "$(heard '^RCPT' | grep -o 'NOTIFY=.*')" "NOTIFY=FAILURE,DELAY" "NOTIFY is said"
expect_code 0 "a value that would add a parameter" try "$to_smtp" \
    'set "n" "NEVER SIZE=1"; redirect :notify "${n}" "other@example.net";'
is "$(heard '^RCPT')" "RCPT TO:<other@example.net>" "is not said"
say "EHLO 250 here"
expect_code 0 "a server without extensions" try "$to_smtp" 'redirect :notify "NEVER" "other@example.net";'
is "$(heard '^MAIL\|^RCPT')" "$(printf 'MAIL FROM:<a@example.org>\nRCPT TO:<other@example.net>')" "is asked for none"

expect_code 0 "mail that must come back when late, to a server that cannot promise it" try "$to_smtp" \
    'redirect :bytimerelative 600 :bymode "return" "other@example.net";'
is "$(heard '^DATA')" "" "does not leave"
is "$(inbox)" 1 "and is kept"
say "EHLO 250-here|250 DELIVERBY 60"
expect_code 0 "deliver by" try "$to_smtp" \
    'redirect :bytimerelative 600 :bymode "return" :bytrace "other@example.net";'
is "$(heard '^MAIL')" "MAIL FROM:<a@example.org> BY=600;RT" "is said to a server that knows it"

refused() { # REPLIES... : of the server, then what becomes of a redirect
    say "$1"
    expect_code "$2" "$1: status $2" try "$to_smtp" 'redirect "other@example.net";' sendmail.timeout=1s
    is "$(inbox)" "$3" "$4"
}
refused "RCPT 550 5.1.1 nobody" 0 2 "what the server refuses for good is kept"
refused "RCPT 451 later" 75 2 "what it refuses for now is deferred"
refused "MAIL 550 no" 0 3 "a sender refused: kept"
refused "end 452 full" 75 3 "refused after the text: deferred"
refused "end 554 spam" 0 4 "refused for good after the text: kept"
refused "greeting 421 busy" 75 4 "no greeting: deferred"
refused "DATA close" 75 4 "a connection that is lost: deferred"
refused "end hang" 75 4 "an answer that does not come: deferred"
refused "EHLO 250-x|250-y" 75 4 "an answer that does not end: deferred"
refused "greeting nonsense" 75 4 "no SMTP: deferred"
say "QUIT close"
sleep 1
expect_code 0 "a server that leaves after taking the mail" try "$to_smtp" 'redirect "other@example.net";'
is "$(inbox)" 4 "has taken it"
is "$(grep -c '550 5.1.1 nobody' "$HOME/log")" 1 "the log has the server's words"

say
expect_code 0 "LMTP through a socket" try "lmtp://$scratch/lmtp" 'redirect "other@example.net";'
is "$(heard '^LHLO' | wc -l | tr -d ' ')/$(heard '^MAIL')" "1/MAIL FROM:<a@example.org> BODY=8BITMIME" "says LHLO"
expect_code 0 "several recipients" try "lmtp://$scratch/lmtp" 'notify "mailto:x@example.net,y@example.net"; keep;'
is "$(heard '^RCPT')" "$(printf 'RCPT TO:<x@example.net>\nRCPT TO:<y@example.net>')" "each is named"
is "$(inbox)" 5 "and each answered for"

expect_code 75 "no server there" try "smtp://127.0.0.1:1" 'redirect "other@example.net";'
for bad in smtp:// http://localhost smtp://user:word@localhost lmtp:// smtp://host/path; do
    expect_code 75 "[sendmail] server $bad" try "$bad" 'redirect "other@example.net";'
    tr -d '\\' <"$HOME/log" | grep -q "server \"$bad\" is no smtp://" # quotes are escaped in a log line
    ok $? "is told with what is meant"
done
is "$(inbox)" 5 "nothing is filed for what will be tried again"
is "$(cat "$scratch/server.err")" "" "the server had no trouble of its own"

# What a server might take for a line end, with a dot behind it, and commands behind that.
say
echo 'redirect "other@example.net";' >"$HOME/.dovecot.sieve"
: >"$scratch/heard"
printf 'From: a@example.org\nSubject: cr\n\nhello\r.\r\nMAIL FROM:<e@vil>\r\n\n.\rx\n' >"$scratch/m"
expect_code 0 "a message with bare CRs leaves" "$BACKSTOP" --set log.destination="$HOME/log" \
    --set sendmail.server="$to_smtp" -f a@example.org -a me@example.com <"$scratch/m"
is "$(sed -n '/^hello/,/^\.\r$/p' "$scratch/heard" | tr '\r\n' '<|')" \
    "hello<|..<|MAIL FROM:<e@vil><|<|..<|x<|.<|" "each is a line end, and the dots behind them are doubled"

cat >"$HOME/sendmail" <<'END'
#!/bin/sh
echo "$*" >"$HOME/arguments"; cat >/dev/null
END
chmod +x "$HOME/sendmail"
expect_code 0 "a command that knows DSN" try "" 'redirect :notify "NEVER" :ret "FULL" "other@example.net";' \
    sendmail.command="$HOME/sendmail" sendmail.dsn=yes
is "$(cat "$HOME/arguments")" "-i -N never -R full -f a@example.org -- other@example.net" "is told"
expect_code 0 "one that is not said to" try "" 'redirect :notify "NEVER" :ret "FULL" "other@example.net";' \
    sendmail.command="$HOME/sendmail"
is "$(cat "$HOME/arguments")" "-i -f a@example.org -- other@example.net" "is not"
plan
