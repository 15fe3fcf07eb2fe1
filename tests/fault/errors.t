#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Every call that a delivery makes fails once, in every way that fits, into every kind of store: it
# ends in 0 with one whole copy or in 75 with nothing left over, and after a retry without a fault
# there is one whole copy. What was in the store before stays.
use strict;
use warnings;
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use POSIX ();

my $build = $ENV{builddir} // '.';
my $shim = "$build/tests/fault/shim.so";
my $agent = -x "$build/backstop-agent" ? "$build/backstop-agent" : "$build/backstop";
sub skip_all { print "1..0 # SKIP @_\n"; exit 0 }
skip_all('the shim was not built') unless -f $shim;
skip_all('the sanitizers want to be loaded first') if `grep -l -e '^SAN_CFLAGS = .*fsanitize' '$build/Makefile'`;
# Whatever happened before, each store kind, with and without a mark of the MTA's.
my %errno = (EIO => 5, ENOSPC => 28, EACCES => 13, ENOMEM => 12, EINTR => 4, EDQUOT => 122, EMFILE => 24);
my %faults = (
    write => [qw(EIO ENOSPC short KILL TERM)], writev => [qw(EIO ENOSPC EINTR short KILL TERM)],
    read => [qw(EIO EINTR short KILL)], pread => [qw(EIO)], fsync => [qw(EIO ENOSPC KILL TERM)],
    close => [qw(EIO EDQUOT KILL)], open => [qw(EACCES EMFILE KILL)], openat => [qw(EACCES EMFILE ENOSPC KILL)],
    linkat => [qw(EIO ENOSPC KILL TERM SEGV)], link => [qw(EIO ENOSPC KILL)], unlink => [qw(EIO KILL TERM)],
    unlinkat => [qw(EIO KILL)], fchmod => [qw(EIO KILL TERM)], mkdirat => [qw(ENOSPC EACCES KILL)], lseek => [qw(EIO)],
);
my $scratch = tempdir('backstop-fault.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $home = "$scratch/home";
my $fired = "$scratch/fired";
my $body = join('', map { "line $_ of the message\n" } 1 .. 300);
my $older = "From: old\@example.net\nSubject: older\n\nwas here before\n";
my $plain = "From: ann\@example.net\nSubject: fault\n\n$body";
my $marked = "Received: from a by b; " . POSIX::strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime) . "\n$plain";

sub run {
    my ($location, $input, %shim) = @_;
    open my $in, '>', "$scratch/in" or die $!;
    print $in $input;
    close $in;
    my $pid = fork // die $!;
    if (!$pid) {
        %ENV = (PATH => $ENV{PATH}, HOME => $home, USER => 'x', LOGNAME => 'x', %shim);
        # A pipe, as from an MTA: a file would lend the message an identity.
        open STDIN, '-|', 'cat', "$scratch/in" or die $!;
        open STDOUT, '>', "$scratch/out";
        open STDERR, '>&', \*STDOUT;
        $ENV{LD_PRELOAD} = $shim if %shim;
        { no warnings 'exec'; exec $agent, '--set', "store.location=$location", '--set', "log.destination=$scratch/log", '-f', 'ann@example.net' }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return $? & 127 ? 'sig' . ($? & 127) : $? >> 8;
}
sub slurp { local (@ARGV, $/) = @_; return <> }
# Texts of the messages in the store, and what else lies there.
sub content {
    my ($kind) = @_;
    if ($kind eq 'mbox') {
        my $all = -e "$home/mbox" ? slurp("$home/mbox") : '';
        my @parts = split /^From \S+ .*\n/m, $all;
        shift @parts if @parts && $parts[0] eq '';
        return ([map { s/\n\z//r } @parts], [grep { !m{/mbox$} } glob "$home/mbox*"]);
    }
    my @files = $kind eq 'mh' ? grep { m{/\d+$} } glob "$home/Mail/*" : (glob("$home/Maildir/new/*"), glob "$home/Maildir/cur/*");
    my @rest = $kind eq 'mh' ? glob "$home/Mail/,*" : glob "$home/Maildir/tmp/*";
    return ([map { slurp($_) } @files], \@rest);
}
sub judge {
    my ($kind, $text) = @_;
    my ($messages, $rest) = content($kind);
    my $whole = grep { s/\AReturn-Path: <ann\@example.net>\n//r eq $text } @$messages;
    my $old = grep { s/\AReturn-Path: <ann\@example.net>\n//r eq $older } @$messages;
    return ($whole, $old, @$messages - $whole - $old, scalar @$rest);
}

my $tests = 0;
sub ok {
    my ($good, $what, @why) = @_;
    $tests++;
    print $good ? 'ok' : 'not ok', " $tests - $what\n";
    print STDERR map { "# $_\n" } @why[0 .. ($#why > 9 ? 9 : $#why)] unless $good;
}

my %location = (maildir => "maildir:$home/Maildir", mbox => "mbox:$home/mbox", mh => "mh:$home/Mail");
for my $kind (sort keys %location) {
    for my $call (sort keys %faults) {
        my (@bad, $cases);
        for my $fault (@{$faults{$call}}) {
            for my $nth (1 .. 60) {
                my $text = $nth % 2 ? $marked : $plain;
                remove_tree($home);
                mkdir $home or die $!;
                run($location{$kind}, $older) == 0 or die 'the store cannot be prepared' if $nth % 4 > 1;
                my $had = $nth % 4 > 1 ? 1 : 0;
                unlink $fired;
                my $status = run($location{$kind}, $text, SHIM_CALL => $call, SHIM_NTH => $nth,
                    SHIM_FAULT => $errno{$fault} // $fault, SHIM_FIRED => $fired);
                my ($whole, $old, $other, $rest) = judge($kind, $text);
                my $happened = -e $fired;
                my $why = "$kind: $fault at $call $nth: status $status, whole $whole, old $old, broken $other, left $rest";
                $cases++ if $happened;
                my $killed = $fault eq 'KILL' && $happened;
                my $sound = $killed ? $status eq 'sig9' || $status =~ /^(0|75)$/ : $status =~ /^(0|75)$/;
                $sound &&= $whole == 1 && $other == 0 if $status eq '0';
                # A lock or draft that an error of unlink itself leaves behind is no fault of ours.
                $sound &&= $rest == 0 unless $killed || $call =~ /^unlink/;
                $sound &&= $old == $had && $other == 0;
                if ($status ne '0') {
                    my $again = run($location{$kind}, $text);
                    ($whole, $old, $other) = judge($kind, $text);
                    $why .= "; then status $again, whole $whole, old $old, broken $other";
                    $sound &&= $again eq '0' && $whole == 1 && $old == $had && $other == 0;
                }
                push @bad, $why unless $sound;
                last unless $happened;
            }
        }
        $cases //= 0;
        ok(!@bad, "$kind: $cases faults at $call", @bad);
    }
}
print "1..$tests\n";
