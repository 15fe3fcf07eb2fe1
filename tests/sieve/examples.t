#!/bin/sh
# SPDX-License-Identifier: MIT
# Scripts as webmail and other editors write them compile without a word, and do what they say.
. "${srcdir:-..}/tests/tap.sh"
examples=$srcdir/examples/sieve
for script in "$examples"/*.sieve; do
    expect_code 0 "$(basename "$script") compiles" "$BACKSTOP" sieve check -q "$script"
    is "$(cat "$scratch/out")" "" "without a warning"
done
cd "$scratch" || exit 1
does() { # SCRIPT WANTED DESC [OPTION...]: the actions on mail.eml, one a line
    script=$1 wanted=$2 what=$3; shift 3
    "$BACKSTOP" sieve run -f ann@example.com -r me@example.org "$@" "$examples/$script" mail.eml >out
    is "$(sed 1d out)" "$wanted" "$what"
}
printf 'From: Ann <ann@example.com>\nTo: users@example.org\nSubject: Invoice\n\nx\n' >mail.eml
does roundcube.sieve '  fileinto "Lists/users"' "roundcube: a list"
does snappymail.sieve '  fileinto "Invoices" flags \Seen' "snappymail: by subject, flagged"
does thunderbird.sieve '  fileinto "INBOX.Friends"' "thunderbird: friends"
does ingo.sieve "  vacation text \"Back on Monday.\"
  fileinto \"INBOX.Invoices\" flags \\Flagged" "Ingo: an answer, and a folder"
does open-xchange.sieve "  fileinto \"INBOX/Invoices\" flags \\Flagged \$cl_1
  implicit keep flags \\Flagged \$cl_1" "Open-Xchange: a copy"
does fastmail.sieve "  fileinto \"INBOX.Friends\" flags \\Flagged
  keep flags \\Flagged" "Fastmail: a copy, and a keep"
does roundcube-all.sieve "  notify \"mailto:phone@example.net\" text \"new mail\"
  implicit keep" "roundcube: what the editor knows"
does kmail.sieve '  implicit keep' "kmail: nothing applies"
does backscatter.sieve '  fileinto "Backscatter" flags \Seen' "ours: backscatter" -e vnd.backstop.verdict=backscatter
does backscatter.sieve '  fileinto "Automatic"' "ours: an auto-reply" -e vnd.backstop.verdict=genuine \
    -e vnd.backstop.class=auto-reply
does backscatter.sieve '  implicit keep' "ours: plain mail" -e vnd.backstop.verdict=none
plan
