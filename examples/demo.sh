#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows what backstop does, on the sample mail beside this script: demo.sh PROGRAM [DIRECTORY]
#
# Everything happens in DIRECTORY (default: "demo" beside the program), which is made anew. The
# user is alex@example.org; mail/sent.tsv is what Alex really sent.
set -eu
mail=$(cd "$(dirname "$0")/mail" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=${2:-$(dirname "$program")/demo}
rm -rf "$scratch"
mkdir -p "$scratch"
HOME=$(cd "$scratch" && pwd) USER=alex LOGNAME=alex
export HOME USER LOGNAME
unset SENDER RECIPIENT ORIGINAL_RECIPIENT EXTENSION LOCAL_PART LOCAL DOMAIN
backstop() { "$program" --config "$mail/backstop.conf" --set "log.destination=$HOME/log" "$@"; }

backstop sent --quiet --ids "$mail/sent.tsv"

# The table comes from what lies in the maildir afterwards, not from what the program says it did.
row() { # NAME FOLDER X-BACKSTOP
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" | awk -F'\t' '
        function field(name,    at) {
            at = match($3, name "=\"[^\"]*\"") ? length(name) + 2 : match($3, name "=[^;]*") ? length(name) + 1 : 0
            if (!at) return ""
            value = substr($3, RSTART + at, RLENGTH - at)
            sub(/"$/, "", value)
            return value
        }
        {
            class = field("class"); rule = field("rule"); why = field("because")
            n = split(why, reason, /; /)
            what = class == "" ? "ordinary mail" : class " (" rule ")"
            whose = class == "" ? "-" : substr($3, 1, index($3, ";") - 1)
            printf "%-24s %-27s %-12s %s\n", $1, what, whose, $2
            if (class == "") print "    nothing automatic about it"
            for (i = 1; i <= n; i++) print "    " reason[i]
        }'
}

printf '%-24s %-27s %-12s %s\n    %s\n\n' MESSAGE "WHAT IT IS" "WHOSE IT IS" "WHERE IT WENT" "why"
: >"$HOME/seen"
wrong=0
for message in "$mail"/*.eml; do
    name=$(basename "$message" .eml)
    sender=$(sed -n 's/^Return-Path: *//p;/^$/q' "$message" | head -n 1)
    backstop -f "$sender" -r alex@example.org <"$message"
    file=$(find "$HOME/Maildir" -type f -path '*/new/*' | grep -vxF -f "$HOME/seen" || :)
    echo "$file" >>"$HOME/seen"
    case $file in */.Junk/new/*) went=Junk ;; */Maildir/new/*) went=inbox ;; *) went=nowhere ;; esac
    verdict=$(awk '/^$/ { exit } /^[^ \t]/ { ours = /^X-Backstop:/ } ours { sub(/^X-Backstop: */, ""); sub(/^[ \t]+/, " "); printf "%s", $0 }' "$file")
    row "$name" "$went" "$verdict"
    case $name in *-forged-* | *-gateway-mark | *-to-nothing | *-challenge) wanted=Junk ;; *) wanted=inbox ;; esac
    [ $went = $wanted ] || wrong=$((wrong + 1))
done

cat <<'END'

Messages in Junk expire after 30 days. Here is one that came 31 days ago:
END
old=$HOME/Maildir/.Junk/cur/$(($(date +%s) - 31 * 86400)).H0.old:2,S
cp "$mail/03-forged-postfix.eml" "$old"
echo '$ backstop expire --dry-run'
backstop expire --dry-run
echo '$ backstop expire'
backstop expire
[ ! -e "$old" ] || wrong=$((wrong + 1))

cat <<END

All of it lies in $HOME/Maildir (Junk is .Junk in there); the log is $HOME/log.

To have your own mail go this way: install it (make -C build install, as root), and put this line
into ~/.forward, the quotes too:

    "|/usr/local/bin/backstop"

It delivers to ~/Maildir. Before that, tell it what you sent: backstop sent --import PATH-OF-SENT-FOLDER.
README.md goes on from here.
END
[ $wrong -eq 0 ] || { echo "demo: $wrong of these did not go where they should" >&2; exit 1; }
