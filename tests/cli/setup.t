#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop setup: finds mail where programs keep it, writes only what differs, does nothing twice,
# and takes everything back.
. "${srcdir:-..}/tests/tap.sh"

conf=$HOME/.config/backstop/backstop.conf
setup() { "$BACKSTOP" --set log.destination=none setup --quiet "$@" >"$scratch/out" 2>"$scratch/err" </dev/null; }
letter() { printf 'From: Ann <ann@example.org>\nTo: bob@example.net\nDate: %s\nMessage-ID: <%s@example.org>\n\nhi\n' "$(date -R)" "$1"; }
maildir() { mkdir -p "$1/cur" "$1/new" "$1/tmp"; letter "$2" >"$1/cur/1700000001.$2.host:2,S"; }
fresh() { chmod -R u+rwX "$HOME"; rm -rf "$HOME"; mkdir -p "$HOME"; }

expect_code 1 'without a terminal and --yes nothing is done' "$BACKSTOP" setup </dev/null
check 'and that is said' grep -q -- '--yes' "$scratch/err"
maildir "$HOME/Maildir" a; maildir "$HOME/Maildir/.Sent" b
check 'the usual places' setup --yes
check 'need no setting' grep -q '^No setting has to be written' "$scratch/out"
check 'no file is written' test ! -e "$conf" -a ! -e "$HOME/.forward"
check 'the .forward line is shown' grep -q '^  "|/.*backstop"$' "$scratch/out"
printf '|/usr/bin/procmail\n' >"$HOME/.forward"
check '--forward' setup --yes --forward
is "$(sed 's|/.*/|/|' "$HOME/.forward")" '"|/backstop"' 'writes it'
is "$(cat "$HOME/.forward.before-backstop")" '|/usr/bin/procmail' 'and keeps what was there'
cp "$HOME/.forward" "$scratch/forward"
check 'again' setup --yes --forward
check_same "$HOME/.forward" "$scratch/forward" 'nothing changes'
check '--undo' setup --undo
is "$(cat "$HOME/.forward"; ls -A "$HOME")" "|/usr/bin/procmail
.forward
.local
Maildir" 'everything is as it was'
expect_code 1 'nothing is undone twice' "$BACKSTOP" setup --undo
printf 'me@elsewhere.example\n' >"$HOME/.forward"
expect_code 1 'a .forward to elsewhere' "$BACKSTOP" setup --yes --forward </dev/null
is "$(cat "$HOME/.forward")" me@elsewhere.example 'is left as it is'

fresh
mkdir "$HOME/Mail" "$HOME/Mail/inbox" "$HOME/Mail/outbox"
printf 'Path: Mail\n' >"$HOME/.mh_profile"; letter c >"$HOME/Mail/inbox/1"
check 'MH' setup --yes
is "$(grep -v '^#' "$conf" | grep .)" '[store]
location = mh:~/Mail' 'is found by .mh_profile'
check 'with the reason' grep -q '^# .*mh_profile' "$conf"
cp "$conf" "$scratch/conf"
check 'again' setup --yes
check_same "$conf" "$scratch/conf" 'nothing changes'
printf '\n[log]\ndestination = none\n' >>"$conf"
expect_code 1 'a file that was changed since' "$BACKSTOP" setup --undo
check 'is not taken back' grep -q '^destination' "$conf"

fresh
mkdir -p "$HOME/.mutt" "$HOME/post"; letter d | sed '1i From ann@example.org Sat Nov 21 03:07:48 2026' >"$HOME/post/in"
letter e | sed '1i From ann@example.org Sat Nov 21 03:07:48 2026' >"$HOME/post/out"
printf 'set folder = "~/post"\nset spoolfile="=in"\n set record = +out\n' >"$HOME/.mutt/muttrc"
check "mutt's folders" setup --yes
check 'the mailbox' grep -q '^location = mbox:~/post/in' "$conf"
check 'the record' grep -q "^sent-folders = $HOME/post/out" "$conf"
check 'it was learnt from' grep -q 'ann@example.org sent 1 letters' "$scratch/out"

fresh
maildir "$HOME/Maildir" f; maildir "$HOME/.mail/work/INBOX" g; maildir "$HOME/.mail/work/Gesendete Objekte" h
check 'another account in this home' setup --yes
check 'its sent mail, in quotes' grep -qF "sent-folders = \"$HOME/.mail/work/Gesendete Objekte\"" "$conf"
check 'its store' grep -q "^folders = $HOME/.mail" "$conf"
"$BACKSTOP" config >"$scratch/config" 2>&1
check 'the file is sound' test $? -eq 0
printf '[store]\nlocation = maildir:~/Maildir\n' >"$conf"
check 'a setting of his own' setup --yes
check 'stays' grep -q '^location = maildir:~/Maildir' "$conf"
plan
