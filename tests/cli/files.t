#!/bin/sh
# SPDX-License-Identifier: MIT
# Files of users and admins that are none: named pipes, links to devices, directories, files without
# an end. Nothing waits for them or fills the memory, the error says what it is, and the mail stays
# with the MTA or goes to the inbox; and root opens none of them before becoming their owner.
. "${srcdir:-..}/tests/tap.sh"
. "$srcdir/tests/users.sh"
cd "$HOME" || exit 1
mail='From: cora@example.com
Subject: hello

text'

# put WHAT PATH: something that is no file of the kind that is wanted
put() {
    rm -rf "$2"
    case $1 in
    pipe) mkfifo "$2" ;;
    zero) ln -s /dev/zero "$2" ;;
    directory) mkdir "$2" ;;
    huge) truncate -s 8G "$2" ;;
    esac
}
# within COMMAND...: with 20 s and 400 MB, the message on standard input; 124: it hung
within() { (ulimit -v 400000; printf '%s\n' "$mail" | timeout 20 "$@" >"$scratch/out" 2>"$scratch/err"); }
words() {
    case $1 in
    pipe) echo 'named pipe' ;;
    zero) echo 'a device' ;;
    directory) echo 'a directory' ;;
    huge) echo 'larger than' ;;
    esac
}
names() { check "... and says what it is ($1)" grep -q "$(words "$1")" "$scratch/err"; }

ln -s "$BACKSTOP" "$scratch/maildrop"
ln -s "$BACKSTOP" "$scratch/procmail"
mkdir -p .config/backstop
for kind in pipe zero directory huge; do
    put $kind .config/backstop/backstop.conf
    within "$BACKSTOP"
    is $? 75 "settings: $kind"
    names $kind
    rm -rf .config/backstop/backstop.conf
    put $kind .mailfilter
    within "$scratch/maildrop"
    is $? 75 "maildrop's filter: $kind"
    names $kind
    rm -rf .mailfilter
    put $kind .procmailrc
    within "$scratch/procmail" "HOME=$HOME" "DEFAULT=$HOME/inbox" "ORGMAIL=$HOME/inbox" "$HOME/.procmailrc"
    is "$? $(grep -c '^text' inbox)" "0 1" "an rc file: $kind: the mail goes to the inbox"
    if [ $kind = directory ]; then wanted="Couldn't read"; else wanted=$(words $kind); fi
    check "... and the log says what it is" grep -q "$wanted" "$scratch/err"
    rm -rf .procmailrc inbox
    put $kind key
    within "$BACKSTOP" --set "batv.key-file=$HOME/key" batv sign a@example.com
    is "$([ $? -gt 0 ] && [ $? -ne 124 ] && echo failed)" "failed" "a file of keys: $kind"
    names $kind
    rm -rf key
    [ $kind = directory ] && continue
    mkdir -p rules
    put $kind rules/x.rules
    within "$BACKSTOP" --set "rules.directories=$HOME/rules" rules
    is "$([ $? -ne 124 ] && echo ended)" ended "a file of rules: $kind"
    names $kind
    rm -rf rules
done

# What whoever runs a command names may be a pipe, but it ends somewhere.
mkfifo script
timeout 20 sh -c 'echo "keep;" >script' &
check "a script to check may come from a pipe" timeout 20 "$BACKSTOP" sieve check -q script
wait
check "one that does not end is an error" sh -c 'ulimit -v 400000; ! timeout 20 "$BACKSTOP" sieve check /dev/zero'

# --- as root
if with_users; then
    deliver_as() { printf '%s\n' "$mail" | world timeout 20 "$scratch/maildrop" -d alice >"$scratch/out" 2>&1; }
    echo '# nothing but a remark' >"$scratch/secret"
    chmod 600 "$scratch/secret"
    ln -s "$scratch/secret" "$users/alice/.mailfilter"
    deliver_as
    is $? 75 "root does not read through a user's link what she may not read"
    rm "$users/alice/.mailfilter"
    put pipe "$users/alice/.mailfilter"
    deliver_as
    is $? 75 "nor wait for her named pipe"
    rm "$users/alice/.mailfilter"
    deliver_as
    is $? 0 "without a filter she gets her mail"
    is "$(find "$users/alice" -type f -path '*/new/*' -uid 61001 | wc -l)" 1 "... as her own"
else
    skip 4 "$why_not"
fi

# Everybody's empty file is one.
within "$BACKSTOP" -c /dev/null
is $? 0 "-c /dev/null is a configuration with nothing in it"
ln -sf /dev/null "$HOME/.procmailrc"
within "$BACKSTOP"
is "$? $(find "$HOME/Maildir/new" -type f | wc -l)" "0 2" "and a link to it are rules with nothing in them"
plan
