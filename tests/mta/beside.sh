# SPDX-License-Identifier: MIT
# For tests of mail servers that cannot be installed beside each other: one that `quickstart check` has
# unpacked in build/beside/NAME runs in a mount namespace, where its files lie where it was built for,
# its users exist, and /etc, /run and /var can be written to without a trace.
#
#   beside NAME PROGRAM USER...   is it here? else the test is skipped. Sets $beside, and $etc and $var:
#                                 what the namespace has over the system's; USERs get numbers from 61501,
#                                 "nobody" gets $home as home. $mount does it, in a shell of its own.
#   in_beside COMMAND...          runs a command in a namespace of its own
PATH=$PATH:/usr/sbin:/sbin
beside() {
    name=$1 program=$2; shift 2
    [ "$(id -u)" -eq 0 ] || skip_all "a mail server of its own takes root"
    unshare -m true 2>/dev/null || skip_all "there are no mount namespaces here"
    beside=${BACKSTOP%/*}/beside/$name
    command -v "$program" >/dev/null || [ -x "$beside/usr/sbin/$program" ] ||
        skip_all "$name is neither installed nor unpacked in $beside"
    umask 022
    chmod 711 "$scratch"
    home=$scratch/nobody etc=$scratch/etc var=$scratch/var
    mkdir -p "$home" "$etc" "$var" "$scratch/bin" "$scratch/none/usr" "$scratch/none/var"
    chown nobody "$home"
    cp "$BACKSTOP" "${BACKSTOP%/*}"/backstop-* "$scratch/bin/"
    grep -v "^nobody:" /etc/passwd >"$etc/passwd"
    cp /etc/group "$etc/group"
    echo "nobody:x:$(id -u nobody):$(id -g nobody)::$home:/bin/sh" >>"$etc/passwd"
    number=61500
    for user do
        number=$((number + 1))
        grep -q "^$user:" "$etc/passwd" || echo "$user:x:$number:$number::/:/bin/false" >>"$etc/passwd"
        grep -q "^$user:" "$etc/group" || echo "$user:x:$number:" >>"$etc/group"
    done
    [ -d "$beside/usr" ] || beside=$scratch/none
    mkdir -p "$beside/var"
    cat >"$scratch/mount" <<END
mount -t tmpfs tmpfs /mnt || exit 99
mkdir /mnt/etc /mnt/etc.work /mnt/var /mnt/var.work
mount -t overlay overlay -o "lowerdir=$beside/usr:/usr" /usr &&
    mount -t overlay overlay -o "lowerdir=$etc:/etc,upperdir=/mnt/etc,workdir=/mnt/etc.work" /etc &&
    mount -t overlay overlay -o "lowerdir=$var:$beside/var:/var,upperdir=/mnt/var,workdir=/mnt/var.work" /var &&
    mount -t tmpfs tmpfs /run || exit 99
END
    in_beside true || skip_all "no file systems can be laid over others here"
}
in_beside() { unshare -m sh -c ". '$scratch/mount'; exec \"\$@\"" - "$@"; }
