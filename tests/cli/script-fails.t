#!/bin/sh
# SPDX-License-Identifier: MIT
# A script that fails ends the chain of scripts: what is behind it does not run, what is before it
# stays done, and the message is in the inbox with the flags so far. What hinders for now defers.
. "${srcdir:-..}/tests/tap.sh"

printf '#!/bin/sh\ncat >>"%s/outbox"\n' "$HOME" >"$HOME/sendmail"
chmod 755 "$HOME/sendmail"
user=$HOME/user.sieve before=$HOME/before.sieve after=$HOME/after.sieve
number=0
deliver() { # SETTING...: a new message
    number=$((number + 1))
    printf 'From: a@example.org\nSubject: worth keeping\nMessage-ID: <%s@example.org>\n\nbody\n' $number >"$scratch/m"
    [ -z "$body" ] || cp "$body" "$scratch/m"
    options=
    for setting in "sieve.scripts=$user" "log.destination=$HOME/log" "sendmail.command=$HOME/sendmail" "$@"; do
        options="$options --set $setting"
    done
    # shellcheck disable=SC2086
    as_mta "$BACKSTOP" $options -f a@example.org -r me@example.com <"$scratch/m"
}
body=
fresh() { rm -rf "$HOME/Maildir" "$HOME/outbox" "$HOME/log" "$before" "$after" "$user" "$HOME/bin"; mkdir "$HOME/bin"; }
places() { # "INBOX Work:F": folders with the flags of what is in them
    (cd "$HOME/Maildir" 2>/dev/null && find . -type f \( -path '*/new/*' -o -path '*/cur/*' \)) |
        sed -E 's#^\./(\.([^/]*)/)?(new|cur)/[^:]*(:2,)?#\2:#; s#^:#INBOX:#; s#:$##' | sort | tr '\n' ' ' | sed 's/ $//'
}
discards='discard;'
files='require "fileinto"; fileinto "After";'
syntax='fileinto "Work;'
unknown='require "no-such-extension"; keep;'
runtime='require "variables"; set "to" "nobody@@nowhere"; redirect "${to}";'
late='require ["fileinto", "variables", "copy"]; fileinto :copy "Late"; set "to" "a@@b"; redirect "${to}";'

for case in "$syntax" "$unknown" "$runtime" "$late"; do
    for behind in "$discards" "$files"; do
        fresh; echo "$case" >"$user"; echo "$behind" >"$after"
        expect_code 0 "user's script: $case" deliver "sieve.after=$after"
        is "$(places)" INBOX "what stands behind it does not run: $behind"
    done
    fresh; echo "$case" >"$before"; echo "$discards" >"$user"
    expect_code 0 "script before: $case" deliver "sieve.before=$before"
    is "$(places)" INBOX "the user's discard does not run"
    fresh; echo "$case" >"$before"; echo "$discards" >"$after"
    expect_code 0 "script before, default: $case" deliver "sieve.before=$before" "sieve.default=$after" "sieve.scripts=$HOME/none"
    is "$(places)" INBOX "the default script does not run"
    fresh; printf '%s\n' 'require "imap4flags"; setflag "\\Flagged";' >"$before"; echo "$case" >"$user"; echo "$discards" >"$after"
    expect_code 0 "flags of the script before: $case" deliver "sieve.before=$before" "sieve.after=$after"
    is "$(places)" INBOX:F "are kept"
    fresh; echo 'require ["fileinto", "copy"]; fileinto :copy "Archive";' >"$before"; echo "$case" >"$user"
    expect_code 0 "actions of the script before: $case" deliver "sieve.before=$before"
    is "$(places)" "Archive INBOX" "stay done"
    fresh; echo 'require "editheader"; addheader "X-Early" "yes";' >"$before"; echo "$case" >"$user"
    expect_code 0 "edits of the script before: $case" deliver "sieve.before=$before"
    is "$(cat "$HOME/Maildir/new/"* | grep -c '^X-Early')" 1 "stay"
    for where in personal global; do
        fresh; mkdir -p "$HOME/$where"; echo "$case" >"$HOME/$where/part.sieve"
        printf 'require "include"; include :%s "part"; discard;\n' $where >"$user"; echo "$discards" >"$after"
        expect_code 0 "a $where script that is included: $case" deliver "sieve.$where=$HOME/$where" "sieve.after=$after"
        is "$(places)" INBOX "fails the whole"
    done
done
fresh; echo 'require "editheader"; addheader "X-Lost" "yes"; error "stop";' >"$user"
fresh; echo 'require ["editheader", "variables"]; addheader "X-Half" "yes"; set "to" "a@@b"; redirect "${to}";' >"$user"
expect_code 0 "a script fails behind its edit" deliver
is "$(cat "$HOME/Maildir/new/"* | grep -c '^X-Half')" 0 "what it did to the message goes with it"

# Programs that cannot be run: the command fails the script, the test is false, a "no" is an answer.
printf '#!/bin/sh\nexit 3\n' >"$HOME/no"
printf '#!/bin/nosuchshell\n' >"$HOME/orphan"
printf '#!/bin/sh\nkill -9 $$\n' >"$HOME/dies"
printf '#!/bin/sh\nnosuchprogram\n' >"$HOME/lacks"
for kind in filter execute; do
    for program in missing closed orphan dies lacks ..; do
        fresh
        for made in no orphan dies lacks; do cp "$HOME/$made" "$HOME/bin/$made"; chmod 755 "$HOME/bin/$made"; done
        cp "$HOME/no" "$HOME/bin/closed"; chmod 644 "$HOME/bin/closed"
        [ "$kind $program" != "$kind .." ] || ln -s /bin "$HOME/bin/elsewhere"
        printf 'require "vnd.dovecot.%s"; %s "%s"; if not exists "X-Virus-Checked" { discard; }\n' $kind $kind "$program" >"$user"
        expect_code 0 "$kind \"$program\"" deliver "sieve.settings=${kind}_bin_dir=$HOME/bin"
        is "$(places)" INBOX "keeps the message"
    done
    fresh; cp "$HOME/no" "$HOME/bin/no"; chmod 755 "$HOME/bin/no"
    printf 'require ["vnd.dovecot.%s", "fileinto"]; %s "no"; fileinto "On";\n' $kind $kind >"$user"
    expect_code 0 "$kind of a program that says no" deliver "sieve.settings=${kind}_bin_dir=$HOME/bin"
    is "$(places)" On "goes on"
    fresh
    printf 'require ["vnd.dovecot.%s", "fileinto"]; if %s "missing" { fileinto "Yes"; } else { fileinto "No"; }\n' $kind $kind >"$user"
    expect_code 0 "the test $kind of a program that is not there" deliver "sieve.settings=${kind}_bin_dir=$HOME/bin"
    is "$(places)" No "is false"
done
for program in missing closed orphan lacks; do
    fresh; cp "$HOME/no" "$HOME/bin/closed"; chmod 644 "$HOME/bin/closed"
    for made in orphan lacks; do cp "$HOME/$made" "$HOME/bin/$made"; chmod 755 "$HOME/bin/$made"; done
    printf 'require "vnd.dovecot.pipe"; pipe "%s";\n' "$program" >"$user"
    expect_code 0 "pipe \"$program\"" deliver "sieve.settings=pipe_bin_dir=$HOME/bin"
    is "$(places)" INBOX "keeps the message"
done

# What hinders for now: files that are no regular ones or cannot be read, the module for MIME.
fresh; mkfifo "$user"; echo "$discards" >"$after"
expect_code 0 "a FIFO for a script" timeout 20 sh -c "exec \"\$0\" \"\$@\"" "$BACKSTOP" --set "sieve.scripts=$user" \
    --set "sieve.after=$after" --set "log.destination=$HOME/log" -f a@example.org <"$scratch/m"
is "$(places)" INBOX "is a script that fails"
fresh; rm -rf "$HOME/personal"; mkdir -p "$HOME/personal"; mkfifo "$HOME/personal/part.sieve"
echo 'require "include"; include :personal "part"; discard;' >"$user"
expect_code 0 "a FIFO for an included one" timeout 20 "$BACKSTOP" --set "sieve.scripts=$user" \
    --set "sieve.personal=$HOME/personal" --set "log.destination=$HOME/log" -f a@example.org <"$scratch/m"
is "$(places)" INBOX "fails the script"
fresh; mkdir -p "$HOME/.config/backstop"; mkfifo "$HOME/.config/backstop/backstop.conf"
expect_code 75 "a FIFO for the configuration" timeout 20 "$BACKSTOP" -f a@example.org <"$scratch/m"
rm "$HOME/.config/backstop/backstop.conf"

# A program without its module for MIME.
mkdir "$scratch/lone"
agent=$BACKSTOP-agent
[ -x "$agent" ] || agent=$BACKSTOP
cp "$agent" "$scratch/lone/backstop"
printf 'From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\nneedle\n--b--\n' >"$scratch/m"
without() {
    (unset BACKSTOP_MODULE_DIR
    "$scratch/lone/backstop" --set "sieve.scripts=$user" --set "log.destination=$HOME/log" -f a@example.org <"$scratch/m")
}
fresh; echo 'require "fileinto"; if header "from" "a@example.org" { fileinto "F"; }' >"$user"
expect_code 0 "what needs no module goes without" without
is "$(places)" F "and is delivered"
fresh; echo 'require "body"; if body :content "text" :contains "needle" { keep; } else { discard; }' >"$user"
without
if grep -q 'backstop-mime.so' "$HOME/log"; then
    while read -r test; do
        fresh; printf 'require ["body", "mime", "foreverypart"]; if not %s { discard; }\n' "$test" >"$user"
        expect_code 75 "without the module for MIME: $test" without
        is "$(places) $(grep -c 'deferred.*backstop-mime.so' "$HOME/log")" " 1" "defers, and the log says why"
    done <<'END'
body :contains "needle"
body :content "text" :contains "needle"
header :mime :anychild :contenttype "content-type" "text/html"
exists :mime :anychild "content-type"
END
else
    skip 1 "another copy of the module is installed"
fi
plan
