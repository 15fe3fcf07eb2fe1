#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop check: every kind of input, the forms of output, the exit status.
. "${srcdir:-..}/tests/tap.sh"
plan 31

bounce=$srcdir/tests/corpus/qmail/0001.eml
plain=$scratch/plain
printf 'From: carl@x.example\nTo: a@y.example\nSubject: hello\n\nNothing special.\n' >"$plain"

json() { perl -MJSON::PP -e 'local $/; my @o = map { decode_json($_) } grep { length } split /\n/, <STDIN>;
    for my $o (@o) { my $v = $o; for my $k (split /\./, $ARGV[0]) { $v = ref $v eq "ARRAY" ? $v->[$k] : $v->{$k} }
    print defined $v ? $v : "null", "\n" }' "$1" <"$scratch/out"; }

expect_code 0 'a file' "$BACKSTOP" check "$bounce"
grep -q 'dsn-failure (qmail-qsbmf)' "$scratch/out"; ok $? 'text says class and rule'
expect_code 0 'a plain file' "$BACKSTOP" check "$plain"
grep -q 'none -> INBOX' "$scratch/out"; ok $? 'text says none'
expect_code 0 'JSON' "$BACKSTOP" check --json "$bounce" "$plain"
is "$(wc -l <"$scratch/out" | tr -d ' ')" 2 'one line a message'
is "$(json class)" "$(printf 'dsn-failure\nnone')" 'class'
is "$(json verdict | tail -n 1)" none 'no automatic mail, no verdict'
is "$(json original.message_id | head -n 1)" '<qm@ours.example>' 'Message-ID of the original'
is "$(json report.recipients.0.final | head -n 1)" bert@far.example 'recipient'
is "$(json original.received.0.address | head -n 1)" 192.0.2.17 'its first relay'
is "$(json path | head -n 1)" "$bounce" 'path'

"$BACKSTOP" check --json - <"$bounce" >"$scratch/out"
is "$(json class)" dsn-failure 'standard input as -'
"$BACKSTOP" check --json <"$bounce" >"$scratch/out"
is "$(json class)" dsn-failure 'standard input without a name'
printf '%s\n%s\n' "$plain" "$bounce" | "$BACKSTOP" check --json --stdin-paths >"$scratch/out"
is "$(json class)" "$(printf 'none\ndsn-failure')" 'paths on standard input, in their order'

mkdir -p "$scratch/md/cur" "$scratch/md/new" "$scratch/md/tmp"
cp "$bounce" "$scratch/md/new/1.a"
cp "$plain" "$scratch/md/cur/2.b:2,S"
echo junk >"$scratch/md/dovecot-uidlist"
"$BACKSTOP" check --json "$scratch/md" >"$scratch/out"
is "$(json class)" "$(printf 'dsn-failure\nnone')" 'a maildir: new and cur, nothing beside them'
{ echo 'From carl@x.example Mon Mar  2 09:12:59 2026'; cat "$plain"; echo
  echo 'From MAILER-DAEMON Mon Mar  2 09:12:59 2026'; cat "$bounce"; } >"$scratch/mbox"
"$BACKSTOP" check --json "$scratch/mbox" >"$scratch/out"
is "$(json class)" "$(printf 'none\ndsn-failure')" 'an mbox'
is "$(json path | tail -n 1)" "$scratch/mbox:2" 'its messages are numbered'

printf 'From: a@b\nSubject: \377"\\\001\n\n\377\000x' >"$scratch/odd"
"$BACKSTOP" check --json "$scratch/odd" /dev/null >"$scratch/out"
is "$(json class)" "$(printf 'none\nnone')" 'odd bytes and nothing at all'
expect_code 75 'a missing file' "$BACKSTOP" check "$scratch/none"
expect_code 75 'a missing file, quietly' "$BACKSTOP" check --quiet "$scratch/none"
expect_code 1 'quiet: no backscatter' "$BACKSTOP" check --quiet "$plain"
is "$(cat "$scratch/out")" '' 'quiet says nothing'
expect_code 64 'a wrong option' "$BACKSTOP" check --frobnicate
expect_code 0 'explain' "$BACKSTOP" check --explain "$bounce"
grep -q 'rfc8098 .*no, part does not hold' "$scratch/out"; ok $? 'it names rule and condition'

# As web mail's "show original" and mail stores leave messages: what stands in front is no header.
for front in '\n\n' ' \r\n\r\n' '\357\273\277' '\357\273\277\n\nFrom - Mon Nov  2 10:00:00 2026\n' \
    '>From MAILER-DAEMON Mon Nov  2 10:00:00 2026\nFrom MAILER-DAEMON Mon Nov  2 10:00:00 2026\n'; do
    { printf "$front"; cat "$bounce"; } >"$scratch/saved"
    "$BACKSTOP" check --json "$scratch/saved" >"$scratch/out"
    is "$(json class)" dsn-failure "saved behind $(printf "$front" | od -An -c | head -n 1)"
done
