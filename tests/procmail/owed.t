#!/bin/sh
# SPDX-License-Identifier: MIT
# A copy (flag c) of an rc file that fails for what may pass is tried again, and the rest is not done
# twice; where the rc file deals with the failure itself (flag e), or what fails is refused for good, the
# run ends as procmail's does.
. "${srcdir:-..}/tests/tap.sh"
shim=${BACKSTOP%/*}/tests/fault/shim.so
agent=${BACKSTOP%/*}/backstop-agent
[ -f "$shim" ] && [ -x "$agent" ] || skip_all "the shim or the agent was not built"
! grep -q '^SAN_CFLAGS = .*fsanitize' "${BACKSTOP%/*}/Makefile" || skip_all "sanitizers and the shim do not go together"
mail() { { echo "Received: from a by b; $(date -R)"; printf 'From: a@example.org\nSubject: %s\n\nx\n' "$1"; } >"$scratch/m"; }
run() { "$agent" --set log.destination=none -f a@example.org <"$scratch/m"; }
lie_in() { (cd "$HOME" && find "$@" -path '*/new/*' -type f 2>/dev/null | wc -l); }
# A message whose own folder fails goes to DEFAULT.
count() { echo "$(lie_in copy) $(lie_in kept Maildir) $(lie_in other)"; }
empty() { rm -rf "$HOME/copy" "$HOME/kept" "$HOME/other" "$HOME/Maildir"; }
try() { # NAME: each fsync fails once, then the MTA tries again until it is told that all is well
    lost=0 deferred=0 nth=0
    while [ $nth -lt 30 ]; do
        nth=$((nth + 1))
        empty
        rm -f "$scratch/fired"
        mail "$1 $nth"
        SHIM_CALL=fsync SHIM_NTH=$nth SHIM_FAULT=5 SHIM_FIRED=$scratch/fired LD_PRELOAD=$shim \
            "$agent" --set log.destination=none -f a@example.org <"$scratch/m" 2>/dev/null
        status=$?
        [ -e "$scratch/fired" ] || break
        [ $status -ne 75 ] || { deferred=$((deferred + 1)); run; status=$?; }
        [ "$status $(count)" = "0 $2" ] || { lost=$((lost + 1)); echo "fsync $nth: $status $(count)" | diag; }
    done
}
printf ':0 c\n%s/copy/\n\n:0\n%s/kept/\n' "$HOME" "$HOME" >"$HOME/.procmailrc"
try copy '1 1 0'
is "$lost" 0 'whichever sync fails, the copy and the message are there once after the retry'
check 'the copy was put off at least once' test "$deferred" -gt 0

# The rc file has an answer of its own.
mkdir "$HOME/sealed"
printf ':0 c\n%s/sealed/none/\n\n:0 ec\n%s/other/\n\n:0\n%s/kept/\n' "$HOME" "$HOME" "$HOME" >"$HOME/.procmailrc"
if [ "$(id -u)" -ne 0 ]; then chmod 500 "$HOME/sealed"; else rmdir "$HOME/sealed"; : >"$HOME/sealed"; fi
empty
mail sealed
run 2>/dev/null
is "$? $(count)" '0 0 1 1' 'what is refused for good is given up, and the recipe for that is run'
printf ':0 c\n%s/sealed/none/\n\n:0\n%s/kept/\n' "$HOME" "$HOME" >"$HOME/.procmailrc"
empty
mail given-up
run 2>/dev/null
is "$? $(count)" '0 0 1 0' 'also without one'
plan
