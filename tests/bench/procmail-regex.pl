#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Random expressions over random lines, the real procmail's answer against ours:
#
#   procmail-regex.pl [ROUNDS [SEED]]     40 expressions a round, in the build directory
#
# Bounded in time: a round in which the real one searches for ever (it does for some repetitions of what
# can be empty) is left out. Counted apart, as known: MATCH where a repetition stands left of "\/".
use strict;
use warnings;
use File::Temp qw(tempdir);

my ($rounds, $seed) = @ARGV;
$rounds ||= 20;
srand($seed //= time);
my $real = (grep { -x } map { "$_/procmail" } split /:/, $ENV{PATH})[0] or print("# procmail is not installed\n"), exit 0;
my $work = tempdir('backstop-regex.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $backstop = $ENV{BACKSTOP} || "$ENV{PWD}/backstop";
symlink $backstop, "$work/procmail" or die;

sub pick { $_[rand @_] }

sub sequence {
    my ($depth) = @_;
    my $text = '';
    for (1 .. 1 + rand 3) {
        my $kind = rand;
        my $one = $kind < .5 ? pick(qw(a b c A))
            : $kind < .57 ? '.'
            : $kind < .64 ? pick('[ab]', '[^a]', '[a-c]', '[]a]', '[^]b]', '[-a]', '[b-]')
            : $kind < .71 ? pick('^', '$')
            : $kind < .76 ? pick('\\<', '\\>')
            : $kind < .79 ? '^^'
            : $kind < .82 ? pick('{2}', '\\.', '\\*', ']')
            : $depth < 3 ? '(' . join('|', map { sequence($depth + 1) } 0 .. rand 3) . ')'
            : 'b';
        $one .= pick('*', '+', '?') if rand() < .2 && $one !~ /\^\^/;
        $text .= $one;
    }
    return $text;
}

my ($asked, $left_out, $known, $wrong) = (0, 0, 0, 0);
for my $round (1 .. $rounds) {
    my @cases = map {
        my $pattern = sequence(0);
        $pattern .= '\\/' . sequence(1) if rand() < .4;
        [$pattern, join '', map { pick('a', 'a', 'b', 'b', 'c', 'A', 'B', ' ', "\n") } 1 .. rand 12];
    } 1 .. 40;
    my $rc = "LINEBUF=8192\n";
    my $n = 0;
    for (@cases) {
        $rc .= "V='$_->[1]'\nMATCH=none\nR=no\n:0\n* V ?? \\$_->[0]\n{ R=yes }\nLOG=\"\@$n \$R \$MATCH;\"\n";
        $n++;
    }
    open my $file, '>', "$work/rc" or die;
    print $file $rc, ":0\n/dev/null\n";
    close $file;
    my @answers = map { answer($_) } $real, "$work/procmail";
    $left_out++, next unless $answers[0];
    for my $i (0 .. $#cases) {
        my @got = map { $_->{$i} // 'nothing' } @answers;
        $asked++;
        next if $got[0] eq $got[1];
        my ($left) = $cases[$i][0] =~ m{^(.*)\\/};
        $known++, next if defined $left && $left =~ /[*+?]/;
        $wrong++;
        (my $text = $cases[$i][1]) =~ s/\n/\\n/g;
        print "# $cases[$i][0] on \"$text\": procmail says $got[0], we say $got[1]\n";
    }
}
print "procmail's expressions, seed $seed: $asked asked, $wrong answered otherwise, $known of the known kind, ",
    "$left_out rounds without an answer of procmail's\n";
exit($wrong ? 1 : 0);

sub answer {
    my ($program) = @_;
    unlink "$work/log";
    my $pid = fork // die;
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec $program, 'LOGABSTRACT=no', "LOGFILE=$work/log", 'DEFAULT=/dev/null', 'ORGMAIL=/dev/null', "$work/rc" or die;
    }
    local $SIG{ALRM} = sub { kill 'KILL', $pid };
    alarm 2;
    waitpid $pid, 0;
    my $ended = $? == 0;
    alarm 0;
    return undef unless $ended;
    open my $log, '<', "$work/log" or return undef;
    my $text = do { local $/; <$log> };
    my %answers;
    $answers{$1} = $2 while $text =~ /\@(\d+) (.*?);(?=\@|procmail:|\z|\n)/sg;
    return \%answers;
}
