#!/bin/sh
# SPDX-License-Identifier: MIT
# Messages a second: `backstop check --class` over a folder of mail, and SpamAssassin with only VBounce
# loaded over the same in the same run: both say what a message is, not whose; one process each, the
# best of three. Ours counts the whole process, with its start and the reading of the files; of
# SpamAssassin only the judging is counted. BENCH_MAIL names the folder; otherwise a corpus beside the
# sources is taken, or the messages of tests/corpus, each several times.
srcdir=${srcdir:-..}
program=${BACKSTOP:-./backstop}
list=$(mktemp) || exit 1
trap 'rm -f "$list" "$list".*' EXIT
folder=${BENCH_MAIL:-$srcdir/../shared/corpus}
times=1
[ -d "$folder" ] || { folder=$srcdir/tests/corpus; times=20; }
while [ "$times" -gt 0 ]; do
    find "$folder" -name '*.eml'
    times=$((times - 1))
done >"$list"
count=$(wc -l <"$list")

seconds() { # the best of three runs of a command, in microseconds
    best=
    for _ in 1 2 3; do
        start=$(date +%s%N)
        "$@" <"$list" >"$list.out" || return 1
        took=$((($(date +%s%N) - start) / 1000))
        [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
    done
    echo "$best"
}
ours=$(seconds "$program" check --class --json --stdin-paths) || exit 1
awk -v n="$count" -v us="$ours" -v f="$folder" 'BEGIN {
    printf "classify: %d messages of %s in %.3f s: %.0f messages/s\n", n, f, us / 1e6, n * 1e6 / us }'

if ! perl -MMail::SpamAssassin -e 1 2>/dev/null; then
    echo 'classify: SpamAssassin is not installed: no ratio'
    exit 0
fi
theirs=$(perl "$srcdir/tests/bench/vbounce.pl" <"$list" 2>&1 >"$list.sa" | tail -n 1)
awk -v n="$count" -v us="$ours" -v s="$theirs" 'BEGIN {
    if (s + 0 <= 0) { print "classify: SpamAssassin failed: " s; exit }
    printf "classify: SpamAssassin with VBounce alone in %.3f s: %.0f messages/s, ratio %.0f\n", s, n / s,
        s * 1e6 / us }'
