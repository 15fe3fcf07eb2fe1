#!/bin/sh
# SPDX-License-Identifier: MIT
# A thousand deliveries by 16 processes at once into one maildir: a thousand messages, all whole.
. "${srcdir:-..}/tests/tap.sh"
plan 6

perl - "$BACKSTOP" <<'EOP' >"$scratch/failed"
use strict; use warnings;
my ($program) = @ARGV;
my @workers;
for my $worker (0 .. 15) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $failed = 0;
        for (my $n = $worker; $n < 1000; $n += 16) {
            open my $pipe, '|-', $program, '--set', 'log.destination=none' or die "$program: $!";
            # Long enough that a write of it could be torn, different from every other, and its own proof.
            print $pipe "Subject: message $n\nMessage-ID: <$n\@example.org>\n\n", "line $n\n" x (500 + $n % 7 * 300), "end $n\n";
            close $pipe or $failed++;
        }
        exit($failed ? 1 : 0);
    }
    push @workers, $pid;
}
my $failed = 0;
for (@workers) { waitpid $_, 0; $failed++ if $? }
print $failed;
EOP
is "$(cat "$scratch/failed")" 0 "no delivery fails"
cd "$HOME/Maildir" || exit 1
is "$(ls new | wc -l)" 1000 "a thousand messages"
is "$(ls tmp cur | grep -c '^[0-9]')" 0 "nothing in tmp or cur"
is "$(cat new/* | grep -c '^Message-ID: ')" 1000 "of a thousand names"
is "$(cat new/* | grep '^Message-ID: ' | sort -u | wc -l)" 1000 "each of them once"
perl -e 'my $bad = 0;
    for my $file (glob "new/*") {
        local (@ARGV, $/) = ($file);
        my $text = <>;
        my ($n) = $text =~ /^Message-ID: <(\d+)/m or $bad++, next;
        my $body = "line $n\n" x (500 + $n % 7 * 300) . "end $n\n";
        my ($size) = $file =~ /,S=(\d+)/;
        $bad++ unless $text =~ /\n\n\Q$body\E\z/ && $size == length $text;
    }
    print $bad' >"$scratch/bad"
is "$(cat "$scratch/bad")" 0 "each whole, and of the size in its name"
