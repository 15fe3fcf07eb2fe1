#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop lmtp with each of its system calls failing once: 250 means that the message is there, else
# it is put off, never refused; and when the client tries again there is one copy.
. "${srcdir:-..}/tests/tap.sh"
command -v strace >/dev/null && strace -f -qq -o /dev/null true 2>/dev/null || skip_all "strace cannot be used here"
chmod 711 "$scratch"
vmail=$scratch/v
mkdir "$vmail" "$vmail/ann" "$scratch/bin"
for part in "$BACKSTOP" "${BACKSTOP%/*}"/backstop-*; do
    [ ! -f "$part" ] || cp "$part" "$scratch/bin/"
done
chmod -R go+rX "$scratch/bin"
unset BACKSTOP_MODULE_DIR
as_user="env HOME=$vmail"
if [ "$(id -u)" -eq 0 ]; then
    command -v setpriv >/dev/null || skip_all "setpriv is not installed"
    chown -R 65534:65534 "$vmail"
    as_user="setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$vmail"
fi
converse() { # [PROGRAM OPTION...]: the reply for the message, or nothing
    timeout 30 $as_user "$@" "$scratch/bin/backstop" lmtp --set "lmtp.home=$vmail/%n" --set log.destination=none \
        <"$scratch/talk" 2>/dev/null | tr -d '\r' | sed -n '/^354/,$p' | sed -n 2p | cut -c 1-3
}
count() { find "$vmail/ann/Maildir" -type f \( -path '*/new/*' -o -path '*/cur/*' \) 2>/dev/null | wc -l; }
tries() { # SYSCALL HOW-MANY
    bad= put_off=0
    for n in $(seq "$2"); do
        rm -rf "$vmail/ann/Maildir"
        printf 'LHLO x\r\nMAIL FROM:<s@x.example>\r\nRCPT TO:<ann@d>\r\nDATA\r\nReceived: by q id %s; %s\r\nSubject: i\r\n\r\nbody\r\n.\r\nQUIT\r\n' \
            "$1$n" "$(date -R)" >"$scratch/talk"
        reply=$(converse strace -f -qq -o /dev/null -e "inject=$1:error=EIO:when=$n")
        case $reply-$(count) in
            250-1) ;;
            451-[01] | -[01]) put_off=$((put_off + 1)) ;;
            *) bad="$bad $n: '$reply', $(count) copies;" ;;
        esac
        again=$(converse)
        [ "$again-$(count)" = 250-1 ] || bad="$bad $n: then '$again', $(count) copies;"
    done
    is "$bad" "" "$1 fails: put off $put_off of $2 times"
}
tries fsync 4
tries writev 4
tries write 4
tries linkat 2
tries mkdirat 4
tries pipe2 2
tries clone 2
tries poll 6
tries wait4 2
tries fchmod 3

# A delivery that is put off and cannot say so: its silence must not be taken for success.
rm -rf "$vmail/ann/Maildir"
printf 'LHLO x\r\nMAIL FROM:<s@x.example>\r\nRCPT TO:<ann@d>\r\nDATA\r\nSubject: mute\r\n\r\nbody\r\n.\r\nQUIT\r\n' >"$scratch/talk"
reply=$(converse strace -f -qq -o "$scratch/trace" -e inject=fsync:error=EIO -e inject=writev:error=EIO)
case $reply-$(count) in 451-* | -*) mute=0 ;; *) mute=1 ;; esac
ok $mute "a delivery that fails without a word is put off (reply $reply, $(count) copies)"
plan
