#!/bin/sh
# SPDX-License-Identifier: MIT
# Messages per second by LMTP into maildirs, fsync on, against Dovecot's LMTP server where that is
# installed: the same client, one after the other in turns, on one connection and on eight. Takes
# root, for Dovecot's sake; mail belongs to user 65534. First without rules, then with a Sieve script of
# 20 rules of which none applies.
srcdir=${srcdir:-..}
BACKSTOP=${BACKSTOP:-$PWD/backstop}
[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || { echo "# lmtp: takes root and setpriv"; exit 0; }
work=$(mktemp -d "${TMPDIR:-/tmp}/backstop-bench.XXXXXX") || exit 1
trap 'kill $ours $theirs 2>/dev/null; wait; rm -rf "$work"' EXIT
ours= theirs=
chmod 755 "$work"
mkdir "$work/bin" "$work/v" "$work/v/example.org" "$work/v/example.org/ours" "$work/v/example.org/theirs" "$work/run"
for part in "$BACKSTOP" "${BACKSTOP%/*}"/backstop-*; do
    [ ! -f "$part" ] || cp "$part" "$work/bin/"
done
chown -R 65534:65534 "$work/v"
setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$work/v" "$work/bin/backstop" lmtp \
    --listen="unix:$work/v/ours.lmtp" --set "lmtp.home=$work/v/%d/%n" --set log.destination=none &
ours=$!
if command -v dovecot >/dev/null && [ -x /usr/lib/dovecot/lmtp ]; then
    cat >"$work/dovecot.conf" <<END
base_dir = $work/run
state_dir = $work/run
log_path = $work/dovecot.log
protocols = lmtp
listen = 127.0.0.1
ssl = no
mail_location = maildir:~/Maildir
mail_fsync = optimized
postmaster_address = postmaster@example.org
first_valid_uid = 1000
last_valid_uid = 0
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=$work/v/%d/%n allow_all_users=yes
}
protocol lmtp {
  mail_plugins = sieve
}
service lmtp {
  unix_listener $work/v/theirs.lmtp {
    mode = 0666
  }
}
END
    dovecot -F -c "$work/dovecot.conf" 2>"$work/dovecot.err" &
    theirs=$!
fi
sleep 2
flood() { # WHO CONNECTIONS MESSAGES
    rm -rf "$work/v/example.org/$1/Maildir"
    said=$(perl "$srcdir/tests/mta/lmtp-client" flood "$work/v/$1.lmtp" "$1@example.org" "$2" "$3")
    [ "$(find "$work/v/example.org/$1/Maildir" -path '*/new/*' -type f | wc -l)" -eq $(($2 * $3)) ] || said="$said (not all are there)"
    printf '%-10s %s connections x %s: %s\n' "$1" "$2" "$3" "$said"
}
rounds() {
    for _ in 1 2 3; do
        for who in ours ${theirs:+theirs}; do
            flood $who 1 300
            flood $who 8 100
        done
    done
}
rounds
echo "with a Sieve script:"
{
    echo 'require ["fileinto", "envelope", "variables", "regex", "relational", "subaddress", "copy"];'
    for n in 1 2 3 4 5; do
        echo "if header :contains [\"list-id\", \"list-post\"] \"list$n.example\" { fileinto \"lists/$n\"; stop; }"
        echo "if address :domain :is [\"from\", \"sender\"] \"domain$n.example\" { fileinto \"domain$n\"; stop; }"
        echo "if header :matches \"subject\" \"[topic$n] *\" { fileinto \"topic/\${1}\"; stop; }"
        echo "if allof (size :over ${n}M, not header :regex \"x-spam-status\" \"^Yes, score=${n}[0-9]\") { fileinto :copy \"large\"; }"
    done
} >"$work/script"
for who in ours theirs; do
    cp "$work/script" "$work/v/example.org/$who/.dovecot.sieve"
    chown 65534:65534 "$work/v/example.org/$who/.dovecot.sieve"
done
rounds
cat "$work/dovecot.err" 2>/dev/null
grep -iE 'sieve.*error' "$work/dovecot.log" 2>/dev/null | head -n 3
