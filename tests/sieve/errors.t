#!/bin/sh
# SPDX-License-Identifier: MIT
# Which errors faulty scripts get, in which line and how many: as many as Dovecot's compiler reports.
# What each code says stands in mda/sieve/lang/messages.h.
# errors.cases holds them: "=", the script, "--", an error a line: its line and code.
. "${srcdir:-..}/tests/tap.sh"
cd "$scratch" || exit 1

settle() {
    [ -s script ] || return
    "$BACKSTOP" sieve check script 2>&1 |
        sed -n 's/^script:\([0-9]*\):[0-9]*: error: .*\[\(E[0-9]*\)\]$/\1 \2/p; s/^script: error: .*\[\(E[0-9]*\)\]$/\1/p' >got
    check_same got wanted "$(tr '\n' ' ' <script | cut -c 1-70)"
    rm -f script
}

while IFS= read -r line; do
    case $part:$line in
    *:=) settle; : >wanted; part=script ;;
    script:--) part=wanted ;;
    wanted:'#'* | :'#'*) ;;
    script:*) printf '%s\n' "$line" >>script ;;
    *) printf '%s\n' "$line" >>wanted ;;
    esac
done <"$srcdir/tests/sieve/errors.cases"
settle
plan
