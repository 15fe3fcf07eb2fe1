#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Reports on which the sources agree and disagree: each message of tests/evidence is judged with the
# sent mail in the .ids file beside it, and the .want file has the verdict and what single sources
# say: "verdict genuine", "ledger ours proof". Adding a case is adding three files.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP;

my $source = $ENV{srcdir} // '..';
my $program = $ENV{BACKSTOP} // './backstop';
my @messages = sort glob("$source/tests/evidence/*.eml");
my @site = ('identity.domains=example.org', 'identity.relays=mail.example.org',
    'identity.networks=192.0.2.0/28', 'ledger.complete=yes', 'log.destination=none',
    'evidence.disabled=spf dkim dnsbl sent-folder');

sub judge {
    my ($message, $state) = @_;
    my @options = map { ('--set', $_) } @site, "state.directory=$state";
    system($program, @options, 'sent', '--ids', '-q', $message =~ s/eml$/ids/r) == 0 or return;
    open my $out, '-|', $program, @options, 'check', '--json', $message or return;
    my $line = <$out>;
    return $line ? JSON::PP->new->utf8->decode($line) : undef;
}

print '1..', scalar @messages, "\n";
my $number = 0;
for my $message (@messages) {
    my $object = judge($message, tempdir(CLEANUP => 1)) // {};
    my %said = (class => $object->{class}, verdict => $object->{verdict});
    $said{$_->{source}} = "$_->{says} $_->{weight}" for @{$object->{evidence} // []};
    open my $file, '<', $message =~ s/eml$/want/r or die "$message: no .want\n";
    my @wrong;
    while (my $line = <$file>) {
        chomp $line;
        my ($key, $wanted) = split / /, $line, 2;
        my $got = $said{$key} // '';
        push @wrong, "$key: wanted $wanted, got $got" if $got ne $wanted;
    }
    my $name = $message =~ s{.*/}{}r;
    print @wrong ? 'not ' : '', 'ok ', ++$number, " - $name\n";
    print STDERR "# $name: $_\n" for @wrong, @wrong ? $object->{because} // 'no answer' : ();
}
