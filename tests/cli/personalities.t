#!/bin/sh
# SPDX-License-Identifier: MIT
# Under other programs' names: their options, in one word or two.
. "${srcdir:-..}/tests/tap.sh"
for name in dovecot-lda maildrop mail.local; do ln -s "$BACKSTOP" "$scratch/$name"; done
printf '[log]\ndestination = none\n' >"$scratch/conf"
mkdir -p "$HOME/.config/backstop"
cp "$scratch/conf" "$HOME/.config/backstop/backstop.conf"
me=$(id -un)
mail() { printf 'From: sam@example.com\nSubject: hello\n\ntext\n'; }
there() { find "$1" -type f -path '*/new/*' 2>/dev/null | wc -l; }

mail | deliver -c "$scratch/conf" -mLists -fsam@example.com -rann@example.org
is "$? $(there "$HOME/Maildir/.Lists")" "0 1" "deliver -mLists"
grep -q '^Delivered-To: ann@example.org' "$HOME"/Maildir/.Lists/new/*
ok $? "and -r in one word"
mail | deliver -c "$scratch/conf" -efsam@example.com -m Lists
is "$? $(there "$HOME/Maildir/.Lists")" "0 2" "a switch and an option in one word"
mail | deliver -c "$scratch/conf" -m -x
is "$? $(there "$HOME/Maildir/.-x")" "0 1" "a value that looks like an option is one"
mail | as_mta "$scratch/dovecot-lda" -c /dev/null/none -dnobody 2>/dev/null
is "$?" 75 "dovecot-lda: -c that cannot be read"
mail | as_mta "$scratch/dovecot-lda" -fsam@example.com -omail_location=maildir:~/One -oplugin/sieve=~/my.sieve
is "$? $(there "$HOME/One")" "0 1" "dovecot-lda -omail_location="
echo 'require "fileinto"; fileinto "Mine";' >"$HOME/my.sieve"
mail | as_mta "$scratch/dovecot-lda" -o mail_location=maildir:~/One -o plugin/sieve=~/my.sieve -o lda_mailbox_autocreate=yes
is "$? $(there "$HOME/One/.Mine")" "0 1" "-o plugin/sieve= and lda_mailbox_autocreate="
mail | as_mta "$scratch/dovecot-lda" -o mail_location=maildir:~/One -o plugin/sieve=~/my.sieve
is "$? $(there "$HOME/One/.Mine") $(there "$HOME/One")" "0 2 3" "one that is there is used without"
rm -r "$HOME/One/.Mine"
mail | as_mta "$scratch/dovecot-lda" -o mail_location=maildir:~/One -o plugin/sieve=~/my.sieve
is "$? $(ls -d "$HOME/One/.Mine" 2>/dev/null) $(there "$HOME/One")" "0  2" "one that is not is not made: the inbox"
mail | as_mta "$scratch/dovecot-lda" -o mail_location=sdbox:~/sdbox 2>"$scratch/err"
is "$? $(ls "$HOME/sdbox" 2>/dev/null)" "75 " "a kind of mail that cannot be written waits"
mail | as_mta "$scratch/dovecot-lda" -o mail_location=maildir:~/One:DIRNAME=x 2>/dev/null
is $? 75 "so does what may lie elsewhere"
mail | as_mta "$scratch/dovecot-lda" -o "mail_location=mbox:~/boxes:INBOX=~/in.mbox"
is "$? $(grep -c '^Subject: hello' "$HOME/in.mbox")" "0 1" "an mbox whose folders are elsewhere"
if [ ! -e /etc/maildroprc ] || ! grep -qv '^#\|^$' /etc/maildroprc; then
    mail | as_mta "$scratch/maildrop" -V1 -fsam@example.com
    is "$?" 0 "maildrop -V1 -fSENDER"
else
    skip 1 "there is a maildroprc"
fi
for option in "-M filter" -m "-Mfilter"; do
    # shellcheck disable=SC2086
    mail | as_mta "$scratch/maildrop" $option 2>"$scratch/err"
    is $? 75 "maildrop $option: a filter that cannot be run waits"
done
if [ "$(id -u)" -ne 0 ]; then
    mail | as_mta "$scratch/mail.local" -f sam@example.com -d "$me"
    is $? 0 "mail.local"
else
    mail | as_mta "$scratch/mail.local" -f sam@example.com no-such-user-here 2>/dev/null
    is $? 99 "mail.local: no such user (67, for which MTAs bounce)"
fi
mail | as_mta "$scratch/mail.local" -fsam@example.com a b 2>/dev/null
is $? 75 "mail.local: two recipients, one status"
printf 'LHLO me\r\nQUIT\r\n' | "$scratch/mail.local" -l >"$scratch/out" 2>/dev/null
grep -q '^250' "$scratch/out"
ok $? "mail.local -l speaks LMTP"
plan
