#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Real mail, where a collection of it lies beside the sources: every message goes through the program
# into one maildir, and what comes out is what went in, byte for byte.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use File::Find;
use File::Temp qw(tempdir);
use POSIX ();
use Time::HiRes qw(time);

my $collection = "$ENV{srcdir}/../shared/corpus";
my @files;
find({wanted => sub { push @files, $File::Find::name if -f && /\.eml\z|\/\d+\z|\.txt\z/ && !/README|LABELS|\.tsv/ }, no_chdir => 1}, $collection)
    if -d $collection;
unless (@files) { print "1..0 # SKIP there is no collection of real mail here\n"; exit 0 }
@files = sort @files;

my $scratch = tempdir('backstop-corpus.XXXXXX', TMPDIR => 1, CLEANUP => 1);
$ENV{HOME} = $scratch;
delete @ENV{qw(SENDER RECIPIENT XDG_CONFIG_HOME XDG_STATE_HOME)};
$ENV{ASAN_OPTIONS} = 'detect_leaks=0:exitcode=99';
$ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';
my $began = time;
my (%in, @bad);
# What is to come out: without a From_ line, without verdicts of others.
for my $file (@files) { $in{expected($file)}++ }

# Two at a time: a machine has at least so many processors.
my @workers;
for my $part (0, 1) {
    my $pid = fork // die $!;
    if ($pid) { push @workers, $pid; next }
    my $wrong = 0;
    for (my $i = $part; $i < @files; $i += 2) {
        my $child = fork // die $!;
        if (!$child) {
            open STDIN, '<', $files[$i] or POSIX::_exit(98);
            open STDERR, '>>', "$scratch/stderr";
            open STDOUT, '>&', \*STDERR;
            { no warnings; exec $ENV{BACKSTOP}, '--set', 'log.destination=none', '--set', 'store.fsync=no', '--set', 'dns.server=127.0.0.1:9', '--set', 'dns.timeout=10ms' }
            POSIX::_exit(97);
        }
        waitpid $child, 0;
        next unless $?;
        $wrong++;
        print STDERR "# $files[$i]: status $?\n";
    }
    POSIX::_exit($wrong ? 1 : 0);
}
my $failed = 0;
for (@workers) { waitpid $_, 0; $failed++ if $? }
my $seconds = time - $began;

my (%out, $count);
for my $folder ("$scratch/Maildir", "$scratch/Maildir/.Junk") {
    for my $name (glob "$folder/new/*") { $out{sum(actual(slurp($name)))}++; $count++ }
}
my $n = 0;
sub ok { my ($good, $what) = @_; $n++; print $good ? 'ok' : 'not ok', " $n - $what\n"; }
ok(!$failed, scalar(@files) . ' messages, each delivered');
ok(!-s "$scratch/stderr", 'without a word');
print STDERR "# ", substr(slurp("$scratch/stderr"), 0, 3000), "\n" if -s "$scratch/stderr";
ok($count == @files, "as many out as in ($count)");
my @lost = grep { ($out{$_} // 0) != $in{$_} } keys %in;
my @new = grep { !$in{$_} } keys %out;
ok(!@lost && !@new, 'byte for byte');
for my $sum (@lost) { print STDERR "# lost or changed: $_\n" for grep { expected($_) eq $sum } @files }
ok($seconds < 300, sprintf 'in time (%.1f s)', $seconds);
print "1..$n\n";

sub slurp { local (@ARGV, $/) = @_; return scalar(<>) // '' }
sub sum { md5_hex($_[0]) }
# Without the lines that a delivery puts in front (nobody told it a recipient).
sub actual {
    my ($text) = @_;
    1 while $text =~ s/\A(?:X-Backstop[\w-]*|Return-Path): .*\n(?:[ \t].*\n)*//;
    return $text;
}
sub expected {
    my ($file) = @_;
    my $text = slurp($file);
    $text =~ s{\A>?From [^\r\n]*(?:\r\n?|\n)}{};
    return sum(actual($text));
}
