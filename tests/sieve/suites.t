#!/bin/sh
# SPDX-License-Identifier: MIT
# The engine's own suites: one .svtest file a feature, words of errors compared too.
. "${srcdir:-..}/tests/tap.sh"
for file in "$srcdir"/tests/sieve/*.svtest; do
    check "$(basename "$file")" "$BACKSTOP" sieve test --strict "$file"
done
plan
