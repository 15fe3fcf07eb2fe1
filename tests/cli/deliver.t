#!/bin/sh
# SPDX-License-Identifier: MIT
# What lands where, byte for byte: envelope and options, folders, modes, mbox and MH, the log, the
# same message twice. (tests/mta/contract.t has the exit statuses and messages of any bytes.)
. "${srcdir:-..}/tests/tap.sh"

log=$scratch/log
fresh() { rm -rf "$HOME"; mkdir -p "$HOME"; rm -f "$log"; }
put() { "$BACKSTOP" --set "log.destination=$log" "$@"; }
inbox() { cat "$HOME"/Maildir/new/*; }
lands() { # MESSAGE WANTED DESC [OPTION...]: printf texts
    message=$1 wanted=$2 what=$3; shift 3
    fresh
    printf "$message" | put "$@" >"$scratch/said" 2>&1
    is "$? $(cat "$scratch/said")" "0 " "$what: delivered, without a word"
    printf "$wanted" >"$scratch/wanted"
    inbox >"$scratch/got"
    check_same "$scratch/got" "$scratch/wanted" "$what: byte for byte"
}

# The lines in front.
lands 'A: b\n\nx' 'Return-Path: <ann@example.net>\nA: b\n\nx' "-f" -f ann@example.net
lands 'A: b\n\nx' 'Return-Path: <ann@example.net>\nA: b\n\nx' "-f <…>" -f '<ann@example.net>'
lands 'A: b\n\nx' 'Return-Path: <>\nA: b\n\nx' "-f <>" -f '<>'
lands 'A: b\n\nx' 'Return-Path: <>\nA: b\n\nx' "-f with <>" -f '<>'
lands 'A: b\n\nx' 'A: b\n\nx' "-f with nothing" -f ''
lands 'A: b\n\nx' 'A: b\n\nx' "-f with blanks" -f ' '
lands 'A: b\n\nx' 'Return-Path: <>\nA: b\n\nx' "-f MAILER-DAEMON" -f MAILER-DAEMON
lands 'A: b\r\n\r\nx\r\n' 'Return-Path: <a@b>\r\nDelivered-To: c@d\r\nA: b\r\n\r\nx\r\n' "CRLF" -f a@b -r c@d
lands 'A: b\n\nx' 'Delivered-To: me@example.org\nA: b\n\nx' "-a alone" -a me@example.org
lands 'A: b\n\nx' 'Delivered-To: r@example.org\nA: b\n\nx' "-r before -a" -a o@example.org -r r@example.org
lands 'Return-Path: <a@b>\nDelivered-To: c@d\n\nx' 'Return-Path: <a@b>\nDelivered-To: c@d\n\nx' \
    "those that are there" -f a@b -r c@d
lands 'A: b\n\nx' 'A: b\n\nx' "an address with a line end in it" -f "$(printf 'a\nEvil: yes')" -r "$(printf 'c\rd')"
lands 'just text\n' 'just text\n' "no header" -f a@b
lands '\nbody\n' 'Return-Path: <a@b>\n\nbody\n' "an empty header" -f a@b
lands '' 'Return-Path: <a@b>\n' "nothing at all" -f a@b
lands 'From ann@example.net Thu Jan  1 00:00:00 2026\nA: b\n\nx' 'Return-Path: <ann@example.net>\nA: b\n\nx' "a From_ line"
lands 'From MAILER-DAEMON Thu Jan  1 00:00:00 2026\nA: b\n\nx' 'Return-Path: <>\nA: b\n\nx' "a From_ line of the null sender"
lands 'A: b\nX-Backstop: genuine\n folded\nx-backstop-verdict : x\nC: d\n\nX-Backstop: stays\n' \
    'A: b\nC: d\n\nX-Backstop: stays\n' "forged verdicts"
lands 'A: b\r\rCR only\r' 'Return-Path: <a@b>\nA: b\r\rCR only\r' "CR alone" -f a@b
lands 'Subject: \374\n\n\377\000\n' 'Subject: \374\n\n\377\000\n' "8-bit and NUL"
fresh
perl -e 'print "A: b\n"; print "X-Long: ", "y" x 990, "\n" for 1 .. 2200; print "X-Backstop: genuine\n\nbody\n"' >"$scratch/big"
put <"$scratch/big"
inbox >"$scratch/got"
grep -v '^X-Backstop' "$scratch/big" >"$scratch/wanted"
check_same "$scratch/got" "$scratch/wanted" "a header of 2 MB, and a forgery at its end"
fresh
perl -e 'print "A: b\n\n"; print "line\r\n" x 900000, "\0"' >"$scratch/big"
put -p "$scratch/big" </dev/null
inbox >"$scratch/got"
check_same "$scratch/got" "$scratch/big" "-p, 5 MB"
is "$(ls "$HOME/Maildir/new" | sed -n 's/.*,S=\([0-9]*\),W=\([0-9]*\)$/\1 \2/p')" "5400007 5400009" "S= and W= of its name"

# The environment of the MTAs.
mta() { what=$1 wanted=$2; shift 2; fresh; printf 'A: b\n\nx' | env "$@" "$BACKSTOP" --set log.destination=none; is "$? $(inbox | sed '/^A:/,$d' | tr '\n' '|')" "0 $wanted" "$what"; }
mta "Postfix" "Return-Path: <ann@example.net>|Delivered-To: me+x@example.org|" \
    SENDER=ann@example.net RECIPIENT=me+x@example.org EXTENSION=x USER=me LOGNAME=me LOCAL=me+x DOMAIN=example.org
mta "Postfix, a bounce" "Return-Path: <>|Delivered-To: me@example.org|" SENDER=MAILER-DAEMON RECIPIENT=me@example.org
mta "Exim" "Return-Path: <ann@example.net>|Delivered-To: me@example.org|" \
    SENDER=ann@example.net LOCAL_PART=me DOMAIN=example.org LOCAL_PART_SUFFIX=
mta "Exim, a bounce" "Return-Path: <>|Delivered-To: me@example.org|" SENDER= LOCAL_PART=me DOMAIN=example.org
mta "qmail" "Return-Path: <ann@example.net>|Delivered-To: me-x@example.org|" \
    SENDER=ann@example.net RECIPIENT=me-x@example.org LOCAL=me-x HOST=example.org EXT=x
mta "qmail, a bounce" "Return-Path: <>|Delivered-To: me@example.org|" SENDER= RECIPIENT=me@example.org
mta "sendmail says nothing" "" USER=me

# Folders.
folder() { # NAME DIRECTORY
    fresh
    printf 'A: b\n\nx' | put -m "$1"
    is "$? $(cd "$HOME/Maildir" && find . -type f -path '*/new/*' | sed 's,/*new/.*,,; s,^\./*,,')" "0 $2" "-m $1"
}
folder Junk .Junk
folder Lists/Work .Lists.Work
folder Lists.Work .Lists.Work
folder INBOX ""
folder inbox/Lists .Lists
folder "Gel$(printf '\303\266')scht" ".Gel&APY-scht"
folder "$(printf '\345\217\260\345\214\227')" ".&U,BTFw-"
folder "A&B" ".A&-B"
folder "$(printf '\360\237\223\254')" ".&2D3c7A-"
folder "with blank" ".with blank"
folder ../../etc ""
folder /etc/passwd ""
folder a//b ""
folder "$(printf '\377')" ""
folder "$(printf 'a\tb')" ""
folder "$(perl -e 'print "x" x 300')" ""
fresh
printf 'A: b\n\nx' | put -m Junk
is "$(cd "$HOME/Maildir/.Junk" && ls | tr '\n' ' ')" "cur maildirfolder new tmp " "a Maildir++ folder has its mark"
fresh
mkdir -p "$HOME/Maildir" && : >"$HOME/Maildir/.Junk"
printf 'A: b\n\nx' | put -m Junk
is "$? $(ls "$HOME/Maildir/new" | wc -l) $(grep -c 'reason=' "$log")" "0 1 1" "a folder that cannot be: the inbox, and a word in the log"

# Modes, whatever umask came in.
modes() { (cd "$HOME" && stat -c '%a' Maildir Maildir/new Maildir/.X Maildir/.X/new Maildir/.X/new/* Maildir/.X/maildirfolder | tr '\n' ' '); }
for mask in 000 077 777; do
    fresh
    (umask $mask; printf 'A: b\n\nx' | put -m X)
    is "$? $(modes)" "0 700 700 700 700 600 600 " "umask $mask: private"
    fresh
    (umask $mask; printf 'A: b\n\nx' | put -m X --set store.umask=027)
    is "$? $(modes)" "0 750 750 750 750 640 640 " "umask $mask, [store] umask = 027"
    fresh
    (umask $mask; printf 'A: b\n\nx' | put --set store.umask=007 --set "store.location=mbox:$HOME/m/box")
    is "$? $(cd "$HOME/m" && stat -c '%a' . box | tr '\n' ' ')" "0 770 660 " "umask $mask: an mbox for the group"
done

# The marks of a run go just behind its status.
unmarked() { for _ in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(find "$HOME" -perm -1000)" ] && return; sleep 0.1; done; }
# Equal messages are as many as they are, however they come; only with the mark of an MTA is one that
# comes again the same delivery, tried again.
for store in maildir:Maildir mbox:box mh:Mail; do
    fresh
    kind=${store%%:*}
    location=$kind:$HOME/${store#*:}
    equals() { grep -rh "^$1" "$HOME" | wc -l | tr -d ' '; }
    for _ in 1 2 3 4; do printf 'A: b\n\ntwice\n' | put --set "store.location=$location"; done
    is "$(equals twice)" 4 "$kind: four equal messages by pipe"
    printf 'A: b\n\nagain\n' >"$scratch/twice"
    for _ in 1 2 3; do put --set "store.location=$location" <"$scratch/twice"; done
    is "$(equals again)" 3 "$kind: three from one file"
    unmarked
    is "$(find "$HOME" -perm -1000 | wc -l)" 0 "$kind: no mark of an unfinished run stays"
    printf 'Received: from a by b; %s\nA: b\n\nonce\n' "$(date -R)" >"$scratch/once"
    for _ in 1 2; do put -f a@b --set "store.location=$location" <"$scratch/once"; done
    is "$(equals once)" 1 "$kind: the retry of one delivery is no second copy"
    put -f a@b -r other@example.org --set "store.location=$location" <"$scratch/once"
    is "$(equals once)" 2 "$kind: for another recipient it is"
done
for store in maildir:Maildir mbox:box mh:Mail; do
    fresh
    location=${store%%:*}:$HOME/${store#*:}
    for _ in 1 2 3; do
        (for _ in 1 2 3 4 5; do printf 'A: b\n\ntwice\n' | put --set "store.location=$location"; done) &
    done
    wait
    is "$(equals twice)" 15 "${store%%:*}: equal messages at one time"
done
# An IMAP server may have taken the first try's copy out of new/ meanwhile, and someone may have read it.
fresh
for moved in :2, :2,S; do
    printf 'Received: from a by b; %s\nA: b\n\nmoved %s\n' "$(date -R)" "$moved" >"$scratch/moved"
    put -f a@b --set "store.location=maildir:$HOME/Maildir" <"$scratch/moved"
    for file in "$HOME/Maildir/new/"*; do mv "$file" "$HOME/Maildir/cur/${file##*/}$moved"; done
    put -f a@b --set "store.location=maildir:$HOME/Maildir" <"$scratch/moved"
    is "$(equals "moved $moved")" 1 "a retry finds its earlier copy as cur/…$moved"
done
# A mark that a killed run left stands for one retry, and for no more.
for store in maildir:Maildir mh:Mail; do
    fresh
    kind=${store%%:*}
    location=$kind:$HOME/${store#*:}
    printf 'A: b\n\ntwice\n' | put --set "store.location=$location"
    unmarked
    find "$HOME" -type f -size +0 -exec chmod +t {} +
    for _ in 1 2 3; do printf 'A: b\n\ntwice\n' | put --set "store.location=$location"; done
    is "$(equals twice)" 3 "$kind: of three that follow an unfinished run one is its retry"
done

# mbox.
box=$HOME/box
fresh
printf 'A: b\n\nFrom here\n>From there\n>>From all\nFromage\nno end' | put -f 'a b@c' --set "store.location=mbox:$box"
printf '' | put -f '<>' --set "store.location=mbox:$box"
printf 'A: b\r\n\r\nFrom crlf\r\n' | put -f '<>' --set "store.location=mbox:$box"
sed 's/^\(From [^ ]*\) ... ... .. ..:..:.. ....$/\1 DATE/' "$box" >"$scratch/got"
printf 'From a-b@c DATE\nReturn-Path: <a b@c>\nA: b\n\n>From here\n>>From there\n>>>From all\nFromage\nno end\n\nFrom MAILER-DAEMON DATE\nReturn-Path: <>\n\nFrom MAILER-DAEMON DATE\nReturn-Path: <>\r\nA: b\r\n\r\n>From crlf\r\n\n' >"$scratch/wanted"
check_same "$scratch/got" "$scratch/wanted" "mbox: three messages, From_ lines quoted"
is "$(ls "$HOME" | tr '\n' ' ')" "box " "mbox: no lock stays"
# A short message is not taken for the end of a longer one.
fresh
printf 'Received: from a by b; %s\nA: b\n\nx\nQ: z\n\nend\n' "$(date -R)" | put --set "store.location=mbox:$box"
printf 'Q: z\n\nend\n' | put --set "store.location=mbox:$box"
is "$(grep -c '^From ' "$box")" 2 "mbox: a message that looks like the end of another"
fresh
printf 'junk without end' >"$box"
printf 'A: b\n\nx\n' | put --set "store.location=mbox:$box"
is "$(sed -n 3p "$box" | cut -c1-5)" "From " "mbox: what others left unfinished is kept apart"
fresh
printf 'A: b\n\nx\n' | put --set "store.location=mbox:$box" -m Lists/Work
is "$? $(grep -c '^A: b' "$HOME/mail/Lists/Work")" "0 1" "mbox: a folder"
fresh
: >"$box"
printf 'A: b\n\nx\n' | put --set "store.location=$box"
is "$? $(grep -c '^A: b' "$box")" "0 1" "a bare path that is a file is an mbox"
# Locks: a dead owner's is taken over at once, a living one's is respected, an old one is broken.
fresh
dead=$(sh -c 'echo $$')
printf '%s:%s\n' "$dead" "$(hostname)" >"$box.lock"
began=$(date +%s)
printf 'A: b\n\nx\n' | put --set "store.location=mbox:$box"
is "$? $(grep -c '^A: b' "$box") $(($(date +%s) - began < 3)) $(ls "$HOME" | tr '\n' ' ')" "0 1 1 box " "mbox: a dead owner's lock"
printf '1:elsewhere.example.org\n' >"$box.lock"
touch -d '10 minutes ago' "$box.lock"
printf 'A: c\n\nx\n' | put --set "store.location=mbox:$box"
is "$? $(grep -c '^A: ' "$box") $(ls "$HOME" | tr '\n' ' ')" "0 2 box " "mbox: an old lock"
printf '%s:%s\n' "$$" "$(hostname)" >"$box.lock"
(sleep 2; rm "$box.lock") &
printf 'A: d\n\nx\n' | put --set "store.location=mbox:$box"
is "$? $(grep -c '^A: ' "$box") $(ls "$HOME" | tr '\n' ' ')" "0 3 box " "mbox: a lock that goes away in time"
if command -v flock >/dev/null; then
    perl -MFcntl=:DEFAULT -e 'open my $f, "+<", $ARGV[0] or die; my $l = pack "s! s! l! l! i", F_WRLCK, 0, 0, 0, 0;
        fcntl $f, F_SETLK, $l or die; print "held\n"; close STDOUT; sleep 2' "$box" | { read -r _; printf 'A: e\n\nx\n' | put --set "store.location=mbox:$box"; }
    is "$(grep -c '^A: ' "$box")" 4 "mbox: an fcntl lock is waited for"
else
    skip 1 "no flock"
fi

# MH.
fresh
mkdir -p "$HOME/Mail"
: >"$HOME/Mail/7"
: >"$HOME/Mail/x9"
printf 'A: 1\n\nx\n' | put --set "store.location=mh:$HOME/Mail"
printf 'A: 2\n\nx\n' | put --set "store.location=$HOME/Mail/."
printf 'A: 3\n\nx\n' | put --set "store.location=mh:$HOME/Mail" -m Lists/Work
is "$(cd "$HOME/Mail" && grep -l A: 8 9 Lists/Work/1 | tr '\n' ' ')" "8 9 Lists/Work/1 " "MH: numbers go on"
is "$(stat -c %a "$HOME/Mail/8") $(find "$HOME/Mail" -name ',*' | wc -l)" "600 0" "MH: whole and settled"

# Settings.
printf '[store]\nlocation = ~/Elsewhere\n' >"$scratch/other.conf"
fresh
mkdir -p "$HOME/.config/backstop"
printf '[store]\nlocation = ~/Mine\n' >"$HOME/.config/backstop/backstop.conf"
printf 'A: b\n\nx' | put
is "$? $(ls "$HOME")" "0 Mine" "the user's file"
fresh
printf 'A: b\n\nx' | put -c "$scratch/other.conf"
is "$? $(ls "$HOME")" "0 Elsewhere" "--config"
fresh
printf 'A: b\n\nx' | put -c "$scratch/other.conf" --set store.location=~/Set --set store.fsync=no
is "$? $(ls "$HOME")" "0 Set" "--set wins"
fresh
mkdir -p "$HOME/.config/backstop"
printf '[store]\nfsync = perhaps\nshelf = 3\n' >"$HOME/.config/backstop/backstop.conf"
printf 'A: b\n\nx' | put
is "$? $(grep -c 'backstop.conf:[23]: ' "$log")" "0 2" "wrong lines are told with file and line"
if command -v strace >/dev/null && strace -o "$scratch/trace" true 2>/dev/null; then
    fresh
    printf 'A: b\n\nx' | strace -f -e trace=fsync,fdatasync -o "$scratch/trace" "$BACKSTOP" --set log.destination=none
    is "$(($(grep -c sync "$scratch/trace") >= 2))" 1 "fsync: the file and the directory"
    printf 'A: c\n\nx' | strace -f -e trace=fsync,fdatasync -o "$scratch/trace" "$BACKSTOP" --set log.destination=none --set store.fsync=no
    is "$(grep -c sync "$scratch/trace")" 0 "fsync = no: none"
else
    skip 2 "strace cannot be used"
fi

# The log: one line a message, whatever the message says.
fresh
printf 'Message-ID: <i\033[2Jd@example.net>\nSubject: secret\n\nx' | put -f "$(printf 'ann\r@example.net')" -m Lists
is "$(wc -l <"$log")" 1 "one line"
line=$(sed 's/^[^:]*:[^:]*:[^:]*: //; s/delay=[0-9.]*/delay=D/; s/to=[^ ]*/to=U/; s/user=[^ ]*/user=U/' "$log")
is "$line" "to=U from=\"ann @example.net\" user=U msgid=<i?[2Jd@example.net> size=51 class=none verdict=none rule=none folder=Lists delay=D status=delivered" "what it says"
is "$(stat -c %a "$log")" 600 "the log is private"

# Another user: root alone may.
if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1; then
    fresh
    chmod 755 "$scratch"
    mkdir -m 777 "$scratch/spool"
    printf 'A: b\n\nx' | put -d nobody --set "store.location=$scratch/spool/Maildir" --set log.destination=none
    is "$? $(stat -c %U "$scratch"/spool/Maildir/new/*)" "0 nobody" "-d: the file is the user's"
    if command -v setpriv >/dev/null; then
        chmod 700 "$HOME"
        printf 'A: b\n\nx' | setpriv --reuid=nobody --clear-groups "$BACKSTOP" -d root --set log.destination=none 2>/dev/null
        is $? 75 "-d another user, not being root: it waits"
    else
        skip 1 "no setpriv"
    fi
    printf 'A: b\n\nx' | put -d '' 2>/dev/null
    is $? 75 "-d with nothing is a mistake in the MTA's configuration, no unknown user"
else
    skip 3 "not root"
fi
plan
