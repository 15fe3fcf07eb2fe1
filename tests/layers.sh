#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may include whom: layers.sh MDA_DIRECTORY prints every #include that goes up or sideways,
# every library's header that is not opened through its one door, every circle of files that goes
# through more than one room, and every call that is kept to one place. Status 1 when there is one.
# layers.sh --draw MDA_DIRECTORY prints the rooms as the files have them: each stands above those
# that it includes.
#
# The tables below are the whole of the rule. An entry of the second column is a room, or one header.

# Prints "FILE FILE" for each #include between two of our files, a .c and its .h being one.
edges() {
    find . \( -name '*.c' -o -name '*.h' \) -exec grep -H '^[ 	]*#[ 	]*include[ 	]*"[a-z]*/' {} + |
        sed -n 's|^\./\([^:]*\)\.[ch]:.*"\([^"]*\)\.h".*|\1 \2|p' | sort -u
}

draw() {
    edges | awk '
    function room(file) { return index(file, "/") ? substr(file, 1, index(file, "/") - 1) : "main" }
    { a = room($1); b = room($2); seen[a] = seen[b] = 1; if (a != b) arrow[a, b]++ }
    # The height of a room is that of the highest below it, and one.
    function height(r,    s, h) {
        if (r in high) return high[r]
        high[r] = 0
        for (s in seen)
            if ((r, s) in arrow && height(s) + 1 > h) h = height(s) + 1
        return high[r] = h + 0
    }
    END {
        for (r in seen) if (height(r) > top) top = high[r]
        for (h = top; h >= 0; h--)
            for (r in seen) {
                if (high[r] != h) continue
                line = ""
                for (g = h - 1; g >= 0; g--)
                    for (s in seen) if (high[s] == g && (r, s) in arrow) line = line " " s
                printf "%2d  %-9s%s%s\n", h, r, line == "" ? "" : " →", line
            }
    }' | sort -s -k1,1nr -k2,2
}
if [ "$1" = --draw ]; then
    cd "$2" && draw
    exit
fi
cd "$1" || exit 2
status=0
find . \( -name '*.c' -o -name '*.h' \) -exec grep -H '^[ 	]*#[ 	]*include' {} + | awk '
BEGIN {
    allow("main", "cmd conf")
    allow("cmd", "lmtp milter svtest delivery hosts judge learn report site answer submit plan store sieve procmail evidence bounce ledger message")
    allow("lmtp", "delivery message")
    allow("milter", "evidence ledger message")
    allow("svtest", "hosts sieve")
    allow("delivery", "hosts judge learn answer submit plan store ledger message")
    allow("hosts", "judge/judge.h answer plan store sieve procmail ledger message")
    allow("verdict", "evidence/finding.h") # judge/verdict.c: the table, pure
    allow("judge", "report/counts.h evidence bounce ledger message")
    allow("learn", "report/counts.h bounce store ledger message")
    allow("answer", "plan message")
    allow("sieve", "plan answer/mailto.h message/date.h")
    allow("procmail", "plan")
    allow("report", "")
    allow("site", "")
    allow("plan", "")
    allow("submit", "")
    allow("evidence", "ledger bounce message")
    allow("bounce", "message")
    allow("ledger", "store message")
    allow("store", "submit")
    allow("message", "")
    allow("conf", "")
    allow("base", "-conf")

    door("gmime/", "message/")
    door("pcre2", "base/regex")
    door("sqlite3", "base/db")
    door("hiredis/", "ledger/redis")
    door("sieve2", "sieve/libsieve")
    door("spf2/", "evidence/spf")
    door("ares", "base/dns-")
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

# A circle holds together what it goes through: within a room a language may need one (parse and
# evaluate), between rooms nothing does.
edges | awk '
function room(file) { return substr(file, 1, index(file, "/") - 1) }
{ to[$1] = to[$1] " " $2; from[NR] = $1; into[NR] = $2 }
function reaches(file, target,    n, i, list) {
    if (file == target) return 1
    if (visited[file] == mark) return 0
    visited[file] = mark
    n = split(to[file], list, " ")
    for (i = 1; i <= n; i++)
        if (reaches(list[i], target)) return 1
    return 0
}
END {
    for (e = 1; e <= NR; e++) {
        mark = e
        if (room(from[e]) != room(into[e]) && reaches(into[e], from[e])) {
            print from[e] " and " into[e] ": a circle through more than one room"
            failed = 1
        }
    }
    exit failed
}' || status=1

# A file and a struct are found by their names, so no two rooms have the same.
double=$(find . -name '*.[ch]' | sed 's|.*/||' | sort | uniq -d)
for name in $double; do
    [ "$(find . -name "$name" | sed 's|^./||; s|/.*||' | sort -u | wc -l)" -lt 2 ] || { echo "$name: two rooms have a file of this name"; status=1; }
done
double=$(find . -name '*.[ch]' -exec grep -hoE '^struct [a-z_]+ \{' {} + | sort | uniq -d | cut -d' ' -f2)
for name in $double; do
    [ "$name" = sieve_program ] && continue # each engine's own, behind one name (sieve/sieve.h)
    echo "struct $name: two files define one"
    status=1
done

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
    # A child is started, heard and reaped with a deadline, in one way. The process that watches a
    # program between us and it may call little.
    only("(^|[^a-z_])(fork|vfork|posix_spawnp?|waitpid|waitid|wait[34]?|popen|system)[(]",
        "base/child base/process launch lmtp/listener", "base/child.h")
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
