#!/bin/sh
# SPDX-License-Identifier: MIT
# The quota of a Maildir++: maildirsize as Dovecot, Courier and maildrop keep it.
. "${srcdir:-..}/tests/tap.sh"
box=$HOME/Maildir
put() { "$BACKSTOP" --set log.destination=none --set "store.location=maildir:$box" "$@"; }
message() { printf 'From: a@example.org\nSubject: %s\n\n' "$1"; head -c "$2" /dev/zero | tr '\0' x; echo; }
files() { find "$box" -type f \( -path '*/new/*' -o -path '*/cur/*' \) -printf '%s\n' | awk '{ n++; s += $1 } END { print s + 0, n + 0 }'; }
noted() { awk 'NR > 1 { s += $1; n += $2 } END { print s + 0, n + 0 }' "$box/maildirsize"; }

message plain 100 | put
is "$(ls -A "$box" | tr '\n' ' ')" "cur new tmp " "without a quota there is no file"
message first 1000 | put --set quota.storage=10k
is "$? $(head -n 1 "$box/maildirsize")" "0 10240S" "limits of the settings are written down"
is "$(noted)" "$(files)" "and what is there is counted"
message second 2000 | put
is "$? $(noted)" "0 $(files)" "the limits of the file count without settings, and a message adds its line"
message third 5000 | put
message fourth 5000 | put
is "$? $(noted)" "75 $(files)" "over the quota: the MTA keeps it"
is "$(find "$box/tmp" -type f | wc -l)" 0 "and nothing is left over"
message fourth 5000 | put --set quota.full=refuse
is $? 75 "a caller that cannot refuse keeps it in any case"
ln -s "$BACKSTOP" "$scratch/dovecot-lda"
mkdir -p "$HOME/.config/backstop"
printf '[quota]\nfull = refuse\n' >"$HOME/.config/backstop/backstop.conf"
for option in "" -e; do
    # shellcheck disable=SC2086
    message fourth 5000 | "$scratch/dovecot-lda" $option -o "mail_home=$HOME" -o "mail_location=maildir:$box" -f a@example.org 2>/dev/null
    is $? "$([ "$option" = -e ] && echo 77 || echo 75)" "dovecot-lda ${option:-without -e}"
done
rm "$HOME/.config/backstop/backstop.conf"

# Mail that a program removed without a word.
find "$box/new" -size +4k -delete
touch -d '20 minutes ago' "$box/maildirsize"
message fifth 4000 | put
is "$? $(noted)" "0 $(files)" "before anything is put off it is counted anew"
# What does not add up, and what is too long.
printf '10240S\n12 1' >"$box/maildirsize"
message sixth 10 | put
is "$? $(noted)" "0 $(files)" "a line that was cut short: counted anew"
{ echo 10240S; seq 600 | sed 's/.*/0 0 filler/'; } >"$box/maildirsize"
message seventh 10 | put
is "$? $(noted) $(($(wc -c <"$box/maildirsize") < 200))" "0 $(files) 1" "a long file is written anew"
message eighth 10 | put --set quota.messages=3
is "$? $(head -n 1 "$box/maildirsize")" "75 3C" "messages count too, and changed limits are written down"
message ninth 100 | put --set quota.storage=1M
is "$? $(head -n 1 "$box/maildirsize")" "0 1048576S" "as are raised ones"

# Junk: its own share, and expiry gives back what it took.
rm -rf "$box"
echo 'require ["fileinto", "mailbox"]; if header :contains "subject" "junk" { fileinto :create "Junk"; }' >"$HOME/.dovecot.sieve"
message one 1500 | put --set quota.storage=2k
message junk 1500 | put --set quota.storage=2k
is $? 75 "Junk counts"
message junk 1500 | put --set quota.storage=2k --set quota.junk-extra=4k
is "$? $(noted)" "0 $(files)" "but may have more"
old=$(ls "$box/.Junk/new")
mv "$box/.Junk/new/$old" "$box/.Junk/new/1500000000.${old#*.}"
put expire >/dev/null
is "$? $(noted) $(find "$box/.Junk/new" -type f | wc -l)" "0 $(files) 0" "what expires is taken off the quota"

# Warnings.
rm -rf "$box" "$HOME/.dovecot.sieve"
printf '#!/bin/sh\necho "$1" >>"%s/warned"\n' "$HOME" >"$scratch/warn"
chmod 755 "$scratch/warn"
for n in 1 2 3 4 5; do
    message "w$n" 1000 | put --set quota.storage=6000 --set "quota.warn-command=$scratch/warn" --set "quota.warn-at=50 80"
done
is "$(tr '\n' ' ' <"$HOME/warned")" "50 80 " "a command hears of each threshold once"

# Ten at once.
rm -rf "$box"
for n in 1 2 3 4 5 6 7 8 9 10; do message "c$n" 300 | put --set quota.storage=1M & done
wait
is "$(noted)" "$(files)" "ten at once are all counted"

# Killed between the message and its line.
shim=${BACKSTOP%/*}/tests/fault/shim.so
agent=${BACKSTOP%/*}/backstop-agent
if [ -f "$shim" ] && [ -x "$agent" ] && ! grep -q '^SAN_CFLAGS = .*fsanitize' "${BACKSTOP%/*}/Makefile"; then
    bad=
    for nth in 1 2 3 4 5 6; do
        for call in write fsync openat; do
            message "k$nth$call" 500 >"$scratch/m"
            (LD_PRELOAD=$shim SHIM_CALL=$call SHIM_NTH=$nth SHIM_FAULT=KILL SHIM_FIRED=$scratch/fired "$agent" \
                --set log.destination=none --set "store.location=maildir:$box" <"$scratch/m") 2>/dev/null || put <"$scratch/m"
            [ "$(noted)" = "$(files)" ] || bad="$bad $call $nth: $(noted) for $(files);"
        done
    done
    is "$bad" "" "killed at any moment and tried again: it adds up"
else
    skip 1 "the shim cannot be loaded"
fi

# A link in its place is not followed.
rm -rf "$box"
message l 10 | put
echo 100S >"$HOME/other"
ln -s "$HOME/other" "$box/maildirsize"
message l2 10 | put
is "$? $(cat "$HOME/other")" "0 100S" "another's file is not written to"
plan
