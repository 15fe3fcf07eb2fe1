# SPDX-License-Identifier: MIT
# Two ordinary users of a test's own, alice (61001) and bob (61002), with homes in $scratch/users and a
# mail spool of their own: . "$srcdir/tests/users.sh" after tap.sh. They exist in a mount namespace
# only; the machine's user database and /var/mail are left as they are.
#
#   with_users         true when such users can be made here (root, and allowed to mount); else $why_not
#   world COMMAND...   runs COMMAND as root where they exist;   as NAME COMMAND...: as that user there
#   spool              the directory that is /var/mail there
why_not="needs root, who may mount, to make two users"
users=$scratch/users
spool=$scratch/spool
with_users() {
    [ "$(id -u)" -eq 0 ] || return 1
    command -v setpriv >/dev/null || return 1
    [ -d /var/mail ] || return 1
    chmod 711 "$scratch"
    mkdir -p "$users" "$spool"
    chmod 755 "$users"
    chmod 3777 "$spool"
    { grep -vE '^(alice|bob):' /etc/passwd
      printf '%s:x:%d:%d::%s:/bin/sh\n' alice 61001 61001 "$users/alice" bob 61002 61002 "$users/bob"
    } >"$scratch/passwd"
    { grep -vE '^(alice|bob):' /etc/group; printf 'alice:x:61001:\nbob:x:61002:\n'; } >"$scratch/group"
    chmod 644 "$scratch/passwd" "$scratch/group"
    for user in alice bob; do
        mkdir -p "$users/$user"
        chown "6100$([ $user = alice ] && echo 1 || echo 2):6100$([ $user = alice ] && echo 1 || echo 2)" \
            "$users/$user"
        chmod 755 "$users/$user"
    done
    world true 2>/dev/null
}
world() {
    unshare -m sh -c 'mount --make-rprivate / && mount --bind "$1/passwd" /etc/passwd &&
        mount --bind "$1/group" /etc/group && mount --bind "$1/spool" /var/mail || exit 99
        shift
        exec "$@"' world "$scratch" "$@"
}
as() {
    user=$1; shift
    world setpriv --reuid="$user" --regid="$user" --clear-groups env HOME="$users/$user" "$@"
}
