#!/bin/sh
# SPDX-License-Identifier: MIT
# The launcher (mda/launch.c): every end of the agent that nobody decided leaves the mail with the MTA.
. "${srcdir:-..}/tests/tap.sh"
[ -f "${BACKSTOP%/*}/backstop-agent" ] || skip_all "this build has no launcher"
bin=$scratch/bin
mkdir "$bin"
cp "$BACKSTOP" "$bin/backstop"
agent() { rm -f "$bin/backstop-agent"; cat >"$bin/backstop-agent"; chmod 755 "$bin/backstop-agent"; }
ends() { "$bin/backstop" "$@" </dev/null >"$scratch/out" 2>"$scratch/err"; echo $?; }

# 127 and 126 are what the loader and the shell make of a program that cannot start, 1 is what a library
# says that calls exit().
for status in 1 2 64 67 70 73 77 78 126 127 255; do
    echo "#!/bin/sh
exit $status" | agent
    is "$(ends)" 75 "status $status that the agent did not say it means"
done
for status in 0 75; do
    echo "#!/bin/sh
exit $status" | agent
    is "$(ends)" $status "status $status passes"
done
for signal in KILL SEGV TERM; do
    echo "#!/bin/sh
kill -$signal \$\$" | agent
    is "$(ends)" 75 "SIG$signal"
done
rm "$bin/backstop-agent"
is "$(ends)" 75 'no agent at all'
echo 'no program' | agent
is "$(ends)" 75 'an agent that is no program'
is "$(ends lmtp)" 75 'the servers too'
cat <<'END' | agent
#!/bin/sh
echo "$#"; for word do echo "[$word]"; done; echo "$HOME"; env | grep -c ^PATH=
END
ends one 'two words' '' >/dev/null
is "$(cat "$scratch/out")" "3
[one]
[two words]
[]
$HOME
1" 'arguments and environment arrive whole'

# Signals for the launcher are signals for the agent, and it waits for what becomes of that.
cat <<'END' | agent
#!/bin/sh
trap 'echo heard >>"$HOME/heard"; exit 75' TERM HUP INT
echo $$ >"$HOME/pid"
while :; do sleep 0.05; done
END
for signal in TERM HUP INT; do
    rm -f "$HOME/pid"
    perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$bin/backstop" >"$scratch/out" 2>&1 & launcher=$!
    while [ ! -s "$HOME/pid" ]; do sleep 0.05; done
    kill -$signal $launcher
    wait $launcher
    is $? 75 "SIG$signal is handed on"
done
is "$(grep -c heard "$HOME/heard")" 3 'and was heard each time'
rm -f "$HOME/pid"
"$bin/backstop" >"$scratch/out" 2>&1 & launcher=$!
while [ ! -s "$HOME/pid" ]; do sleep 0.05; done
kill -KILL $launcher
wait $launcher 2>/dev/null
tries=100
while kill -0 "$(cat "$HOME/pid")" 2>/dev/null && [ $tries -gt 0 ]; do sleep 0.05; tries=$((tries - 1)); done
check 'a launcher that is killed leaves no agent behind' test $tries -gt 0

# What main() decided passes.
rm "$bin/backstop-agent"
cp "${BACKSTOP%/*}"/backstop-* "$bin/"
printf 'Subject: x\n\nx\n' >"$scratch/m"
expect_code 1 'check --quiet says 1' "$bin/backstop" check --quiet "$scratch/m"
printf 'EXITCODE=42\nHOST\n' >"$scratch/rc"
ln "$bin/backstop" "$bin/procmail"; ln "$bin/backstop-agent" "$bin/procmail-agent"
expect_code 42 'a status that an rc file asks for' "$bin/procmail" -m "$scratch/rc" <"$scratch/m"
printf '#!/bin/sh\nexit 99\n' >"$scratch/sendmail"
chmod 755 "$scratch/sendmail"
expect_code 99 'and that of a program in our place' "$bin/backstop" sent "--sendmail=$scratch/sendmail" -- -bp </dev/null
check 'a program that we start does not see the pipe' sh -c 'printf "SHELL=/bin/sh\n:0\n| env >$HOME/env\n" >"$1/rc"; "$2/procmail" -m "$1/rc" <"$1/m" && ! grep STATUS_FD "$HOME/env"' - "$scratch" "$bin"

# The installed one runs the installed agent alone: neither what stands beside it, nor a build tree.
installed=${BACKSTOP%/*}/launcher/backstop
if [ -f "$installed" ]; then
    cp "$installed" "$bin/backstop"
    printf '#!/bin/sh\necho decoy\nexit 75\n' | agent
    "$bin/backstop" --version >"$scratch/out" 2>&1 </dev/null
    is "$(grep -c decoy "$scratch/out")" 0 'what stands beside an installed launcher is not run'
    is "$(strings -a "$installed" | grep -c "^${BACKSTOP%/*}/backstop-agent")" 0 'nor is a build tree known to it'
    check 'it is position independent' sh -c 'readelf -h "$1" | grep -q "Type:.*DYN"' - "$installed"
else
    skip 3 'there is no installed launcher here'
fi

# At each moment of an installation there is a whole program.
mkdir "$scratch/there"
head -c 3000000 /dev/zero >"$scratch/prog"
size=$(stat -c %s "$scratch/prog")
cp "$scratch/prog" "$scratch/there/prog"
perl -e 'my ($file, $size, $stop) = @ARGV; until (-e $stop) { exit 1 if (-s $file // 0) != $size } exit 0' \
    "$scratch/there/prog" "$size" "$scratch/stop" & watcher=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do "$srcdir/m4/install-atomically" "$scratch/prog" "$scratch/there"; done
touch "$scratch/stop"
wait $watcher
ok $? 'an installed program is never missing and never cut'
check 'and may be run' test -x "$scratch/there/prog"
plan
