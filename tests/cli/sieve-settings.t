#!/bin/sh
# SPDX-License-Identifier: MIT
# The Sieve engine's settings by Dovecot's names: which there are, how values are written, who may use
# which extension, and that none is dropped without a word.
. "${srcdir:-..}/tests/tap.sh"

mkdir "$scratch/bin" "$scratch/before" "$scratch/global"
printf '#!/bin/sh\ncat >/dev/null\nsleep 1.2\n' >"$scratch/bin/slow"
printf '#!/bin/sh\ncat >/dev/null\nsleep 60\n' >"$scratch/bin/hangs"
printf '#!/bin/sh\ncat >>"%s"\n' "$scratch/took" >"$scratch/bin/tool"
chmod 755 "$scratch"/bin/*
cat >"$HOME/sendmail" <<'EOF'
#!/bin/sh
{ echo "ARGS $*"; cat; } >>"$HOME/outbox"
EOF
chmod +x "$HOME/sendmail"

number=0
configure() { # LINE...: the configuration; the user's script is on standard input
    rm -rf "$HOME/.local" "$HOME/Maildir" "$HOME/outbox" "$HOME/log" "$scratch/took" "$scratch"/before/*
    cat >"$HOME/.dovecot.sieve"
    { printf '[log]\ndestination = %s/log\n[sendmail]\ncommand = %s/sendmail\n' "$HOME" "$HOME"
      printf '[sieve]\nglobal = %s/global\n' "$scratch"
      for line; do echo "$line"; done; } >"$scratch/conf"
}
deliver() { # [FIELD]
    number=$((number + 1))
    printf 'From: a@example.org\nTo: me@example.com\nMessage-ID: <%s@example.org>\n%s\n\nhello\n' $number \
        "${1:-X-N: $number}" >"$scratch/m"
    as_mta "$BACKSTOP" -c "$scratch/conf" deliver -f a@example.org -r me@example.com <"$scratch/m"
}
stored() { find "$HOME/Maildir${1:+/.$1}/new" -type f 2>/dev/null | wc -l | tr -d ' '; }

# Times as Dovecot writes them.
for time in 1m "1 min" 0; do
    configure '[sieve-settings]' "pipe_bin_dir = $scratch/bin" "pipe_exec_timeout = $time" <<'EOF'
require "vnd.dovecot.pipe"; pipe "slow";
EOF
    expect_code 0 "exec_timeout = $time: a program that takes more than a second" deliver
    is "$(stored)" 0 "takes the message"
done
for time in 1s 900ms; do
    configure '[sieve-settings]' "pipe_bin_dir = $scratch/bin" "pipe_exec_timeout = $time" <<'EOF'
require "vnd.dovecot.pipe"; pipe "hangs";
EOF
    expect_code 0 "exec_timeout = $time: a program that hangs" deliver
    is "$(stored)" 1 "leaves the message in the inbox"
done

# Values with blanks, commas, quotes.
vacation='require "vacation"; vacation :addresses "me@example.com" "away";'
for line in 'settings = vacation_default_subject=Out of office' \
    'settings = sieve_vacation_default_subject="Out of office" max_redirects=8' \
    "settings = max_redirects=8, 'vacation_default_subject=Out of office'"; do
    echo "$vacation" | configure "$line"
    expect_code 0 "$line" deliver
    is "$(grep -h '^Subject' "$HOME/outbox")" "Subject: Out of office" "is a subject of three words"
done
echo "$vacation" | configure '[sieve-settings]' 'vacation_default_subject = Out, "of=office"'
deliver
is "$(grep -h '^Subject' "$HOME/outbox")" 'Subject: Out, "of=office"' "in a section of their own values are as they stand"
for line in 'settings = editheader_protected=X-A X-B' 'settings = max_redirects=2 "editheader_protected=X-A X-B"'; do
    configure "$line" <<'EOF'
require "editheader"; deleteheader "X-A"; deleteheader "X-B";
EOF
    deliver 'X-A: 1
X-B: 2'
    is "$(cat "$HOME"/Maildir/new/* | grep -c '^X-[AB]:')" 2 "$line"
done
configure 'settings = "spamtest_status_header=X-Spam-Status: [[:alnum:]]+, score=(-?[[:digit:]]+\.[[:digit:]])" spamtest_status_type=score spamtest_max_value=5.0' <<'EOF'
require ["spamtest", "relational", "comparator-i;ascii-numeric", "fileinto"];
if spamtest :value "ge" :comparator "i;ascii-numeric" "8" { fileinto "Spam"; }
EOF
deliver 'X-Spam-Status: Yes, score=4.9 required=5.0'
is "$(stored Spam)" 1 "a regular expression with blank, comma, equals sign and backslash"

# The names of 2.3 and of 2.4.
for name in sieve_env_folder environment/folder sieve_environment/folder/value; do
    configure "settings = $name=Named" <<'EOF'
require ["environment", "vnd.dovecot.environment", "fileinto", "variables"];
if environment :matches "vnd.dovecot.config.folder" "*" { fileinto "${1}"; }
EOF
    deliver
    is "$(stored Named)" 1 "$name"
done
cat >"$scratch/length.sieve" <<'EOF'
require ["variables", "fileinto"];
set "a" "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";
set "b" "${a}${a}${a}${a}${a}${a}${a}"; set "c" "${b}${b}${b}${b}${b}${b}${b}"; set :length "n" "${c}";
fileinto "len-${n}";
EOF
for name in sieve_variables_max_variable_size sieve_variables_max_value_size variables_max_value_size; do
    is "$("$BACKSTOP" sieve run -s $name=6k "$scratch/length.sieve" "$scratch/m" | sed -n 's/^  //p')" \
        'fileinto "len-4900"' "$name"
done

# What is not known, and what is done otherwise here, is told of.
for setting in sieve_no_such_thing=1 sieve_max_redirect=2 sieve_max_redirects=many vacation_min_period=3x \
    sieve_plugins=sieve_extprograms sieve_before=/x sieve_pipe_socket_dir=/x; do
    expect_code 1 "sieve check -s $setting" "$BACKSTOP" sieve check -s $setting "$scratch/length.sieve"
    check "names it" grep -q "${setting%%=*}" "$scratch/err"
    echo 'keep;' | configure "settings = $setting"
    expect_code 1 "config: $setting" "$BACKSTOP" -c "$scratch/conf" config
    check "says where" grep -q "^$scratch/conf:7: .*${setting%%=*}" "$scratch/err"
    expect_code 0 "mail flows" deliver
    check "and the log says where" grep -q "$scratch/conf:7: .*${setting%%=*}" "$HOME/log"
done
for setting in 'max_redirects="8' '8' '=8'; do
    echo 'keep;' | configure "settings = $setting"
    expect_code 1 "config: settings = $setting" "$BACKSTOP" -c "$scratch/conf" config
done
check "the settings can be listed" sh -c '"$BACKSTOP" sieve settings | grep -q "^sieve_max_redirects (number)"'

# Which extensions there are.
edit='require "editheader"; addheader "X-Made" "up";'
made() { cat "$HOME"/Maildir/new/* | grep -c '^X-Made'; }
for list in '-editheader' 'fileinto' 'fileinto, copy' '+copy -editheader' 'editheader -editheader'; do
    echo "$edit" | configure '[sieve-settings]' "sieve_extensions = $list"
    expect_code 0 "extensions = $list" deliver
    is "$(stored)/$(made)" 1/0 "takes editheader away"
done
for list in '+editheader' '-copy' 'copy editheader' '-editheader +editheader'; do
    echo "$edit" | configure '[sieve-settings]' "sieve_extensions = $list"
    deliver
    is "$(stored)/$(made)" 1/1 "extensions = $list leaves it"
done
configure '[sieve-settings]' 'sieve_extensions = -editheader' <<'EOF'
require ["ihave", "fileinto"];
if ihave "editheader" { fileinto "There"; }
EOF
deliver
is "$(stored There)" 0 "ihave says so"
is "$("$BACKSTOP" sieve extensions -s sieve_extensions=-editheader | grep -c editheader)" 0 "and so does the list"

# Which of them are the site's alone.
tool='require ["vnd.dovecot.pipe", "copy"]; pipe :copy "tool";'
programs="pipe_bin_dir = $scratch/bin"
reserve='sieve_global_extensions = +vnd.dovecot.pipe'
echo "$tool" | configure '[sieve-settings]' "$programs" "$reserve"
expect_code 0 "a reserved extension in the user's script" deliver
[ ! -e "$scratch/took" ]
ok $? "runs no program"
is "$(stored)" 1 "and the message is kept"
expect_code 1 "check says why" "$BACKSTOP" -c "$scratch/conf" sieve check "$HOME/.dovecot.sieve"
echo 'keep;' | configure "before = $scratch/before" '[sieve-settings]' "$programs" "$reserve"
echo "$tool" >"$scratch/before/a.sieve"
deliver
is "$(grep -c '^hello' "$scratch/took")" 1 "a script before the user's may"
expect_code 0 "check knows it" "$BACKSTOP" -c "$scratch/conf" sieve check "$scratch/before/a.sieve"
echo "$tool" >"$scratch/global/tool.sieve"
echo 'require "include"; include :global "tool";' | configure '[sieve-settings]' "$programs" "$reserve"
deliver
is "$(grep -c '^hello' "$scratch/took")" 1 "one that is included from the site's directory may"
mkdir -p "$HOME/sieve"
echo "$tool" >"$HOME/sieve/tool.sieve"
echo 'require "include"; include :personal "tool";' | configure '[sieve-settings]' "$programs" "$reserve"
deliver
[ ! -e "$scratch/took" ]
ok $? "one from the user's may not"
plan
