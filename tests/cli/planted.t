#!/bin/sh
# SPDX-License-Identifier: MIT
# Two users of one machine: bob puts something where alice's mail, log or lock goes. It does not end
# up with him, nor in another file of hers; and what he put there hides no mail either.
. "${srcdir:-..}/tests/tap.sh"
. "$srcdir/tests/users.sh"
with_users || skip_all "$why_not"
for name in procmail dovecot-lda; do ln -s "$BACKSTOP" "$scratch/$name"; done
mail='From cora@example.com  Thu Jan  1 00:00:00 2015
From: cora@example.com
Subject: hello

a secret'
box=$spool/alice

# Each of these puts something into the mail spool.
plant() {
    rm -rf "$spool"/* "$users"/bob/* "$users"/alice/* "$users"/alice/.procmailrc
    install -m 644 -o 61001 -g 61001 /dev/null "$users/alice/hers"
    case $1 in
    foreign) install -m 666 -o 61002 -g 61002 /dev/null "$box" ;;
    link) ln -s "$users/alice/hers" "$box"; chown -h 61002:61002 "$box" ;;
    dangling) ln -s "$users/alice/new" "$box"; chown -h 61002:61002 "$box" ;;
    "hard link") ln "$users/alice/hers" "$box" ;;
    pipe) mkfifo -m 666 "$box"; chown 61002:61002 "$box" ;;
    directory) install -d -m 777 -o 61002 -g 61002 "$box" ;;
    "her own pipe") mkfifo -m 600 "$box"; chown 61001:61001 "$box" ;;
    esac
}
disclosed() { # what is with bob, or in a file of hers
    grep -rls 'a secret' "$users/bob" "$users/alice/hers" "$users/alice/new" 2>/dev/null
    find "$spool" -name 'BOGUS*' ! -type p -exec grep -rls 'a secret' {} + 2>/dev/null
    find "$spool" -type f -uid 61002 -exec grep -ls 'a secret' {} + 2>/dev/null
}
give() { printf '%s\n' "$mail" | world timeout 30 "$@" >"$scratch/out" 2>&1; }

kinds='foreign:link:dangling:hard link:pipe:directory:her own pipe'
IFS=:
for kind in $kinds; do
    unset IFS
    plant "$kind"
    give "$scratch/procmail" -d alice
    is "$? $(grep -c 'a secret' "$box") $(stat -c '%F %u %h' "$box")" "0 1 regular file 61001 1" \
        "procmail: $kind: she gets a mailbox of her own"
    is "$(disclosed)" "" "... and nobody else gets the mail"
    is "$(ls "$spool" | grep -c '^BOGUS\.alice\.')" 1 "... what was there is out of the way"
    check "... and that is said" grep -q 'Renamed bogus' "$scratch/out"
done
plant none
printf 'keep' >"$box"
chown 61001 "$box"
give "$scratch/procmail" -d alice
is "$? $(grep -c 'a secret' "$box") $(ls "$spool" | wc -l)" "0 1 1" "procmail: her own mailbox is left in its place"

# A mail spool where nobody but its owner may rename: the mail waits.
IFS=:
for kind in $kinds; do
    unset IFS
    plant "$kind"
    give setpriv --reuid=alice --regid=alice --clear-groups env HOME="$users/alice" LOGNAME=alice "$scratch/procmail" \
        "DEFAULT=/var/mail/alice" /dev/null
    status=$?
    case $kind in
    # Her own links and pipes she may rename, as procmail does.
    "hard link" | "her own pipe") wanted=0 ;;
    *) wanted=75 ;;
    esac
    is "$status $(disclosed)" "$wanted " "procmail as the user: $kind"
    plant "$kind"
    give "$BACKSTOP" --set store.location=mbox:/var/mail/alice --set log.destination=stderr deliver -d alice
    is "$? $(disclosed)" "75 " "mbox: $kind: the mail waits"
done
plant none
install -m 600 -o 61001 -g 61001 /dev/null "$box"
give "$BACKSTOP" --set store.location=mbox:/var/mail/alice deliver -d alice
is "$? $(grep -c 'a secret' "$box")" "0 1" "mbox: her own is delivered to"
plant directory
give "$BACKSTOP" --set store.location=maildir:/var/mail/alice deliver -d alice
is "$? $(disclosed)" "75 " "maildir: another's directory: the mail waits"
plant directory
give "$BACKSTOP" --set store.location=mh:/var/mail/alice deliver -d alice
is "$? $(disclosed)" "75 " "MH: likewise"
for folder in inbox/ inbox inbox/.; do
    plant none
    install -d -m 777 -o 61002 "$spool/inbox"
    printf ':0\n%s\n' "/var/mail/$folder" >"$users/alice/.procmailrc"
    chown 61001 "$users/alice/.procmailrc"
    give "$scratch/procmail" -d alice
    is "$? $(grep -c 'a secret' "$box") $(disclosed)" "0 1 " "an rc file's folder $folder that is another's directory"
done

# rc files: folders and logs in places where bob can put something.
rc() { printf '%s\n' "$@" >"$users/alice/.procmailrc"; chown 61001 "$users/alice/.procmailrc"; }
IFS=:
for kind in $kinds; do
    unset IFS
    plant "$kind"
    mv "$box" "$spool/shared"
    rc ':0' /var/mail/shared
    give "$scratch/procmail" -d alice
    is "$? $(grep -cs 'a secret' "$box") $(disclosed)" "0 1 " "a folder: $kind"
    plant "$kind"
    mv "$box" "$spool/shared"
    rc 'LOGFILE=/var/mail/shared' 'LOG="a secret' '"' 'VERBOSE=yes'
    give "$scratch/procmail" -d alice
    is "$? $(grep -cs '^a secret' "$box") $(disclosed)" "0 1 " "a LOGFILE: $kind"
    plant "$kind"
    mv "$box" "$spool/alice.log"
    chmod 1777 "$spool"
    give "$BACKSTOP" --set log.destination=/var/mail/alice.log --set "store.location=maildir:$users/alice/Maildir" \
        deliver -d alice
    is "$? $(cat "$users/alice/hers" "$users/alice/new" 2>/dev/null)" "0 " "our own log: $kind"
done
plant none
mkdir "$users/alice/real"
ln -s real/box "$users/alice/box"
ln -s real/log "$users/alice/log"
chown -Rh 61001:61001 "$users/alice"
rc "LOGFILE=$users/alice/log" ':0' "$users/alice/box"
give "$scratch/procmail" -d alice
is "$? $(grep -c 'a secret' "$users/alice/real/box") $(grep -c hello "$users/alice/real/log")" "0 1 1" \
    "her own links are followed"
printf 'LOGFILE=/dev/stderr\n:0\n/dev/null\n' >"$HOME/rc"
printf '%s\n' "$mail" | "$scratch/procmail" "$HOME/rc" >"$scratch/out" 2>&1
check "and those of the system" grep -q 'Subject: hello' "$scratch/out"

# expire, as root: a link of hers above the folder does not lead into another's mail; root's own do.
plant none
old() { # OWNER DIRECTORY
    install -d -o "$1" "$2" "$2/cur" "$2/new" "$2/tmp"
    : >"$2/cur/1000000000.M1P1.host:2,S"
    chown "$1" "$2/cur/1000000000.M1P1.host:2,S"
}
old 61002 "$users/bob/Maildir/.Junk"
chown 61002 "$users/bob/Maildir"
ln -s ../bob/Maildir "$users/alice/Maildir"
chown -h 61001:61001 "$users/alice/Maildir"
expire() { "$BACKSTOP" --set junk.expire=1d expire "$@" >"$scratch/out" 2>&1; }
expire "$users/alice/Maildir/.Junk"
is "$? $(ls "$users/bob/Maildir/.Junk/cur" | wc -l)" "75 1" "expire follows no user's link above the folder"
check "... and says so" grep -q 'link of another user' "$scratch/out"
ln -s "$users/bob" "$scratch/by-root"
expire "$scratch/by-root/Maildir/.Junk/"
is "$? $(ls "$users/bob/Maildir/.Junk/cur" | wc -l)" "0 0" "... but one of root's"
old 61002 "$users/bob/Maildir/.Junk"
ln -s .Junk "$users/bob/Maildir/last"
expire "$users/bob/Maildir/last"
is "$? $(ls "$users/bob/Maildir/.Junk/cur" | wc -l)" "75 1" "... and never the last one"
plan
