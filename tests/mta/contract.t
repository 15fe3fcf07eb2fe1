#!/bin/sh
# SPDX-License-Identifier: MIT
# Whatever happens to a delivery, no MTA bounces it: it is delivered once and whole, or it waits.
. "${srcdir:-..}/tests/tap.sh"

maildir=$HOME/Maildir
log=$scratch/log
fresh() { rm -rf "$HOME"; mkdir -p "$HOME"; : >"$log"; }
delivered() { find "$maildir" -type f -path '*/new/*' 2>/dev/null; }
copies() { delivered | wc -l; }
leftovers() { (cd "$maildir" 2>/dev/null && find . -type f -path '*/tmp/*') | wc -l; }
put() { deliver --set "log.destination=$log" "$@"; }
letter='From: ann@example.net
To: me@example.org
Subject: hello

How are you?
'
give() { printf '%s' "$letter"; }

# The message as it is in the store, without the lines that were put in front of it.
body_of() { perl -0pe '1 while s/\A(Return-Path|Delivered-To|X-Backstop[\w-]*):[^\n]*\n([ \t][^\n]*\n)*//' "$1"; }

whole() { # FILE DESC: it is delivered, and comes out as it went in
    fresh
    put <"$1" >"$scratch/fate" 2>"$scratch/err"
    is "$? $(copies) $(leftovers) $(cat "$scratch/err")" "0 1 0 " "$2: one copy, nothing else, and silence"
    body_of "$(delivered)" >"$scratch/got"
    check_same "$scratch/got" "$1" "$2: byte for byte"
}
give >"$scratch/letter"
whole "$scratch/letter" "a letter"
: >"$scratch/empty"
whole "$scratch/empty" "an empty message"
printf 'just a line' >"$scratch/line"
whole "$scratch/line" "no header, no line end"
printf 'Subject: x\n\nno end of line' >"$scratch/noend"
whole "$scratch/noend" "no final line end"
printf 'Subject: n\000l\n\na\000b\n\377\376\n' >"$scratch/nul"
whole "$scratch/nul" "NULs and bytes that are no text"
printf 'Subject: x\r\nFrom: a@example.net\r\n\r\nlines\r\n' >"$scratch/crlf"
whole "$scratch/crlf" "CRLF line ends"
perl -e 'print "Subject: big\n\n"; print "x" x 79, "\n" for 1 .. 400_000' >"$scratch/big"
whole "$scratch/big" "32 MB"
perl -e 'print "X-$_: y\n" for 1 .. 50_000; print "\nbody\n"' >"$scratch/fields"
whole "$scratch/fields" "50,000 header fields"
printf '5.1.1 no such user\n\n4.0.0 later\n' >"$scratch/dsn"
whole "$scratch/dsn" "text that an MTA would take for a status"

# Trouble of every kind: the message waits, and nothing is left lying about.
waits() { # DESC [OPTION...]
    what=$1; shift
    give | put "$@" >"$scratch/fate" 2>"$scratch/err"
    is "$? $(copies) $(leftovers)" "75 0 0" "$what: it waits"
}
fresh
: >"$HOME/file"
waits "the store lies below a file" --set "store.location=$HOME/file/Maildir"
waits "a store of no known type" --set "store.location=carrier-pigeon:$HOME/x"
waits "a relative store" --set "store.location=Maildir"
waits "a wrong option" --no-such-option
waits "a wrong argument" argument
waits "an empty user, for which nobody asked" -d ''
waits "a setting that does not exist" --set no.such=setting
waits "a configuration file that is not there" -c "$HOME/none.conf"
waits "a message file that is not there" -p "$HOME/none.eml"
fresh
mkdir -p "$maildir/new" "$maildir/cur"
: >"$maildir/tmp"
give | put >"$scratch/fate" 2>&1
is $? 75 "tmp is a file: it waits"
fresh
mkdir -p "$maildir" "$HOME/elsewhere"
ln -s "$HOME/elsewhere" "$maildir/new"
give | put >"$scratch/fate" 2>&1
is "$? $(find "$HOME/elsewhere" -type f | wc -l)" "75 0" "new is a link to elsewhere: it waits"

# Input that cannot be read is not an empty message.
fresh
expect_code 75 "standard input is closed" sh -c '"$BACKSTOP" <&-'
expect_code 75 "standard input is a directory" sh -c '"$BACKSTOP" </'
is "$(copies)" 0 "neither made a message"

# Trouble that must not keep mail.
flows() { # DESC [OPTION...]
    what=$1; shift
    give | put "$@" >"$scratch/fate" 2>"$scratch/err"
    is "$? $(copies) $(leftovers)" "0 1 0" "$what: it is delivered"
    fresh
}
fresh
mkdir -p "$HOME/.config/backstop"
printf '[junk]\nexpire = soon\nnonsense\n[what]\n' >"$HOME/.config/backstop/backstop.conf"
flows "a configuration full of mistakes"
flows "a log that cannot be written" --set "log.destination=/nonexistent/log"
printf 'x' >"$scratch/broken.rules"
mkdir -p "$scratch/rules.d"
printf '[broken\n' >"$scratch/rules.d/broken.rules"
letter='From: MAILER-DAEMON@example.net
To: me@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied

It did not get there.
'
flows "a broken rule file, for a report" --set "rules.directories=$scratch/rules.d"
flows "a state directory that cannot be, for a report" --set "state.directory=/dev/null/x"
SENDER='<>' RECIPIENT='me@example.org' EXTENSION='x' flows "an environment as Postfix sets it"

# Signals: at any moment it waits or is delivered, never both, never a bounce. The process is told
# while it waits for the rest of its input.
if have_fifo=$(mkfifo "$scratch/fifo" 2>&1); then
    for signal in TERM HUP INT QUIT ALRM XCPU ABRT SEGV BUS FPE ILL TRAP SYS; do
        fresh
        "$BACKSTOP" <"$scratch/fifo" >/dev/null 2>&1 &
        pid=$!
        exec 7>"$scratch/fifo"
        give >&7
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            # It is past its start when it ignores SIGPIPE; then its handlers stand.
            awk '/^SigIgn/ { exit $2 !~ /1...$/ }' "/proc/$pid/status" 2>/dev/null && break
            sleep 0.1
        done
        kill -$signal $pid
        wait $pid
        is "$? $(copies) $(leftovers)" "75 0 0" "SIG$signal while it reads: it waits"
        exec 7>&-
    done
else
    skip 13 "no fifo: $have_fifo"
fi

# The user.
may_reject=yes
give | put -d no-such-user-here >"$scratch/fate" 2>&1
is $? 67 "an unknown user is the one thing that is refused"
may_reject=
# A site's virtual users are not in the list that was asked.
for name in backstop dovecot-lda maildrop procmail; do
    ln -sf "$BACKSTOP" "$scratch/$name"
    give | as_mta "$scratch/$name" -d no-such-user-here@example.org
    is $? 75 "$name: a user with a domain, whom the system's users do not have, is no definite no"
done
plan
