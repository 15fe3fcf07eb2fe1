#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# The matrix of faults: each kind of rules, into each kind of store, by each name that we are called by,
# with one system call of the launcher, the agent or a child of theirs going wrong (tests/fault/inject.c):
# a signal comes, the call fails, a write takes half. The MTA tries again until it is told that all is
# well; then each place has the message once and whole, and what was there before is there still.
#
# How long it may take is in FAULT_SECONDS (make fault: 600); without it each cell has the same few faults on
# every machine, fast or slow. The order is a fixed shuffle. FAULT_ONLY=name takes the cells whose name contains that.
use strict;
use warnings;
use File::Path qw(remove_tree make_path);
use File::Temp qw(tempdir);
use POSIX ();
use Time::HiRes qw(time sleep);

my $build = $ENV{builddir} // '.';
my $inject = "$build/tests/fault/inject";
my $budget = $ENV{FAULT_SECONDS} // 0;
my $few = 3; # faults of a cell at the least
my $only = $ENV{FAULT_ONLY} // '';
my $place = $ENV{FAULT_PLACE}; # "3:3:2 -e 4": this fault alone
sub skip_all { print "1..0 # SKIP @_\n"; exit 0 }
skip_all('the injector was not built') unless -x $inject;
skip_all('errors are put into x86-64 only') unless (POSIX::uname())[4] eq 'x86_64';
skip_all('the sanitizers make too many calls of their own') if `grep -l -e '^SAN_CFLAGS = .*fsanitize' '$build/Makefile'`;
my $scratch = tempdir('backstop-matrix.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $home = "$scratch/home";
make_path("$scratch/bin");
# Programs of ours stay beside their agent; the names are links.
for my $part (glob("$build/backstop $build/backstop-*")) { system('cp', $part, "$scratch/bin/") if -f $part }
for my $name (qw(procmail dovecot-lda)) {
    symlink 'backstop', "$scratch/bin/$name";
}
system('cp', $inject, "$scratch/bin/inject");
$inject = "$scratch/bin/inject";
if ($> == 0) { # root has no mail of its own
    system('chown', '-R', '65534:65534', $scratch) == 0 or skip_all('root cannot give files away here');
    $) = '65534 65534';
    POSIX::setgid(65534);
    POSIX::setuid(65534) or skip_all('root cannot become somebody else here');
}
system("$inject -- $scratch/bin/backstop --version >/dev/null 2>&1") == 0 or skip_all('processes cannot be traced here');

# What sends mail here, and what gets it by a pipe: whole, or not at all.
spew("$scratch/bin/sendmail", <<'END', 0755);
#!/bin/sh
for to; do :; done
[ "${0##*/}" = sendmail ] || to=tool
cat >"$HOME/sent/.$$" && mv "$HOME/sent/.$$" "$HOME/sent/$to.$$"
END
system('cp', "$scratch/bin/sendmail", "$scratch/bin/tool");
my $body = join '', map { "line $_ of the message\n" } 1 .. 400;
my $message = "From: ann\@example.net\nTo: me\@example.org\nSubject: fault\nMessage-ID: <fault\@example.net>\n\n$body";

my $head = qq{require ["fileinto", "copy", "vacation", "imap4flags", "vnd.dovecot.pipe", "mailbox"];\n};
my %sieve = (
    'sieve-file' => ['fileinto :create "A";', A => 1],
    'sieve-copy' => ['fileinto :copy :create "A"; fileinto :create "B"; keep;', A => 1, B => 1, INBOX => 1],
    'sieve-redirect' => ['redirect :copy "x@example.com"; keep;', INBOX => 1, 'x@example.com' => 1],
    'sieve-vacation' => ['vacation "away"; keep;', INBOX => 1, 'ann@example.net' => 1],
    'sieve-flags' => ['addflag ["\\\\Flagged", "$label"]; keep;', INBOX => 1],
    'sieve-pipe' => ['pipe :copy "tool"; keep;', INBOX => 1, tool => 1],
);
my $rc = "SHELL=/bin/sh\nLOCKSLEEP=1\nSENDMAIL=$scratch/bin/sendmail\n";
my %rc = (
    'rc-mbox' => [":0 c:\n$home/box\n\n:0:\n$home/box2\n", box => 1, box2 => 1],
    'rc-maildir' => [":0 c\n$home/dir/\n\n:0 c\n$home/dir/\n\n:0\n$home/dir2/\n", dir => 2, dir2 => 1],
    'rc-mh' => [":0 c\n$home/mh/.\n\n:0\n$home/mh2/.\n", mh => 1, mh2 => 1],
    'rc-filter' => [":0 fhw\n| sed -e 's/^Subject: /Subject: filtered /'\n\n:0:\n$home/box\n", box => 1],
    'rc-forward' => [":0 c\n! x\@example.com\n\n:0 cw\n| $scratch/bin/tool\n\n:0\n$home/dir/\n", 'x@example.com' => 1, tool => 1, dir => 1],
);
my %location = (maildir => "maildir:$home/Maildir", mbox => "mbox:$home/mail/inbox", mh => "mh:$home/Mail");
my @settings = map { ('--set', $_) } "log.destination=none", "sendmail.command=$scratch/bin/sendmail",
    "sieve.settings=pipe_bin_dir=$scratch/bin", "lmtp.home=$home";

# A cell: its name, how it is called, the rules, the store, what is wanted where.
my @cells;
for my $by (qw(deliver dovecot-lda procmail lmtp)) {
    for my $store ($by eq 'procmail' ? 'maildir' : qw(maildir mbox mh)) {
        for my $rules ('none', sort(keys %sieve), sort keys %rc) {
            next if $by eq 'procmail' && $rules !~ /^rc/;
            next if $rules =~ /^rc/ && $store ne 'maildir'; # they name their folders themselves
            next if $by eq 'dovecot-lda' && $rules =~ /^rc/;
            my ($text, %wanted) = @{$sieve{$rules} // $rc{$rules} // ['', INBOX => 1]};
            push @cells, {name => "$by $rules" . ($rules =~ /^rc/ ? '' : " $store"), by => $by, store => $store, rules => $rules, text => $text, wanted => \%wanted};
        }
    }
}
@cells = grep { index($_->{name}, $only) >= 0 } @cells;

sub spew {
    my ($file, $text, $mode) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
    chmod $mode, $file if $mode;
}
sub slurp { my ($file) = @_; open my $in, '<', $file or return ''; local $/; return scalar <$in> }

my $serial = 0;
sub fresh {
    my ($cell, $marked) = @_;
    remove_tree($home);
    make_path("$home/sent", map { "$home/$_" } $cell->{store} eq 'mbox' ? 'mail' : (), $cell->{rules} eq 'rc-mh' ? qw(mh mh2) : ());
    make_path("$home/.config/backstop");
    spew("$home/.config/backstop/backstop.conf", "[log]\ndestination = none\n[sendmail]\ncommand = $scratch/bin/sendmail\n[sieve]\nsettings = pipe_bin_dir=$scratch/bin\n");
    spew("$home/.dovecot.sieve", "$head$cell->{text}\n") if $cell->{rules} =~ /^sieve/;
    spew("$home/.procmailrc", "$rc$cell->{text}", 0600) if $cell->{rules} =~ /^rc/;
    $serial++;
    my $text = ($marked ? "Received: from a by b id $serial; " . POSIX::strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime) . "\n" : '') . $message;
    my $wire = $text =~ s/\n/\r\n/gr;
    spew("$scratch/in", $cell->{by} eq 'lmtp' ? "LHLO x\r\nMAIL FROM:<ann\@example.net>\r\nRCPT TO:<me\@example.org>\r\nDATA\r\n$wire.\r\nQUIT\r\n" : $text);
}
# One run: 'ok', 'later' (also when it was killed), or what it said instead.
sub run {
    my ($cell, @how) = @_;
    # Dovecot names the directory of the folders, we the inbox.
    my $places = $cell->{store} eq 'mbox' ? "mbox:$home/mail:INBOX=$home/mail/inbox" : $location{$cell->{store}};
    my @set = ('--set', "store.location=$location{$cell->{store}}", @settings);
    my %command = (
        deliver => ["$scratch/bin/backstop", @set, '-f', 'ann@example.net', '-r', 'me@example.org'],
        'dovecot-lda' => ["$scratch/bin/dovecot-lda", '-o', "mail_home=$home", '-o', "mail_location=$places", '-f', 'ann@example.net', '-a', 'me@example.org'],
        procmail => ["$scratch/bin/procmail", '-f', 'ann@example.net', "HOME=$home", "DEFAULT=$home/default/", "$home/.procmailrc"],
        lmtp => ["$scratch/bin/backstop", 'lmtp', @set],
    );
    my $pid = fork // die $!;
    if (!$pid) {
        %ENV = (PATH => $ENV{PATH}, HOME => $home, USER => 'me', LOGNAME => 'me');
        open STDIN, '-|', 'cat', "$scratch/in" or die $!;
        open STDOUT, '>', "$scratch/out";
        open STDERR, '>', "$scratch/err";
        exec @how ? ($inject, @how, '--') : (), @{$command{$cell->{by}}} or POSIX::_exit(126);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    if ($cell->{by} eq 'lmtp') {
        my ($reply) = slurp("$scratch/out") =~ /^354 [^\n]*\n(\d\d\d)/m;
        return !$reply ? 'later' : $reply eq '250' ? 'ok' : $reply =~ /^4/ ? 'later' : "reply $reply";
    }
    return $status == 0 ? 'ok' : $status == 75 || $status > 128 ? 'later' : "status $status";
}
# "A=1 INBOX=1": where the message is whole, how often; parts are told too.
sub state {
    my ($cell) = @_;
    my %count;
    my $add = sub {
        my ($place, $text) = @_;
        $text =~ s/\r\n/\n/g;
        my $lines = () = $text =~ /^line \d+ of the message$/mg;
        $count{$text =~ /\Q$body\E/ && $lines == 400 ? $place : $place =~ /^ann@/ ? $place : "PART-OF-$place"}++;
    };
    my $mbox = sub { my ($place, $file) = @_; $add->($place, $_) for grep { length } split /^(?=From \S+ .*\n)/m, slurp($file) };
    $add->($_ =~ m{/\.([^/]+)/[^/]+/[^/]+$} ? $1 : 'INBOX', slurp($_)) for glob("$home/Maildir/{new,cur}/* $home/Maildir/.[A-Z]*/{new,cur}/*");
    $mbox->($_ =~ m{/inbox$} ? 'INBOX' : $_ =~ s{.*/}{}r, $_) for grep { -f && !/\.lock/ } glob("$home/mail/*");
    $add->($_ =~ m{/Mail/([^/]+)/} ? $1 : 'INBOX', slurp($_)) for grep { m{/\d+$} } glob("$home/Mail/* $home/Mail/*/*");
    $mbox->($_, "$home/$_") for grep { -f "$home/$_" } qw(box box2);
    for my $dir (qw(dir dir2 default)) { $add->($dir, slurp($_)) for glob("$home/$dir/{new,cur}/*") }
    for my $dir (qw(mh mh2)) { $add->($dir, slurp($_)) for grep { m{/\d+$} } glob("$home/$dir/*") }
    $add->(s{.*/(.*)\.\d+$}{$1}r, slurp($_)) for glob("$home/sent/*");
    return join ' ', map { "$_=$count{$_}" } sort keys %count;
}
# Is NOW what was WANTED? What fails for good (an error that does not pass by itself) is delivered to the
# inbox, or where an rc file has its default, and an answer that cannot be sent costs nothing but itself (backstop-sieve(7)).
sub is_right {
    my ($cell, $wanted, $now, $kind) = @_;
    return 1 if $now eq $wanted;
    return 0 if $kind =~ /KILL|TERM/;
    my %now = map { split /=/ } split / /, $now;
    my %rest = %{$cell->{wanted}};
    for my $place (keys %now) { return 0 if $place !~ /^(INBOX|default)$/ && $now{$place} > ($rest{$place} // 0) }
    my $missing = 0;
    $missing += $rest{$_} - ($now{$_} // 0) for grep { $_ !~ /^ann@/ } keys %rest;
    my $instead = ($now{INBOX} // 0) + ($now{default} // 0);
    return $missing == 0 || ($instead >= 1 && $missing <= 1);
}
sub settle { # programs that nobody waits for may still be at it
    my ($cell, $wanted) = @_;
    for (1 .. 100) { return if state($cell) eq $wanted && !glob("$home/sent/.[0-9]*"); sleep 0.02 }
}

my %error = (EIO => 5, ENOSPC => 28, EINTR => 4, ENOMEM => 12, EMFILE => 24, EACCES => 13, EAGAIN => 11);
my %call;
for (split /\n/, `printf '#include <sys/syscall.h>\n' | \${CC:-cc} -E -dM - 2>/dev/null; printf '#include <asm/unistd.h>\n' | cc -E -dM - 2>/dev/null`) {
    $call{$1} = $2 if /#define __NR_(\w+) (\d+)/;
}
skip_all('the numbers of system calls are not known') unless defined $call{write};
my %name = reverse %call;
my %errors = (
    write => [qw(EIO ENOSPC EINTR)], writev => [qw(EIO ENOSPC EINTR)], pwrite64 => [qw(EIO ENOSPC)], read => [qw(EIO EINTR)], pread64 => ['EIO'],
    fsync => [qw(EIO ENOSPC)], close => [qw(EIO EINTR)], openat => [qw(EMFILE EIO EACCES ENOSPC)], open => [qw(EMFILE EIO)], linkat => [qw(EIO ENOSPC)], link => [qw(EIO ENOSPC)],
    unlink => ['EIO'], unlinkat => ['EIO'], rename => [qw(EIO ENOSPC)], mkdir => [qw(EIO ENOSPC)], mkdirat => [qw(EIO ENOSPC)], fchmod => ['EIO'], ftruncate => ['EIO'],
    clone => ['EAGAIN'], fork => ['EAGAIN'], vfork => ['EAGAIN'], pipe2 => ['EMFILE'], mmap => ['ENOMEM'], brk => ['ENOMEM'], wait4 => ['EINTR'], poll => ['EINTR'],
    fcntl => ['EINTR'], flock => ['EINTR'], fsetxattr => ['ENOSPC'], lseek => ['EIO'], newfstatat => ['EIO'], fstat => ['EIO'],
);
my $random = 1;
sub shuffled { # the same each time
    my @list = @_;
    for my $i (reverse 1 .. $#list) {
        $random = ($random * 1103515245 + 12345) % 2147483648;
        my $j = int($random / 65536) % ($i + 1);
        @list[$i, $j] = @list[$j, $i];
    }
    return @list;
}

my $tests = 0;
my $total = 0;
my $end = time + $budget;
for my $at (0 .. $#cells) {
    my $cell = $cells[$at];
    my $wanted = join ' ', map { "$_=$cell->{wanted}{$_}" } sort keys %{$cell->{wanted}};
    my $until = time + ($end - time) / (@cells - $at);
    fresh($cell, 1);
    my $said = run($cell, '-l', "$scratch/list");
    settle($cell, $wanted);
    my @bad = $said eq 'ok' && state($cell) eq $wanted ? () : ("without a fault: $said, " . state($cell));
    my (@kills, @others);
    my @calls = map { [split] } split /\n/, slurp("$scratch/list");
    # A process that is about to become a program of an rc file: when it is killed, that program was.
    my $programs = $cell->{rules} =~ /^rc-f/;
    for (@calls) {
        my ($process, $number, $count) = @$_;
        next if $programs && $process > 1;
        my $what = $name{$number} // next;
        push @kills, [$process, $number, $count, 'KILL', '-s', 9];
        push @others, [$process, $number, $count, 'TERM', '-s', 15] if $what =~ /write|sync|link|open|clone|fork|wait|poll|rename|fchmod/;
        push @others, [$process, $number, $count, $_, '-e', $error{$_}] for @{$errors{$what} // []};
        push @others, [$process, $number, $count, 'half', '-h'] if $what =~ /^(write|pwrite64)$/;
    }
    my @kill = shuffled(@kills);
    my @other = shuffled(@others);
    if ($place) {
        @kill = ();
        my ($where, @how) = split ' ', $place;
        @other = ([split(/:/, $where), $place, @how]) x 20;
    }
    my $cases = 0;
    while (!@bad && (@kill || @other) && ($cases < $few || time < $until)) {
        my $fault = ($cases % 2 && @other) || !@kill ? shift @other : shift @kill;
        my ($process, $number, $count, $kind, @how) = @$fault;
        my $what = "$kind at $name{$number} $count of process $process";
        $cases++;
        # A client of LMTP that does not hear the answer tries again, and only the mark of its MTA tells then.
        fresh($cell, $cell->{by} eq 'lmtp' || $cases % 3);
        my $first = run($cell, '-x', "$process:$number:$count", @how);
        my ($last, $early, $retries) = ($first, '', 0);
        if ($first eq 'later') {
            $early = state($cell);
            $last = run($cell) while $last eq 'later' && $retries++ < 3;
        }
        settle($cell, $wanted) if $last eq 'ok';
        my $now = state($cell);
        push @bad, "$what: $first, $early; after $retries retries $last, $now" unless $last eq 'ok' && is_right($cell, $wanted, $now, $kind) && $early !~ /PART-OF-(?!tool|x@|ann@)/;
    }
    $total += $cases;
    $tests++;
    print @bad ? 'not ok' : 'ok', " $tests - $cell->{name}: $cases faults\n";
    print STDERR map { "# $cell->{name}: $_\n" } @bad;
}
print STDERR "# $total faults in $tests cells\n" if defined $ENV{FAULT_SECONDS};
print "1..$tests\n";
