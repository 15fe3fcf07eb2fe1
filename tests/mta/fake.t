#!/bin/sh
# SPDX-License-Identifier: MIT
# The fake MTA knows a bounce when it sees one.
. "${srcdir:-..}/tests/tap.sh"
plan 15

fate() { # COMMAND: the line about it
    printf 'Subject: x\n\nx\n' | perl "$srcdir/tests/mta/pipe-command" --limit 1 sh -c "$1" 2>/dev/null
}
is "$(fate 'cat >/dev/null')" "status=0 postfix=delivered exim=delivered sendmail=delivered opensmtpd=delivered" "0"
is "$(fate 'cat >/dev/null; exit 75')" "status=75 postfix=deferred exim=deferred sendmail=deferred opensmtpd=deferred" "75"
is "$(fate 'exit 1')" "status=1 postfix=bounced exim=bounced sendmail=bounced opensmtpd=bounced" "1"
is "$(fate 'exit 71')" "status=71 postfix=deferred exim=bounced sendmail=deferred opensmtpd=deferred" "71"
is "$(fate 'exit 73')" "status=73 postfix=bounced exim=deferred sendmail=bounced opensmtpd=bounced" "73"
is "$(fate 'exit 74')" "status=74 postfix=bounced exim=bounced sendmail=deferred opensmtpd=bounced" "74"
is "$(fate 'kill -SEGV $$')" "status=signal11 postfix=deferred exim=bounced sendmail=deferred opensmtpd=deferred" "a crash"
is "$(fate 'echo 5.1.1 no; exit 75')" "status=75 postfix=bounced exim=deferred sendmail=deferred opensmtpd=deferred" "output decides under Postfix"
is "$(fate 'echo 4.2.2 later; exit 1')" "status=1 postfix=deferred exim=bounced sendmail=bounced opensmtpd=bounced" "either way"
is "$(fate 'sleep 5')" "status=signal9 postfix=bounced exim=bounced sendmail=deferred opensmtpd=deferred" "a hang"
is "$(fate 'exit 0')" "status=0 postfix=delivered exim=delivered sendmail=delivered opensmtpd=deferred" "success without reading"

run() { printf x | perl "$srcdir/tests/mta/pipe-command" "$@"; }
expect_code 99 "a bounce is an error" run sh -c 'cat; exit 64'
expect_code 99 "so is success without reading" run true
expect_code 99 "and a refusal that nobody asked for" run sh -c 'cat; exit 77'
expect_code 77 "one that was asked for is not" run --may-reject sh -c 'cat; exit 77'
