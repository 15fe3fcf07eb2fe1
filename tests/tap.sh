# SPDX-License-Identifier: MIT
# What every shell test begins with: `. "${srcdir:-..}/tests/tap.sh"`. Tests run in the build
# directory; each gets a home of its own under $scratch, which goes away with it.
#
#   plan [N]                     the plan: first with the number, or last without one
#   ok STATUS DESC               passes when STATUS is 0
#   is GOT WANTED DESC           compares two strings
#   check DESC COMMAND...        passes when the command exits 0; its output is shown when not
#   check_same FILE WANTED DESC  compares two files, byte by byte
#   expect_code N DESC COMMAND.. passes when the command exits N; output in $scratch/out, /err
#   skip N WHY                   N tests that cannot be run here;  skip_all WHY: none of them can, or
#                                none of the rest
#   mail_date [SECONDS]          a Date field's value so many seconds ago (3600): mail is judged by how
#                                old it is, so what a test writes is never of a fixed day
#   until_true SECONDS COMMAND.. waits for it;  free_port: a port of loopback that nobody listens at
#   as_mta COMMAND...            runs a delivery as an MTA would; status 99: a bounce that must not be,
#                                may_reject=yes allows what a rule refuses.  deliver: the same, of ours
srcdir=$(cd "${srcdir:-..}" && pwd) || exit 1
BACKSTOP=${BACKSTOP:-$PWD/backstop}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/backstop-test.XXXXXX") || exit 1
at_exit=:   # a test adds its own clean-up here
trap 'status=$?; eval "$at_exit"; chmod -R u+rwX "$scratch"; rm -rf "$scratch"; exit $status' EXIT
trap 'exit 1' HUP INT TERM
HOME=$scratch/home
mkdir "$HOME"
export srcdir BACKSTOP HOME scratch
unset SENDER RECIPIENT ORIGINAL_RECIPIENT EXTENSION DOMAIN LOCAL_PART LOCAL MAIL MAILDIR XDG_STATE_HOME \
    XDG_CONFIG_HOME
umask 077
test_count=0

plan() { echo "1..${1:-$test_count}"; }
diag() { sed 's/^/# /' >&2; }
ok() {
    test_count=$((test_count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $test_count - $2"; else echo "not ok $test_count - $2"; fi
}
is() {
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || printf '%s\n   got: %s\nwanted: %s\n' "$3" "$1" "$2" | diag
}
check() {
    what=$1; shift
    "$@" >"$scratch/said" 2>&1
    status=$?
    ok $status "$what"
    [ $status -eq 0 ] || { echo "$what: status $status: $*"; cat "$scratch/said"; } | diag
}
check_same() {
    cmp "$1" "$2" >"$scratch/cmp" 2>&1
    status=$?
    ok $status "$3"
    [ $status -eq 0 ] || { cat "$scratch/cmp"; diff -a -u "$2" "$1" | head -n 40; } | diag
}
expect_code() {
    wanted=$1 what=$2; shift 2
    "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ $status -eq "$wanted" ]
    ok $? "$what"
    [ $status -eq "$wanted" ] ||
        { echo "$what: status $status, not $wanted: $*"; cat "$scratch/out" "$scratch/err"; } | diag
}
as_mta() { perl "$srcdir/tests/mta/pipe-command" ${may_reject:+--may-reject} "$@" >"$scratch/fate"; }
deliver() { as_mta "$BACKSTOP" "$@"; }
skip() { for _ in $(seq "$1"); do test_count=$((test_count + 1)); echo "ok $test_count # SKIP $2"; done; }
skip_all() {
    if [ $test_count -eq 0 ]; then echo "1..0 # SKIP $1"; else skip 1 "$1"; plan; fi
    exit 0
}
mail_date() { perl -MPOSIX -e '$ENV{TZ} = "UTC"; print strftime("%a, %d %b %Y %H:%M:%S +0000", gmtime(time - $ARGV[0]))' "${1:-3600}"; }
until_true() {
    tries=$(($1 * 10)); shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}
free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'; }
