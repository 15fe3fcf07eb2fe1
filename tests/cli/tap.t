#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/run counts what tests say, and never takes a broken test for a good one.
. "${srcdir:-..}/tests/tap.sh"
plan 15

mkdir "$scratch/t"
cd "$scratch/t" || exit 1
run() { perl "$srcdir/tests/run" -t 2 "$@" 2>/dev/null | tail -n 1; }
script() { printf '#!/bin/sh\n%s\n' "$2" >"$1.t"; chmod +x "$1.t"; }

script good 'echo 1..2; echo ok 1; echo ok 2'
script skips 'echo 1..2; echo ok 1; echo "ok 2 # SKIP no reason"'
script bad 'echo 1..2; echo ok 1; echo not ok 2'
script short 'echo 1..2; echo ok 1'
script noplan 'echo ok 1'
script status 'echo 1..1; echo ok 1; exit 3'
script dies 'echo 1..1; echo ok 1; kill -SEGV $$'
script hangs 'echo 1..1; echo ok 1; sleep 30'

is "$(run good.t)" "2 passed, 0 failed" "good tests are counted"
is "$(run skips.t)" "1 passed, 0 failed" "skipped tests count neither way"
is "$(run good.t bad.t)" "3 passed, 1 failed" "a failed test is counted"
for broken in short noplan status dies hangs; do
    is "$(run $broken.t)" "1 passed, 1 failed" "$broken: a broken test is a failed one"
done
perl "$srcdir/tests/run" bad.t >/dev/null 2>&1
is $? 1 "the exit status says so too"

# A part that cannot be run is never a failed one, and the summary says which and why.
script part '. "$srcdir/tests/tap.sh"; ok 0 begins; skip_all "the server does not listen"'
script none '. "$srcdir/tests/tap.sh"; skip_all "no such program"'
perl "$srcdir/tests/run" part.t none.t skips.t >"$scratch/summary" 2>/dev/null
is $? 0 "skipped parts fail nothing, also in the middle of a test"
is "$(grep '^skipped' "$scratch/summary")" 'skipped: none.t: all, no such program
skipped: part.t: the server does not listen
skipped: skips.t: no reason' "each says what was left out and why"
is "$(tail -n 1 "$scratch/summary")" "2 passed, 0 failed" "and what ran is counted"

# A test that fails beside others and not alone is counted once, and told; one that fails always fails.
script shaky 'echo 1..1; if [ -e was-here ]; then echo ok 1; else touch was-here; echo not ok 1; fi'
perl "$srcdir/tests/run" --again shaky.t good.t bad.t >"$scratch/summary" 2>/dev/null
is "$? $(tail -n 1 "$scratch/summary")" "1 4 passed, 1 failed" "with --again only what fails twice has failed"
is "$(grep '^unsteady' "$scratch/summary")" "unsteady: shaky.t failed beside others and passed alone" "and the other is named"
rm -f was-here
perl "$srcdir/tests/run" shaky.t >"$scratch/summary" 2>/dev/null
is "$? $(tail -n 1 "$scratch/summary")" "1 0 passed, 1 failed" "without it, it has failed"
