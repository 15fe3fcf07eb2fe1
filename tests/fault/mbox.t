#!/bin/sh
# SPDX-License-Identifier: MIT
# A run that is killed while it appends to an mbox leaves no fragment: the next writer of ours takes it
# away, also when other programs have appended behind it meanwhile, and the retry is there once.
. "${srcdir:-..}/tests/tap.sh"
shim=${BACKSTOP%/*}/tests/fault/shim.so
agent=${BACKSTOP%/*}/backstop-agent
[ -x "$agent" ] || agent=$BACKSTOP
[ -f "$shim" ] || skip_all "the shim was not built"
if grep -q '^SAN_CFLAGS = .*fsanitize' "${BACKSTOP%/*}/Makefile"; then skip_all "the sanitizers want to be loaded first"; fi
: >"$scratch/probe"
perl -e 'my ($file, $name, $value) = (@ARGV, "user.probe", "x"); exit syscall(188, $file, $name, $value, 1, 0) != 0' "$scratch/probe" 2>/dev/null ||
    [ "$(uname -m)" != x86_64 ] || skip_all "no extended attributes here"

box=$HOME/box
put() { "$agent" --set log.destination=none --set "store.location=mbox:$box" -f ann@example.org "$@"; }
message() { # NAME LINES [mark]
    [ -z "$3" ] || echo "Received: from a by b; $(date -R)"
    printf 'From: ann@example.org\nSubject: %s\nMessage-ID: <%s@example.org>\n\n' "$1" "$1"
    perl -e 'print "line $_ of $ARGV[0], which is text\n" for 1 .. $ARGV[1]' "$1" "$2"
}
killed() { # WRITE: the run is killed in the middle of the WRITEth write
    LD_PRELOAD=$shim SHIM_CALL=writev SHIM_NTH=$1 SHIM_FAULT=half SHIM_FIRED=$scratch/fired put <"$scratch/a" 2>/dev/null
}
whole() { # NAME LINES: how often it is there whole; "broken" with a part
    perl -e 'local $/; my ($name, $lines) = @ARGV; my $text = <STDIN>;
        my $body = join "", map "line $_ of $name, which is text\n", 1 .. $lines;
        my $n = () = $text =~ /^Subject: \Q$name\E\n(?:[^\n]+\n)*\n\Q$body\E\n(?=From |\z)/mg;
        my $all = () = $text =~ /^line \d+ of \Q$name\E/mg;
        print $all == $n * $lines && $text !~ /\0/ ? $n : "broken";' "$1" "$2" <"$box"
}
between() { # WHAT comes between the kill and the retry
    case $1 in
    nothing) ;;
    ours) put <"$scratch/b" ;;
    procmail) procmail -f bea@example.org "DEFAULT=$box" "ORGMAIL=$box" LOCKSLEEP=1 /dev/null <"$scratch/b" ;;
    dovecot) USER=$(id -un) /usr/lib/dovecot/dovecot-lda -c "$scratch/dovecot.conf" -f bea@example.org <"$scratch/b" ;;
    polite) { printf '\n\nFrom bea@example.org Thu Jan  1 00:00:00 2015\n'; cat "$scratch/b"; echo; } >>"$box" ;;
    blunt) { echo "From bea@example.org Thu Jan  1 00:00:00 2015"; cat "$scratch/b"; echo; } >>"$box" ;;
    esac
}
printf 'mail_location = mbox:%s/mail:INBOX=%s\nlog_path = /dev/null\n' "$HOME" "$box" >"$scratch/dovecot.conf"
for mark in "" yes; do
    message a 900 "$mark" >"$scratch/a"
    for size in 3 5000; do
        message b $size "$mark" >"$scratch/b"
        for what in nothing ours procmail dovecot polite blunt; do
            case $what in
            procmail) command -v procmail >/dev/null || { skip 1 "procmail is not installed"; continue; } ;;
            dovecot) [ -x /usr/lib/dovecot/dovecot-lda ] && [ "$(id -u)" -ne 0 ] || { skip 1 "dovecot-lda is not installed, or does not work for root"; continue; } ;;
            esac
            rm -rf "$box"* "$HOME/mail"
            message old 5 | put
            killed 2 # the first is the lock's
            grep -q "^line 400 of a" "$box" && ! grep -q "^line 900 of a" "$box" || echo "# there is no part"
            rm -f "$box.lock" # its owner is dead; others would wait for minutes
            between $what || echo "# $what failed: $?"
            put <"$scratch/a"
            status=$?
            count=1
            [ $what != nothing ] || count=0
            is "$status $(whole old 5) $(whole a 900) $(whole b $size)" "0 1 1 $count" "killed while it wrote, then $what ($size lines), then the retry${mark:+, with the MTA's mark}"
        done
    done
done
[ -e "$scratch/fired" ]
ok $? "runs were killed"
rm -f "$box"
message old 5 | put
killed 2
message b 3 | put
is "$(whole a 900) $(whole b 3)" "0 1" "what was cut off does not stay for its own retry to take away"

# The whole message is there, and the run is killed before it can say so: the retry finds it also
# behind what others have appended.
message a 900 >"$scratch/a"
for what in nothing procmail blunt; do
    [ $what != procmail ] || command -v procmail >/dev/null || { skip 1 "procmail is not installed"; continue; }
    rm -rf "$box"*
    message old 5 | put
    LD_PRELOAD=$shim SHIM_CALL=fsync SHIM_NTH=1 SHIM_FAULT=KILL SHIM_FIRED=$scratch/fired put <"$scratch/a" 2>/dev/null
    rm -f "$box.lock"
    [ "$(grep -c '^line 900 ' "$box")" = 1 ] || echo "# not written before the kill"
    between $what
    put <"$scratch/a"
    is "$? $(whole a 900)" "0 1" "killed when all was written, then $what: one copy"
done
is "$(put <"$scratch/a"; whole a 900)" 2 "and the same once more is another message"
plan
