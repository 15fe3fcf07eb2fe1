#!/bin/sh
# SPDX-License-Identifier: MIT
# What becomes of a judged message: the settings of [judgement], and how the user's rules, in either
# language, come into it. A report to an address that never sends is backscatter for certain.
. "${srcdir:-..}/tests/tap.sh"

serial=0
report() { # RECIPIENT: a new report to it in $scratch/m
    serial=$((serial + 1))
    {
        printf 'From: MAILER-DAEMON@mx.example.net\nTo: %s\nSubject: Undeliverable %s\n' "$1" $serial
        printf 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
        printf -- '--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n'
        printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; x@example.net\n'
        printf 'Action: failed\nStatus: 5.1.1\n\n--b--\n'
    } >"$scratch/m"
}
deliver() { # RECIPIENT [SETTING...]
    report "$1"
    recipient=$1
    shift
    options=
    for setting in identity.never-sends=robot@example.com log.destination="$HOME/log" "$@"; do
        options="$options --set $setting"
    done
    # shellcheck disable=SC2086
    as_mta "$BACKSTOP" $options -f '<>' -a "$recipient" <"$scratch/m"
}
where() { # the folder in which the last report lies
    found=$(grep -rl "^Subject: Undeliverable $serial\$" "$HOME/Maildir" 2>/dev/null | sed 's|.*/Maildir/\(.*\)/[a-z]*/[^/]*$|\1|; t; s|.*/Maildir/.*|INBOX|')
    echo "${found:-nowhere}"
}

expect_code 0 "backscatter" deliver robot@example.com
is "$(where)" ".Junk" "goes to Junk"
expect_code 0 "a report about which nothing is known" deliver me@example.com
is "$(where)" "INBOX" "stays in the inbox"
is "$(grep -rl '^X-Backstop: unknown; class=dsn-failure; rule=rfc3464' "$HOME/Maildir/new" | wc -l | tr -d ' ')" 1 \
    "and is marked"
deliver me@example.com judgement.unknown=junk
is "$(where)" ".Junk" "unknown = junk"
deliver robot@example.com judgement.backscatter=mark
is "$(where)" "INBOX" "backscatter = mark"
deliver robot@example.com judgement.backscatter=discard
is "$(where)" "nowhere" "backscatter = discard"
deliver me@example.com judgement.backscatter=discard judgement.unknown=junk
is "$(where)" ".Junk" "which discards nothing but backscatter"
deliver robot@example.com junk.folder=Spam/Back
is "$(where)" ".Spam.Back" "[junk] folder"
deliver robot@example.com judgement.enabled=no
is "$(where)" "INBOX" "enabled = no"
is "$(grep -c '^X-Backstop' "$(grep -rl "^Subject: Undeliverable $serial\$" "$HOME/Maildir")")" 0 "and nothing is added"

cat >"$HOME/.dovecot.sieve" <<'EOF'
require ["fileinto", "environment"];
if environment "vnd.backstop.class" "dsn-failure" { fileinto "Reports"; }
EOF
deliver robot@example.com
is "$(where)" ".Junk" "backscatter does not reach the rules"
deliver me@example.com
is "$(where)" ".Reports" "what is unknown does"
deliver robot@example.com judgement.when=after-rules
is "$(where)" ".Reports" "when = after-rules: a rule that files it wins"
deliver robot@example.com judgement.backscatter=mark
is "$(where)" ".Reports" "as with mark"
echo 'keep;' >"$HOME/.dovecot.sieve"
deliver robot@example.com judgement.when=after-rules
is "$(where)" ".Junk" "one that keeps it does not"
deliver robot@example.com rules.language=none judgement.backscatter=mark
is "$(where)" "INBOX" "[rules] language = none"

cat >"$HOME/.procmailrc" <<'EOF'
MAILDIR=$HOME/Maildir
:0
* BACKSTOP_VERDICT ?? ^^unknown^^
* BACKSTOP_CLASS ?? ^^dsn-failure^^
.FromRc/
:0
* ^X-Backstop: backscatter
.FromHeader/
EOF
chmod 755 "$HOME"
chmod 644 "$HOME/.procmailrc"
deliver me@example.com
is "$(where)" "INBOX" "a Sieve script comes before an rc file"
deliver me@example.com rules.language=procmail
is "$(where)" ".FromRc" "[rules] language = procmail: the rc file knows the verdict"
rm "$HOME/.dovecot.sieve"
deliver me@example.com
is "$(where)" ".FromRc" "an rc file alone is found"
deliver robot@example.com
is "$(where)" ".Junk" "and backscatter does not reach it"
deliver robot@example.com judgement.backscatter=mark
is "$(where)" ".FromHeader" "unless it is only marked"
printf ':0\n* ^Subject: nothing like it\nx/\n' >"$HOME/.procmailrc"
deliver me@example.com
is "$(where)" "INBOX" "what no recipe takes goes to the inbox"

# What a stranger writes as our verdict is no verdict, also where nothing is judged.
rm "$HOME/.procmailrc"
printf 'require "fileinto"; if exists "X-Backstop" { fileinto :create "Believed"; }\n' | sed 's/"fileinto"/["fileinto", "mailbox"]/' >"$HOME/.dovecot.sieve"
printf 'From: ann@example.net\nX-Backstop: backscatter; class=dsn-failure\nSubject: lunch\n\nx\n' >"$scratch/m"
as_mta "$BACKSTOP" --set log.destination="$HOME/log" -f ann@example.net -a me@example.com <"$scratch/m"
is "$(cd "$HOME/Maildir" && grep -rl '^Subject: lunch' . | cut -d/ -f2)" "new" "rules do not see a verdict that the sender wrote"
plan
