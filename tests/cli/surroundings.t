#!/bin/sh
# SPDX-License-Identifier: MIT
# What a program that a user names finds: of our environment only what one list lets pass, and no
# descriptor but 0, 1 and 2. A server that root starts has secrets in both.
. "${srcdir:-..}/tests/tap.sh"
secrets='DB_PASSWORD=s3cret CREDENTIALS_DIRECTORY=/run/credentials/x NOTIFY_SOCKET=/run/notify LD_DEBUG_OUTPUT=/nowhere'
secrets="$secrets BASH_ENV=/nowhere PERL5LIB=/nowhere LISTEN_FDNAMES=x JOURNAL_STREAM=8:1 SSH_AUTH_SOCK=/nowhere"
mkdir "$scratch/bin"
# Writes down what it finds; descriptor 8 or so is the shell's own, for this file.
cat >"$scratch/bin/tell" <<'END'
#!/usr/bin/env perl
open my $out, '>', "$ENV{HOME}/told" or die;
print $out "$_=$ENV{$_}\n" for sort keys %ENV;
for my $fd (0 .. 99) {
    next if $fd == fileno $out;
    my $file = readlink "/proc/self/fd/$fd" // next;
    next if $file eq $0 || $file =~ m{^/proc/\d+/fd};
    print $out "fd $fd $file\n";
}
END
chmod 755 "$scratch/bin/tell"
letter() { printf 'From: a@example.org\nTo: me@example.org\nSubject: %s\nMessage-ID: <%s@example.org>\n\nx\n' "$1" "$1"; }
# A program whose end nobody waits for needs its time.
told() { for _ in $(seq 100); do grep -q '^fd 2' "$HOME/told" 2>/dev/null && return; sleep 0.05; done; }
leaked() { told; grep -cE 's3cret|CREDENTIALS|NOTIFY|LD_|BASH_ENV|PERL5LIB|LISTEN|JOURNAL|SSH_' "$HOME/told"; }
descriptors() { told; sed -n 's/^fd \([0-9]*\) .*/\1/p' "$HOME/told" | tr '\n' ' '; }
# With the secrets in its environment, and two descriptors that were never meant for a user.
run() {
    rm -f "$HOME/told"
    env $secrets SENDER=s@example.org RECIPIENT=me@example.org EXTENSION=x LC_CTYPE=C.UTF-8 TZ=UTC "$@" \
        7>"$scratch/private" 9<>"$scratch/private"
}

cat >"$scratch/conf" <<END
[sendmail]
command = $scratch/bin/tell
[log]
destination = $scratch/log
[sieve]
settings = sieve_plugins=sieve_extprograms sieve_extensions=+vnd.dovecot.pipe pipe_bin_dir=$scratch/bin
END

echo 'redirect "other@example.net";' >"$HOME/.dovecot.sieve"
letter redirect | run "$BACKSTOP" -c "$scratch/conf"
ok $? "a redirect through a user's own command"
is "$(leaked)" 0 "the command sees no secret of ours"
is "$(descriptors)" "0 1 2 " "and has no descriptor but its own"
is "$(grep -cE '^(PATH|HOME|TZ|LC_CTYPE|SENDER|RECIPIENT|EXTENSION)=' "$HOME/told")" 7 "what belongs to it passes"

letter function | run env "LC_EVIL=() { :;}; s3cret" "$BACKSTOP" -c "$scratch/conf"
is "$(leaked)" 0 "a value that a shell takes for a function does not pass"

printf 'require "vnd.dovecot.pipe"; pipe "tell";\n' >"$HOME/.dovecot.sieve"
letter pipe | run "$BACKSTOP" -c "$scratch/conf"
ok $? "a Sieve script's program"
is "$(leaked) $(descriptors)" "0 0 1 2 " "sees none, and has none"
rm "$HOME/.dovecot.sieve"

for recipe in "| $scratch/bin/tell" "* ? $scratch/bin/tell
Maildir/" "| $scratch/bin/tell >/dev/null"; do
    printf ':0\n%s\n' "$recipe" >"$HOME/.procmailrc"
    letter rc | run "$BACKSTOP" -c "$scratch/conf"
    ok $? "an rc file's program"
    is "$(leaked) $(descriptors)" "0 0 1 2 " "sees none, and has none"
done
printf 'X=`%s`\nTRAP=%s\n' "$scratch/bin/tell" "$scratch/bin/tell" >"$HOME/.procmailrc"
letter trap | run "$BACKSTOP" -c "$scratch/conf"
ok $? "an rc file's TRAP"
is "$(leaked) $(descriptors)" "0 0 1 2 " "sees none, and has none"
rm "$HOME/.procmailrc"

# The judge keeps its pipe and nothing else: what it may hold would let it say "delivered".
if [ -f "${builddir:-$PWD}/tests/fault/backstop-mime.so" ] && [ -d /proc/self/fd ]; then
    cat >"$scratch/report" <<'END'
From: MAILER-DAEMON@example.net
To: me@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report (of Monday); report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; you@example.com
Action: failed
--b--
END
    BAD_MIME=descriptors run env BACKSTOP_MODULE_DIR="${builddir:-$PWD}/tests/fault" "$BACKSTOP" -c "$scratch/conf" \
        -f '<>' <"$scratch/report"
    is "$(cat "$HOME"/Maildir/new/* | grep -c 'answered nonsense')" 1 "the judge holds its pipe alone"
else
    skip 1 "no broken module, or no /proc"
fi
plan
