#!/bin/sh
# SPDX-License-Identifier: MIT
# Scripts in a row (before, the user's, after): what the earlier ones did, and what the later ones may
# still decide. Each result is that of dovecot-lda 2.3 and 2.4, but for those that say why not.
. "${srcdir:-..}/tests/tap.sh"

cat >"$HOME/sendmail" <<'EOF'
#!/bin/sh
text=$(cat)
case $text in *multipart/report*) what=reject ;; *hello*) what=redirect ;; *) what=vacation ;; esac
echo "$what" >>"$HOME/sent"
EOF
chmod +x "$HOME/sendmail"
require='require ["fileinto", "copy", "reject", "vacation", "imap4flags"];'

row() { # FIRST SECOND WANTED WHY
    rm -rf "$HOME/Maildir" "$HOME/state" "$HOME/sent"
    printf '%s\n%s\n' "$require" "$1" >"$HOME/before.sieve"
    printf '%s\n%s\n' "$require" "$2" >"$HOME/.dovecot.sieve"
    printf 'From: a@example.org\nTo: me@example.com\nSubject: x\nMessage-ID: <1@example.org>\n\nhello\n' |
        as_mta "$BACKSTOP" --set sieve.before="$HOME/before.sieve" --set sendmail.command="$HOME/sendmail" \
            --set state.directory="$HOME/state" -f a@example.org -a me@example.com >"$scratch/said" 2>&1
    got=$(cd "$HOME/Maildir" 2>/dev/null && find . -path '*/new/*' -o -path '*/cur/*' |
        sed 's|^\./\(\.[^/]*\)/[a-z]*/|\1/|; s|^\./[a-z]*/|INBOX/|; s|/.*:2,| |; s|/.*||' | sort | tr '\n' ';')
    is "$got$(cat "$HOME/sent" 2>/dev/null | tr '\n' ';')" "$3" "$4"
}

row 'keep;' 'setflag "\\Seen";' 'INBOX;' "a keep that was said stands, with its flags, for a keep that is not"
row 'addflag "\\Flagged"; keep;' 'setflag "\\Seen";' 'INBOX F;' "its own flags too"
row 'setflag "\\Seen";' '' 'INBOX S;' "a keep that nobody said has the flags set last"
row 'keep;' 'discard;' '' "a later script may still drop what an earlier one keeps"
row 'fileinto :copy "X";' 'fileinto "X";' '.X;INBOX;' "what was filed is filed; it is no reason not to keep"
row 'redirect :copy "r@example.net";' 'redirect "r@example.net";' 'INBOX;redirect;' "what was sent likewise"
row 'fileinto :copy "X";' 'fileinto "Y";' '.X;.Y;' "another folder is one"
row 'fileinto :copy "X";' 'reject "no";' '.X;reject;' "a copy that was filed does not forbid to refuse"
row 'fileinto "X";' 'reject "no";' '.X;' "who does not keep ends the row"
row 'vacation "a";' 'vacation "b";' 'INBOX;vacation;' "one answer is enough"
# Dovecot would drop the message: it is neither refused nor kept.
row 'vacation "a";' 'reject "no";' 'INBOX;vacation;' "who was answered is not refused too, and the message stays"
# Dovecot sends the refusal of the script that failed, and keeps the message as well.
row 'keep; reject "no";' 'discard;' 'INBOX;' "a script that fails ends the row, and nothing it wanted is done"
plan
