#!/bin/sh
# SPDX-License-Identifier: MIT
# Cases of RFC 5228 as data (script, message, actions), where that collection is at hand.
. "${srcdir:-..}/tests/tap.sh"
cases=$srcdir/../shared/sieve-base-cases.py
[ -r "$cases" ] || skip_all "sieve-base-cases.py is not here"
command -v python3 >/dev/null || skip_all "python3 is not here"
python3 "$srcdir/tests/sieve/base.py" "$cases" "$BACKSTOP" "$scratch"
