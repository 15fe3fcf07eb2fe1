#!/bin/sh
# SPDX-License-Identifier: MIT
# What was built has what the compiler and the linker know against faults: position independent, all
# symbols bound and read-only before a message is read, no executable stack, checked copies, stack
# protector, and the marks of CET where a trivial program gets them.
. "${srcdir:-..}/tests/tap.sh"
builddir=${builddir:-$PWD}
command -v readelf >/dev/null || skip_all "readelf is not installed"
grep -q '^SAN_CFLAGS = *$' "$builddir/Makefile" || skip_all "a build with sanitizers"
program=$builddir/backstop-agent
[ -e "$program" ] || program=$builddir/backstop
flags() { sed -n "s/^$1 = //p" "$builddir/Makefile"; }
has() { # FLAG-VARIABLE PATTERN
    flags "$1" | grep -q -e "$2"
}
for file in "$program" "$builddir"/*.so; do
    name=$(basename "$file")
    is "$(readelf -h "$file" | sed -n 's/^ *Type: *\([A-Z]*\).*/\1/p')" DYN "$name is position independent"
    check "$name: nothing on its stack is executed" \
        sh -c 'readelf -lW "$1" | grep GNU_STACK | grep -qv "RWE"' - "$file"
    if has HARDEN_LDFLAGS 'z,now'; then
        check "$name: its tables are read-only (RELRO)" sh -c 'readelf -lW "$1" | grep -q GNU_RELRO' - "$file"
        check "$name: ... all of them (BIND_NOW)" sh -c 'readelf -dW "$1" | grep -qE "BIND_NOW|FLAGS_1.*NOW"' - "$file"
    else
        skip 2 "the linker does not know -z now"
    fi
done
if has HARDEN_CFLAGS FORTIFY_SOURCE; then
    check "copies are checked (FORTIFY)" sh -c 'readelf -sW "$1" | grep -q "__[a-z]*_chk"' - "$program"
else
    skip 1 "the compiler does not know it, or nothing is optimised"
fi
if has HARDEN_CFLAGS stack-protector; then
    check "the stack is protected" sh -c 'readelf -sW "$1" | grep -q __stack_chk_fail' - "$program"
else
    skip 1 "the compiler does not know it"
fi
echo 'int main(void) { return 0; }' >"$scratch/trivial.c"
compiler=$(flags CC)
if has HARDEN_CFLAGS cf-protection && $compiler -fcf-protection -o "$scratch/trivial" "$scratch/trivial.c" 2>/dev/null &&
    readelf -nW "$scratch/trivial" | grep -q IBT; then
    check "jumps are marked (CET)" sh -c 'readelf -nW "$1" | grep -q "IBT, SHSTK"' - "$program"
else
    skip 1 "a trivial program does not get the marks here"
fi
plan
