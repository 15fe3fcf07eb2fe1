# SPDX-License-Identifier: MIT
# For tests beside a real Dovecot: the usual recipe of a mail server (two virtual domains in a
# passwd-file, one account that owns all mail, quota, a global script, users' own scripts, places and
# homes), with sockets of its own and nothing of the system's touched.
#
#   dovecot_site            makes the site in $site and starts Dovecot; skips the test where there is none.
#                           $dv is its configuration, $vmail the account (nobody's numbers)
#   fresh_mail              empties the users' homes and puts their scripts and folders there
#   mail_of                 what lies where: "user folder flags subject", sorted
#   as_vmail COMMAND...     runs it as the account, with the environment that pipe(8) gives
PATH=$PATH:/usr/sbin:/sbin
lda=/usr/lib/dovecot/dovecot-lda
dovecot_site() {
    [ "$(id -u)" -eq 0 ] || skip_all "a Dovecot of its own takes root"
    command -v dovecot >/dev/null && [ -x "$lda" ] || skip_all "Dovecot is not installed"
    [ -d /usr/lib/dovecot/modules ] && ls /usr/lib/dovecot/modules/*sieve* >/dev/null 2>&1 || skip_all "Pigeonhole is not installed"
    command -v setpriv >/dev/null || skip_all "setpriv is not installed"
    umask 022
    chmod 711 "$scratch"
    site=$scratch/site dv=$scratch/site/dovecot.conf vmail=65534
    mkdir -p "$site/run" "$site/v" "$site/sieve/before.d" "$site/bin" "$site/vhome"
    chown $vmail:$vmail "$site/v" "$site/vhome"
    for part in "$BACKSTOP" "${BACKSTOP%/*}"/backstop-*; do [ ! -f "$part" ] || cp "$part" "$site/bin/"; done
    ln -s backstop "$site/bin/dovecot-lda"
    unset BACKSTOP_MODULE_DIR
    site_files
    : >"$site/dovecot.log"
    chmod 666 "$site/dovecot.log"
    cat >"$dv" <<END
base_dir = $site/run
log_path = $site/dovecot.log
protocols = lmtp
listen = 127.0.0.1
ssl = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
auth_mechanisms = plain
first_valid_uid = 1000
mail_location = maildir:~/Maildir
mail_home = $site/v/%d/%n
mail_uid = $vmail
mail_gid = $vmail
postmaster_address = postmaster@example.org
hostname = mx.example.org
recipient_delimiter = +
sendmail_path = $site/sendmail
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $site/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $site/users
}
namespace inbox {
  inbox = yes
  mailbox Junk {
    special_use = \\Junk
  }
}
protocol lda {
  mail_plugins = \$mail_plugins sieve $quota_plugin
}
protocol lmtp {
  mail_plugins = \$mail_plugins sieve $quota_plugin
}
service auth {
  unix_listener auth-userdb {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
plugin {
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_before = $site/sieve/before.d
  sieve_default = $site/sieve/default.sieve
  sieve_global = $site/sieve/global
  quota = maildir:User quota
  quota_rule = *:storage=100M
}
END
    dovecot -c "$dv" >"$site/start" 2>&1 || {
        cat "$site/start" "$site/dovecot.log" 2>/dev/null | diag
        skip_all "this Dovecot does not start here"
    }
    at_exit='dovecot -c "$dv" stop >/dev/null 2>&1; '$at_exit
    for _ in $(seq 100); do [ -S "$site/run/auth-userdb" ] && [ -S "$site/run/lmtp" ] && break; sleep 0.05; done
}
site_files() {
    cat >"$site/users" <<END
ann@example.org:x::::::
bob@example.org:x:$vmail:$vmail::$site/v/elsewhere/bob::
cat@example.org:x::::::userdb_mail=maildir:~/mymail
dan@example.org:x::::::userdb_mail=maildir:$site/v/flat/%d-%n
eve@example.org:x::::::
fay@example.net:x::::$site/v/fay::userdb_sieve=file:$site/sieve/fay.sieve
gil@example.net:x::::::userdb_mail=mbox:~/mail:INBOX=~/mbox
hal@example.net:x::::::userdb_mail=maildir:~/Maildir:LAYOUT=fs
ivy@example.net:x:65533:65533::$site/v/ivy::
joe@example.net:x::::::userdb_mail=mbox:~/folders:INBOX=~/in.mbox:INDEX=~/index
jim@example.net:x::::::userdb_mail=sdbox:~/sdbox
kim@example.net:x::::::
lou@example.net:x::::::
END
    cat >"$site/sieve/before.d/10-spam.sieve" <<'END'
require ["fileinto", "mailbox"];
if header :contains "X-Spam-Flag" "YES" { fileinto :create "Junk"; stop; }
END
    cat >"$site/sieve/default.sieve" <<'END'
require ["fileinto", "imap4flags"];
if header :contains "subject" "[default]" { addflag "\\Flagged"; keep; }
END
    mkdir -p "$site/sieve/global"
    echo 'require "fileinto"; if header :contains "subject" "[global]" { fileinto "Shared"; }' >"$site/sieve/global/common.sieve"
    echo 'require "fileinto"; if header :contains "subject" "report" { fileinto "Reports"; }' >"$site/sieve/fay.sieve"
    chmod -R a+rX "$site/sieve"
    cat >"$site/sendmail" <<END
#!/bin/sh
{ echo "args: \$*"; cat; } >>"$site/v/outbox" 2>/dev/null
END
    chmod 755 "$site/sendmail"
}
user_script() { # HOME: the script on standard input
    mkdir -p "$1/sieve"
    cat >"$1/.dovecot.sieve"
}
fresh_mail() {
    rm -rf "$site/v" "$site/vhome"
    mkdir -p "$site/v" "$site/vhome" "$site/v/elsewhere" "$site/v/flat" "$site/v/example.org/eve/Maildir/.Lists" \
        "$site/v/example.net/kim/Maildir/.Work.Deep" "$site/v/example.net/hal/Maildir/Lists/Work" \
        "$site/v/example.net/gil/mail" "$site/v/ivy"
    for dir in "$site/v/example.org/eve/Maildir/.Lists" "$site/v/example.net/kim/Maildir/.Work.Deep" \
        "$site/v/example.net/hal/Maildir/Lists/Work"; do mkdir -p "$dir/new" "$dir/cur" "$dir/tmp"; done
    : >"$site/v/example.net/gil/mail/Lists"
    user_script "$site/v/example.org/eve" <<'END'
require ["fileinto", "envelope", "subaddress", "imap4flags", "copy", "include", "variables", "reject", "vacation"];
if header :contains "subject" "[list]" { fileinto "Lists"; stop; }
if header :contains "subject" "[missing]" { fileinto "NotThere"; stop; }
if header :contains "subject" "[copy]" { fileinto :copy "Lists"; }
if header :contains "subject" "[drop]" { discard; stop; }
if header :contains "subject" "[seen]" { setflag "\\Seen"; keep; stop; }
if header :contains "subject" "[away]" { redirect "eve@example.com"; stop; }
if header :contains "subject" "[no]" { reject "no thanks"; stop; }
if header :contains "subject" "[vac]" { vacation :addresses "eve@example.org" "away"; }
if envelope :detail "to" "lists" { fileinto "Lists"; stop; }
include :optional :global "common";
END
    user_script "$site/v/example.net/kim" <<'END'
require ["fileinto", "mailbox", "environment", "variables"];
if header :contains "subject" "[deep]" { fileinto "Work.Deep"; stop; }
if header :contains "subject" "[make]" { fileinto :create "Made.Here"; stop; }
if header :contains "subject" "[whole]" { fileinto "INBOX"; fileinto "Work.Deep"; stop; }
END
    user_script "$site/v/example.net/hal" <<'END'
require ["fileinto", "mailbox"];
if header :contains "subject" "[deep]" { fileinto "Lists/Work"; stop; }
if header :contains "subject" "[make]" { fileinto :create "Made/Here"; stop; }
END
    user_script "$site/v/example.net/gil" <<'END'
require ["fileinto", "mailbox"];
if header :contains "subject" "[list]" { fileinto "Lists"; stop; }
if header :contains "subject" "[make]" { fileinto :create "Made"; stop; }
END
    cp "$site/v/example.net/gil/.dovecot.sieve" "$scratch/gil.sieve"
    mkdir -p "$site/v/example.net/joe/folders"
    user_script "$site/v/example.net/joe" <"$scratch/gil.sieve"
    : >"$site/v/example.net/joe/folders/Lists"
    user_script "$site/v/example.net/lou" <<'END'
require "fileinto"; this is no script
END
    chown -R $vmail:$vmail "$site/v" "$site/vhome"
    chown -R 65533:65533 "$site/v/ivy"
}
as_vmail() {
    setpriv --reuid=$vmail --regid=$vmail --clear-groups env -i PATH=/usr/bin:/bin HOME="$site/vhome" USER=nobody "$@"
}
# One line a message; the letters of a name are its flags; an mbox's are in its fields.
mail_of() {
    perl -MFile::Find -e '
        my ($v) = @ARGV;
        my @out;
        my $subject = sub { my ($text) = @_; $text =~ /^Subject: *(.*)$/mi ? $1 : "?" };
        find({ no_chdir => 1, wanted => sub {
            return unless -f $_;
            my $path = substr $_, length($v) + 1;
            if ($path =~ m{^(.*)/(?:new|cur)/([^/]*)$}) {
                my ($folder, $name) = ($1, $2);
                my $flags = $name =~ /:2,([A-Z]*)/ ? $1 : "";
                open my $f, "<", $_ or die "$_: $!";
                local $/;
                push @out, "$folder [$flags] " . $subject->(<$f>);
            } elsif ($path =~ m{(^|/)(mail|folders|mbox|in\.mbox)(/|$)} && $path !~ m{/\.(imap|subscriptions)|dovecot[.-]|\.lock$}) {
                open my $f, "<", $_ or die "$_: $!";
                local $/;
                my $text = <$f> // "";
                push @out, "$path [] " . $subject->($_) for grep { /^Message-ID:/mi } split /^(?=From )/m, $text;
            }
        } }, $v);
        print "$_\n" for sort @out;' "$site/v"
}
