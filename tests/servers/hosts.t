#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/redis, followed word by word with other paths and another port: mail is sent on one host and
# judged on another, which share a Redis behind TLS that asks for certificates and logins.
. "${srcdir:-..}/tests/tap.sh"
sent_at=$(mail_date)
command -v redis-server >/dev/null || skip_all "Redis is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
[ -f "${BACKSTOP%/*}/backstop-redis.so" ] && [ -f "${BACKSTOP%/*}/backstop-tls.so" ] ||
    skip_all "this build has no TLS to Redis"
set -- "$scratch/tls"
. "$srcdir/tests/servers/certificates.sh"
authority ca && certificate redis ca DNS:localhost && certificate client ca DNS:mx1.example.org ||
    { diag <"$certificates/log"; skip_all "openssl makes no certificates"; }
port=$(free_port)

example=$srcdir/examples/redis etc=$scratch/etc
mkdir -p "$etc/redis/tls" "$etc/backstop/keys" "$scratch/data"
here() { sed "s|/etc/|$etc/|g; s/6379/$port/; s/^url = \\(.*\\)redis.example.org/url = \\1localhost/" "$@"; }
cp "$certificates/redis.pem" "$etc/redis/tls/redis.example.org.pem"
cp "$certificates/redis.key" "$etc/redis/tls/redis.example.org.key"
cp "$certificates/ca.pem" "$etc/redis/tls/ca.pem"
cp "$certificates/ca.pem" "$etc/backstop/keys/redis-ca.pem"
cp "$certificates/client.pem" "$etc/backstop/keys/redis-client.pem"
cp "$certificates/client.key" "$etc/backstop/keys/redis-client.key"
(cd "$etc/backstop/keys" && sh -c "$(sed -n 's/^    \(head .*ledger.key\)$/\1/p' "$example/README.md")")
here "$example/redis.conf" >"$etc/redis/redis.conf"
printf 'bind 127.0.0.1\ndir %s\nsave ""\n' "$scratch/data" >>"$etc/redis/redis.conf"
start_redis() {
    redis-server "$etc/redis/redis.conf" >>"$scratch/redis.log" 2>&1 &
    pid=$!
}
start_redis
at_exit='kill -KILL $pid 2>/dev/null'

# The host that sends, and one that only delivers.
here "$example/backstop.conf" | sed 's/^#complete/complete/' >"$etc/backstop/sends.conf"
sed 's/backstop:password@/judge:other@/' "$etc/backstop/sends.conf" >"$etc/backstop/delivers.conf"
host() { # NAME ARGUMENTS...
    name=$1
    shift
    HOME=$scratch/$name "$BACKSTOP" -c "$etc/backstop/$name.conf" --set log.destination=none "$@"
}
mkdir "$scratch/sends" "$scratch/delivers"
ready() { host sends doctor 2>/dev/null | grep -q 'nothing was ever recorded\|messages in'; }
i=0; until ready || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done

# Where the id alone is another, it may have been replaced on the way; so a forged letter has another
# addressee.
addressee() { case $1 in two | five) echo eve@example.com ;; *) echo bob@example.net ;; esac; }
letter() { # ID
    printf 'From: alice@example.org\nTo: %s\nDate: %s\nMessage-ID: <%s@example.org>\n\ntext\n' "$(addressee "$1")" "$sent_at" "$1"
}
report() { # ID
    cat <<END
From: MAILER-DAEMON@mx.example.net
To: alice@example.org
Subject: report on $1
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; $(addressee "$1")
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

$(letter "$1")

--b--
END
}
# Where the host that delivers puts the report on ID.
comes_to() {
    report "$1" | host delivers deliver -f '<>' -a alice@example.org || echo "status $?"
    case $(grep -rl "^Subject: report on $1\$" "$scratch/delivers/Maildir") in
    */Maildir/new/*) echo inbox ;;
    */Maildir/.Junk/*) echo Junk ;;
    esac
}

letter one | host sends sent -f alice@example.org bob@example.net
ok $? 'a letter is recorded on the host that sends'
is "$(comes_to one)" inbox 'a report on it is genuine on the host that delivers'
is "$(comes_to two)" Junk 'one on a letter that nobody sent is backscatter'
letter three >"$scratch/letter"
expect_code 75 'the host that delivers cannot record' host delivers sent -f alice@example.org bob@example.net <"$scratch/letter"
check 'its login may not' grep -q 'NOPERM\|permission' "$scratch/err"
is "$(grep -rac 'example.net\|example.org' "$scratch/data" | sed 's/.*://' | sort -u)" 0 'the server learns no names'

kill $pid
wait $pid 2>/dev/null
is "$(comes_to four)" inbox 'without the server nothing is held against anyone'
expect_code 75 'and recording is tried again' host sends sent -f alice@example.org bob@example.net <"$scratch/letter"
start_redis
i=0; until ready || [ $i -ge 50 ]; do i=$((i + 1)); sleep 0.1; done
is "$(comes_to one | sort -u)" inbox 'when it is back, it has kept what it knew'
is "$(comes_to five)" Junk 'and what it did not'
plan
