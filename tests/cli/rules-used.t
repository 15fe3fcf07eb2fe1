#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Every built-in rule decides a message of tests/corpus, or says with "untested = why" that none does.
use strict;
use warnings;
use File::Find;

my $source = $ENV{srcdir} // '..';
my $program = $ENV{BACKSTOP} // './backstop';
my (@messages, %rules, %untested, %decided);

open my $list, '-|', $program, 'rules' or die;
while (<$list>) {
    $rules{$1} = $2 if /^\s*\d+\s+\S+\s+(\S+)\s+(\S+:\d+)/;
}
close $list;
for my $file (glob "$source/rules/*.rules") {
    open my $in, '<', $file or die "$file: $!\n";
    my $group;
    while (<$in>) {
        $group = $1 if /^\[(.*)\]/;
        $untested{$group} = 1 if /^untested\s*=/;
    }
}
find({wanted => sub { push @messages, $File::Find::name if /\.eml$/ }, no_chdir => 1}, "$source/tests/corpus");
while (my @some = splice @messages, 0, 200) {
    open my $explained, '-|', $program, 'check', '--explain', @some or die;
    while (<$explained>) {
        $decided{$1} = 1 if /^\s+(\S+) \(\S+:\d+\): yes$/;
    }
    close $explained or die "check --explain failed\n";
}
print "1..3\n";
my @silent = grep { !$decided{$_} && !$untested{$_} } sort keys %rules;
my @stale = grep { $decided{$_} } sort keys %untested;
print keys %rules > 200 ? '' : 'not ', "ok 1 - the rules are listed\n";
print @silent ? 'not ' : '', "ok 2 - each decides a message\n";
print STDERR "# $_ ($rules{$_}) decides none: add one, mark it untested, or take it out\n" for @silent;
print @stale ? 'not ' : '', "ok 3 - none that does is marked untested\n";
print STDERR "# $_ is marked untested and decides one\n" for @stale;
