#!/bin/sh
# SPDX-License-Identifier: MIT
# The Sieve script that an rc file is translated into files mail as the rc file does: run here, and by
# Pigeonhole where it is installed.
. "${srcdir:-..}/tests/tap.sh"
ln -s "$BACKSTOP" "$scratch/procmail"
cd "$scratch" || exit 1

cat >rc <<'END'
MAILDIR=$HOME/Maildir
DEFAULT=$MAILDIR/
LOGFILE=/dev/null
LISTS=.Lists

:0
* ^X-Spam-Status: Yes
.Spam/

:0
* ^List-Id:.*<\/[^.>]+
$LISTS.$MATCH/

:0 c
* ^TO_topic@example\.org
* ! ^FROM_DAEMON
.Topic/

:0
* ^(From|Sender):.*(alice|zoe)@
{
  :0
  * ^Subject: urgent$
  .Urgent/

  :0 E
  * < 2000
  .Friends/
}

:0
* 1^0 ^Subject:.*cheap pills
* 1^0 ^From:.*spammer
/dev/null

:0 B
* ^click here to
.Junk/

:0
* ^FROM_MAILER
.Daemons/

:0
* > 5000
.Big/
END

number=0
mail() { # HEADER-LINES [BODY]
    number=$((number + 1))
    printf 'From: someone@example.net\nTo: me@example.org\nMessage-ID: <%d@example.net>\n%b\n\n%b\n' \
        "$number" "$1" "${2:-text}" | awk 'BEGIN { IGNORECASE = 1 }
        /^$/ { body = 1 } !body && /^[A-Za-z-]+:/ { name = $1; line[name] = $0; if (!(name in seen)) { order[++n] = name; seen[name] = 1 } next }
        body && !done { for (i = 1; i <= n; i++) print line[order[i]]; done = 1 } { print }' >"mail.$number"
}
mail 'Subject: plain'
mail 'X-Spam-Status: Yes, score=9\nSubject: x'
mail 'X-Spam-Status: No\nSubject: x'
mail 'List-Id: Talk about it <talk.lists.example.org>\nSubject: x'
mail 'To: topic@example.org\nSubject: x'
mail 'To: my-topic@example.org\nSubject: x'
mail 'Cc: Topic <topic@example.org>\nFrom: MAILER-DAEMON@example.net\nSubject: x'
mail 'From: Alice <alice@example.net>\nSubject: urgent'
mail 'From: zoe@example.net\nSubject: not urgent'
mail 'Subject: buy CHEAP pills now'
mail 'From: the spammer <x@example.net>\nSubject: x'
mail 'Subject: x' 'hello\nClick here to win'
mail 'From: Mail Delivery Subsystem <mailer-daemon@example.net>\nSubject: x'
mail 'Subject: big' "$(printf '%06000d' 1)"
plan $((6 + number * 2))

expect_code 0 "all of the rc file can be said in Sieve" "$BACKSTOP" translate rc
cp out rc.sieve

folders() { # DIRECTORY: the folders with a message in them, one a line
    find "$1" -type f \( -path '*/new/*' -o -path '*/cur/*' \) 2>/dev/null |
        sed -e "s|^$1||" -e 's|/[^/]*/[^/]*$||' -e 's|^/\.||' -e 's|^$|INBOX|' | sort | tr '\n' ' '
}
# How sieve-test is told where the mail lies: Pigeonhole 2.4 knows no -l.
where="-l maildir:$scratch/there"
sieve-test -l 2>&1 | grep -q "invalid option" &&
    where="-o mail_driver=maildir -o mail_path=$scratch/there -o mail_inbox_path=$scratch/there"
# Dovecot refuses to work for root.
pigeonhole() {
    if [ "$(id -u)" -eq 0 ]; then
        chmod 711 "$scratch"
        chmod 644 rc.sieve mail.*
        install -d -o nobody "$scratch/there" "$scratch/nobody"
        HOME=$scratch/nobody USER=nobody setpriv --reuid nobody --regid nogroup --clear-groups sieve-test "$@"
    else
        sieve-test "$@"
    fi
}
for n in $(seq $number); do
    rm -rf "$HOME/Maildir" here there
    mkdir "$HOME/Maildir"
    # The line that an MTA puts first; Sieve's tests see the envelope instead.
    { echo 'From someone@example.net  Thu Jan  1 00:00:00 2015'; cat "mail.$n"; } |
        "$scratch/procmail" HOME="$HOME" PATH=/usr/bin:/bin "$scratch/rc" 2>/dev/null
    wanted=$(folders "$HOME/Maildir")
    "$BACKSTOP" sieve run -f someone@example.net -x "$scratch/here" rc.sieve "mail.$n" >said 2>&1 || diag <said
    is "$(folders "$scratch/here")" "$wanted" "message $n is filed alike by our Sieve"
    if command -v sieve-test >/dev/null; then
        # shellcheck disable=SC2086 # words
        pigeonhole -e -f someone@example.net $where -o postmaster_address=x@example.org \
            -o lda_mailbox_autocreate=yes rc.sieve "mail.$n" >said 2>&1 || diag <said
        is "$(folders "$scratch/there")" "$wanted" "message $n is filed alike by Pigeonhole"
    else
        skip 1 "Pigeonhole is not installed"
    fi
done

# What Sieve refuses is not called translated; a name without a colon is told of.
one() { # RC-LINES...
    printf '%s\n' ':0' "$@" >one
    "$BACKSTOP" translate one >one.sieve 2>one.said
}
one '* ^Subject:*hello' f
is "$?" 1 "a repeated colon cannot be said"
one '* ^X-Spam-Flag: YES' '! bob@example.org, root'
is "$?" 1 "an address without a domain cannot be redirected to"
check "... and nothing of the recipe is left" sh -c '! grep -q "^ *redirect" one.sieve'
one '* ^(From|Sender).*alice@example\.com' alice
is "$? $(grep -c 'header :contains \["From", "Sender"\] "alice@example.com"' one.sieve)" "0 1" \
    "a name without a colon is a field's"
check "... and that is said" grep -q 'differs: .*colon' one.said
