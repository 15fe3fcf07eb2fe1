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
plan
