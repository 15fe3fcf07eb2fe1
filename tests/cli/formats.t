#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Every message of tests/corpus is what the .want file beside it says: lines of "key value" with class,
# rule, message-id, recipient (several), status, action, diagnostic, reporting-mta, reference, full,
# recipients (how many). Adding a case is adding two files.
use strict;
use warnings;
use File::Find;
use File::Temp;
use JSON::PP;

my $source = $ENV{srcdir} // '..';
my $program = $ENV{BACKSTOP} // './backstop';
my @messages;
find({wanted => sub { push @messages, $File::Find::name if /\.eml$/ }, no_chdir => 1}, "$source/tests/corpus");
@messages = sort @messages;

# By a file: a pipe holds so much, and what answers stops reading while nobody reads its answers.
my $list = File::Temp->new;
print $list map { "$_\n" } @messages;
close $list;
my $pid = open(my $out, '-|', "exec '$program' check --json --stdin-paths <'$list'") or die "$program: $!\n";
my %seen;
while (my $line = <$out>) {
    my $object = JSON::PP->new->utf8->decode($line);
    $seen{$object->{path}} = $object;
}
close $out; # waits for it
my $status = $?;

sub text { my ($value) = @_; return !defined $value ? '' : ref $value ? ($value ? 'true' : 'false') : $value }

sub values_of {
    my ($object, $key) = @_;
    my @recipients = @{$object->{report}{recipients} // []};
    return text($object->{$key}) if $key eq 'class' || $key eq 'rule';
    return text($object->{original}{message_id}) if $key eq 'message-id';
    return text($object->{original}{full}) if $key eq 'full';
    return text($object->{report}{reporting_mta}) if $key eq 'reporting-mta';
    return @{$object->{original}{references} // []} if $key eq 'reference';
    return scalar @recipients if $key eq 'recipients';
    return map { text($_->{final}) } @recipients if $key eq 'recipient';
    return map { text($_->{$key}) } @recipients if $key =~ /^(status|action|diagnostic)$/;
    die "unknown key $key\n";
}

print '1..', @messages + 1, "\n";
my $number = 0;
binmode STDOUT, ':utf8';
binmode STDERR, ':utf8';
for my $message (@messages) {
    my @wrong;
    my $object = $seen{$message};
    open my $file, '<:utf8', $message =~ s/eml$/want/r or die "$message: no .want\n";
    while (my $line = <$file>) {
        chomp $line;
        my ($key, $wanted) = split / /, $line, 2;
        my @got = $object ? values_of($object, $key) : ();
        push @wrong, "$key: wanted $wanted, got " . join(', ', @got) unless grep { $_ eq $wanted } @got;
    }
    my $name = $message =~ s{.*/tests/corpus/}{}r;
    print @wrong ? 'not ' : '', 'ok ', ++$number, " - $name\n";
    print STDERR "# $name: $_\n" for @wrong;
}
print $status == 0 ? '' : 'not ', 'ok ', ++$number, " - check exits 0\n";
