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
        *) as_mta "$scratch/$name" -f "$option" -o "mail_home=$HOME" -o "mail_location=maildir:$HOME/Maildir" \
            -o lda_mailbox_autocreate=yes <"$scratch/m" ;;
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
as_mta "$scratch/dovecot-lda" -f '' -o "mail_home=$HOME" -o "mail_location=maildir:$HOME/Maildir" \
            -o lda_mailbox_autocreate=yes <"$scratch/m"
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

fresh <<'EOF'
require ["envelope", "fileinto", "variables"];
if envelope :localpart :matches "to" "*" { fileinto "to-${1}"; }
EOF
deliver -f ann@example.com
is "$(folders)" ".to-$(id -un | tr . _)" "without any recipient it is the user"

# vacation: who is named (RFC 5230 4.5), whom is remembered what (4.2).
mail() { # TO SUBJECT [FROM]: a message, a new one at every call
    number=$((number + 1))
    printf 'From: %s\nTo: %s\nSubject: %s\nMessage-ID: <%s@example.com>\n\nhi\n' \
        "${3:-ann@example.com}" "$1" "$2" $number >"$scratch/m"
}
number=0
away() { # MORE-ARGUMENTS
    printf 'require ["vacation", "vacation-seconds", "variables"];\nif header :matches "subject" "*" { vacation %s "I am away."; }\n' "$1"
}
for to in '"bob@example.org" <list@example.net>' 'list@example.net (for bob@example.org)' \
    '=?utf-8?q?bob=40example=2Eorg?= <list@example.net>' 'bob@example.org.example.net' \
    '"x, bob@example.org, y" <list@example.net>' 'notbob@example.org' 'list@example.net (a, bob@example.org, b)'; do
    away | fresh
    mail "$to" hello
    deliver -f ann@example.com -r bob@example.org
    is "$(sent)" '' "no answer: To: $to"
done
for to in bob@example.org '<BOB@Example.ORG>' 'x@example.net, "Bob, B." <bob@example.org> (home)' \
    'friends: x@example.net, bob@example.org;' '"bob"@example.org'; do
    away | fresh
    mail "$to" hello
    deliver -f ann@example.com -r bob@example.org
    is "$(sent)" 1 "an answer: To: $to"
done
away | fresh
for sender in ann@example.com Ann@example.com ann@EXAMPLE.com ANN@EXAMPLE.COM; do
    mail bob@example.org hello $sender
    deliver -f $sender -r bob@example.org
done
is "$(sent)" 1 "the sender's case makes no other sender"
mail bob@example.org hello eve@example.com
deliver -f eve@example.com -r bob@example.org
is "$(sent)" 2 "another one is one"
away ':subject "Re: ${1}" :from "bob@example.org"' | fresh
for subject in one two three; do mail bob@example.org $subject; deliver -f ann@example.com -r bob@example.org; done
is "$(sent)" 1 "one answer to three subjects"
is "$(grep '^Subject' "$HOME/outbox")" "Subject: Re: one" "with the subject of the first"
away ':handle "${1}"' | fresh
for subject in one two two; do mail bob@example.org $subject; deliver -f ann@example.com -r bob@example.org; done
is "$(sent)" 2 "a handle is what it is"
away ':seconds 0' | fresh 'vacation_min_period = 0'
for subject in one two three; do mail bob@example.org $subject; deliver -f ann@example.com -r bob@example.org; done
is "$(sent)" 3 ":seconds 0 answers each message"
away ':seconds 0' | fresh
for subject in one two three; do mail bob@example.org $subject; deliver -f ann@example.com -r bob@example.org; done
is "$(sent)" 1 "unless the site's minimum says otherwise"
for subject in 'Überlange Antwort: this subject goes on and on, in plain words, well beyond what fits into one line' \
    'this one begins in plain words, goes on beyond what fits into one line, and ends in grüßen' \
    'plain words alone, and many of them, so many that they do not fit into one line of a header at all' \
    'ÄÖÜäöüßÄÖÜäöüßÄÖÜäöüßÄÖÜäöüßÄÖÜäöüßÄÖÜäöüßÄÖÜäöüßÄÖÜäöüßÄÖÜäöüß'; do
    away ":subject \"$subject\"" | fresh
    mail bob@example.org hello
    deliver -f ann@example.com -r bob@example.org
    is "$(awk '/^Subject:/ { s = 1; print; next } /^[^ \t]/ { s = 0 } s' "$HOME/outbox" | awk 'length > 76 { n++ } END { print n + 0 }')" 0 \
        "lines of 76 characters: $subject"
    is "$(awk '/^Subject:/ { s = 1; print; next } /^[^ \t]/ { s = 0 } s' "$HOME/outbox" |
        perl -MEncode -0777 -ne 's/\r?\n(?=[ \t])//g; s/\s+$//; s/^Subject: *//; print encode("UTF-8", decode("MIME-Header", $_))')" \
        "$subject" "say what they are to say"
done

# Folders.
printf 'require ["fileinto", "copy", "variables"];\nfileinto :copy "Archive";\nset "d" "";\nfileinto "${d}";\n' | fresh
mail bob@example.org hello
expect_code 0 "fileinto of an empty name" deliver -f ann@example.com -r bob@example.org
is "$(folders)" ".Archive INBOX" "is the inbox, and what went before is done"
for there in .INBOX.Lists .Lists none; do
    echo 'require "fileinto"; fileinto "INBOX/Lists";' | fresh
    [ $there = none ] || mkdir -p "$HOME/Maildir/$there/cur" "$HOME/Maildir/$there/new" "$HOME/Maildir/$there/tmp"
    deliver -f ann@example.com -r bob@example.org
    [ $there = none ] && there=.Lists
    is "$(folders)" $there "INBOX/Lists where there is $there"
done
echo 'require ["fileinto", "mailbox"]; if mailboxexists "INBOX.Lists" { fileinto "Yes"; }' | fresh
mkdir -p "$HOME/Maildir/.INBOX.Lists/cur" "$HOME/Maildir/.INBOX.Lists/new" "$HOME/Maildir/.INBOX.Lists/tmp"
deliver -f ann@example.com -r bob@example.org
is "$(folders)" .Yes "and mailboxexists knows it"

# An edit changes what it names, and not a byte else.
odd() { # OUTFILE: a header with all that is odd
    {
        printf 'From: ann@example.com\nX-Blank : before the colon\nX-Tab:\tvalue \t\n folded\nA line without a colon\n'
        printf 'X-Behind: it\nX-Raw: \303\274 \377\nX-Edit: no\nSubject: one\n\nbody\nmore: body\n'
    } >"$1"
}
for edit in 'addheader "X-New" "1"' 'addheader :last "X-New" "1"' 'deleteheader "X-Edit"'; do
    echo "require \"editheader\"; $edit;" | fresh
    odd "$scratch/m"
    deliver -r bob@example.org
    case $edit in
    *:last*) sed 's/^Subject: one$/&\nX-New: 1/' "$scratch/m" ;;
    add*) sed '1s/^/X-New: 1\n/' "$scratch/m" ;;
    *) grep -av '^X-Edit' "$scratch/m" ;;
    esac >"$scratch/want"
    sed -i '1s/^/Delivered-To: bob@example.org\n/' "$scratch/want"
    cat "$HOME"/Maildir/new/* >"$scratch/got"
    check_same "$scratch/got" "$scratch/want" "$edit"
    echo "require \"editheader\"; $edit;" | fresh
    sed -i 's/$/\r/' "$scratch/m"
    deliver -r bob@example.org
    sed 's/$/\r/' "$scratch/want" >"$scratch/want-crlf"
    cat "$HOME"/Maildir/new/* >"$scratch/got"
    check_same "$scratch/got" "$scratch/want-crlf" "$edit, with CRLF"
done
for fields in 9999 10000 10001 20005; do
    echo 'require "editheader"; deleteheader "X-Edit";' | fresh
    { echo 'X-Edit: 1'; awk -v n=$fields 'BEGIN { for (i = 1; i <= n; i++) print "X-H" i ": v" }'
      printf 'X-Edit: 2\nSubject: one\n\nbody\n'; } >"$scratch/m"
    deliver -r bob@example.org
    { echo 'Delivered-To: bob@example.org'; grep -v '^X-Edit' "$scratch/m"; } >"$scratch/want"
    cat "$HOME"/Maildir/new/* >"$scratch/got"
    check_same "$scratch/got" "$scratch/want" "an edit of a header of $fields fields"
done
printf 'From: ann@example.com\ntext right behind\n\nmore\n' >"$scratch/m"
echo 'require "editheader"; addheader "X-New" "1";' | fresh
deliver -r bob@example.org
{ printf 'Delivered-To: bob@example.org\nX-New: 1\n'; cat "$scratch/m"; } >"$scratch/want"
cat "$HOME"/Maildir/new/* >"$scratch/got"
check_same "$scratch/got" "$scratch/want" "a text without an empty line in front of it gets none"

# What was forwarded is remembered, as Dovecot does for twelve hours.
again() { # HEADER BODY: the same message by another way
    printf 'Received: from %s; Mon, 30 Nov 2026 10:00:01 +0000\n%sFrom: ann@example.com\nSubject: one\nMessage-ID: <same@example.com>\n\n%s\n' \
        "$number" "$1" "$2" >"$scratch/m"
    number=$((number + 1))
    deliver -f ann@example.com -r "${3:-bob@example.org}"
}
echo 'redirect "out@example.net";' | fresh
again '' body; again '' body
is "$(sent)" 1 "a message that comes twice is forwarded once"
again '' "another text"
is "$(sent)" 2 "another message with the same id is not lost"
again 'List-Id: <l.example.net>
' body
is "$(sent)" 3 "nor is the list's copy"
again '' body carl@example.org
is "$(sent)" 4 "nor the one to another recipient"
is "$(folders)" '' "none of them is kept"
echo 'redirect "out@example.net";' | fresh 'redirect_duplicate_period = 0'
again '' body; again '' body
is "$(sent)" 2 "without a period each is forwarded"

# A script before the user's has filed a copy: the user's refusal is carried out all the same.
mkdir "$scratch/before"
echo 'require ["fileinto", "copy"]; fileinto :copy "Copies";' >"$scratch/before/a.sieve"
echo 'require "reject"; reject "no thanks";' | fresh "[sieve]" "before = $scratch/before"
mail bob@example.org hello
expect_code 0 "reject behind a before-script's copy" deliver -f ann@example.com -r bob@example.org
is "$(folders)/$(sent)" ".Copies/1" "is sent, and the copy is there alone"
echo 'require "vacation"; vacation :addresses "bob@example.org" "first";' >"$scratch/before/a.sieve"
echo 'require "vacation"; vacation :addresses "bob@example.org" "second";' | fresh "[sieve]" "before = $scratch/before"
mail bob@example.org hello
deliver -f ann@example.com -r bob@example.org
is "$(folders)/$(sent)/$(grep -c '^first' "$HOME/outbox")" "INBOX/1/1" "one answer is enough"

# sieve run: an action, a line; nothing raw.
printf 'require ["reject", "variables"];\nif header :matches "subject" "*" { reject "one\r\ntwo\n\033[31m \\"x\\" ${1}"; }\n' >"$scratch/r.sieve"
printf 'Subject: \033]0;title\007 \342\200\256 end\nFrom: a@example.org\n\nx\n' >"$scratch/m"
"$BACKSTOP" sieve run "$scratch/r.sieve" "$scratch/m" >"$scratch/got"
is "$(wc -l <"$scratch/got" | tr -d ' ')" 2 "sieve run prints one line an action"
is "$(tr -d '\n' <"$scratch/got" | LC_ALL=C tr -d ' -~' | wc -c | tr -d ' ')" 0 "of printable characters"
is "$(sed -n 's/^  //p' "$scratch/got")" \
    'reject text "one\ntwo\n\x1b[31m \"x\" \x1b]0;title\x07 \xe2\x80\xae end"' "in which nothing is lost"
"$BACKSTOP" sieve run --trace "$scratch/r.sieve" "$scratch/m" >"$scratch/got"
is "$(tr -d '\n' <"$scratch/got" | LC_ALL=C tr -d ' -~' | wc -c | tr -d ' ')" 0 "a trace has no others either"
plan
