#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line as people expect it, the same in every command: help, versions, statuses, errors of
# output, JSON, completion, what a terminal is told.
. "${srcdir:-..}/tests/tap.sh"
commands=$("$BACKSTOP" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
mkdir -p "$HOME/Maildir/cur" "$HOME/Maildir/new" "$HOME/Maildir/tmp"

for word in --help -h help; do
    expect_code 0 "backstop $word" "$BACKSTOP" "$word"
    check "lists the commands" grep -q '^  check ' "$scratch/out"
done
for word in --version version -V; do is "$("$BACKSTOP" "$word" | cut -d' ' -f1)" backstop "backstop $word"; done
bad=
for command in $commands; do
    long=$("$BACKSTOP" "$command" --help 2>&1) || bad="$bad $command:--help"
    [ "$("$BACKSTOP" "$command" -h 2>&1)" = "$long" ] || bad="$bad $command:-h"
    [ "$("$BACKSTOP" help "$command" 2>&1)" = "$long" ] || bad="$bad help:$command"
    case $command in procmail) continue ;; esac
    [ "$("$BACKSTOP" "$command" --version 2>&1)" = "$("$BACKSTOP" --version)" ] || bad="$bad $command:--version"
done
is "$bad" "" "every command: -h and help COMMAND are --help, --version is there"

# What is printed and cannot be written was not done.
printf 'From: ann@example.net\nSubject: hi\n\nhi\n' >"$scratch/m"
bad=
for words in --help --version "check $scratch/m" "check --json $scratch/m" config rules doctor expire "junk list" report \
    "report --json" "why $scratch/m" "completion bash" "learn --show" "check --help" "sieve extensions" "help check"; do
    # shellcheck disable=SC2086
    "$BACKSTOP" $words >/dev/full 2>"$scratch/err"
    status=$?
    [ $status -eq 75 ] && grep -q 'standard output cannot be written' "$scratch/err" || bad="$bad $words:$status"
done
is "$bad" "" "output to a full disk is an error, and says so"

expect_code 75 "a command that is none" "$BACKSTOP" frobnicate
check "says where all are listed" grep -q 'backstop --help' "$scratch/err"

# Many messages: a summary, and a choice.
mkdir "$scratch/many"
for i in 1 2 3; do cp "$scratch/m" "$scratch/many/$i"; done
{
    printf 'From: MAILER-DAEMON@mx.example.net\nTo: robot@example.com\nSubject: Undeliverable\n'
    printf 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; x@example.net\nAction: failed\nStatus: 5.1.1\n\n--b--\n'
} >"$scratch/many/report"
bs() { "$BACKSTOP" --set identity.never-sends=robot@example.com "$@"; }
expect_code 0 "check of many" bs check "$scratch/many"
is "$(cat "$scratch/err")" "4 messages: 3 no report, 1 backscatter" "ends with a summary on standard error"
expect_code 0 "check of one" bs check "$scratch/m"
is "$(cat "$scratch/err")" "" "does not"
is "$(bs check --only backscatter,unknown "$scratch/many" 2>/dev/null | grep -c '^[^ ]')" 1 "--only backscatter,unknown"
is "$(bs check --json --only none "$scratch/many" | wc -l | tr -d ' ')" 3 "with --json"
is "$(bs check --json --only genuine "$scratch/many" | wc -l | tr -d ' ')" 0 "nothing of what was not asked for"
expect_code 64 "--only with no verdict" bs check --only spam "$scratch/many"
check "says which there are" grep -q 'genuine, backscatter, suspect and unknown' "$scratch/err"
expect_code 0 "--quiet --only changes no status" bs check --quiet --only none "$scratch/many/report"

# Tables as JSON.
for words in config rules expire "expire --dry-run"; do
    # shellcheck disable=SC2086
    check "$words --json" sh -c "\"$BACKSTOP\" $words --json | perl -MJSON::PP -ne 'decode_json(\$_); \$n++; END { die unless \$n }'"
done

# Sockets.
for bad in foo inet:foo inet: inet:70000@localhost inet:99@ unix: tcp:25@localhost; do
    expect_code 75 "milter -s $bad" timeout 5 "$BACKSTOP" milter -s "$bad"
    check "says what a socket is" grep -q 'unix:PATH, inet:PORT@HOST' "$scratch/err"
done
check "and which setting names it" sh -c "'$BACKSTOP' --set milter.socket=foo milter 2>&1 | grep -q -e '--set'"

# A terminal.
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    at_terminal() { TERM=xterm script -qec "$*" /dev/null </dev/null; }
    for words in check filter deliver 'sent --ids' 'why -'; do
        check "$words tells a terminal what it waits for" sh -c \
            "TERM=xterm script -qec 'timeout 5 $BACKSTOP --set log.destination=none --set store.location=$HOME/Maildir/ $words' /dev/null </dev/null | grep -q 'from the terminal'"
    done
    check "verdicts are coloured" sh -c "TERM=xterm script -qec '$BACKSTOP --set identity.never-sends=robot@example.com check $scratch/many/report' /dev/null </dev/null | grep -q '\\[31mbackscatter'"
    check "not for a pipe" sh -c "! '$BACKSTOP' --set identity.never-sends=robot@example.com check $scratch/many/report | grep -q '\\['"
else
    skip 7 "script(1) is not here"
fi

# Completion, from the same tables.
for shell in bash zsh fish; do
    "$BACKSTOP" completion $shell >"$scratch/$shell" 2>"$scratch/err"
    is "$(cat "$scratch/err")" "" "completion $shell"
    bad=
    for command in $commands; do
        grep -q -w -e "$command" "$scratch/$shell" || bad="$bad $command"
    done
    is "$bad" "" "has every command"
    if command -v $shell >/dev/null; then check "$shell takes it" $shell -n "$scratch/$shell"; else skip 1 "$shell is not installed"; fi
done
bad=
for command in $commands; do
    for option in $("$BACKSTOP" "$command" --help | sed -n 's/^ .* --\([a-z-]*\).*/\1/p' | grep -vxE 'help|config|set'); do
        sed -n "/^    $command) /p" "$scratch/bash" | grep -q -e "--$option\\b" || bad="$bad $command:--$option"
        grep -q "seen_subcommand_from $command'.*-l $option " "$scratch/fish" || bad="$bad fish:$command:--$option"
    done
done
is "$bad" "" "and every option of each"
if command -v bash >/dev/null; then
    complete() { bash -c '. "$1"; shift; COMP_WORDS=(backstop "$@"); COMP_CWORD=$#; _backstop; echo "${COMPREPLY[*]}"' - "$scratch/bash" "$@"; }
    is "$(complete ju)" "junk" "bash: a command"
    is "$(complete junk re)" "restore" "its verbs"
    is "$(complete -c file check --js)" "--json" "its options, behind common ones"
    is "$(complete help expi)" "expire" "help"
else
    skip 4 "bash is not installed"
fi
expect_code 64 "completion of another shell" "$BACKSTOP" completion csh
plan
