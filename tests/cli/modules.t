#!/bin/sh
# SPDX-License-Identifier: MIT
# Modules call what mda/module-calls lists and nothing else of the program, which hides all the rest;
# they show their table alone. An installed program takes them from its own directory only.
. "${srcdir:-..}/tests/tap.sh"
builddir=${builddir:-$PWD}
command -v nm >/dev/null || skip_all "nm is not installed"
grep -q '^SAN_CFLAGS = *$' "$builddir/Makefile" || skip_all "a build with sanitizers"
agent=backstop-agent
[ -e "$builddir/$agent" ] || agent=backstop
plan 10

defined() { nm --defined-only "$@" | awk 'NF == 3 && $2 ~ /^[A-Z]$/ { print $3 }' | sort -u; }
sed -n 's/^ *\([a-z_0-9]*\);$/\1/p' "$srcdir/mda/module-calls" | sort -u >"$scratch/listed"
defined "$builddir/$agent" >"$scratch/all"
nm -D --defined-only "$builddir/$agent" | awk '{ print $3 }' | sed 's/@.*//' | grep -Fx -f "$scratch/all" | grep -v '^_' | sort -u >"$scratch/shown"
for module in "$builddir"/backstop-*.so; do nm -D -u "$module" | awk '{ print $2 }' | sed 's/@.*//'; done |
    sort -u | grep -Fx -f "$scratch/all" >"$scratch/called"
check "what modules call is in the list" sh -c 'test -s "$1" && ! grep -vFx -f "$2" "$1"' - "$scratch/called" "$scratch/listed"
if [ "$(ls "$builddir"/backstop-*.so | wc -l)" -ge 11 ]; then
    check "nothing else is in the list" sh -c '! grep -vFx -f "$1" "$2"' - "$scratch/called" "$scratch/listed"
else
    skip 1 "this build has not all modules"
fi
# What the libraries ask of the program (environ, main) is theirs; of ours nothing but the list.
grep -vFx -e main -e environ "$scratch/shown" | grep -vFx -f "$scratch/listed" >"$scratch/more"
is "$(cat "$scratch/more")" "" "the program shows nothing else"
for module in "$builddir"/backstop-*.so; do nm -D --defined-only "$module" | awk '{ print $3 }' | sed 's/@.*//'; done | sort | uniq -c |
    awk '{ print $2 }' >"$scratch/tables"
is "$(cat "$scratch/tables")" "backstop_module" "a module shows its table and nothing else"

# The test language is no part of a delivery's program.
is "$(grep -c 'suite_\|simulation_\|peer_key' "$scratch/all")" 0 "the test language stands in a module"
check "which is loaded to run a suite" "$BACKSTOP" sieve test "$srcdir/tests/sieve/index.svtest"

# The agent as it is installed, with a module beside it and one named by the environment that would
# break it, if they were taken.
mkdir -p "$scratch/bin" "$scratch/named"
installed=$builddir/launcher/$agent
cp "$installed" "$scratch/bin/backstop"
for place in bin named; do : >"$scratch/$place/backstop-svtest.so"; done
BACKSTOP_MODULE_DIR=$scratch/named strace -f -e trace=openat,access,readlink -o "$scratch/trace" "$scratch/bin/backstop" \
    sieve test "$srcdir/tests/sieve/index.svtest" >"$scratch/out" 2>&1
if [ -s "$scratch/trace" ]; then
    check "an installed program looks where it is installed" grep -q '/backstop-svtest.so' "$scratch/trace"
    is "$(grep -c "$scratch/bin/backstop-svtest.so\|$scratch/named" "$scratch/trace")" 0 "and nowhere else"
else
    skip 2 "strace cannot be run"
fi
is "$(cd "$scratch/bin" && BACKSTOP_MODULE_DIR=$scratch/named ./backstop sieve test "$srcdir/tests/sieve/index.svtest" 2>&1 | grep -c "$scratch")" 0 \
    "no message speaks of these places"
check "one of the build tree looks beside itself" env -u BACKSTOP_MODULE_DIR "$BACKSTOP" sieve test "$srcdir/tests/sieve/index.svtest"
