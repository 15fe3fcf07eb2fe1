#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# In which order things are done. What was written is synced before it gets its name, the name before
# the status is 0; a signal before that means 75 and one behind it 0; a message that cannot be read to
# its end is none; and root takes on a user's groups, group and number before opening anything of his.
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
my $scratch = tempdir('backstop-order.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $scratch;
my ($home, $fired, $trace, $log) = map { "$scratch/$_" } qw(home fired trace log);
my $message = "From: ann\@example.net\nTo: bob\@example.org\nSubject: order\n\nbody\n";

sub fresh { remove_tree($home); mkdir $home or die $!; unlink $fired, $trace, $log }
sub put { my ($path, $text) = @_; open my $out, '>', $path or die "$path: $!"; print $out $text; close $out }
sub slurp { my ($path) = @_; local (@ARGV, $/) = $path; return <> // '' }

# Runs the agent over TEXT with the shim's variables; its status, or sigN.
sub run {
    my ($text, $shim_of, @arguments) = @_;
    put("$scratch/in", $text);
    my $pid = fork // die $!;
    if (!$pid) {
        %ENV = (PATH => $ENV{PATH}, HOME => $home, USER => 'x', LOGNAME => 'x', SHIM_FIRED => $fired, %$shim_of);
        open STDIN, '-|', 'cat', "$scratch/in" or die $!;
        open STDOUT, '>', "$scratch/out";
        open STDERR, '>&', \*STDOUT;
        $ENV{LD_PRELOAD} = $shim;
        { no warnings 'exec'; exec $agent, '--set', "log.destination=$log", '-f', 'ann@example.net', @arguments }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return $? & 127 ? 'sig' . ($? & 127) : $? >> 8;
}

my $tests = 0;
sub ok {
    my ($good, $what, @why) = @_;
    $tests++;
    print $good ? 'ok' : 'not ok', " $tests - $what\n";
    print STDERR map { "# $_\n" } @why unless $good;
}

# The trace, a line an array: call, device:inode, path of the file or directory, name.
sub traced { return map { [split /\t/, $_, -1] } split /\n/, -e $trace ? slurp($trace) : '' }
sub inode { my ($path) = @_; my @of = stat $path or return ''; return "$of[0]:$of[1]" }
sub last_of { my ($calls, $test) = @_; my $at = -1; for (0 .. $#$calls) { $at = $_ if $test->($calls->[$_]) } return $at }

# What was not synced in time of the file PATH, which has been delivered into; NEW: it was not there.
sub unsynced {
    my ($path, $new, @calls) = @_;
    my ($file, $dir) = (inode($path), inode($path =~ s{/[^/]*\z}{}r));
    my $name = $path =~ s{.*/}{}r;
    my $written = last_of(\@calls, sub { $_[0][0] =~ /^(p?write|writev|ftruncate)$/ && $_[0][1] eq $file });
    my $synced = last_of(\@calls, sub { $_[0][0] =~ /^f(data)?sync$/ && $_[0][1] eq $file });
    my $named = last_of(\@calls, sub { # by a path, or by a name in the directory
        $_[0][0] =~ /^(link|linkat|rename)$/ && ($_[0][3] eq $path || $_[0][3] eq $name && $_[0][1] eq $dir) });
    my $kept = last_of(\@calls, sub { $_[0][0] eq 'fsync' && $_[0][1] eq $dir });
    return ("$name was not written") if $written < 0;
    my @bad;
    push @bad, "$name is not synced behind its last write" if $synced < $written;
    push @bad, "$name has its name before it is synced" if $named >= 0 && $named < $synced && $written < $named;
    push @bad, "the directory of $name is not synced behind the naming" if $new && ($kept < 0 || $kept < $named);
    return @bad;
}

my %ways = (
    'a maildir' => [["--set", "store.location=maildir:$home/Maildir"], "$home/Maildir/new/*"],
    'a new mbox' => [["--set", "store.location=mbox:$home/box"], "$home/box"],
    'an MH folder' => [["--set", "store.location=mh:$home/Mail"], "$home/Mail/*"],
    'a script that files and copies' => [["--set", "store.location=maildir:$home/Maildir"],
        "$home/Maildir/new/*", "$home/Maildir/.A/new/*"],
    'an rc file into a maildir' => [["--set", "store.location=maildir:$home/Maildir"], "$home/rc/new/*"],
    'an rc file into an mbox' => [["--set", "store.location=maildir:$home/Maildir"], "$home/rcbox"],
);
sub rules { # for the way
    my ($way) = @_;
    put("$home/.dovecot.sieve", qq{require ["fileinto", "copy", "mailbox"]; fileinto :create :copy "A";}) if $way =~ /script/;
    put("$home/.procmailrc", ":0\n$home/rc/\n") if $way =~ /rc file into a maildir/;
    put("$home/.procmailrc", ":0:\n$home/rcbox\n") if $way =~ /rc file into an mbox/;
}
for my $way (sort keys %ways) {
    my ($arguments, @where) = @{$ways{$way}};
    fresh();
    rules($way);
    my $status = run($message, {SHIM_TRACE => $trace}, @$arguments);
    my @calls = traced();
    my @files = map { my @found = grep { -f && !m{/\.[^/]*\z} } glob; @found ? @found : "$_ is not there" } @where;
    my @bad = map { unsynced($_, 1, @calls) } @files;
    ok($status eq '0' && !@bad, "$way: the file is synced, then named, then its directory synced", "status $status", @bad);

    # A signal at each call: 75 up to some call, 0 from there on, and never 75 again.
    my ($text, $first, @wrong) = ('', undef);
    for my $nth (1 .. @calls) {
        next if $nth % 3 && $nth < @calls - 12; # all of the last ones, some of those before
        fresh();
        rules($way);
        my $ended = run($message, {SHIM_CALL => 'any', SHIM_NTH => $nth, SHIM_FAULT => 'TERM'}, @$arguments);
        next unless -e $fired;
        $first //= $nth if $ended eq '0';
        push @wrong, "TERM at call $nth ($calls[$nth - 1][0]): status $ended" unless $ended =~ /^(0|75)$/;
        push @wrong, "TERM at call $nth ($calls[$nth - 1][0]): 75 though an earlier one was 0" if defined $first && $ended eq '75';
        push @wrong, "TERM at call $nth: 0, but " . join ', ', grep { !glob } @where
            if $ended eq '0' && grep { !(() = grep { -s } glob) } @where;
    }
    ok(defined $first && !@wrong, "$way: a signal means 75 before the message is safe, and 0 behind it",
        defined $first ? () : 'no signal left status 0', @wrong);
}

# A message of 1.5 MiB goes through a file on its way; what cannot be read is not its end.
my $large = $message . "a line of a large message, of which there are many\n" x 30000;
my ($faults, @wrong) = (0);
for my $nth (1 .. 60) {
    fresh();
    my $status = run($large, {SHIM_CALL => 'read', SHIM_NTH => $nth, SHIM_FAULT => 5}, '--set', "store.location=maildir:$home/Maildir");
    last unless -e $fired;
    $faults++;
    my @stored = glob "$home/Maildir/new/*";
    my $whole = grep { slurp($_) eq "Return-Path: <ann\@example.net>\n$large" } @stored;
    push @wrong, "EIO at read $nth: status $status, " . @stored . " stored, $whole whole"
        unless $status eq '75' && !@stored || $status eq '0' && @stored == 1 && $whole == 1;
}
ok($faults > 20 && !@wrong, "a large message that cannot be read to its end waits ($faults read errors)", @wrong[0 .. ($#wrong > 5 ? 5 : $#wrong)]);

# A folder on a full disk: the disk will have room again, and the inbox is not where the rule wanted it.
($faults, @wrong) = (0);
for my $call (qw(writev fsync)) {
    for my $nth (1 .. 20) {
        fresh();
        put("$home/.dovecot.sieve", 'require ["fileinto", "mailbox"]; fileinto :create "A";');
        my $status = run($message, {SHIM_CALL => $call, SHIM_NTH => $nth, SHIM_FAULT => 28}, '--set', "store.location=maildir:$home/Maildir");
        last unless -e $fired;
        $faults++;
        my ($inbox, $folder) = (scalar(() = glob "$home/Maildir/new/*"), scalar(() = glob "$home/Maildir/.A/new/*"));
        push @wrong, "ENOSPC at $call $nth: status $status, $inbox in the inbox, $folder in the folder"
            unless !$inbox && ($status eq '75' || $status eq '0' && $folder == 1);
    }
}
ok($faults > 2 && !@wrong, "a folder on a full disk waits and is not replaced by the inbox ($faults faults)", @wrong);

# A file may grow to so many bytes: a part of the message fits, and goes again.
fresh();
my $before = "From ann\@example.net Thu Jan  1 00:00:00 2026\nSubject: older\n\nx\n\n";
put("$home/box", $before);
put("$scratch/in", $message . "a line of some length that fills the box\n" x 2000);
my $limited = system('sh', '-c', 'ulimit -f 16; HOME=$1 exec "$2" --set "store.location=mbox:$1/box" --set log.destination=none -f ann@example.net <"$3"',
    'sh', $home, $agent, "$scratch/in") >> 8;
ok($limited == 75 && slurp("$home/box") eq $before, 'what was appended of a message that does not fit is cut off', "status $limited, " . -s "$home/box");

# Root delivers for a user. Where the test does not run as root, it pretends to.
my $user = $> ? getpwuid $> : 'nobody';
my (undef, undef, $uid, $gid) = defined $user ? getpwnam $user : ();
if (defined $uid && $uid) {
    fresh();
    put("$home/.procmailrc", "LOGFILE=$home/said\n");
    chown $uid, $gid, $scratch, $home, "$home/.procmailrc";
    put($trace, '');
    chmod 0666, $trace;
    my $status = run($message, {SHIM_TRACE => $trace, $> ? (SHIM_USER => 0) : ()}, '-d', $user, '--set', "store.location=maildir:$home/Maildir", '--set', "state.directory=$home/state");
    my @calls = traced();
    my %at = map { my $call = $_; $call => last_of(\@calls, sub { $_[0][0] eq $call }) } qw(initgroups setresgid setresuid);
    my ($opened) = grep { $calls[$_][0] =~ /^(open|openat|mkdirat)$/ && "$calls[$_][2]/$calls[$_][3]" =~ m{\Q$home\E} } 0 .. $#calls;
    ok($status eq '0' && $at{initgroups} >= 0 && $at{initgroups} < $at{setresgid} && $at{setresgid} < $at{setresuid}
            && defined $opened && $opened > $at{setresuid} && $calls[$at{initgroups}][3] eq $user,
        'root takes on groups, group and user, in this order, and only then opens what is the user\'s',
        "status $status; " . join(', ', map { "$_ $at{$_}" } sort keys %at), 'first opened: ' . ($opened // 'nothing'), slurp("$scratch/out"));
    my @refused;
    for my $call (qw(initgroups setresgid setresuid)) {
        remove_tree("$home/Maildir");
        my $ended = run($message, {SHIM_CALL => $call, SHIM_NTH => 1, SHIM_FAULT => 1, $> ? (SHIM_USER => 0) : ()}, '-d', $user, '--set', "store.location=maildir:$home/Maildir", '--set', "state.directory=$home/state");
        push @refused, "$call fails: status $ended" unless $ended eq '75' && !-e "$home/Maildir";
    }
    ok(!@refused, 'when one of them fails the message waits', @refused);
    remove_tree("$home/Maildir");
    my $refused = run($message, {SHIM_USER => 54321}, '-d', $user, '--set', "store.location=maildir:$home/Maildir", '--set', "state.directory=$home/state");
    ok($refused eq '75' && !-e "$home/Maildir", 'who is not root delivers for nobody else', "status $refused");
} else {
    print "ok ", ++$tests, " # SKIP this user has no entry in the database\n" for 1 .. 3;
}
print "1..$tests\n";
