#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop config --from-dovecot: what doveconf -n of 2.3 and of 2.4 prints, in our settings, and each line that
# has no counterpart named.
. "${srcdir:-..}/tests/tap.sh"

has() { # LINE: does the translation have it?
    grep -qxF "$1" "$scratch/conf"
    ok $? "$version: $1"
}
names() { # LINE-NUMBER: is it named as one without a counterpart?
    grep -q "^# line $1: " "$scratch/conf"
    ok $? "$version: line $1 is named"
}
holds() { # is it a configuration of ours?
    check "$version: it is a configuration" "$BACKSTOP" -c "$scratch/conf" config
}

version=2.3
cat >"$scratch/2.3" <<'EOF'
# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
mail_location = maildir:%h/Maildir:LAYOUT=fs
lda_mailbox_autocreate = no
sendmail_path = /usr/sbin/exim
recipient_delimiter = -
namespace inbox {
  prefix = INBOX.
  mailbox "Junk Mail" {
    autoexpunge = 14d
    special_use = \Junk
  }
  mailbox Sent {
    special_use = \Sent
  }
}
plugin {
  quota = maildir:User quota
  sieve = file:%h/scripts;active=%h/.active.sieve
  sieve_before = /etc/sieve/b1.sieve
  sieve_before2 = /etc/sieve/b2
  sieve_after = /etc/sieve/%u.sieve
  sieve_default = /etc/sieve/default.sieve
  sieve_global = /etc/sieve/global
  sieve_extensions = +editheader -vnd.dovecot.execute
  sieve_plugins = sieve_extprograms
  sieve_pipe_bin_dir = /etc/sieve/bin
  sieve_pipe_exec_timeout = 1m
  sieve_vacation_default_subject = Out of office, back soon
  sieve_spamtest_max_value = 5.0
  sieve_env_folder = Junk
  sieve_quota_max_scripts = 10
}
service imap {
  process_limit = 10
}
EOF
expect_code 1 "2.3: some lines have no counterpart" "$BACKSTOP" config --from-dovecot "$scratch/2.3"
cp "$scratch/out" "$scratch/conf"
has '[store]'
has 'location = maildir:~/Maildir:LAYOUT=fs'
has 'create-folders = no'
has 'command = /usr/sbin/exim'
has 'recipient_delimiter = -'
has 'folder = Junk Mail'
has 'expire = 14d'
has 'special-use = Sent=\Sent'
has 'scripts = ~/.active.sieve'
has 'personal = ~/scripts'
has 'before = /etc/sieve/b1.sieve /etc/sieve/b2'
has 'after = /etc/sieve/%u.sieve'
has 'default = /etc/sieve/default.sieve'
has 'global = /etc/sieve/global'
has 'sieve_extensions = +editheader -vnd.dovecot.execute'
has 'sieve_pipe_exec_timeout = 1m'
has 'sieve_vacation_default_subject = Out of office, back soon'
has 'sieve_env_folder = Junk'
has '# 1 other lines are about IMAP, logins and the like.'
for line in 7 10 17 31; do names $line; done
is "$(grep -c '^# line' "$scratch/conf")" 4 "2.3: and no other"
holds

version=2.4
cat >"$scratch/2.4" <<'EOF'
# 2.4.1: /etc/dovecot/dovecot.conf
mail_driver = mbox
mail_path = ~/mail
mail_inbox_path = %{home}/mbox
sieve_script mine {
  active_path = ~/.dovecot.sieve
  driver = file
  path = ~/sieve
}
sieve_script first {
  path = /etc/sieve/b1.sieve
  type = before
}
sieve_script last {
  path = /etc/sieve/after
  type = after
}
sieve_script stored {
  driver = dict
}
sieve_extensions {
  editheader = no
  vnd.dovecot.pipe = yes
}
sieve_global_extensions {
  vnd.dovecot.pipe = yes
}
sieve_editheader_header X-Secret {
  forbid_add = yes
  forbid_delete = no
}
sieve_environment folder {
  value = Junk
}
sieve_extlists_list tag:example.com,2026:friends {
  dict file {
    path = /etc/sieve/friends
  }
}
sieve_spamtest_status_header = "X-Spam: [a-z]+, \"score\"=([0-9]\\.[0-9])"
sieve_virustest_text_value {
  1 = Clean
}
sieve_no_such_thing = 1
quota "User quota" {
  storage_size = 1G
}
submission_host = mail.example.org:587
EOF
expect_code 1 "2.4: some lines have no counterpart" "$BACKSTOP" config --from-dovecot - <"$scratch/2.4"
cp "$scratch/out" "$scratch/conf"
has 'location = mbox:~/mbox'
has 'scripts = ~/.dovecot.sieve'
has 'personal = ~/sieve'
has 'before = /etc/sieve/b1.sieve'
has 'after = /etc/sieve/after'
has 'lists = tag:example.com%2C2026:friends=/etc/sieve/friends'
has 'sieve_extensions = -editheader +vnd.dovecot.pipe'
has 'sieve_global_extensions = +vnd.dovecot.pipe'
has 'sieve_editheader_forbid_add = X-Secret'
has 'sieve_environment/folder = Junk'
has 'sieve_spamtest_status_header = X-Spam: [a-z]+, "score"=([0-9]\.[0-9])'
has 'sieve_virustest_text_value/1 = Clean'
has 'server = smtp://mail.example.org:587'
for line in 19 44 46; do names $line; done
is "$(grep -c '^# line' "$scratch/conf")" 3 "2.4: and no other"
holds

version=quota
printf 'plugin {\n  quota_rule = *:storage=1G:messages=5000\n}\n' >"$scratch/quota"
"$BACKSTOP" config --from-dovecot "$scratch/quota" >"$scratch/conf"
has 'storage = 1G'
has 'messages = 5000'
holds
printf 'quota_rule = *:storage=2048\n' | "$BACKSTOP" config --from-dovecot - >"$scratch/conf"
has 'storage = 2048k'
printf 'quota_rule = Trash:storage=+10%%%%\n' | "$BACKSTOP" config --from-dovecot - >"$scratch/conf"
names 1
printf 'mail_location = maildir:~/Maildir\n' >"$scratch/plain"
expect_code 0 "all of it has a counterpart" "$BACKSTOP" config --from-dovecot "$scratch/plain"
expect_code 75 "a file that is not there" "$BACKSTOP" config --from-dovecot "$scratch/none"
head -c 100000 /dev/urandom >"$scratch/noise"
"$BACKSTOP" config --from-dovecot "$scratch/noise" >"$scratch/out" 2>&1
[ $? -le 75 ]
ok $? "noise is no crash"
if command -v doveconf >/dev/null && doveconf -n >"$scratch/real" 2>/dev/null; then
    "$BACKSTOP" config --from-dovecot "$scratch/real" >"$scratch/conf" 2>/dev/null
    version=doveconf holds
else
    skip 1 "doveconf is not here"
fi
plan
