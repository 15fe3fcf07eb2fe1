#!/bin/sh
# SPDX-License-Identifier: MIT
# What a script's actions say to the world, and who says it: as Pigeonhole does, where the RFCs leave
# it open.
. "${srcdir:-..}/tests/tap.sh"

cat >"$HOME/sendmail" <<'EOF'
#!/bin/sh
{ echo "ARGS $*"; cat; } >"$HOME/outbox"
EOF
chmod +x "$HOME/sendmail"
number=0
try() { # SCRIPT [HEADER...]: delivers a new message to me@example.com, by the script
    number=$((number + 1))
    printf 'require ["vacation","enotify","editheader","copy","reject"];\n%s\n' "$1" >"$HOME/.dovecot.sieve"
    shift
    [ $# -gt 0 ] || set -- 'To: me@example.com'
    : >"$HOME/outbox"
    {
        printf 'From: a%s@example.org\nMessage-ID: <%s@example.org>\n' $number $number
        printf '%s\n' "$@"
        printf '\nhello\n'
    } >"$scratch/m"
    as_mta "$BACKSTOP" --set log.destination="$HOME/log" --set sendmail.command="$HOME/sendmail" \
        ${settings:+--set "$settings"} -f "a$number@example.org" -a "${original-me@example.com}" \
        -r me@example.com <"$scratch/m"
}
field() { sed -n "/^\$/q; s/^$1: //p" "$HOME/outbox"; }
inbox() { find "$HOME/Maildir/new" -type f 2>/dev/null | wc -l | tr -d ' '; }

try 'vacation "gone";'
is "$(field From)" "<me@example.com>" "vacation answers as the recipient"
try 'vacation :addresses ["other@example.com", "info@example.com"] "gone";' 'To: INFO@example.com'
is "$(field From)" "<info@example.com>" "who wrote to an alias is answered from it"
original=old@example.com try 'vacation "gone";' 'To: old@example.com'
is "$(cat "$HOME/outbox")" "" "the address before aliases counts when the site says so"
original=old@example.com settings='sieve.settings=vacation_use_original_recipient=yes' \
    try 'vacation "gone";' 'To: old@example.com'
is "$(field From)" "<old@example.com>" "and is answered from then"
try 'vacation "gone";' 'To: list@example.net'
is "$(cat "$HOME/outbox")" "" "mail that does not name the user gets no answer"
for suppress in 'All' 'OOF' 'DR, OOF' 'AutoReply'; do
    try 'vacation "gone";' 'To: me@example.com' "X-Auto-Response-Suppress: $suppress"
    is "$(cat "$HOME/outbox")" "" "X-Auto-Response-Suppress: $suppress: no answer"
done
try 'vacation "gone";' 'To: me@example.com' "X-Auto-Response-Suppress: RN, NRN"
is "$(field Auto-Submitted)" "auto-replied (vacation)" "receipts alone may be unwanted"

try 'notify "mailto:x@example.net";' 'To: me@example.com' 'Subject: news'
is "$(field Subject)" "Notification: news" "a notification has the message's subject"
try 'notify "mailto:x@example.net?subject=From%20the%20URI&body=B";'
is "$(field Subject)/$(tail -n 1 "$HOME/outbox")" "From the URI/B" "or the URI's"
try 'notify :message "From the script" "mailto:x@example.net?subject=From%20the%20URI";'
is "$(field Subject)" "From the script" "before all the script's own (RFC 5436 2.6)"

before=$(inbox)
try 'redirect "x@example.net";' 'To: me@example.com' 'X-Sieve-Redirected-From: me@example.com'
is "$(cat "$HOME/outbox")" "" "a redirect that came back is not sent again"
is "$(inbox)" $((before + 1)) "and the message is kept"
is "$(grep -c 'reason="redirect: .*mail loop' "$HOME/log")" 1 "the log says why"
original=alias@example.com try 'redirect "x@example.net";'
is "$(field X-Sieve-Redirected-From)" "me@example.com" "a redirect is marked with the final recipient"

try 'addheader "X-Name" "plain Grüße und plain"; redirect "x@example.net";'
is "$(field X-Name)" "plain =?utf-8?B?R3LDvMOfZQ==?= und plain" \
    "an added field is encoded where it must be (RFC 5293 4)"
try "addheader \"X-Long\" \"$(printf 'ü%.0s' $(seq 60))\"; redirect \"x@example.net\";"
is "$(awk 'length > 78' "$HOME/outbox" | wc -l | tr -d ' ')/$(grep -c '^.*=?utf-8?B?' "$HOME/outbox")" \
    "0/4" "over several lines when it is long"
try 'vacation :subject "Grüße" "x";'
is "$(field Subject)" "=?utf-8?B?R3LDvMOfZQ==?=" "and so is what we write"
original=old@example.com try 'reject "no";'
is "$(sed -n 's/^Original-Recipient: //p' "$HOME/outbox")" "rfc822; old@example.com" \
    "a refusal names the original recipient (RFC 8098 3.2.3)"
before=$(inbox)
try 'reject "no";' 'Auto-Submitted: not-known'
is "$(cat "$HOME/outbox")/$(inbox)" "/$((before + 1))" "a message whose refusal is not sent is kept"

# A person's mail server may well send what is about mail of ours: it gets no answer, whoever it says wrote.
try 'vacation "gone";' 'To: me@example.com' 'Subject: Please confirm your message'
is "$(field Auto-Submitted)" "auto-replied (vacation)" "a letter gets its answer"
number=$((number + 1))
: >"$HOME/outbox"
sed 's/anna@ours\.example/me@example.com/' "$srcdir/tests/corpus/challenge/0001.eml" >"$scratch/m"
as_mta "$BACKSTOP" --set log.destination="$HOME/log" --set sendmail.command="$HOME/sendmail" -f bert@far.example \
    -a me@example.com -r me@example.com <"$scratch/m"
is "$(tail -n 1 "$HOME/log" | grep -o 'class=challenge')/$(cat "$HOME/outbox")" "class=challenge/" "and a challenge none"
plan
