#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# Runs SpamAssassin with its VBounce plugin and rules alone, in this process, over the messages whose
# paths come on standard input: "path TAB rules that hit". Says on standard error how many seconds of
# the processor the messages took in the best of three passes, without loading anything.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Mail::SpamAssassin;

my ($cf) = grep { -f } ($ENV{VBOUNCE_CF} // (), '/usr/share/spamassassin/20_vbounce.cf',
    glob('/var/lib/spamassassin/*/updates_spamassassin_org/20_vbounce.cf'));
die "20_vbounce.cf was not found\n" unless $cf;
my $rules = tempdir(CLEANUP => 1);
open my $in, '<', $cf or die "$cf: $!\n";
open my $out, '>', "$rules/20_vbounce.cf" or die "$rules: $!\n";
print $out map({ "loadplugin Mail::SpamAssassin::Plugin::$_\n" } qw(Check VBounce)), <$in>;
# Without a relay of our own the rules are off.
print $out "whitelist_bounce_relays relay.of.ours.example\n";
close $out or die "$rules: $!\n";

my $assassin = Mail::SpamAssassin->new({
    rules_filename => $rules, site_rules_filename => "$rules/none", userstate_dir => $rules,
    dont_copy_prefs => 1, local_tests_only => 1, userprefs_filename => "$rules/none",
});
$assassin->compile_now(0, 0);
my @messages;
while (my $path = <STDIN>) {
    chomp $path;
    open my $file, '<:raw', $path or die "$path: $!\n";
    push @messages, [$path, do { local $/; <$file> }];
}
my ($best, %hits);
for my $pass (1 .. 3) {
    my @before = times;
    for my $message (@messages) {
        my $mail = $assassin->parse($message->[1]);
        my $status = $assassin->check($mail);
        $hits{$message->[0]} = $status->get_names_of_tests_hit();
        $status->finish;
        $mail->finish;
    }
    my @after = times;
    my $took = $after[0] + $after[1] - $before[0] - $before[1];
    $best = $took if !defined $best || $took < $best;
}
print "$_->[0]\t$hits{$_->[0]}\n" for @messages;
printf STDERR "%.2f\n", $best;
