#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages are sound, and what documentation and examples say exists in the program.
. "${srcdir:-..}/tests/tap.sh"
builddir=${builddir:-$PWD}
pages="$srcdir/man/*.[1578] $builddir/man/*.[1578]"

# A machine whose clock is behind says that a page is from the future.
lint() { ! mandoc -Tlint -Wwarning "$@" | grep -v 'date in the future'; }
for page in $pages; do
    [ -f "$page" ] || continue
    if command -v mandoc >/dev/null; then
        check "${page##*/} is sound mdoc" lint "$page"
    else
        skip 1 "mandoc is not installed"
    fi
done

# Every command and every option of it stands in backstop(1) ...
manual=$scratch/manual
sed -e 's/\\-/-/g' "$builddir/man/backstop.1" >"$manual"
"$BACKSTOP" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >"$scratch/commands"
[ "$(wc -l <"$scratch/commands")" -ge 6 ]
ok $? "--help names the commands"
# All help of a command; procmail's and sieve's have parts.
help_of() {
    "$BACKSTOP" "$1" --help
    [ "$1" != sieve ] || "$BACKSTOP" sieve filter --help
    [ "$1" != procmail ] || { "$BACKSTOP" procmail run --help; "$BACKSTOP" procmail check --help; }
}
missing=
for command in $(cat "$scratch/commands"); do
    sed -n "/^\\.Ss backstop $command\$/,/^\\.S[sh] /p" "$manual" >"$scratch/section"
    [ -s "$scratch/section" ] || missing="$missing $command"
    for option in $(help_of "$command" | sed -n 's/^.* --\([a-z-]*\).*/\1/p' | grep -vxE 'help|config|set|sender|recipient|original-recipient'); do
        grep -q -e "-$option" "$scratch/section" || missing="$missing $command:--$option"
    done
done
is "$missing" "" "every command and every option of it stands in backstop(1)"

# ... and every option that is shown there, in README and in the examples exists.
unknown=
for command in $(sed -n 's/^\.Ss backstop \([a-z]*\)$/\1/p' "$manual"); do
    help_of "$command" >"$scratch/help" 2>&1 || unknown="$unknown $command"
    for option in $(sed -n "/^\\.Ss backstop $command\$/,/^\\.S[sh] /s/.*Fl -\\([a-z][a-z-]*\\).*/\\1/p; /^\\.Ss backstop $command\$/,/^\\.S[sh] /s/.*, -\\([a-z][a-z-]*\\).*/\\1/p" "$manual"); do
        grep -q -e "--$option" "$scratch/help" || unknown="$unknown $command:--$option"
    done
done
is "$unknown" "" "and nothing else stands there"

shown() { grep -rhoE 'backstop( -[-a-z]+(=[^ ]*)?)* (deliver|[a-z]+) [^|`"]*' "$@" | grep -oE '^backstop [a-z]+( .*)?'; }
shown "$srcdir/README.md" "$srcdir/doc/running.md" "$srcdir/examples" --include='*' 2>/dev/null | grep -E '^backstop [a-z]+ ' >"$scratch/shown"
bad=
while read -r _ command rest; do
    grep -qx "$command" "$scratch/commands" || continue # words of a sentence
    help_of "$command" >"$scratch/help" 2>&1
    for word in $rest; do
        case $word in
        --) break ;;
        --[a-z]*) option=$(printf %s "${word%%=*}" | tr -cd 'a-z-'); grep -qE -e "$option([=, ]|\$)" "$scratch/help" || bad="$bad $command:$option" ;;
        esac
    done
done <"$scratch/shown"
is "$bad" "" "README and examples use options that exist"

# Settings: the manual comes from the table; examples must be free of mistakes.
if [ -f "$builddir/man/backstop.conf.5" ]; then
    is "$(sed -n '/^\.Sh SETTINGS/,/^\.Sh FILES/s/^\.It Cm //p' "$builddir/man/backstop.conf.5" | wc -l)" \
        "$("$BACKSTOP" -c /dev/null config | wc -l)" "backstop.conf(5) has every setting"
else
    skip 1 "backstop.conf(5) is not built"
fi
for file in $(find "$srcdir/examples" -name '*.conf' -exec grep -lE '^\[(identity|junk|ledger|judgement)\]' {} +); do
    expect_code 0 "${file#"$srcdir/"}: every setting exists" "$BACKSTOP" -c "$file" config
done
sed -n '/^```ini$/,/^```$/p' "$srcdir/README.md" | grep -v '^```' >"$scratch/readme.conf"
expect_code 0 "README.md: every setting exists" "$BACKSTOP" -c "$scratch/readme.conf" config
wanted=$(grep -rhoE '\[[a-z]+\] [a-z-]+' "$srcdir/README.md" "$srcdir/doc/running.md" "$srcdir/examples" "$manual" | sort -u | tr -d '[]' | tr ' ' .)
"$BACKSTOP" -c /dev/null config | sed 's/ = .*//' | sort >"$scratch/settings"
bad=
for setting in $wanted; do
    grep -qx "$setting" "$scratch/settings" || bad="$bad $setting"
done
is "$bad" "" "every [section] setting that is named exists"

# The language of rule files: every key that the parser knows.
bad=
for key in $(grep -ohE '\{?"[a-z-]+", (CONDITION|PATTERN)_[A-Z_]+' "$srcdir/mda/bounce/rule.c" | sed 's/[{"]//g; s/,.*//'); do
    grep -qE "^\.It Cm (.* )?$key( |\$)" "$srcdir/man/backstop-rules.5" || bad="$bad $key"
done
is "$bad" "" "backstop-rules(5) has every key"

# Pages name the paths of this build; nothing is left to be filled in.
sysconfdir=$(sed -n 's/^sysconfdir = //p' "$builddir/Makefile" 2>/dev/null)
if [ -n "$sysconfdir" ]; then
    where=$("$BACKSTOP" -c /dev/null config | sed -n 's|^rules.directories = \(.*\)/rules.d.*|\1|p')
    grep -qF ".It Pa $where/backstop.conf" "$builddir/man/backstop.1"
    ok $? "backstop(1) names the settings where this build looks for them"
    is "$(grep -l '@[a-z]*dir@' "$builddir"/man/*.[1578])" "" "no page has a path that was not filled in"
    is "$(grep -lE '/usr/local/(bin|etc|lib)' "$srcdir"/man/*.in "$srcdir"/man/*.[1578] 2>/dev/null)" "" "no page has a fixed one"
else
    skip 3 "there is no Makefile here"
fi

# Each page has examples, and those that only look are run.
pages=$(ls "$srcdir"/man/*.[1578] "$srcdir"/man/*.in)
is "$(grep -L '^\.Sh EXAMPLES' $pages)" "" "every page has EXAMPLES"
printf 'keep;\n' >"$HOME/.dovecot.sieve"
printf ':0\n* ^Subject: x\nx/\n' >"$HOME/.procmailrc"
cp "$srcdir/examples/mail/03-forged-postfix.eml" "$HOME/message.eml"
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl \(backstop .*\)/\1/p' "$srcdir"/man/*.7 |
    grep -vx 'backstop doctor' >"$scratch/lines"
while read -r _ line; do
    # shellcheck disable=SC2088
    check "backstop $line" sh -c "cd && '$BACKSTOP' $line"
done <"$scratch/lines"

# Files that README points to are there.
bad=
for file in $(grep -oE '\]\([A-Za-z0-9._/-]+\)' "$srcdir/README.md" | tr -d ']()'); do
    [ -e "$srcdir/$file" ] || bad="$bad $file"
done
for file in $(grep -oE '\]\([A-Za-z0-9._/-]+\)' "$srcdir/doc/running.md" | tr -d ']()'); do
    [ -e "$srcdir/doc/$file" ] || bad="$bad $file"
done
is "$bad" "" "README.md and doc/running.md lead to files that exist"
plan
