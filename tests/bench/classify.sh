#!/bin/sh
# SPDX-License-Identifier: MIT
# Messages a second: `backstop check --class` over a folder of mail, and SpamAssassin with only VBounce
# loaded over the same: both say what a message is, not whose. One process each, the best of three, in
# seconds of the processor, so that what else the machine does hardly counts. Of SpamAssassin only the
# judging is counted; ours is a whole process, which reads its rules and the files too: it gets the
# list twenty times over. BENCH_MAIL names the folder; otherwise a corpus beside the sources is taken,
# or the messages of tests/corpus.
srcdir=${srcdir:-..}
program=${BACKSTOP:-./backstop}
list=$(mktemp) || exit 1
trap 'rm -f "$list" "$list".*' EXIT
folder=${BENCH_MAIL:-$srcdir/../shared/corpus}
[ -d "$folder" ] || folder=$srcdir/tests/corpus
find "$folder" -name '*.eml' >"$list"
count=$(wc -l <"$list")
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    cat "$list"
done >"$list.long"

export LONG="$list.long"
ours=$(perl -e '
    my $best;
    for (1 .. 3) {
        my @before = times;
        open STDIN, "<", $ENV{LONG} or exit 1;
        system(@ARGV) == 0 or exit 1;
        my @after = times;
        my $took = $after[2] + $after[3] - $before[2] - $before[3];
        $best = $took if !defined $best || $took < $best;
    }
    printf STDERR "%.2f\n", $best;' "$program" check --class --json --stdin-paths 2>&1 >"$list.out") ||
    exit 1
awk -v n="$count" -v s="$ours" -v f="$folder" 'BEGIN {
    printf "classify: 20 x %d messages of %s in %.2f s: %.0f messages/s\n", n, f, s, 20 * n / s }'

if ! perl -MMail::SpamAssassin -e 1 2>/dev/null; then
    echo 'classify: SpamAssassin is not installed: no ratio'
    exit 0
fi
theirs=$(perl "$srcdir/tests/bench/vbounce.pl" <"$list" 2>&1 >"$list.sa" | tail -n 1)
awk -v n="$count" -v ours="$ours" -v s="$theirs" 'BEGIN {
    if (s + 0 <= 0) { print "classify: SpamAssassin failed: " s; exit }
    printf "classify: SpamAssassin with VBounce alone: %d in %.2f s: %.0f messages/s, ratio %.0f\n", n,
        s, n / s, 20 * s / ours }'
