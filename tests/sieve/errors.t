#!/bin/sh
# SPDX-License-Identifier: MIT
# Which errors faulty scripts get, in which line and how many: as Dovecot's compiler reports them.
# errors.cases holds them: "=", the script, "--", an error a line.
. "${srcdir:-..}/tests/tap.sh"
cd "$scratch" || exit 1

settle() {
    [ -s script ] || return
    "$BACKSTOP" sieve check script 2>&1 |
        sed -n 's/^script:\([0-9]*\):[0-9]*: error: /\1 /p; s/^script: error: //p' >got
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
