#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop sieve: check, run, test, extensions.
. "${srcdir:-..}/tests/tap.sh"
cd "$scratch" || exit 1

printf 'require "fileinto";\nif header :contains "subject" "hello" { fileinto "Greetings"; }\n' >good.sieve
printf 'frob;\nif header "a" { keep; }\n' >bad.sieve
printf 'keep;\nif true { keep;\n' >broken.sieve
printf 'From: a@example.com\nTo: b@example.org\nSubject: hello you\n\ntext\n' >hello.eml
printf 'From: a@example.com\nTo: b@example.org\nSubject: other\n\ntext\n' >other.eml

expect_code 0 "a sound script" "$BACKSTOP" sieve check good.sieve
is "$(cat out)" "good.sieve: OK" "check says so"
expect_code 0 "quietly" "$BACKSTOP" sieve check -q good.sieve
is "$(cat out)" "" "check --quiet says nothing"
expect_code 1 "a faulty script" "$BACKSTOP" sieve check bad.sieve good.sieve
is "$(head -n 1 out)" "bad.sieve:1:1: error: there is no command \"frob\"; is it misspelt, or its extension not required? [E222]" \
    "an error has file, line, column and code"
is "$(sed -n 2p out)" "bad.sieve:2:4: error: the header test takes 2 argument(s) besides its tags, and has 1 [E211]" \
    "the second error is reported too"
is "$(tail -n 1 out)" "good.sieve: OK" "and the other script"
expect_code 1 "a script that does not parse" "$BACKSTOP" sieve check broken.sieve
printf 'keep\0;' >nul.sieve
expect_code 1 "a NUL outside of strings" timeout 10 "$BACKSTOP" sieve check nul.sieve
is "$(head -n 1 out)" "nul.sieve:1:5: error: nothing in Sieve begins with the byte 0x00 [E114]" "it is told"
expect_code 1 "a script that is not there" "$BACKSTOP" sieve check nothing.sieve
expect_code 64 "no script" "$BACKSTOP" sieve check
expect_code 64 "no such command" "$BACKSTOP" sieve frobnicate

expect_code 0 "run" "$BACKSTOP" sieve run good.sieve hello.eml other.eml
is "$(cat out)" "hello.eml:
  fileinto \"Greetings\"
other.eml:
  implicit keep" "run shows the actions"
printf 'require "imap4flags"; setflag ["one", "two"];\n' >flags.sieve
expect_code 0 "run with flags" "$BACKSTOP" sieve run flags.sieve hello.eml
is "$(sed -n 2p out)" "  implicit keep flags one two" "run shows the flags of the implicit keep"
expect_code 0 "run --trace" "$BACKSTOP" sieve run --trace good.sieve hello.eml
check "the trace has the values" grep -q "'hello you' against 'hello': yes" out

printf 'if environment :is "vnd.backstop.verdict" "backscatter" { discard; }\n' >verdict.sieve
sed -i '1i require "environment";' verdict.sieve
expect_code 0 "run --environment" "$BACKSTOP" sieve run -e vnd.backstop.verdict=backscatter verdict.sieve hello.eml
is "$(sed -n 2p out)" "  discard" "the verdict decides"
expect_code 0 "run without it" "$BACKSTOP" sieve run verdict.sieve hello.eml
is "$(sed -n 2p out)" "  implicit keep" "no verdict, no discard"

mkdir -p Maildir/cur Maildir/new Maildir/tmp
expect_code 0 "run --execute" "$BACKSTOP" sieve run --execute Maildir good.sieve other.eml
is "$(find Maildir/new -type f | wc -l | tr -d ' ')" 1 "the message is in the inbox"
check "its bytes are the same" sh -c 'cmp Maildir/new/* other.eml'

expect_code 0 "extensions" "$BACKSTOP" sieve extensions
for name in fileinto envelope copy reject imap4flags variables vacation body date relational subaddress \
    regex mailbox include environment duplicate editheader index mime foreverypart extracttext ihave \
    encoded-character enotify vnd.backstop; do
    grep -qx "$name" out
    ok $? "extension $name"
done
grep -q testsuite out && found=1 || found=0
is $found 0 "the test commands are not for scripts"

printf 'require "vnd.dovecot.testsuite";\ntest "good" { }\ntest "bad" { test_fail "because"; }\n' >two.svtest
expect_code 1 "a suite with a failure" "$BACKSTOP" sieve test two.svtest
is "$(grep -v '^#' out)" "ok 1 - good
not ok 2 - bad
1..2" "TAP, a line each"
check "with the reason" grep -q "because" out
cat >words.svtest <<'EOT'
require ["vnd.dovecot.testsuite", "relational", "comparator-i;ascii-numeric"];
test "alike" {
    if test_script_compile "bad.sieve" { test_fail "compiled"; }
    if not test_error :index 1 :matches "this unknown command*frob*" { test_fail "unlike"; }
}
test "other words" { if not test_error :matches "*of variables in a loop*" { test_fail "none such"; } }
test "other place" { if not test_error :index 2 :matches "*unknown command*" { test_fail "none such"; } }
test "other number" { if not test_error :count "eq" :comparator "i;ascii-numeric" "2" { test_fail "none such"; } }
EOT
expect_code 1 "test_error" "$BACKSTOP" sieve test words.svtest
is "$(grep -v '^#' out)" "ok 1 - alike
not ok 2 - other words
not ok 3 - other place
not ok 4 - other number
1..4" "the number and the place of errors count, and half of their words"
expect_code 1 "test_error --strict" "$BACKSTOP" sieve test --strict words.svtest
is "$(grep -m 1 ok out)" "not ok 1 - alike" "all the words count with --strict"
printf 'require "vnd.dovecot.testsuite";\ntest "a" { stop; }\ntest "b" { }\n' >stop.svtest
expect_code 1 "a suite that does not run to its end fails" "$BACKSTOP" sieve test stop.svtest
printf 'require "vnd.dovecot.testsuite";\nfrob;\n' >nocompile.svtest
expect_code 1 "so does one that does not compile" "$BACKSTOP" sieve test nocompile.svtest

# What delivery can have, check knows too.
printf 'require ["mailboxid", "special-use", "extlists", "mboxmetadata"];\nkeep;\n' >beside.sieve
expect_code 1 "lists and annotations without their files" "$BACKSTOP" sieve check beside.sieve
is "$(grep -c 'E228' out)" 2 "are not to be had; ids and uses are"
expect_code 0 "with them" "$BACKSTOP" --set sieve.lists=a=b --set sieve.metadata=c sieve check -q beside.sieve

# Words of another server are named as such.
printf 'require ["vnd.stalwart.while", "vnd.stalwart.expressions", "convert"];\nlet "i" "0";\nwhile "i < 3" { let "i" "i + 1"; }\nif eval "i" { keep; }\n' >foreign.sieve
expect_code 1 "a script of Stalwart's own" "$BACKSTOP" sieve check foreign.sieve
is "$(grep -c "is Stalwart's own; " out)" 5 "is called so, with what to write instead"
check "what is a standard is called that" grep -q "'convert' is RFC 6558" out
is "$(grep -c '^foreign.sieve:.*error' out)" 7 "the errors are the same as ever"
plan
