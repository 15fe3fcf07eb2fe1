#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that fills up at every point, and runs that are killed at any moment: the mail waits or is
# there once and whole.
. "${srcdir:-..}/tests/tap.sh"
text=$scratch/text
perl -e 'print "From: ann\@example.net\nSubject: big\n\n"; print "line $_ of a message of some size\n" for 1 .. 1500' >"$text"
put() { "$BACKSTOP" --set log.destination=none "$@"; }
whole() { # HOW MANY copies of the message lie in the maildir $1; "broken" for one that is not whole
    count=0
    for file in "$1"/new/*; do
        [ -f "$file" ] || continue
        cmp -s "$file" "$text" && count=$((count + 1)) || count=broken
    done
    echo $count
}

disk=$scratch/disk
mkdir "$disk"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=256k,nr_inodes=64 none "$disk" 2>/dev/null; then
    at_exit='umount "$disk"'
    bad=
    for pages in 0 1 2 4 6 8 10 11 12 13 14 15 16 20; do
        rm -rf "$disk"/*
        head -c $((256 * 1024 - 4096 * pages)) /dev/zero >"$disk/filler" 2>/dev/null
        cat "$text" | TMPDIR=$disk put --set "store.location=$disk/Maildir"
        first=$?
        case $first-$(whole "$disk/Maildir")-$(find "$disk/Maildir/tmp" -type f 2>/dev/null | wc -l) in
            75-0-0 | 0-1-0) ;;
            *) bad="$bad $pages pages: $first, $(whole "$disk/Maildir") copies;" ;;
        esac
        rm -f "$disk/filler"
        [ $first -eq 0 ] || cat "$text" | put --set "store.location=$disk/Maildir" || bad="$bad $pages pages: no retry;"
        [ "$(whole "$disk/Maildir")" = 1 ] || bad="$bad $pages pages: $(whole "$disk/Maildir") copies after the retry;"
    done
    is "$bad" "" "a maildir on a disk that is full after so many pages"
    bad=
    for pages in 0 1 2 6 10 12 14 20; do
        rm -rf "$disk"/*
        printf 'A: older\n\nx\n' | put --set "store.location=mbox:$disk/box"
        cp "$disk/box" "$scratch/box"
        head -c $((256 * 1024 - 4096 * (pages + 1))) /dev/zero >"$disk/filler" 2>/dev/null
        cat "$text" | put --set "store.location=mbox:$disk/box"
        case $? in
            75) cmp -s "$disk/box" "$scratch/box" || bad="$bad $pages pages: changed;" ;;
            0) [ "$(grep -c '^line 1500 ' "$disk/box")" = 1 ] || bad="$bad $pages pages: not whole;" ;;
            *) bad="$bad $pages pages: status;" ;;
        esac
    done
    is "$bad" "" "an mbox on a full disk is as it was"
    rm -rf "$disk"/*
    i=0
    while true >"$disk/inode$i"; do i=$((i + 1)); done 2>/dev/null
    cat "$text" | put --set "store.location=$disk/Maildir"
    is "$?" 75 "no inodes: it waits"
    umount "$disk"
    at_exit=:
else
    skip 3 "no small disk can be mounted here"
fi

# Killed after so many milliseconds, then tried again, as an MTA does.
bad=
killed=0
for i in $(seq 1 60); do
    rm -rf "$HOME/Maildir"
    { printf 'Received: from a by b; %s\n' "$(date -R)"; cat "$text"; } >"$scratch/in"
    WAIT=$((i * 700)) perl -MTime::HiRes=usleep -e 'my $pid = fork // die; if (!$pid) { open STDIN, "-|", "cat", $ARGV[0]; shift; exec @ARGV; exit 97 }
        usleep($ENV{WAIT}); kill KILL => $pid; waitpid $pid, 0; exit($? ? 1 : 0)' \
        "$scratch/in" "$BACKSTOP" --set log.destination=none 2>/dev/null || killed=$((killed + 1))
    cat "$scratch/in" | put || bad="$bad $i: no retry;"
    [ "$(ls "$HOME/Maildir/new" | wc -l) $(cat "$HOME"/Maildir/new/* | cmp -s - "$scratch/in" && echo whole)" = "1 whole" ] || bad="$bad $i;"
done
is "$bad" "" "killed $killed times and tried again: one copy"
[ $killed -gt 0 ]
ok $? "some were killed"
plan
