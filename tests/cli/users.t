#!/bin/sh
# SPDX-License-Identifier: MIT
# [users] source: who a user is, by each place where users may be kept; what is said of him counts; a
# place that cannot be asked defers, and only a definite no is one.
. "${srcdir:-..}/tests/tap.sh"

conf=$scratch/site.conf
v=$scratch/v
mkdir -p "$v/example.org/ann" "$v/ben"
site() { printf '[users]\nsource = %s\n%s\n' "$1" "$2" >"$conf"; chmod 644 "$conf"; }
may_reject=yes
to() { # USER [OPTION...]: delivers a message to him; $status
    name=$1; shift
    printf 'From: sam@example.com\nSubject: hello\n\ntext\n' |
        as_mta env -i PATH="$PATH" BACKSTOP_MODULE_DIR="$BACKSTOP_MODULE_DIR" "$BACKSTOP" -c "$conf" --set log.destination=stderr "$@" -d "$name" 2>"$scratch/err"
    status=$?
}
mails() { find "$1" -type f -path '*/new/*' 2>/dev/null | wc -l; }
uid=$(id -u) gid=$(id -g)
own=$(id -un)
[ "$uid" -ne 0 ] || { uid=65534 gid=65534; chmod 711 "$scratch"; chown -R 65534:65534 "$v"; }

# ---- A passwd-file
cat >"$scratch/users" <<END
# users
ann@example.org:{PLAIN}secret:$uid:$gid::$v/example.org/ann::
ben@example.org:x:$uid:$gid::$v/ben::userdb_mail=maildir:~/box userdb_quota_rule=*:storage=1G
bare:x:$uid:$gid::$v/bare::
nohome@example.org:x:$uid:$gid::::userdb_mail=maildir:$v/nohome/%n
below@example.org:x:$uid:$gid::$v/./below::
root@example.org:x:0:0::$v/root::
bad@example.org:x:many:$gid::$v/bad::
elsewhere@example.org:x:$((uid + 1)):$gid::$v/elsewhere::
chars@example.org:x:$uid:$gid::relative/home::
END
chmod 644 "$scratch/users"
site "passwd-file:$scratch/users"
to ann@example.org
is "$status $(mails "$v/example.org/ann/Maildir")" "0 1" "a user of a passwd-file: his home's Maildir"
to ANN@Example.ORG
is "$status $(mails "$v/example.org/ann/Maildir")" "0 2" "whatever the case"
to ben@example.org
is "$status $(mails "$v/ben/box")" "0 1" "one with a place of his own for mail"
to nohome@example.org
is "$status $(mails "$v/nohome/nohome")" "0 1" "one without a home: where his mail lies"
is "$(find "$v/nohome" -name '.l*')" "" "and no folder with a dot appears in his maildir"
to bare
is "$status $(mails "$v/bare/Maildir")" "0 1" "one without a domain"
printf 'tight@example.org:x:%s:%s::%s::userdb_quota_rule=*:bytes=10\n' "$uid" "$gid" "$v/tight" >>"$scratch/users"
to tight@example.org
is "$status $(mails "$v/tight/Maildir")" "75 0" "his quota is kept: what does not fit waits"
to below@example.org
is "$status $(mails "$v/below/Maildir")" "0 1" "a chroot's mark in the home"
to bare@example.org
is "$status" 67 "a domain is no ornament: no such user"
to nobody-such@example.org
is "$status" 67 "no such user"
for user in root bad chars; do
    to "$user@example.org"
    is "$status $(mails "$v/$user")" "75 0" "an entry that makes no sense waits: $user"
done
[ "$(id -u)" -eq 0 ] || { to elsewhere@example.org; is "$status" 75 "who is no root delivers for himself alone"; }
for name in '' ../ann@example.org 'a:b@example.org' "$(printf 'a\nb')" '#' ; do
    to "$name"
    [ "$status" -eq 67 ] || [ "$status" -eq 75 ]
    ok $? "odd name \"$(printf %s "$name" | tr '\n' ' ')\": $status"
done
site "passwd-file:$scratch/none"
to ann@example.org
is "$status" 75 "a file that is not there is no answer"
mkdir "$scratch/example.org"
printf 'ann:x:%s:%s::%s::\n' "$uid" "$gid" "$v/example.org/ann" >"$scratch/example.org/users"
chmod -R a+rX "$scratch/example.org"
site "passwd-file:username_format=%n:$scratch/%d/users"
to ann@example.org
is "$status $(mails "$v/example.org/ann/Maildir")" "0 3" "a file for each domain, and how names stand in it"

# ---- What the site says for all
printf 'ann@example.org:x::::::\n' >"$scratch/short"
chmod 644 "$scratch/short"
site "passwd-file:$scratch/short" "home = $v/%d/%n
uid = $uid
gid = $gid
[store]
location = maildir:~/by-%{user|domain}/%Un%%"
to ann@example.org
is "$status $(mails "$v/example.org/ann/by-example.org/ANN%")" "0 1" "[users] home, uid, gid; variables in [store] location"
site "passwd-file:$scratch/short" "home = $v/%d/%n
uid = $uid
gid = $gid
[store]
location = maildir:~/%x"
to ann@example.org
is "$status" 75 "a variable that there is not"
if [ "$(id -u)" -eq 0 ]; then
    site "passwd-file:$scratch/short" "home = $v/%d/%n"
    to ann@example.org
    is "$status" 75 "root, and nothing says whose files they are to be"
    is "$(find "$v" -user 0 | wc -l)" 0 "nothing of a user's is root's"
    site "passwd-file:$scratch/short" "home = $v/%d/%n
uid = nobody
gid = $(id -gn nobody)"
    to ann@example.org
    is "$status" 0 "account and group by name"
fi

# ---- Directories
site "template:$v/%d/%n" "uid = $uid
gid = $gid"
to ann@example.org
is "$status" 0 "template: a directory that is there is a user"
to cat@example.org
is "$status" 75 "one that is not there may be away"
site "template:$v/%d/%n" "uid = $uid
gid = $gid
missing-home = refuse"
to cat@example.org
is "$status" 67 "refuse: it is no user"
site "template:$v/%d/%n" "uid = $uid
gid = $gid
missing-home = create"
to cat@example.org
is "$status $(mails "$v/example.org/cat/Maildir")" "0 1" "create: it is made"

# ---- Several, in order
site "passwd-file:$scratch/short passwd-file:$scratch/users passwd" "home = $v/first
uid = $uid
gid = $gid"
to ann@example.org
is "$status $(mails "$v/first/Maildir")" "0 1" "the first that knows him"
to ben@example.org
is "$status" 0 "else the next"
to nobody-such@example.org
is "$status" 67 "and no such user when all say so, the system's users too"
site "passwd-file:$scratch/none passwd-file:$scratch/users"
to ben@example.org
is "$status" 75 "who cannot be asked may know better than the next"
site "nowhere:$scratch/users"
to ben@example.org
is "$status" 75 "a source that there is not"

# ---- Dovecot's auth
cat >"$scratch/auth" <<'END'
use IO::Socket::UNIX;
my ($path, $v, $uid, $gid) = @ARGV;
my $server = IO::Socket::UNIX->new(Local => $path, Listen => 5) or die "$path: $!";
chmod 0666, $path;
while (my $client = $server->accept) {
    my ($version, $request) = (scalar <$client>, scalar <$client>);
    my ($verb, $id, $user, @rest) = split /\t/, $request =~ s/\n//r;
    my $head = "VERSION\t1\t2\nSPID\t123\n";
    print $client
        $user =~ /^fail/ ? "${head}FAIL\t$id\treason=a database\1tis away\n" :
        $user =~ /^gone/ ? $head :
        $user =~ /^old/ ? "VERSION\t2\t0\nUSER\t$id\t$user\tuid=$uid\tgid=$gid\thome=$v/old\n" :
        $user =~ /^odd/ ? "${head}USER\t$id\t$user\tuid=$uid\tgid=$gid\thome=$v/odd\1thome\tmail=maildir:~/m\n" :
        $user =~ /^other/ ? "${head}USER\t99\tx\tuid=$uid\tgid=$gid\thome=$v/x\nUSER\t$id\tcanonical\@example.org\tuid=$uid\tgid=$gid\thome=$v/canon\tquota_rule=*:bytes=100000\n" :
        "${head}NOTFOUND\t$id\n";
    close $client;
}
END
perl "$scratch/auth" "$scratch/auth.sock" "$v" "$uid" "$gid" &
auth=$!
at_exit="kill $auth 2>/dev/null"
for _ in $(seq 100); do [ -S "$scratch/auth.sock" ] && break; sleep 0.05; done
site "dovecot-auth:$scratch/auth.sock"
to odd@example.org
is "$status $(mails "$v/odd	home/m")" "0 1" "dovecot-auth: fields, with their escapes"
to other@example.org
is "$status $(mails "$v/canon/Maildir")" "0 1" "the answer to our question, and his name as it is kept"
to none@example.org
is "$status" 67 "NOTFOUND: no such user"
for user in fail gone old; do
    to "$user@example.org"
    is "$status" 75 "$user: that is no answer"
done
to fail@example.org
grep -q 'a database.*is away' "$scratch/err"
ok $? "Dovecot's reason is told"
kill $auth
site "dovecot-auth:$scratch/no.sock"
to odd@example.org
is "$status" 75 "nobody listens"

# ---- A spool of mail where users make no files
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 2755 "$scratch/spool"
    chgrp mail "$scratch/spool" 2>/dev/null || chgrp 12 "$scratch/spool"
    chmod 2755 "$scratch/spool"
    group=$(stat -c %g "$scratch/spool")
    site "passwd-file:$scratch/users" "[store]
location = mbox:$scratch/spool/%n"
    to ann@example.org
    is "$status $(stat -c '%u %g %a' "$scratch/spool/ann") $(grep -c '^Subject: hello' "$scratch/spool/ann")" "0 $uid $group 660 1" \
        "root makes the spool file: the user's, the spool's group, no more"
    ln -s "$scratch/victim" "$scratch/spool/ben"
    to ben@example.org --set "store.location=mbox:$scratch/spool/%n"
    is "$(ls "$scratch/victim" 2>/dev/null)" "" "no link there is followed"
fi

# ---- Who we are then
site "passwd-file:$scratch/users" "[sieve]
settings = sieve_plugins=sieve_extprograms"
mkdir -p "$v/example.org/ann/.config/backstop"
printf '[store]\nlocation = ~/Elsewhere\n' >"$v/example.org/ann/.config/backstop/backstop.conf"
[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$v"
cp "$conf" "$scratch/all.conf"
to ann@example.org
is "$status $(mails "$v/example.org/ann/Elsewhere")" "0 0" "-c names the one configuration that is read"
cat >"$v/example.org/ann/.procmailrc" <<'END'
:0
* ? echo "$LOGNAME $HOME" > $HOME/who
seen/
END
[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$v"
to ann@example.org
is "$status $(cat "$v/example.org/ann/who")" "0 ann@example.org $v/example.org/ann" \
    "his rc file runs, and is told of the mail user, not of the account"
is "$own" "$(id -un)" "and we are who we were"
plan
