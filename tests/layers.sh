#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may include whom: layers.sh MDA_DIRECTORY prints every #include that goes up or sideways,
# every library's header that is not opened through its one door, and every call that is kept to one
# place. Status 1 when there is one.
#
# The tables below are the whole of the rule. An entry of the second column is a room, or one header.
cd "$1" || exit 2
status=0
find . \( -name '*.c' -o -name '*.h' \) -exec grep -H '^[ 	]*#[ 	]*include' {} + | awk '
BEGIN {
    allow("main", "cmd conf")
    allow("cmd", "lmtp milter svtest delivery hosts judge learn report answer submit plan store sieve procmail evidence bounce ledger message")
    allow("lmtp", "delivery plan store message")
    allow("milter", "evidence ledger message")
    allow("svtest", "hosts sieve plan message")
    allow("delivery", "hosts judge learn answer submit plan store ledger message")
    allow("hosts", "judge/judge.h answer plan store sieve procmail ledger message")
    allow("verdict", "evidence/finding.h") # judge/verdict.c: the table, pure
    allow("judge", "learn evidence bounce ledger message")
    allow("learn", "evidence/finding.h bounce store ledger message")
    allow("answer", "plan message")
    allow("sieve", "plan answer/mailto.h")
    allow("procmail", "plan")
    allow("plan", "")
    allow("submit", "")
    allow("evidence", "ledger bounce message")
    allow("bounce", "message")
    allow("ledger", "store message")
    allow("store", "")
    allow("message", "")
    allow("conf", "")
    allow("base", "-conf")

    door("gmime/", "message/")
    door("pcre2", "base/regex")
    door("sqlite3", "base/db")
    door("hiredis/", "ledger/redis")
    door("sieve2", "sieve/libsieve")
    door("spf2/", "evidence/spf")
    door("libpsl", "base/psl")
    door("openssl/", "base/crypto")
    door("openssl/ssl.h", "base/tls")
    door("openssl/err.h", "base/tls")
    door("openssl/x509v3.h", "base/tls")
    door("libmilter/", "milter/")
    door("dlfcn", "base/module")
}
function allow(room, rooms,    n, i, list) {
    known[room] = 1
    may[room, room == "verdict" ? "judge" : room] = 1
    if (rooms != "-conf") may[room, "conf"] = 1
    may[room, "base"] = 1
    n = split(rooms, list, " ")
    for (i = 1; i <= n; i++) may[room, list[i]] = 1
}
function door(header, place) { doors[header] = place }
function bad(why) { print file ": " why; failed = 1 }
{
    file = substr($0, 3, index($0, ":") - 3)
    line = substr($0, index($0, ":") + 1)
    room = file ~ /^judge\/verdict/ ? "verdict" : file ~ /^[^\/]*$/ ? "main" : substr(file, 1, index(file, "/") - 1)
    if (!(room in known)) { bad("room " room " has no row in tests/layers.sh"); next }
    if (match(line, /<[^>]*>/)) {
        header = substr(line, RSTART + 1, RLENGTH - 2)
        nearest = ""
        for (prefix in doors)
            if (index(header, prefix) == 1 && length(prefix) > length(nearest)) nearest = prefix
        if (nearest != "" && index(file, doors[nearest]) != 1)
            bad("includes <" header ">, whose door is " doors[nearest])
    } else if (match(line, /"[^"]*"/)) {
        header = substr(line, RSTART + 1, RLENGTH - 2)
        if (header == "config.h") next
        if (header !~ /^[a-z]+\/([a-z]+\/)?[^\/]+$/) { bad("includes \"" header "\": write it as room/file.h"); next }
        if (system("test -f " header) != 0) bad("includes \"" header "\", which is not there")
        into = substr(header, 1, index(header, "/") - 1)
        if (!((room, into) in may) && !((room, header) in may))
            bad("includes \"" header "\": " room " may not know " into)
    } else
        bad("has an #include that names no file: " line)
}
END { exit failed }' || status=1

# Calls that have one place: a pattern of code, where it may stand, and what is to be called instead.
find . \( -name '*.c' -o -name '*.h' \) -exec grep -HnE '\(|G_OPTION' {} + | awk '
BEGIN {
    # A file that a user or an admin wrote may be a named pipe, a link to a device, or without an end.
    only("(^|[^a-z_])(g_file_get_contents|g_mapped_file_new|g_key_file_load_from_(file|dirs|data_dirs)|g_io_channel_new_file|freopen|fopen)[(]",
        "base/files-read", "files_read or files_open_argument")
    only("(^|[^a-z_])open(at)?[(].*O_RDONLY", "base/ store/mh store/maildir",
        "files_open_regular, or O_DIRECTORY")
    # Where others may put a link or a file of theirs, what is opened is judged.
    only("(^|[^a-z_])open(at)?[(].*O_APPEND", "base/files-ours", "files_open_to_append")
    # Addresses and names of files are bytes; GLib refuses text that is none in the locale.
    only("G_OPTION_ARG_STRING", "nowhere", "G_OPTION_ARG_FILENAME")
    # A message may be larger than 4 GiB: no size is cut to 32 bits.
    only("[(](guint|guint32|gint|gint32|int|unsigned|unsigned int|u?int32_t)[)] ?[(]?[A-Za-z_>.-]*(size|length)([^A-Za-z_(]|$)",
        "base/dns base/crypto base/narrow store/folder-name", "size_narrow")
    only("g_byte_array_(append|sized_new|set_size)[(].*[(](guint|int)[)]", "base/narrow", "size_narrow")
}
function only(pattern, places, instead) { patterns[++n] = pattern; where[n] = places; ask[n] = instead }
{
    file = substr($0, 3, index($0, ":") - 3)
    line = substr($0, index($0, ":") + 1)
    number = substr(line, 1, index(line, ":") - 1)
    code = substr(line, index(line, ":") + 1)
    sub(/\/\/.*/, "", code)
    for (i = 1; i <= n; i++) {
        if (code !~ patterns[i] || (ask[i] ~ /O_DIRECTORY/ && code ~ /O_DIRECTORY/)) continue
        count = split(where[i], places, " ")
        for (j = 1; j <= count && index(file, places[j]) != 1; j++) ;
        if (j <= count) continue
        print file ":" number ": use " ask[i]
        failed = 1
    }
}
END { exit failed }' || status=1
exit $status
