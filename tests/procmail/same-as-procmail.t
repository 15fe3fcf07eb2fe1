#!/bin/sh
# SPDX-License-Identifier: MIT
# Called by its name we do what the real procmail does, case by case. What is meant to differ is in
# backstop-procmail(7) and in tests/cli/procmail.t.
. "${srcdir:-..}/tests/tap.sh"
real=$(command -v procmail) || skip_all "procmail is not installed"
"$real" -v 2>&1 | grep -q '^procmail v3' || skip_all "$real is not the real procmail"
ln -s "$BACKSTOP" "$scratch/procmail"
perl "$srcdir/tests/procmail/compare" "$srcdir/tests/procmail/cases.txt" "$real" "$scratch/procmail"
