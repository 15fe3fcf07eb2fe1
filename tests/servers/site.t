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
set -- $(perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. 8;
    print join " ", map { $_->sockport } @s')
smtp=$1 submission=$2 opendkim=$3 rspamd=$4 mx=$5 reversed=$6 by_rspamd=$7 before_rspamd=$8

# Everybody's paths, ports and users: "nobody" is vmail.
here() {
    sed -e "s|/usr/local/bin/|$scratch/bin/|g; s|/etc/|$etc/|g; s|/var/|$scratch/var/|g" \
        -e "s/8891/$opendkim/g; s|$scratch/var/spool/postfix/|$scratch/site/queue/|; s/11332/$rspamd/g; s/vmail\>/nobody/; s/-g nobody/-g nogroup/" \
        -e "s|/nobody/|/vmail/|g; s/^submission inet/127.0.0.1:$submission inet/" "$@"
}
readme() { # FIRST LAST: the indented lines of the README from one that has FIRST to one that has LAST
    sed -n "\\|$1|,\\|$2|{/^    /{s/^ *//;p}}" "$site/README.md" | here
}
for file in main.cf master.cf untag; do here "$site/$file" >"$etc/postfix/$file"; done
here "$site/backstop.conf" >"$etc/backstop/backstop.conf"
# No DNS here.
sed -i 's/^#key-file = mail:/key-file = mail:/' "$etc/backstop/backstop.conf"
# Here all clients are on loopback, and none of them is to be taken for internal by that.
sed -i 's/^internal = .*/internal = 192.0.2.0\/28/; s/^networks = .*/networks = 127.0.0.2/' "$etc/backstop/backstop.conf"
printf '[log]\ndestination = %s\nlevel = debug\n' "$scratch/log/backstop" >>"$etc/backstop/backstop.conf"
install -d -o nobody "$scratch/log" "$scratch/var/vmail"
echo 'alice@example.org alice@example.org' >"$etc/postfix/mailboxes"
readme 'install -d -m' 'chown vmail' >"$scratch/steps"
readme 'install -d /etc/opendkim' 'chmod 644' >>"$scratch/steps"
sh -e "$scratch/steps" >"$scratch/said" 2>&1
ok $? 'the commands of the README work'
diag <"$scratch/said"

# The program has another place for its settings here.
sed -i "s|argv=$scratch/bin/backstop|& -c $etc/backstop/backstop.conf|" "$etc/postfix/master.cf"
vmail() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$scratch/bin/backstop" -c "$etc/backstop/backstop.conf" "$@"; }

# More submission services: with the milters in the other order, with rspamd, and with rspamd last.
also_submits() { # PORT MILTER MILTER
    sed "s/^127.0.0.1:$submission /127.0.0.1:$1 /; s|smtpd_milters=.*|smtpd_milters=$2,$3|; /^backstop/,\$d" \
        "$etc/postfix/master.cf" >"$scratch/another"
    cat "$scratch/another"
}
{
    also_submits "$reversed" unix:backstop/milter "inet:127.0.0.1:$opendkim"
    also_submits "$by_rspamd" "inet:127.0.0.1:$rspamd" unix:backstop/milter
    also_submits "$before_rspamd" unix:backstop/milter "inet:127.0.0.1:$rspamd"
} >"$scratch/more"
cat "$scratch/more" >>"$etc/postfix/master.cf"

# SASL as Dovecot offers it to Postfix: everybody's password is "secret".
cat >"$scratch/auth.pl" <<'END'
use strict; use IO::Socket::UNIX; use MIME::Base64;
umask 0;
my $listen = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 9) or die;
while (my $client = $listen->accept) {
    next if fork;
    $client->autoflush;
    print $client "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t", '0' x 32, "\nDONE\n";
    while (<$client>) {
        my ($id, $response) = /^AUTH\t(\d+)\tPLAIN.*\tresp=(\S+)/ or next;
        my (undef, $user, $password) = split /\0/, decode_base64($response);
        print $client $password eq 'secret' ? "OK\t$id\tuser=$user\n" : "FAIL\t$id\tuser=$user\n";
    }
    exit;
}
END
perl "$scratch/auth.pl" "$scratch/auth" & pids=$!
at_exit='for each in "$etc/postfix" "$scratch/mx/etc"; do postfix -c "$each" stop; done >/dev/null 2>&1; kill $pids 2>/dev/null'

# What every Postfix here has.
postfix_at() { # DIRECTORY NAME PORT OPTIONS: main.cf and master.cf get what the test needs
    mkdir -p "$1" "$scratch/$2/queue" "$scratch/$2/data"
    chown postfix "$scratch/$2/data"
    cat - "$1/main.cf" >"$1/main.new" 2>/dev/null <<END
compatibility_level = 3.6
queue_directory = $scratch/$2/queue
data_directory = $scratch/$2/data
maillog_file = $scratch/$2.log
maillog_file_prefixes = $scratch
myhostname = $2.example.net
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
disable_dns_lookups = yes
default_database_type = texthash
smtpd_peername_lookup = no
END
    mv "$1/main.new" "$1/main.cf"
    touch "$1/master.cf"
    {
        echo "127.0.0.1:$3 inet n - n - - smtpd"
        echo "postlog unix-dgram n - n - 1 postlogd"
        echo "pickup unix n - n 60 1 pickup"
        echo "qmgr unix n - n 300 1 qmgr"
        echo "cleanup unix n - n - 0 cleanup"
        echo "rewrite unix - - n - - trivial-rewrite"
        echo "retry unix - - n - - error"
        for service in bounce defer trace; do echo "$service unix - - n - 0 bounce"; done
        echo "anvil unix - - n - 1 anvil"
        for service in smtp proxymap error; do echo "$service unix - - n - - $service"; done
    } >>"$1/master.cf"
}
postfix_at "$etc/postfix" site "$smtp"
sed -i 's/^myhostname.*/myhostname = mail.example.org/' "$etc/postfix/main.cf"
cat >>"$etc/postfix/main.cf" <<END
mynetworks = 192.0.2.1/32
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = $scratch/auth
default_transport = smtp:[127.0.0.1]:$mx
smtp_bind_address = 127.0.0.2
END
# The other side: there is nobody at remote.example, which it notices too late.
postfix_at "$scratch/mx/etc" mx "$mx"
cat >>"$scratch/mx/etc/main.cf" <<END
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
transport_maps = inline:{ {remote.example = error:5.1.1 no such user here} }
default_transport = smtp:[127.0.0.1]:$smtp
END

"$scratch/bin/backstop" -c "$etc/backstop/backstop.conf" milter >"$scratch/milter.out" 2>&1 & pids="$pids $!"
here "$site/opendkim.conf" >"$etc/opendkim.conf"
# The scratch place lies in a folder that others may write to, as /tmp is.
echo 'RequireSafeKeys no' >>"$etc/opendkim.conf"
opendkim -f -x "$etc/opendkim.conf" >"$scratch/opendkim.out" 2>&1 & pids="$pids $!"
# rspamd with the example's file, but of its many parts only the signer: the rest takes seconds to load.
if command -v rspamd >/dev/null && id _rspamd >/dev/null 2>&1 && [ -f /usr/share/rspamd/plugins/dkim_signing.lua ] &&
    [ -f /etc/rspamd/modules.d/dkim_signing.conf ]; then
    mkdir -p "$etc/rspamd/local.d"
    install -o _rspamd -m 600 "$etc/opendkim/keys/example.org/mail.private" "$etc/rspamd/mail.private"
    here "$site/dkim_signing.conf" | sed "s|$etc/opendkim/keys/example.org|$etc/rspamd|" >"$etc/rspamd/local.d/dkim_signing.conf"
    install -d -o _rspamd "$scratch/rspamd"
    echo org >"$scratch/rspamd/domains"
    cat >"$etc/rspamd/rspamd.conf" <<END
options {
  pidfile = "$scratch/rspamd/pid"; control_socket = "$scratch/rspamd/control mode=0600";
  filters = "dkim"; url_tld = "$scratch/rspamd/domains";
  dns { nameserver = ["127.0.0.1:9"]; timeout = 0.2s; retransmits = 1; }
}
logging { type = "file"; filename = "$scratch/rspamd/log"; }
worker "rspamd_proxy" {
  bind_socket = "127.0.0.1:$rspamd"; milter = yes; count = 1;
  upstream "local" { default = yes; self_scan = yes; }
}
modules { path = "/usr/share/rspamd/plugins/dkim_signing.lua"; }
metric { actions { reject = 15; } }
.include "/etc/rspamd/modules.d/dkim_signing.conf"
END
    rspamd -f -u _rspamd -g _rspamd -c "$etc/rspamd/rspamd.conf" --var=LOCAL_CONFDIR="$etc/rspamd" --var=DBDIR="$scratch/rspamd" \
        --var=RUNDIR="$scratch/rspamd" --var=LOGDIR="$scratch/rspamd" >"$scratch/rspamd.out" 2>&1 & pids="$pids $!"
else
    rspamd=
fi
for each in "$etc/postfix" "$scratch/mx/etc"; do
    postfix -c "$each" start >"$scratch/start" 2>&1 || {
        cat "$scratch/start" "$scratch"/*.log | diag
        skip_all "this Postfix does not start here"
    }
done
listening() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]")' "$1"; }
until_true 10 test -S "$scratch/site/queue/backstop/milter" || { diag <"$scratch/milter.out"; skip_all "the milter does not listen"; }
for each in $opendkim $rspamd $smtp $submission $mx; do
    until_true 10 listening "$each" || { cat "$scratch"/*.out "$scratch"/*.log | diag; skip_all "port $each does not listen (of opendkim $opendkim, rspamd ${rspamd:-none}, smtp $smtp, submission $submission, mx $mx)"; }
done

# send PORT LOGIN SENDER RECIPIENT SUBJECT [ID [TEXT]]: LOGIN and ID may be empty
send() {
    perl -MNet::SMTP -MMIME::Base64 -e '
        my ($port, $login, $from, $to, $subject, $id, $text) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Timeout => 20) or die "no connection";
        if ($login) {
            $smtp->command("AUTH PLAIN " . encode_base64("\0$login\0secret", ""));
            $smtp->response == 2 or die $smtp->message;
        }
        $smtp->mail($from) && $smtp->to($to) && $smtp->data && $smtp->datasend(
            "From: Alice <alice\@example.org>\nTo: $to\nDate: " . `LC_ALL=C date -R -d "\${when:-now}"` .
            ($id ? "Message-ID: <$id>\n" : "") . "Subject: $subject\n\n" . ($text || "text") . "\n") && $smtp->dataend or die $smtp->message;
        $smtp->quit;' "$@"
}
box=$scratch/var/vmail/example.org/alice/Maildir
found() { grep -rl "^Subject: $1\$" "$box" 2>/dev/null | grep '/new/' | head -n 1 | grep .; }
# The report on the letter with SUBJECT; waits for it.
report() { until_true 20 found "$1" >/dev/null; found "$1" >"$scratch/found"; cat "$scratch/found"; }
place() { case $1 in "$box"/new/*) echo inbox ;; "$box"/.Junk/*) echo Junk ;; *) echo "nowhere: $1" ;; esac; }
says() { # SOURCE FILE
    vmail check --json - <"$2" | tr '{' '\n' | sed -n "s/.*\"source\":\"$1\",\"says\":\"\\([a-z]*\\)\",\"weight\":\"\\([a-z]*\\)\".*/\\1 \\2/p"
}
# What a client hears that asks whether ADDRESS is taken.
asks() { perl -MNet::SMTP -e 'my $smtp = Net::SMTP->new("127.0.0.1", Port => $ARGV[0], Timeout => 20) or die;
    $smtp->mail(""); $smtp->to($ARGV[1]); print $smtp->code; $smtp->quit' "$smtp" "$1"; }

check 'a letter is taken from a user who logged in' send "$submission" alice alice@example.org bob@remote.example genuine genuine@example.org
check 'and one without a Message-ID' send "$submission" alice alice@example.org bob@remote.example nameless
check 'and one by way of the milters in the other order' send "$reversed" alice alice@example.org bob@remote.example reversed reversed@example.org
send "$mx" '' alice@example.org bob@remote.example forged forged@example.org
file=$(report genuine)
is "$(place "$file")" inbox 'a report on our letter comes back to the inbox'
grep -h '^Return-Path: \|^X-Backstop: ' "$file" | head -n 2 >"$scratch/head"
check 'judged genuine, from the null sender' grep -q '^X-Backstop: genuine;' "$scratch/head"
is "$(head -n 1 "$scratch/head")" 'Return-Path: <>' 'as Postfix does'
for source in ledger stamp batv dkim; do
    is "$(says $source "$file")" 'ours proof' "$source knows it"
done
is "$(says trail "$file")" 'ours strong' 'so does its trail'
file=$(report nameless)
is "$(place "$file")" inbox 'a letter that had no Message-ID is known'
for source in ledger stamp dkim; do
    is "$(says $source "$file")" 'ours proof' "by $source: Postfix gave it one before it was signed and recorded"
done
file=$(report reversed)
is "$(place "$file") $(says stamp "$file") $(says dkim "$file")" 'inbox ours proof ours proof' 'the other order signs as well'
is "$(place "$(report forged)")" Junk 'a report on a forged letter goes to Junk'

# A week later.
sed -i 's/^#\(complete\|required\|signs-all\)/\1/' "$etc/backstop/backstop.conf"
send "$submission" alice alice@example.org bob@remote.example later later@example.org
send "$mx" '' alice@example.org bob@remote.example forged-later forged-later@example.org
send "$mx" '' prvs=0123abcdef=alice@example.org bob@remote.example invented invented@example.org
is "$(place "$(report later)")" inbox 'a week later: a genuine one goes to the inbox'
file=$(report forged-later)
is "$(place "$file")" Junk 'a forged one to Junk'
# The ledger does not: its milter was started just now, and the letter went to whom alice wrote in these
# minutes.
for source in stamp batv dkim; do
    case $(says $source "$file") in "forged proof" | "forged strong") true ;; *) false ;; esac
    ok $? "$source holds its absence against it"
done
# To somebody else, and dated when the gap of the start is over.
export when='2 hours'
send "$mx" '' alice@example.org carol@remote.example forged-dated forged-dated@example.org
unset when
file=$(report forged-dated)
for source in ledger stamp batv dkim; do
    case $(says $source "$file") in "forged proof" | "forged strong") true ;; *) false ;; esac
    ok $? "$source holds the absence of a later one against it"
done
file=$(report invented)
is "$(place "$file") $(says batv "$file")" 'Junk forged proof' 'one with an invented tag too'

if [ -n "$rspamd" ]; then
    gtube='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
    recorded() { grep -c "milter: recorded <$1@example.org>" "$scratch/log/backstop"; }
    send "$by_rspamd" alice alice@example.org bob@remote.example rspamd rspamd@example.org
    file=$(report rspamd)
    is "$(place "$file")" inbox 'rspamd signs: a report comes back to the inbox'
    for source in ledger stamp batv dkim; do
        is "$(says $source "$file")" 'ours proof' "$source knows it"
    done
    expect_code 255 'what rspamd refuses' send "$by_rspamd" alice alice@example.org bob@remote.example spam spam@example.org "$gtube"
    is "$(recorded spam)" 0 'is not recorded'
    expect_code 255 'with backstop in front of it' send "$before_rspamd" alice alice@example.org bob@remote.example spam spam-too@example.org "$gtube"
    is "$(recorded spam-too)" 1 'it would be'
else
    skip 9 'rspamd is not installed'
fi

is "$(asks prvs=0123abcdef=alice@example.org)" 250 'an address with a tag is taken'
is "$(asks prvs=0123abcdef=nobody@example.org)" 550 'but behind a tag only who has a mailbox'
is "$(asks nobody@example.org)" 550 'as without'
is "$(sed -n 's/.*milter: recorded <\([a-z]*\)@example.org>.*/\1/p' "$scratch/log/backstop" | grep -c '^forged\|^invented')" 0 'nothing that came in was recorded'
plan
