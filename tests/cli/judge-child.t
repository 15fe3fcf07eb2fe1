#!/bin/sh
# SPDX-License-Identifier: MIT
# The judge is advice: whatever happens to it costs the verdict and nothing else. The message is
# delivered, in time, and says why it was not judged.
. "${srcdir:-..}/tests/tap.sh"
modules=${builddir:-$PWD}/tests/fault
[ -f "$modules/backstop-mime.so" ] || skip_all "the broken modules were not built"
sanitized=$(grep -l '^SAN_CFLAGS = .*fsanitize' "${builddir:-$PWD}/Makefile")

# The comment in Content-Type leaves the parts of it to the MIME module.
cat >"$scratch/report" <<'END'
Received: from a by b; Mon, 02 Nov 2026 10:00:00 +0000
From: MAILER-DAEMON@example.net
To: me@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report (of Monday); report-type=delivery-status; boundary="b"
Message-ID: <report@example.net>

--b
Content-Type: text/plain

It did not get there.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; you@example.com
Action: failed
Status: 5.1.1
--b--
END

try() { # HOW WANTED SECONDS DESC [OPTION...]: the verdict's reason, and how long it may take
    how=$1 wanted=$2 most=$3 what=$4; shift 4
    rm -rf "$HOME/Maildir"
    began=$(date +%s)
    # `timeout` would end what the judge leaves behind; the clock alone says that nobody waited for it.
    BAD_MIME=$how BACKSTOP_MODULE_DIR=$modules "$BACKSTOP" --set log.destination="$scratch/log" \
        --set judgement.timeout=1s "$@" -f '<>' <"$scratch/report" >"$scratch/out" 2>&1
    status=$?
    took=$(($(date +%s) - began))
    is "$status $(cat "$HOME"/Maildir/new/* 2>/dev/null | grep -c '^Message-ID: <report@')" "0 1" "$what: delivered"
    reason=$(cat "$HOME"/Maildir/new/* | sed -n '/^X-Backstop:/,/^[^ \t]/p' | tr '\n\t' '  ' | sed 's/  */ /g')
    case $reason in *"$wanted"*) found=yes ;; *) found=$reason ;; esac
    is "$found" yes "$what: the message says so"
    is "$(test -s "$scratch/out" && cat "$scratch/out")" "" "$what: the MTA hears nothing of it"
    [ "$took" -le "$most" ]
    ok $? "$what: in time ($took s)"
}
unjudged='X-Backstop: unknown; class=none; rule=; because="not judged: the judge'
try crash "$unjudged broke down" 2 "the judge crashes"
try abort "$unjudged broke down" 2 "the judge aborts"
try exit "$unjudged answered nonsense" 2 "the judge leaves without a word"
try exit-wrong "$unjudged broke down" 2 "the judge leaves with a status"
# landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION): what fence is there?
abi=$(perl -e 'print syscall(444, 0, 0, 1)')
if [ "$abi" -gt 0 ]; then
    rm -rf "$HOME/.local"
    try write "$unjudged answered nonsense" 2 "the judge writes into the home"
    is "$(ls "$HOME" | grep by-the-judge)" "" "the judge writes into the home: it may not, nor start a program"
else
    skip 5 "no Landlock here"
fi
# What is tried from within, by the first report of a new user, and by a later one. Which of it is held
# up by the list of calls (on these processors) and which by which version of Landlock.
listed="open-truncate chmod fchmod times xattr truncate fork signal signal-all signal-owner ptrace listen unix netlink limits unshare"
case $(uname -m) in x86_64 | aarch64 | riscv64) ;; *) listed= ;; esac
[ "$abi" -le 0 ] || listed="$listed open unlink rename link symlink mkdir exec"
[ "$abi" -lt 4 ] || listed="$listed connect"
echo precious >"$HOME/precious"
perl -MIO::Socket::INET -e '$| = 1; my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die; print $s->sockport, "\n"; sleep 60' >"$scratch/port" &
at_exit="kill $!"
for _ in $(seq 50); do [ -s "$scratch/port" ] && break; sleep 0.1; done
BAD_MIME_PORT=$(cat "$scratch/port")
export BAD_MIME_PORT
for which in first second; do
    [ $which = second ] || rm -rf "$HOME/.local"
    rm -f "$HOME/.local/state/backstop/escape-report"
    try escape "$unjudged answered nonsense" 3 "the judge tries to get out ($which)"
    report=$HOME/.local/state/backstop/escape-report
    check "what it tried is told ($which)" test -s "$report"
    open=
    for what in $listed; do grep -q "^$what no" "$report" || open="$open $what"; done
    is "$open" "" "nothing of it was possible ($which)"
done
is "$(cat "$HOME/precious") $(stat -c %a "$HOME/precious") $(ls "$HOME" | grep -c '^new')" "precious 600 0" "the user's file is as it was"
try hang "$unjudged did not answer in time" 3 "the judge hangs"
try spin "$unjudged" 3 "the judge spins"
try stop "$unjudged did not answer in time" 3 "the judge is stopped"
try nonsense "$unjudged answered nonsense" 3 "the judge talks nonsense, also to the MTA"
try flood "$unjudged said too much" 3 "the judge talks without end"
try orphan "$unjudged" 3 "the judge leaves a child behind"
try deaf "$unjudged" 3 "the judge closes everything and stays"
if [ -n "$sanitized" ]; then
    skip 4 "the sanitizers need all memory"
else
    try hog "$unjudged broke down" 3 "the judge eats memory" --set judgement.memory=128M
fi

# Who sends unknown reports to Junk does not mean what could not be judged.
try crash "$unjudged broke down" 2 "unknown=junk" --set judgement.unknown=junk
is "$(ls "$HOME/Maildir/new" | wc -l)" 1 "unknown=junk: it is in the inbox"

# A module that is not there, or is of no use.
mkdir "$scratch/empty" "$scratch/text"
echo "no shared object" >"$scratch/text/backstop-mime.so"
for modules in "$scratch/empty" "$scratch/text"; do
    rm -rf "$HOME/Maildir"
    BACKSTOP_MODULE_DIR=$modules expect_code 0 "module directory $(basename "$modules"): delivered" \
        "$BACKSTOP" --set log.destination=none -p "$scratch/report"
    is "$(ls "$HOME/Maildir/new" | wc -l)" 1 "module directory $(basename "$modules"): one copy"
done

# What is written to the letter is judged without the module.
sed 's/ (of Monday)//' "$scratch/report" >"$scratch/sound"
is "$(BAD_MIME=crash BACKSTOP_MODULE_DIR=${builddir:-$PWD}/tests/fault "$BACKSTOP" check --class - <"$scratch/sound" | cut -d'(' -f1)" \
    "-: dsn-failure " "a sound report needs no module"

# With judging off nobody is asked.
rm -rf "$HOME/Maildir"
BAD_MIME=hang BACKSTOP_MODULE_DIR=${builddir:-$PWD}/tests/fault expect_code 0 "judgement.enabled=no" \
    "$BACKSTOP" --set judgement.enabled=no --set log.destination=none -p "$scratch/report"
is "$(grep -c '^X-Backstop' "$HOME"/Maildir/new/*)" 0 "judgement.enabled=no: no verdict"
plan
