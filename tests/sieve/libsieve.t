#!/bin/sh
# SPDX-License-Identifier: MIT
# The other engine: the same base cases, with its differences declared; what is beyond it is refused.
. "${srcdir:-..}/tests/tap.sh"
# The library itself leaks a little with every script that does not parse, and with vacation.
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
"$BACKSTOP" sieve extensions --engine=libsieve >/dev/null 2>&1 || skip_all "the libsieve module is not built"
cases=$srcdir/../shared/sieve-base-cases.py
if [ -r "$cases" ] && command -v python3 >/dev/null; then
    check "base cases, but for the declared differences" python3 "$srcdir/tests/sieve/base.py" "$cases" \
        "$BACKSTOP" "$scratch" libsieve "$srcdir/tests/sieve/libsieve.differences"
else
    skip 1 "sieve-base-cases.py is not here"
fi
cd "$scratch" || exit 1
printf 'require ["fileinto", "variables"];\nset "a" "b"; fileinto "${a}";\n' >beyond.sieve
printf 'require "fileinto";\nif header :contains "subject" "caf" { fileinto "A"; fileinto "A"; }\n' >plain.sieve
printf 'From: a@example.com\nX-Empty:\nSubject: =?utf-8?q?caf=C3=A9?=\n\ntext\n' >mail.eml
expect_code 1 "an extension beyond it" "$BACKSTOP" sieve check --engine=libsieve beyond.sieve
check "is named" grep -q 'does not have the extension "variables"' out
expect_code 0 "a header with an empty value does not crash it" "$BACKSTOP" sieve run --engine=libsieve plain.sieve mail.eml
is "$(sed -n 2,9p out)" '  fileinto "A"' "decoded, and filed once"
printf 'if header "subject" {\n' >broken.sieve
expect_code 1 "a script that does not parse" "$BACKSTOP" sieve check --engine=libsieve broken.sieve
expect_code 64 "an engine that there is not" "$BACKSTOP" sieve check --engine=none plain.sieve
plan
