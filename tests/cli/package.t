#!/bin/sh
# SPDX-License-Identifier: MIT
# What packages are made of is true, and what `make install` puts down `make uninstall` takes away.
# Whether the Debian package can be installed, upgraded, removed and purged: make deb check-package.
. "${srcdir:-..}/tests/tap.sh"
builddir=${builddir:-$PWD}
packaging=$srcdir/packaging

"$BACKSTOP" -c "$packaging/backstop.conf" config >"$scratch/config" 2>"$scratch/err"
ok $? "the settings that packages install exist"
is "$(cat "$scratch/err")" "" "and nothing is said against them"
sed 's|^[^#[]|# &|' "$packaging/backstop.conf" >"$scratch/commented"
is "$(sed '/^#/d; /^\[/d; /^$/d' "$scratch/commented")" "" "as installed all of them are comments"
version=$("$BACKSTOP" --version | sed -n '1s/^backstop \([0-9.]*\).*/\1/p')
is "$(sed -n '1s/^backstop (\([0-9.]*\)-.*/\1/p' "$packaging/debian/changelog")" "$version" "Debian's package has the program's version"
is "$(sed -n 's/^pkgver=//p' "$packaging/alpine/APKBUILD")" "$version" "Alpine's too"

bad=
for unit in $(sed -n 's/^units = //p' "$packaging/debian/rules"); do
    [ -f "$srcdir/examples/systemd/$unit.service" ] || bad="$bad $unit"
done
for unit in "$srcdir"/examples/systemd/*.service "$srcdir"/examples/systemd/*.socket "$srcdir"/examples/systemd/*.timer; do
    name=${unit##*/}
    grep -q "${name%.*}" "$packaging/debian/rules" || bad="$bad $name:deb"
    grep -q "$name" "$packaging/rpm/backstop.spec.in" || bad="$bad $name:rpm"
done
is "$bad" "" "every unit is in the packages"
bad=
for script in "$packaging/debian/backstop.postinst" "$packaging/debian/backstop.prerm" "$packaging/debian/backstop.postrm" \
    "$packaging/debian/tests/deliver" "$packaging/alpine/APKBUILD" "$packaging/alpine/backstop.pre-install"; do
    sh -n "$script" || bad="$bad ${script##*/}"
done
is "$bad" "" "their scripts are sound"

if command -v make >/dev/null && [ -f "$builddir/Makefile" ]; then
    unset MAKEFLAGS MAKELEVEL
    # A distribution's CFLAGS stand behind ours; what the launcher cannot bear is taken back behind them.
    guards=$(make -C "$builddir" -n V=1 -W "$(sed -n 's/^srcdir = //p' "$builddir/Makefile")/mda/launch.c" CFLAGS='-O2 -fstack-protector-strong' \
        mda/launcher_backstop-launch.o 2>/dev/null | grep -oE -e '-f(no-)?stack-protector[a-z-]*' | tail -n 1)
    if [ -n "$guards" ] && ! grep -q '^launcher_backstop_SOURCES = mda/main.c' "$builddir/Makefile"; then
        is "$guards" "-fno-stack-protector" "no CFLAGS give the launcher a guard that needs a libc"
    else
        skip 1 "there is no launcher here"
    fi
    check "make install" make -s -C "$builddir" install DESTDIR="$scratch/there"
    [ "$(find "$scratch/there" -type f | wc -l)" -gt 20 ]
    ok $? "installs the program, its modules, rules, pages and completions"
    is "$(find "$scratch/there" -type f -perm -o+w)" "" "nothing that everyone may write"
    check "make uninstall" make -s -C "$builddir" uninstall DESTDIR="$scratch/there"
    is "$(find "$scratch/there" -not -type d)" "" "leaves no file"
    is "$(find "$scratch/there" -name 'backstop*')" "" "and no directory of ours"
else
    skip 7 "there is no make, or no Makefile here"
fi
plan
