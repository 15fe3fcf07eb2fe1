#!/bin/sh
# SPDX-License-Identifier: MIT
# What `./quickstart demo` shows is true: every sample message goes where it should.
. "${srcdir:-..}/tests/tap.sh"
plan 8

expect_code 0 "the demonstration runs, and all went where it should" \
    sh "$srcdir/examples/demo.sh" "$BACKSTOP" "$scratch/demo"
table=$scratch/table
cp "$scratch/out" "$table"
is "$(cat "$scratch/err")" "" "without a complaint"
is "$(grep -c '^[01][0-9]-.* inbox$' "$table") $(grep -c '^[01][0-9]-.* Junk$' "$table")" "6 7" "six in the inbox, seven in Junk"
is "$(find "$scratch/demo/Maildir/new" -type f | wc -l) $(find "$scratch/demo/Maildir/.Junk/new" -type f | wc -l)" \
    "6 7" "and so they lie in the maildir"
is "$(grep -c '^[01][0-9]-.* genuine  *inbox$' "$table")" 3 "three reports are about our own mail"
check "the old message in Junk expires" grep -q '8 messages, 1 (.*) removed' "$table"
check "how to go on stands at the end" grep -qF '"|/usr/local/bin/backstop"' "$table"
is "$(wc -l <"$scratch/demo/log")" 13 "the log has a line a message"
