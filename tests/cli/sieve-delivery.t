#!/bin/sh
# SPDX-License-Identifier: MIT
# What Sieve scripts see of a message on delivery, and what becomes of it then: forged verdicts, the
# envelope, edits, answers, what is forwarded.
. "${srcdir:-..}/tests/tap.sh"

cat >"$HOME/sendmail" <<'EOF'
#!/bin/sh
{ echo "ARGS $*"; cat; } >>"$HOME/outbox"
EOF
chmod +x "$HOME/sendmail"
mkdir "$scratch/bin"
printf '#!/bin/sh\ncat >>"%s"\n' "$scratch/took" >"$scratch/bin/tool"
chmod 755 "$scratch/bin/tool"

fresh() { # the user's script is on standard input
    rm -rf "$HOME/.local" "$HOME/Maildir" "$HOME/outbox" "$scratch/took"
    cat >"$HOME/.dovecot.sieve"
    { printf '[log]\ndestination = %s/log\n[sendmail]\ncommand = %s/sendmail\n' "$HOME" "$HOME"
      printf '[sieve-settings]\npipe_bin_dir = %s/bin\nfilter_bin_dir = %s/bin\n' "$scratch" "$scratch"
      for line; do echo "$line"; done; } >"$scratch/conf"
}
deliver() { # OPTION...: the message in $scratch/m
    as_mta "$BACKSTOP" -c "$scratch/conf" deliver "$@" <"$scratch/m"
}
folders() {
    (cd "$HOME/Maildir" 2>/dev/null && find . -type f \( -path '*/new/*' -o -path '*/cur/*' \)) |
        sed -E 's#^\./##; s#/?(new|cur)/[^/]*$##; s#^$#INBOX#' | sort | tr '\n' ' ' | sed 's/ $//'
}
sent() { grep -c '^ARGS' "$HOME/outbox" 2>/dev/null; }

# A sender's own verdict is seen by nobody.
forged() { # LINES: a message of a person with these header lines
    printf 'From: ann@example.com\nTo: bob@example.org\n%s\nSubject: hello\n\nX-Backstop: in the text\n' "$1" >"$scratch/m"
}
for lines in 'X-Backstop: backscatter; class=dsn-failure' 'x-BACKSTOP : backscatter' \
    'X-Backstop-Sent: 1; k=a; s=b' 'X-Backstop:
 backscatter' 'no field here
X-Backstop: backscatter'; do
    shown=$(echo "$lines" | tr '\n' '|')
    fresh <<'EOF'
require ["fileinto", "copy", "vnd.dovecot.pipe", "body"];
if anyof (exists ["X-Backstop", "X-Backstop-Sent"], header :contains "X-Backstop" "backscatter") { fileinto "Fooled"; stop; }
redirect :copy "out@example.net";
pipe :copy "tool";
EOF
    forged "$lines"
    expect_code 0 "$shown" deliver -f ann@example.com -r bob@example.org
    is "$(folders)" INBOX "is not seen by the script"
    is "$(grep -ci '^x-backstop' "$HOME/outbox")" 1 "not sent on; what the text says is"
    is "$(grep -ci '^x-backstop' "$scratch/took")" 1 "not given to programs"
    is "$(cat "$HOME"/Maildir/new/* | grep -ci '^x-backstop')" 1 "and not stored"
    is "$("$BACKSTOP" filter -f ann@example.com <"$scratch/m" | grep -ci '^x-backstop')" 1 "nor handed on by filter"
    rm -rf "$HOME/Maildir" "$HOME/.dovecot.sieve"
    mkdir "$HOME/Maildir"
    # Called as procmail the home is the account's own.
    sed "s|~|$HOME|" >"$HOME/.procmailrc" <<'EOF'
MAILDIR=~/Maildir
DEFAULT=~/Maildir/
:0
* ^X-Backstop
Fooled/
:0 c
| cat >>~/piped
EOF
    : >"$HOME/piped"
    deliver -f ann@example.com -r bob@example.org
    is "$(ls -d "$HOME/Maildir/Fooled" 2>/dev/null)" "" "rc files of deliver do not see it"
    ln -sf "$BACKSTOP" "$scratch/procmail"
    as_mta "$scratch/procmail" "$HOME/.procmailrc" <"$scratch/m"
    is "$(ls -d "$HOME/Maildir/Fooled" 2>/dev/null)" "" "nor do those of procmail"
    is "$(grep -ci '^x-backstop' "$HOME/piped")" 2 "nor programs that they call"
    rm "$HOME/.procmailrc"
done

# What is redirected: no trace of our delivery.
fresh <<'EOF'
redirect "out@example.net";
EOF
{ printf 'Return-Path: <ann@example.com>\nX-Original-To: bob@example.org\n'; forged 'X-A: 1'; cat "$scratch/m"; } >"$scratch/m2"
printf 'From ann@example.com Mon Nov 30 12:00:00 2026\nReturn-Path: <ann@example.com>\n%s\n' "$(cat "$scratch/m")" >"$scratch/m3"
mv "$scratch/m2" "$scratch/m"
expect_code 0 "redirect" deliver -f ann@example.com -r bob@example.org
is "$(grep -ci '^return-path\|^delivered-to' "$HOME/outbox")" 0 "sends no trace field of ours"
is "$(grep -c '^X-Original-To\|^X-A: 1\|^Subject: hello' "$HOME/outbox")" 3 "and all else"

# Only <> is the null sender: what a shell makes of an unset variable is none.
person() { # a person's reply, which a null sender would make a suspect of
    printf 'From: ann@example.com\nTo: bob@example.org\nSubject: Re: hello\nIn-Reply-To: <1@example.org>\n\nyes\n' >"$scratch/m"
}
cat >"$scratch/sender.sieve" <<'EOF'
require ["envelope", "variables", "fileinto"];
if envelope :all :matches "from" "*" { fileinto "from-${1}-x"; } else { fileinto "unknown"; }
EOF
person
for name in backstop dovecot-lda deliver; do
    ln -sf "$BACKSTOP" "$scratch/$name"
    for option in '' ' ' '<>' ann@example.com; do
        fresh <"$scratch/sender.sieve"
        case $name in
        backstop) deliver -f "$option" ;;
        *) as_mta "$scratch/$name" -f "$option" -o "mail_home=$HOME" -o "mail_location=maildir:$HOME/Maildir" <"$scratch/m" ;;
        esac
        case "$name $option" in
        *ann*) wanted=.from-ann@example.com-x ;;
        *'<>' | dovecot-lda* | 'deliver '*) wanted=.from--x ;;
        *) wanted=.unknown ;;
        esac
        is "$(folders | sed 's/@example&AC4-com/@example.com/')" "$wanted" "$name -f '$option'"
    done
done
printf 'Return-Path: <ann@example.com>\n%s\n' "$(cat "$scratch/m")" >"$scratch/m2" && mv "$scratch/m2" "$scratch/m"
fresh <"$scratch/sender.sieve"
as_mta "$scratch/dovecot-lda" -f '' -o "mail_home=$HOME" -o "mail_location=maildir:$HOME/Maildir" <"$scratch/m"
is "$(folders)" .from-ann@example.com-x "dovecot-lda -f '' of a message that says who it is from"
for option in '' ' '; do
    is "$("$BACKSTOP" check -f "$option" --json <"$scratch/m")" "$("$BACKSTOP" check --json <"$scratch/m")" \
        "check -f '$option' is as check without it"
    is "$("$BACKSTOP" filter -f "$option" <"$scratch/m")" "$("$BACKSTOP" filter <"$scratch/m")" \
        "filter -f '$option' is as filter without it"
done

# Envelope "to": -a goes before -r, as dovecot-lda has it.
for options in '-a alias@example.net' '-r bob@example.org' '-a alias@example.net -r bob@example.org'; do
    fresh <<'EOF'
require ["envelope", "fileinto"];
if envelope "to" "alias@example.net" { fileinto "alias"; }
elsif envelope "to" "bob@example.org" { fileinto "bob"; }
EOF
    # shellcheck disable=SC2086
    deliver -f ann@example.com $options
    case $options in -a*) wanted=.alias ;; *) wanted=.bob ;; esac
    is "$(folders)" "$wanted" "envelope \"to\" with $options"
done
plan
