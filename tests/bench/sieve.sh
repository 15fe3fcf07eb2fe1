#!/bin/sh
# SPDX-License-Identifier: MIT
# A script of 20 rules over 1,000 messages: ours against sieve-test (Pigeonhole), one process a message
# for both, by turns; and ours with all messages in one process.
srcdir=${srcdir:-..}
BACKSTOP=${BACKSTOP:-$PWD/backstop}
command -v sieve-test >/dev/null || { echo "# sieve-test is not here"; exit 0; }
work=$(mktemp -d "${TMPDIR:-/tmp}/backstop-bench.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/mail" "$work/home"
exec perl - "$srcdir" "$BACKSTOP" "$work" <<'PERL'
use strict;
use warnings;
use Time::HiRes qw(time);
my ($srcdir, $backstop, $work) = @ARGV;

open my $out, '>', "$work/rules.sieve" or die;
print $out "require [\"fileinto\", \"envelope\", \"variables\", \"regex\", \"relational\", \"subaddress\", \"copy\"];\n";
for my $n (1 .. 5) {
    print $out "if header :contains [\"list-id\", \"list-post\"] \"list$n.example\" { fileinto \"lists/$n\"; stop; }\n";
    print $out "if address :domain :is [\"from\", \"sender\"] \"domain$n.example\" { fileinto \"domain$n\"; stop; }\n";
    print $out "if header :matches \"subject\" \"[topic$n] *\" { fileinto \"topic/\${1}\"; stop; }\n";
    print $out "if allof (size :over ${n}M, not header :regex \"x-spam-status\" \"^Yes, score=${n}[0-9]\") { fileinto :copy \"large\"; }\n";
}
close $out;

my @mail = grep { -s $_ } glob("$srcdir/../shared/corpus/*/*.eml"), glob("$srcdir/../shared/corpus/*.eml");
@mail = @mail[0 .. 999] if @mail > 1000;
for my $n (@mail + 1 .. 1000) {
    my $path = "$work/mail/$n.eml";
    open my $mail, '>', $path or die;
    print $mail "From: Sender <user$n\@host@{[$n % 7]}.example>\nTo: me+x\@example.org\nSubject: message $n\n",
        "Date: Tue, 1 Apr 2025 10:00:00 +0000\nMessage-ID: <$n\@example.org>\nReceived: from a by b; 1 Apr 2025 10:00:00 +0000\n",
        "\n", "words of a message\n" x (20 + $n % 50);
    close $mail;
    push @mail, $path;
}

open my $conf, '>', "$work/dovecot.conf" or die;
print $conf "mail_location = maildir:$work/home\nmail_uid = $<\nmail_gid = @{[(split ' ', $()[0]]}\nfirst_valid_uid = 0\n",
    "log_path = /dev/null\npostmaster_address = postmaster\@example.org\nssl = no\n";
close $conf;
if ($< == 0) { # Dovecot refuses to run as root
    open $conf, '>>', "$work/dovecot.conf" or die;
    print $conf "mail_uid = 65534\nmail_gid = 65534\nfirst_valid_uid = 1\n";
    chmod 0755, $work;
    chmod 0777, "$work/home";
    system('sievec', '-c', "$work/dovecot.conf", "$work/rules.sieve");
    chmod 0644, glob("$work/rules.sv*");
}
$ENV{HOME} = "$work/home";

sub quiet {
    my @command = @_;
    my $pid = fork // die;
    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec @command or exit 127;
    }
    waitpid $pid, 0;
    return $?;
}
my @ours = ($backstop, '--set', 'log.destination=none', 'sieve', 'run', '-f', 'a@example.org', '-r', 'me@example.org');
my @theirs = ('sieve-test', '-c', "$work/dovecot.conf", '-f', 'a@example.org', '-r', 'me@example.org');
my ($ours, $theirs, $failed) = (0, 0, 0);
for my $mail (@mail) { # by turns, so that the machine's moods meet both
    my $start = time;
    $failed++ if quiet(@ours, "$work/rules.sieve", $mail);
    $ours += time - $start;
    $start = time;
    $failed++ if quiet(@theirs, "$work/rules.sieve", $mail);
    $theirs += time - $start;
}
my $start = time;
quiet(@ours, "$work/rules.sieve", @mail);
my $once = time - $start;
printf "# 20 rules over %d messages, %d runs failed\n", scalar @mail, $failed;
printf "one process a message: backstop %.2f s, sieve-test %.2f s, ratio %.2f\n", $ours, $theirs, $ours / $theirs;
printf "all in one process: backstop %.3f s\n", $once;
PERL
