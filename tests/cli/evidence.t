#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Reports on which the sources agree and disagree: each message of tests/evidence is judged with the
# sent mail in the .ids file beside it, and the .want file has the verdict and what single sources
# say: "verdict genuine", "ledger ours proof". Adding a case is adding three files. Lines of a .set
# file are settings beside those of the site; a .sent file is a mail that is recorded as it is sent.
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

# Hands the message in FILE, if there is one, to the recorder with the recipients of its To.
sub record {
    my $file = pop;
    open my $mail, '<', $file or return 1;
    local $/;
    my $text = <$mail>;
    my ($to) = $text =~ /^To: (.*)/m;
    open my $sent, '|-', $program, @_, 'sent', '-f', 'alice@example.org', $to or return;
    print $sent $text;
    return close $sent;
}

sub judge {
    my ($message, $state) = @_;
    my @options = map { ('--set', $_) } @site, "state.directory=$state";
    if (open my $settings, '<', $message =~ s/eml$/set/r) {
        push @options, map { chomp; ('--set', $_) } <$settings>;
    }
    system($program, @options, 'sent', '--ids', '-q', $message =~ s/eml$/ids/r) == 0 or return;
    record(@options, $message =~ s/eml$/sent/r) or return;
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
