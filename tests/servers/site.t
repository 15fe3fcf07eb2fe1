#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/site, followed word by word with other paths, ports and users: a Postfix that signs with
# OpenDKIM or rspamd, and backstop's milter. A letter goes out to a second Postfix, which sends a
# report; a spammer gives that one a forged letter, and its report comes too.
. "${srcdir:-..}/tests/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || skip_all "a Postfix of its own takes root"
command -v postfix >/dev/null && id postfix >/dev/null 2>&1 || skip_all "Postfix is not installed"
[ -f "${BACKSTOP%/*}/backstop-milter.so" ] || skip_all "this build has no libmilter"
[ -f "${BACKSTOP%/*}/backstop-crypto.so" ] || skip_all "this build has no OpenSSL"
command -v opendkim >/dev/null && command -v opendkim-genkey >/dev/null || skip_all "OpenDKIM is not installed"

umask 022
chmod 711 "$scratch"
site=$srcdir/examples/site etc=$scratch/etc
mkdir -p "$scratch/bin" "$etc/postfix" "$etc/backstop" "$etc/opendkim/keys/example.org" "$scratch/var/lib" "$scratch/mx"
cp "$BACKSTOP" "${BACKSTOP%/*}"/backstop-* "$scratch/bin/" 2>/dev/null
until_true() { # SECONDS COMMAND...: waits for it
    tries=$(($1 * 10)); shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}
set -- $(perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. 6;
    print join " ", map { $_->sockport } @s')
smtp=$1 submission=$2 opendkim=$3 rspamd=$4 milter=$5 mx=$6

# Everybody's paths, ports and users: "nobody" is vmail.
here() {
    sed -e "s|/usr/local/bin/|$scratch/bin/|g; s|/etc/|$etc/|g; s|/var/|$scratch/var/|g" \
        -e "s/8891/$opendkim/g; s/8899/$milter/g; s/11332/$rspamd/g; s/vmail\>/nobody/; s/-g nobody/-g nogroup/" \
        -e "s|/nobody/|/vmail/|g; s/^submission inet/127.0.0.1:$submission inet/" "$@"
}
readme() { # FIRST LAST: the indented lines of the README from one that has FIRST to one that has LAST
    sed -n "\\|$1|,\\|$2|{/^    /{s/^ *//;p}}" "$site/README.md" | here
}
for file in main.cf master.cf untag tagged; do here "$site/$file" >"$etc/postfix/$file"; done
here "$site/backstop.conf" >"$etc/backstop/backstop.conf"
# Here all clients are on loopback, and none of them is to be taken for internal by that.
sed -i 's/^internal = .*/internal = 192.0.2.0\/28/' "$etc/backstop/backstop.conf"
printf '[log]\ndestination = %s\nlevel = debug\n' "$scratch/milter.log" >"$scratch/log.conf"
echo 'alice@example.org alice' >"$etc/postfix/mailboxes"
echo 'this is the file' >"$scratch/marker"
readme 'install -d' 'batv' >"$scratch/secrets"
