#!/bin/sh
# SPDX-License-Identifier: MIT
# The files for those who keep the real procmail or maildrop: backscatter goes to the Junk folder, all
# else its way, also when backstop is missing or fails.
. "${srcdir:-..}/tests/tap.sh"
plan 16
mkdir -p "$HOME/.config/backstop"
printf '[ledger]\nurl=%s/ledger.sqlite\ncomplete=yes\n' "$HOME" >"$HOME/.config/backstop/backstop.conf"
echo '<sent@example.org>' | "$BACKSTOP" sent --ids >/dev/null 2>&1

report() { # MESSAGE-ID of what is said to have been sent
    cat <<END
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: me@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; nobody@example.net
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

From: me@example.org
To: nobody@example.net
Subject: hello
Message-ID: $1
Date: Thu, 1 Jan 2015 00:00:00 +0000

--b--
END
}
report '<forged@spam.example>' >"$scratch/forged"
report '<sent@example.org>' >"$scratch/genuine"
printf 'From: cora@example.com\nX-Backstop: backscatter; by=somebody else\nSubject: x\n\nhi\n' >"$scratch/person"
count() { find "$1" -type f 2>/dev/null | wc -l | tr -d ' '; }
filed() { # DESC: one message in $HOME/$2, none in $HOME/$3
    is "$(count "$HOME/$2") $(count "$HOME/$3")" "1 0" "$1"
    rm -rf "$HOME/junk" "$HOME/in"
}

expect_code 0 "the forged report is backscatter" sh -c "\"$BACKSTOP\" check --quiet <'$scratch/forged'"

# --- procmail
run_procmail() { # MESSAGE [BACKSTOP]
    printf 'BACKSTOP=%s\nJUNK=%s/junk/\nINCLUDERC=%s\n:0\nin/\n' "${2:-$BACKSTOP}" "$HOME" \
        "$srcdir/rules/backstop.procmailrc" >"$HOME/rc"
    (cd "$HOME" && "$program" HOME="$HOME" DEFAULT="$HOME/default" ORGMAIL="$HOME/default" SHELL=/bin/sh \
        PATH=/usr/bin:/bin ./rc <"$scratch/$1" >/dev/null 2>&1)
}
try_procmail() {
    run_procmail forged
    filed "$1: backscatter goes to Junk" junk in
    run_procmail genuine
    filed "$1: a report of one's own mail does not" in junk
    run_procmail person
    filed "$1: nor does a person's mail with a header line that pretends" in junk
    run_procmail forged "$2"
    filed "$1: without backstop mail goes on" "$3" "$4"
}
if program=$(command -v procmail) && "$program" -v 2>&1 | grep -q '^procmail v3'; then
    try_procmail "the real procmail" /nonexistent/backstop in junk
    run_procmail person /nonexistent/backstop
    filed "the real procmail: and a header line that pretends is not believed" in junk
else
    skip 5 "procmail is not installed"
fi
ln -s "$BACKSTOP" "$scratch/procmail"
program=$scratch/procmail
try_procmail "our procmail" /nonexistent/backstop junk in

# --- maildrop, which takes HOME from the user database
conf=$HOME/.config/backstop/backstop.conf
if command -v maildrop >/dev/null && command -v maildirmake.maildrop >/dev/null; then
    run_maildrop() {
        maildirmake.maildrop "$HOME/junk"
        maildirmake.maildrop "$HOME/in"
        printf 'BACKSTOP="%s"\nJUNK="%s/junk"\ninclude "%s"\nto "%s/in"\n' "${2:-$BACKSTOP -c $conf}" "$HOME" \
            "$srcdir/rules/backstop.mailfilter" "$HOME" >"$HOME/mailfilter"
        chmod 600 "$HOME/mailfilter"
        maildrop "$HOME/mailfilter" <"$scratch/$1" >/dev/null 2>&1
        rmdir "$HOME"/*/tmp "$HOME"/*/cur 2>/dev/null
    }
    run_maildrop forged
    filed "maildrop: backscatter goes to Junk" junk in
    run_maildrop genuine
    filed "maildrop: a report of one's own mail does not" in junk
    run_maildrop person
    filed "maildrop: nor does a person's mail with a header line that pretends" in junk
    run_maildrop forged /nonexistent/backstop
    filed "maildrop: without backstop mail goes on" in junk
    run_maildrop person /nonexistent/backstop
    filed "maildrop: and a header line that pretends is not believed" in junk
    printf '`%s -c %s check --quiet`\nif ( $RETURNCODE == 0 )\n{\n    to "%s/junk"\n}\nto "%s/in"\n' "$BACKSTOP" "$conf" "$HOME" "$HOME" >"$HOME/byexit"
    chmod 600 "$HOME/byexit"
    maildirmake.maildrop "$HOME/junk"
    maildirmake.maildrop "$HOME/in"
    maildrop "$HOME/byexit" <"$scratch/forged"
    filed "maildrop: by exit status alone" junk in
else
    skip 6 "maildrop is not installed"
fi
