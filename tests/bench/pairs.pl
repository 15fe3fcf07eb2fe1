#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Times two commands in turn, A B A B …, and prints the ratio of each pair: machines drift, ratios do
# not. Usage: pairs.pl ROUNDS RUNS INPUT NAME-A COMMAND-A NAME-B COMMAND-B
# A round is RUNS runs of each command with INPUT as standard input; RUN in a command is the run's
# number. Commands are split at blanks; no shell is involved.
use strict;
use warnings;
use Time::HiRes qw(time);

my ($rounds, $runs, $input, $name_a, $ours, $name_b, $theirs) = @ARGV;
die "usage: pairs.pl ROUNDS RUNS INPUT NAME-A COMMAND-A NAME-B COMMAND-B\n" unless defined $theirs;

sub round_of {
    my ($command) = @_;
    my @words = split ' ', $command;
    my $begun = time;
    for my $run (1 .. $runs) {
        my $pid = fork // die "fork: $!\n";
        if ($pid == 0) {
            my @argv = map { s/\bRUN\b/$run/r } @words;
            open STDIN, '<', $input or die "$input: $!\n";
            open STDOUT, '>', '/dev/null';
            exec @argv or exit 126;
        }
        waitpid $pid, 0;
        die "$command: status $?\n" if $?;
    }
    return (time - $begun) / $runs * 1000;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[$#sorted / 2];
}

round_of($_) for $ours, $theirs; # warm up
my (@of_a, @of_b, @ratios);
for (1 .. $rounds) {
    push @of_a, round_of($ours);
    push @of_b, round_of($theirs);
    push @ratios, $of_a[-1] / $of_b[-1];
}
printf "%-34s %6.2f ms   %-22s %6.2f ms   ratio %.2f (%.2f to %.2f)\n", $name_a, median(@of_a),
    $name_b, median(@of_b), median(@ratios), (sort { $a <=> $b } @ratios)[0, -1];
