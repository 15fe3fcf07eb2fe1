#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples for procmail and maildrop do with the real programs what they say.
. "${srcdir:-..}/tests/tap.sh"
plan 8

# The program where the examples look for it, and a home: procmail and maildrop take root's from the
# password file.
adapt() {
    { echo "HOME=\"$HOME\""; sed "s|/usr/local/bin/backstop|$BACKSTOP|g" "$1"; } >"$2" && chmod 600 "$2"
}
mkdir -p "$HOME/.config/backstop" "$HOME/Maildir/cur" "$HOME/Maildir/new" "$HOME/Maildir/tmp"
for part in cur new tmp; do mkdir -p "$HOME/Maildir/.Junk/$part"; done
cp "$srcdir/examples/mail/backstop.conf" "$HOME/.config/backstop/"
"$BACKSTOP" sent --quiet --ids "$srcdir/examples/mail/sent.tsv"
cd "$HOME" || exit 1

where() { # NAME: the folder that the sample message went to
    id=$(sed -n 's/^Message-I[Dd]: *//p' "$srcdir/examples/mail/$1.eml" | head -n 1)
    if [ -z "$id" ]; then id=$(sed -n 's/^Date: *//p' "$srcdir/examples/mail/$1.eml" | head -n 1); fi
    grep -rlF "$id" "$HOME/Maildir" | sed "s|^$HOME/Maildir||; s|/[^/]*/[^/]*\$||; s|^\$|inbox|" | sort | tr '\n' ' '
}
give_all() {
    find "$HOME/Maildir" -type f -exec rm {} +
    for name in 01-letter 02-bounce-of-our-letter 03-forged-postfix 05-forged-qmail; do
        HOME=$HOME "$@" <"$srcdir/examples/mail/$name.eml" >>"$scratch/log" 2>&1 || echo "$name: $?" | diag
    done
}

if command -v procmail >/dev/null; then
    adapt "$srcdir/examples/procmail/procmailrc" "$HOME/.procmailrc"
    give_all procmail -f '' "$HOME/.procmailrc"
    is "$(where 01-letter)" "inbox " "procmail: a letter goes to the inbox"
    is "$(where 02-bounce-of-our-letter)" "inbox " "procmail: so does a report on our own mail"
    is "$(where 03-forged-postfix)" "/.Junk " "procmail: backscatter goes to Junk"
    is "$(where 05-forged-qmail)" "/.Junk " "procmail: of other makes too"
else
    skip 4 "procmail is not installed"
fi
if command -v maildrop >/dev/null; then
    { echo 'DEFAULT="$HOME/Maildir/"'; cat "$srcdir/examples/maildrop/mailfilter"; } >"$scratch/mailfilter"
    adapt "$scratch/mailfilter" "$HOME/.mailfilter"
    give_all maildrop "$HOME/.mailfilter"
    is "$(where 01-letter)" "inbox " "maildrop: a letter goes to the inbox"
    is "$(where 02-bounce-of-our-letter)" "inbox " "maildrop: so does a report on our own mail"
    is "$(where 03-forged-postfix)" "/.Junk " "maildrop: backscatter goes to Junk"
    is "$(where 05-forged-qmail)" "/.Junk " "maildrop: of other makes too"
else
    skip 4 "maildrop is not installed"
fi
