#!/bin/sh
# SPDX-License-Identifier: MIT
# Dependencies point down only, and each library has one door. tests/layers.sh has the table.
. "${srcdir:-..}/tests/tap.sh"
plan 24

check "every #include obeys the order of the rooms" sh "$srcdir/tests/layers.sh" "$srcdir/mda"

# The checker itself: each of these lines must be refused, and named.
house=$scratch/mda
forbid() { # FILE LINE WHY
    rm -rf "$house"
    for room in base cmd conf message store plan delivery sieve evidence judge bounce ledger; do mkdir -p "$house/$room"; done
    touch "$house/base/error.h" "$house/store/maildir.h" "$house/evidence/evidence.h" \
        "$house/evidence/finding.h" "$house/conf/conf.h" "$house/delivery/carry-out.h" "$house/cmd/command.h"
    printf '#include "base/error.h"\n' >"$house/cmd/y.c"
    printf '%s\n' "$2" >"$house/$1"
    sh "$srcdir/tests/layers.sh" "$house" >"$scratch/said"
    is "$? $(wc -l <"$scratch/said")" "${4:-1 1}" "$3"
}
forbid base/x.c '#include "conf/conf.h"' "base knows nothing above it"
forbid sieve/x.c '#include "store/maildir.h"' "rules know no store"
forbid sieve/x.c '  #  include "delivery/carry-out.h"' "rules carry nothing out"
forbid judge/verdict.c '#include "evidence/evidence.h"' "the verdict knows findings only"
forbid judge/verdict.c '#include "evidence/finding.h"' "and those it may know" "0 0"
forbid store/x.c '#include "cmd/command.h"' "nobody knows the commands"
forbid bounce/x.c '#include <gmime/gmime.h>' "GMime has one door"
forbid evidence/x.c '#include <sqlite3.h>' "SQLite has one door"
forbid cmd/x.c '#include "error.h"' "a header is named with its room"
forbid cmd/x.c '#include "base/gone.h"' "a header that is not there"
forbid cmd/x.c 'g_file_get_contents(path, &text, NULL, err)' "files are read by one function"
forbid bounce/x.c '    FILE *file = fopen(path, "re");' "nor opened otherwise"
forbid evidence/x.c '    fd = open(path, O_RDONLY | O_CLOEXEC);' "also by its descriptor"
forbid cmd/x.c '    fd = open(path, O_RDONLY | O_DIRECTORY);' "a directory may be" "0 0"
forbid cmd/x.c '// not g_file_get_contents() but the other' "a comment may name it" "0 0"
forbid store/x.c '    fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);' "files grow by one function"
forbid message/x.c '    g_byte_array_append(whole, piece->data, (guint)piece->size);' "no size is cut to 32 bits" "1 2"
forbid store/x.c '    int left = (int)(status.st_size - offset);' "nor a file's"
forbid judge/x.c '    pid_t pid = fork();' "children are started by one function"

# A circle, be the table as it may.
printf '#include "store/y.h"\n' >"$house/cmd/x.h"
printf '#include "cmd/x.h"\n' >"$house/store/y.h"
sh "$srcdir/tests/layers.sh" "$house" >"$scratch/said"
is "$(grep -c 'cmd/x and store/y: a circle' "$scratch/said")" 1 "files of two rooms in a circle are named"
rm -f "$house/store/y.h"
: >"$house/store/y.h"
is "$(sh "$srcdir/tests/layers.sh" --draw "$house" | grep -E '^ *[0-9]+  cmd ')" " 1  cmd       → base store" \
    "the drawing says what a room stands on"
forbid cmd/error.h '#include "base/error.h"' "no two rooms have a file of one name"
mkdir -p "$house"
printf 'struct twice {\n    int a;\n};\n' >"$house/cmd/x.c"
printf 'struct twice {\n    int b;\n};\n' >"$house/store/z.c"
rm -f "$house/cmd/error.h"
is "$(sh "$srcdir/tests/layers.sh" "$house" | grep -c '^struct twice')" 1 "nor two files a struct of one name"
