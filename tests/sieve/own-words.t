#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# All that backstop says is written here. Pigeonhole, where it is installed, says the same things in words
# under another licence: no message of ours is one of its, whatever stands for %s and %d. Its strings are
# read from its libraries while this runs; none of them is kept here.
use strict;
use warnings;
use File::Find;

my $source = $ENV{srcdir} // '..';
my @libraries = grep { -f } glob(
    '/usr/lib/dovecot/libdovecot-sieve.so /usr/lib64/dovecot/libdovecot-sieve.so '
        . '/usr/lib/dovecot/modules/*sieve*.so /usr/lib/dovecot/modules/sieve/*.so '
        . '/usr/lib64/dovecot/*sieve*.so /usr/lib64/dovecot/sieve/*.so /usr/bin/sieve-test /usr/bin/sieve-filter');
if (!@libraries) {
    print "1..0 # SKIP Pigeonhole is not installed: there is nothing to compare with\n";
    exit 0;
}

# One form for what differs by its values and its ends alone.
sub normal {
    my ($text) = @_;
    $text =~ s/\\n//g;
    $text =~ s/%[-+ 0#]*\d*(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]/%/g;
    $text =~ s/["'`]//g;
    $text =~ s/\s+/ /g;
    $text =~ s/^[ :]+|[ .:]+$//g;
    return lc $text;
}

# A name is none, nor is what is fewer than three words; and some texts are those of a standard.
my %standard = (
    normal('auto-replied (vacation)') => 'RFC 5230, section 5.7',
    normal('auto-notified; owner-email="%s"') => 'RFC 5436, section 2.7.1',
);

sub is_message {
    my ($text) = @_;
    my @words = grep { length > 1 } split /[^a-z]+/, $text;
    return @words >= 3 && $text =~ / / && !$standard{$text};
}

my (%theirs, $example);
for my $library (@libraries) {
    open my $in, '<:raw', $library or die "$library: $!\n";
    local $/;
    my $bytes = <$in>;
    for my $text ($bytes =~ /[\x20-\x7e\n\t]{6,}/g) {
        $theirs{normal($text)} = 1;
        $example = $text if $text =~ /^[a-z]+ [a-z]+ [a-z]+ '%s'$/;
    }
}

# The literals of a C file, joined where they stand behind each other.
sub literals {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    my $text = <$in>;
    $text =~ s{^\s*//[^\n]*}{}mg;
    my @found;
    while ($text =~ /((?:"(?:[^"\\\n]|\\.)*"\s*(?:(?:G_G|PRI)\w+\s*)?)+)/g) {
        my ($literal, $end) = ($1, pos $text);
        my $line = 1 + (substr($text, 0, $end - length $literal) =~ tr/\n//);
        my $whole = join '', map { /^"(.*)"$/s ? $1 : 'u' } $literal =~ /"(?:[^"\\\n]|\\.)*"|\b(?:G_G|PRI)\w+/g;
        $whole =~ s/\\(["\\])/$1/g;
        push @found, [$line, $whole];
    }
    return @found;
}

my @files;
find({wanted => sub { push @files, $_ if /\.[ch]$/ }, no_chdir => 1}, "$source/mda");
my ($looked, @same) = (0);
for my $path (sort @files) {
    for my $literal (literals($path)) {
        my $text = normal($literal->[1]);
        next unless is_message($text);
        $looked++;
        push @same, "$path:$literal->[0]: $literal->[1]" if $theirs{$text};
    }
}

# Would it be seen? Take one of theirs as if it were ours.
my $seen = defined $example && is_message(normal($example)) && $theirs{normal(ucfirst("$example.") =~ s/'/"/gr)};

print "1..3\n";
print $seen ? '' : 'not ', "ok 1 - a message of Pigeonhole is recognised in other letters\n";
print $looked > 1000 ? '' : 'not ', "ok 2 - the messages of the program are looked through ($looked)\n";
print @same ? 'not ' : '', "ok 3 - none is letter for letter one of Pigeonhole's\n";
print "# $_\n" for @same;
exit(@same || !$seen || $looked <= 1000);
