#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop batv: signs and verifies by hand.
. "${srcdir:-..}/tests/tap.sh"
echo '4 a secret' >"$scratch/keys"
batv() { "$BACKSTOP" --set "batv.key-file=$scratch/keys" --set 'batv.exempt=list-*@example.org' --set log.destination=none batv "$@"; }
plan 7
tagged=$(batv sign alice@example.org)
check 'an address is signed' expr "$tagged" : 'prvs=4[0-9]\{3\}[0-9a-f]\{6\}=alice@example.org$'
expect_code 0 'the tag is valid' batv verify "$tagged"
expect_code 1 'a changed one is not' batv verify "$(echo "$tagged" | sed 's/alice/bob/')"
expect_code 1 'nor is none' batv verify alice@example.org
is "$(batv sign list-x@example.org)" list-x@example.org 'an exempt address stays'
{ cat "$scratch/keys"; echo '5 a new secret'; } >"$scratch/both" && mv "$scratch/both" "$scratch/keys"
expect_code 0 'the old key still verifies beside a new one' batv verify "$tagged" "$(batv sign alice@example.org)"
expect_code 75 'without keys it says so' "$BACKSTOP" batv verify "$tagged"
