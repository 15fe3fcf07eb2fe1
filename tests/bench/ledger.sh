#!/bin/sh
# SPDX-License-Identifier: MIT
# How long it takes to record COUNT ids (1,000,000), how large the ledger then is, and what a report
# costs that is looked up in it. Run in the build directory: ../tests/bench/ledger.sh [COUNT]
set -eu
backstop=${BACKSTOP:-$PWD/backstop}
count=${1:-1000000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
site() { "$backstop" --set "state.directory=$dir/state" --set log.destination=none --set "evidence.disabled=spf dkim dnsbl sent-folder wave" "$@"; }
perl -e 'printf "<%d.%d\@example.org>\n", $_, rand 1e9 for 1 .. $ARGV[0]' "$count" >"$dir/ids"
start=$(date +%s.%N)
site sent --ids -q "$dir/ids"
end=$(date +%s.%N)
echo "$start $end $count" | awk '{ printf "recording %d ids: %.1f s\n", $3, $2 - $1 }'
ls -l "$dir/state/ledger.sqlite" | awk '{ printf "size: %.0f MB\n", $5 / 1e6 }'
mkdir "$dir/reports"
i=0; while [ $i -lt 500 ]; do
    i=$((i + 1))
    printf 'Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\nFrom: alice@example.org\nMessage-ID: <%s.x@example.org>\n\n--b--\n' $i >"$dir/reports/$i"
done
each() { start=$(date +%s%N); find "$dir/reports" -type f | site "$@" check --json --stdin-paths >/dev/null; end=$(date +%s%N); echo $(((end - start) / 1000)); }
with=$(each) without=$(each --set "state.directory=$dir/none")
echo "$with $without" | awk '{ printf "a report: %.2f ms with this ledger, %.2f ms without one\n", $1 / 500000, $2 / 500000 }'
