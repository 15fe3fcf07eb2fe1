#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop expire, and the slice of it that a delivery does.
. "${srcdir:-..}/tests/tap.sh"
plan 32

now=$(date +%s)
junk=$HOME/Maildir/.Junk
message() { # AGE_IN_DAYS PART NAME_END
    printf 'Subject: %s days\n\nold\n' "$1" >"$junk/$2/$((now - $1 * 86400 + 60)).$3"
}
fresh() {
    rm -rf "$HOME/Maildir" "$HOME/.config"
    mkdir -p "$junk/cur" "$junk/new" "$junk/tmp"
    : >"$junk/maildirfolder"
}
files() { find "$junk" -name '[0-9]*' -type f | wc -l; }
conf() { mkdir -p "$HOME/.config/backstop"; printf '%s\n' "$@" >"$HOME/.config/backstop/backstop.conf"; }
expire() { "$BACKSTOP" --set log.destination=stderr expire "$@"; }

expect_code 0 "without a Junk folder there is nothing to do" expire
fresh
message 31 cur 'a.host:2,S'
message 31 new b.host
message 29 cur 'c.host:2,S'
message 40 cur 'd.host:2,FS'
expect_code 0 "a dry run ends well" expire --dry-run
is "$(grep -c '^would remove' "$scratch/out")" 2 "and names what would go"
is "$(files)" 4 "and removes nothing"
expect_code 0 "then in earnest" expire --verbose
is "$(grep -c '^removed' "$scratch/out")" 2 "--verbose names what goes"
is "$(files)" 2 "the old have gone, the young and the flagged are there"
check "the young one is" test -e "$junk"/cur/*.c.host:2,S
expect_code 0 "--set wins" expire --set junk.expire-flagged=yes --set junk.expire=10d
is "$(files)" 0 "flagged and 29 days old go by it"

fresh
message 40 new x.host
conf '[junk]' 'expire = 9O d'
expect_code 75 "a wrong line in [junk] stops expiry" expire
check "and says which" grep -q 'backstop.conf:2:' "$scratch/err"
is "$(files)" 1 "nothing went by the default that the line was to change"
conf '[junk]' 'expire = 0'
expect_code 0 "0 means never" expire
is "$(files)" 1 "nothing goes"
conf '[junk]' 'max-messages = 2' 'expire = 0'
for n in 1 2 3; do message $n new $n.host; done
expect_code 0 "a number limits too" expire
is "$(files)" 2 "the newest two stay"

fresh
message 40 new x.host
mv "$junk" "$HOME/elsewhere"
ln -s "$HOME/elsewhere" "$junk"
expect_code 75 "a folder that is a link is not entered" expire
is "$(find "$HOME/elsewhere" -name '*.host' | wc -l)" 1 "what it leads to is untouched"
rm "$junk"
mv "$HOME/elsewhere" "$HOME/Maildir/.Other.Box"
expect_code 0 "another folder by name" expire Other/Box
is "$(find "$HOME/Maildir/.Other.Box" -name '*.host' | wc -l)" 0 "is expired"
expect_code 75 "a path that is not there is an error" expire /nonexistent/folder
expect_code 64 "a wrong option is one" expire --dry-runn
expect_code 75 "an mbox does not expire" expire --set "store.location=mbox:$HOME/mbox"

# While another program sets flags (renames) and removes files, nothing fails and nothing young goes.
fresh
perl -e 'my ($now, $junk) = @ARGV;
    for my $n (1 .. 20000) {
        open my $file, ">", sprintf("%s/cur/%d.%d.host:2,", $junk, $now - ($n % 2 ? 40 : 20) * 86400, $n) or die;
    }' "$now" "$junk"
perl -e 'my ($limit, $junk) = @ARGV; opendir my $dir, "$junk/cur"; my ($n, $young);
    for (readdir $dir) {
        next if /^\./;
        if ($n++ % 3) { rename("$junk/cur/$_", "$junk/cur/${_}S") }
        elsif (unlink("$junk/cur/$_") && $_ > $limit) { $young++ }
    }
    print $young' "$((now - 30 * 86400))" "$junk" >"$scratch/moved" 2>/dev/null &
expect_code 0 "it works while another program moves the files" expire
wait
expect_code 0 "and again when all is quiet" expire
old=$(find "$junk/cur" -type f | sed 's|.*/||' | awk -F. -v limit=$((now - 30 * 86400)) '$1 < limit' | wc -l)
is "$old" 0 "no old one is left"
is "$(files)" $((10000 - $(cat "$scratch/moved"))) "every young one is there that the other did not remove"

# 100,000 files.
fresh
perl -e 'my ($now, $junk) = @ARGV;
    for my $n (1 .. 100000) {
        open my $file, ">", sprintf("%s/cur/%d.%d.host,S=0:2,", $junk, $now - ($n > 1000 ? 20 : 40) * 86400, $n) or die;
    }' "$now" "$junk"
start=$(date +%s%N)
expire >"$scratch/out"
spent=$((($(date +%s%N) - start) / 1000000))
is "$(sed 's/.*: //' "$scratch/out")" "100000 messages, 1000 (0 bytes) removed" "100,000 files are looked at"
[ $spent -lt 10000 ]
ok $? "in $spent ms"
echo "# 100,000 files: $spent ms"

# A delivery does its slice when all is done.
fresh
message 31 cur 'a.host:2,S'
printf 'Subject: hello\n\nhello\n' | "$BACKSTOP" --set log.destination=stderr 2>"$scratch/err"
is $? 0 "a delivery succeeds"
is "$(files)" 0 "and takes an old message out of Junk on the way"
