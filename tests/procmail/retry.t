#!/bin/sh
# SPDX-License-Identifier: MIT
# What an rc file had delivered before it failed for now is not delivered again by the MTA's retry;
# what comes without the mark of an MTA once more after a success is another message.
. "${srcdir:-..}/tests/tap.sh"

cat >"$HOME/.procmailrc" <<END
:0 c
$HOME/copies/

:0 c
$HOME/box

:0
* ? test -e $HOME/broken
{ EXITCODE=75 HOST=gone }

:0
$HOME/mh/.
END
mkdir -p "$HOME/mh"
count() { echo "$(find "$HOME/copies/new" -type f | wc -l) $(grep -c '^From ' "$HOME/box") $(find "$HOME/mh" -type f -name '[0-9]*' | wc -l)"; }
for mark in yes no; do
    rm -rf "$HOME/copies" "$HOME/box" "$HOME/mh/"*
    { [ $mark = no ] || echo "Received: from a by b; $(date -R)"; printf 'From: a@example.org\nSubject: %s\n\nx\n' $mark; } >"$scratch/m"
    : >"$HOME/broken"
    expect_code 75 "mark $mark: an rc file ends in 75 behind two copies" "$BACKSTOP" --set log.destination=none -f a@example.org <"$scratch/m"
    rm "$HOME/broken"
    expect_code 0 "the retry" "$BACKSTOP" --set log.destination=none -f a@example.org <"$scratch/m"
    is "$(count)" "1 1 1" "delivers what was missing, and that alone"
done
sleep 0.3
expect_code 0 "an equal message" "$BACKSTOP" --set log.destination=none -f a@example.org <"$scratch/m"
is "$(count)" "2 2 2" "is another one"

# Killed at any moment: what programs, files and directories have got already they do not get again, two
# recipes into one folder make two, and a lock that is left holds nobody up.
shim=${BACKSTOP%/*}/tests/fault/shim.so
agent=${BACKSTOP%/*}/backstop-agent
if [ ! -f "$shim" ] || [ ! -x "$agent" ] || grep -q '^SAN_CFLAGS = .*fsanitize' "${BACKSTOP%/*}/Makefile"; then
    skip 5 "the shim cannot be loaded"
    plan
    exit
fi
cat >"$HOME/.procmailrc" <<END
SHELL=/bin/sh
:0 c
$HOME/copies/

:0 c
$HOME/copies/

:0 c:
$HOME/box

:0 c
| cat >>$HOME/piped

:0 cw
| cat >>$HOME/waited

:0 c
! ann@example.org

:0
$HOME/mh/.
END
cat >"$scratch/sendmail" <<END
#!/bin/sh
cat >>$HOME/sent
END
chmod 755 "$scratch/sendmail"
sed -i "1i SENDMAIL=$scratch/sendmail" "$HOME/.procmailrc"
{ printf 'From: a@example.org\nSubject: killed\n\n'; seq 3000; } >"$scratch/m"
ends() { grep -c '^3000$' "$1" 2>/dev/null || :; }
counted() {
    echo "$(find "$HOME/copies/new" -type f | wc -l) $(ends "$HOME/box") $(ends "$HOME/piped") $(ends "$HOME/waited") $(ends "$HOME/sent") $(find "$HOME/mh" -type f -name '[0-9]*' | wc -l)"
}
whole() { # each copy, wherever it is
    for file in "$HOME"/copies/new/* "$HOME/box" "$HOME/piped" "$HOME/waited" "$HOME/sent" "$HOME"/mh/[0-9]*; do
        [ "$(grep -cE '^[0-9]+$' "$file")" = 3000 ] || echo "$file"
    done
}
run() { LOCKSLEEP=1 "$@" --set log.destination=none -f a@example.org <"$scratch/m" 2>>"$scratch/err"; }
for call in linkat write writev pwrite fsync; do
    bad= cases=0 slow=
    for nth in $(seq 1 60); do
        rm -rf "$HOME/copies" "$HOME/box"* "$HOME/mh" "$HOME/piped" "$HOME/waited" "$HOME/sent" "$HOME/.local" "$scratch/fired"
        mkdir "$HOME/mh"
        ( run env LD_PRELOAD=$shim SHIM_CALL=$call SHIM_NTH=$nth SHIM_FAULT=KILL "SHIM_FIRED=$scratch/fired" "$agent" ) 2>/dev/null
        first=$?
        [ -e "$scratch/fired" ] || break
        cases=$((cases + 1))
        before=$(date +%s)
        [ $first -eq 0 ] || run "$BACKSTOP" || bad="$bad $nth: status $?;"
        [ $(($(date +%s) - before)) -lt 5 ] || slow="$slow $nth"
        for try in 1 2 3 4 5 6 7 8 9 10; do [ "$(counted)" = "2 1 1 1 1 1" ] && break; sleep 0.1; done
        [ "$(counted)" = "2 1 1 1 1 1" ] || bad="$bad $nth: $(counted);"
        [ -z "$(whole)" ] || bad="$bad $nth: not whole $(whole);"
    done
    is "$bad$slow" "" "killed at each of $cases calls of $call and tried again"
done
plan
