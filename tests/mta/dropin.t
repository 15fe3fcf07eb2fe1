#!/bin/sh
# SPDX-License-Identifier: MIT
# A drop-in: the usual recipe of a mail server with Dovecot, its dovecot-lda, and ours with that one
# path swapped; then its LMTP server and ours. The same messages in, the same mailboxes and the same
# statuses out. What is another on purpose stands in backstop(1), DIFFERENCES.
. "${srcdir:-..}/tests/tap.sh"
. "$srcdir/tests/mta/dovecot-site.sh"
dovecot_site
mkdir "$scratch/m"
perl "$srcdir/tests/mta/dropin-cases" "$scratch/m" >"$scratch/cases"
chmod -R a+rX "$scratch/m"
tab=$(printf '\t')

# PROGRAM NAME: delivers all cases and writes what came of them to $scratch/NAME.
through() {
    fresh_mail
    while IFS="$tab" read -r n user sender alias options; do
        # shellcheck disable=SC2086
        as_vmail "$1" -c "$dv" -f "$sender" -a "$alias" -d "$user" $options <"$scratch/m/$n.eml" >/dev/null 2>>"$scratch/$2.err"
        echo "$n $user status $?"
    done <"$scratch/cases" >"$scratch/$2"
    mail_of >>"$scratch/$2"
    grep '^args' "$site/v/outbox" 2>/dev/null | sed 's/-f *//' | sort >"$scratch/$2.out"
}
compare() { # REAL OURS NAME
    diff "$scratch/$1" "$scratch/$2" >"$scratch/diff"
    is "$(grep -c '^[<>]' "$scratch/diff")" 0 "$3: $(grep -c . "$scratch/$1") lines of statuses and mailboxes are the same"
    head -40 "$scratch/diff" | diag
    diff "$scratch/$1.out" "$scratch/$2.out" | diag
}
through "$lda" real
through "$site/bin/dovecot-lda" ours
compare real ours "dovecot-lda"
head -5 "$scratch/ours.err" | diag

# What is Dovecot's alone is handed on to its own server: nothing is filed where nobody looks.
as_vmail "$site/bin/dovecot-lda" -c "$dv" -f sam@example.com -d jim@example.net <"$scratch/m/001.eml" 2>"$scratch/err"
is "$? $(doveadm -c "$dv" -f flow search -u jim@example.net mailbox INBOX ALL | wc -l)" "0 1" "an sdbox gets its mail by Dovecot's LMTP"
as_vmail "$site/bin/dovecot-lda" -c "$dv" -f sam@example.com -d jim@example.net -o base_dir="$site/none" <"$scratch/m/001.eml" 2>"$scratch/err"
is $? 75 "and waits when nobody can be asked"

# ---- LMTP
# SOCKET NAME: the same messages, but those that need options; what the client is told of each.
through_lmtp() {
    fresh_mail
    while IFS="$tab" read -r n user sender alias options; do
        [ -z "$options" ] || continue
        [ "$sender" != "<>" ] || sender=
        [ "$alias" != "$user" ] && to=$alias || to=$user
        echo "$n $user $(perl "$srcdir/tests/mta/lmtp-client" send "$1" "$sender" "$to" <"$scratch/m/$n.eml" | cut -c1-9 | tr '\n' ' ')"
    done <"$scratch/cases" >"$scratch/$2"
    mail_of >>"$scratch/$2"
    grep '^args' "$site/v/outbox" 2>/dev/null | sed 's/-f *//' | sort >"$scratch/$2.out"
}
"$site/bin/backstop" lmtp --set "dovecot.config=$dv" --set "log.destination=$site/log" --listen="unix:$site/lmtp" 2>"$scratch/server.err" &
server=$!
at_exit="kill $server 2>/dev/null; wait $server 2>/dev/null; $at_exit"
for _ in $(seq 100); do [ -S "$site/lmtp" ] && break; sleep 0.05; done
through_lmtp "$site/run/lmtp" real-lmtp
through_lmtp "$site/lmtp" ours-lmtp
compare real-lmtp ours-lmtp "LMTP"
plan
