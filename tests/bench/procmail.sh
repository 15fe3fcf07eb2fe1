#!/bin/sh
# SPDX-License-Identifier: MIT
# An rc file of 60 recipes over many messages, one process a message, against the real procmail. Both
# file into maildirs, because before a file procmail sleeps a second.
#
#   procmail.sh [MESSAGES [DIRECTORY]]    messages are taken from DIRECTORY (by default ordinary
#                                         mail beside the sources), or made up when it is not there
srcdir=${srcdir:-..}
BACKSTOP=${BACKSTOP:-$PWD/backstop}
real=$(command -v procmail) || { echo "# procmail is not installed"; exit 0; }
number=${1:-1000} from=${2:-$srcdir/../shared/corpus/not-bounce}
work=$(mktemp -d "${TMPDIR:-/tmp}/backstop-bench.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
ln -s "$BACKSTOP" "$work/procmail"

{
    echo "MAILDIR=$work"
    n=0
    while [ $n -lt 12 ]; do
        cat <<END
:0
* ^List-Id:.*<list$n\.example\.(org|com)>
list$n/
:0
* ^From:.*\<(alice|bob|carol)$n@
* ! ^Subject:.*\[digest
friend$n/
:0
* ^TO_topic$n@example\.net
topic$n/
:0 B
* 1^1 unsubscribe$n
* 2^0 ^click here$n
spam$n/
:0
* ^Subject:.*\/(order|invoice) $n-[0-9]+
{ NUMBER=\$MATCH }
END
        n=$((n + 1))
    done
    printf ':0\n%s/inbox/\n' "$work"
} >"$work/rc"
chmod 600 "$work/rc"

mkdir "$work/mail"
if [ -d "$from" ]; then
    kind="messages of ${from##*/}"
    find "$from" -type f -name '*.eml' | sort | head -n "$number" >"$work/list"
else
    kind='messages made up'
    n=0
    while [ $n -lt "$number" ]; do
        {
            printf 'From: sender%d@example.org\nTo: user@example.net\nSubject: message %d\n' $n $n
            printf 'Received: from a%d.example by b.example; Thu, 1 Jan 2015 00:00:00 +0000\n\tid %d\n\n' $n $n
            printf 'A line of text, and another one like it, %d.\n' $(seq $((n % 40 + 10)))
        } >"$work/mail/$n.eml"
        n=$((n + 1))
    done
    find "$work/mail" -type f >"$work/list"
fi

perl - "$work" "$real" "$work/procmail" "$kind" <<'EOP'
use strict; use warnings; use Time::HiRes qw(time);
my ($work, $theirs, $ours, $kind) = @ARGV;
open my $in, '<', "$work/list" or die; chomp(my @messages = <$in>);

sub once {
    my ($program, $message) = @_;
    my $before = time;
    my $pid = fork // die;
    if (!$pid) {
        open STDIN, '<', $message or die; open STDERR, '>', '/dev/null';
        exec $program, "HOME=$work", "DEFAULT=$work/inbox/", "ORGMAIL=$work/inbox/", "$work/rc" or die;
    }
    waitpid $pid, 0;
    die "$program: status $?" if $?;
    return 1000 * (time - $before);
}

sub at { # of sorted values
    my ($part, @values) = @_;
    return (sort { $a <=> $b } @values)[$part * $#values];
}

my (@theirs, @ours, @ratios);
once($_, $messages[0]) for $theirs, $ours; # warm up
for my $i (0 .. $#messages) { # turn and turn about, so that what disturbs one disturbs the other
    for my $which ($i % 2 ? (0, 1) : (1, 0)) {
        push @{$which ? \@ours : \@theirs}, once($which ? $ours : $theirs, $messages[$i]);
    }
    push @ratios, $ours[-1] / $theirs[-1];
}
printf "procmail, 60 recipes, %d %s: the real one %.2f ms, ours %.2f ms a message, "
    . "ratio %.2f (middle half %.2f to %.2f)\n", scalar @messages, $kind, at(0.5, @theirs),
    at(0.5, @ours), at(0.5, @ratios), at(0.25, @ratios), at(0.75, @ratios);
EOP

perl "$srcdir/tests/bench/procmail-regex.pl" 20 || true
