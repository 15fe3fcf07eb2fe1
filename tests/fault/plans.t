#!/bin/sh
# SPDX-License-Identifier: MIT
# Plans of two actions, one of which fails in some way: nothing is lost and nothing is done twice
# once the MTA has tried again. The ways: the place refuses, it is full, it is locked, the program
# that sends says "later", or the run is killed at any of its calls.
. "${srcdir:-..}/tests/tap.sh"

agent=$BACKSTOP
mkdir "$scratch/bin"
cat >"$scratch/bin/sendmail" <<'END'
#!/bin/sh
cat >"$HOME/in.$$"
for to; do :; done
[ ! -e "$HOME/later" ] || ! grep -q -x -e "$to" "$HOME/later" || exit 75
if grep -q '^END-OF-MESSAGE' "$HOME/in.$$"; then whole=whole; else whole=made; fi
echo "$to $whole" >>"$HOME/sent"
END
cp "$scratch/bin/sendmail" "$scratch/bin/tool"
sed -i 's/^for to.*/to=tool/' "$scratch/bin/tool"
chmod 755 "$scratch/bin/"*

number=0
fresh() { # SCRIPT: a new home, and a message; mark=no: without the mark of an MTA
    number=$((number + 1))
    chmod -R u+rwx "$HOME" 2>/dev/null
    rm -rf "$HOME"; mkdir -p "$HOME"
    printf 'require ["fileinto", "copy", "vacation", "enotify", "vnd.dovecot.pipe", "reject", "mailbox", "imap4flags"];\n%s\n' "$1" >"$HOME/.dovecot.sieve"
    {
        [ "$mark" = no ] || echo "Received: from a by b; $(date -R)"
        printf 'From: ann@example.org\nTo: me@example.com\nSubject: hi\nMessage-ID: <%s@example.org>\n\nEND-OF-MESSAGE\n' $number
    } >"$scratch/m"
}
location() { case $store in maildir) echo "maildir:$HOME/Maildir" ;; mbox) echo "mbox:$HOME/mail/inbox" ;; mh) echo "mh:$HOME/Mail" ;; esac; }
run() { # the delivery, with what stands in $before in front of the program
    # shellcheck disable=SC2086
    $before "$agent" --set "store.location=$(location)" --set "log.destination=$HOME/log" \
        --set "sendmail.command=$scratch/bin/sendmail" --set "sieve.settings=pipe_bin_dir=$scratch/bin" \
        -f ann@example.org -r me@example.com <"$scratch/m" >/dev/null 2>&1
}
# "INBOX=1 A=1 other@example.net=1": what is where, and what went where.
state() {
    {
        case $store in
            maildir) (cd "$HOME/Maildir" 2>/dev/null && find . -type f \( -path '*/new/*' -o -path '*/cur/*' \) |
                sed -E 's#^\./(\.([^/]*)/)?(new|cur)/.*#\2#; s#^$#INBOX#') ;;
            mbox) for box in inbox A B; do [ ! -f "$HOME/mail/$box" ] || grep '^From ' "$HOME/mail/$box" | sed "s/.*/$box/; s/inbox/INBOX/"; done ;;
            mh) (cd "$HOME/Mail" 2>/dev/null && find . -type f -name '[0-9]*' | sed -E 's#^\./(([^/]*)/)?[0-9]+$#\2#; s#^$#INBOX#') ;;
        esac
        cat "$HOME/sent" 2>/dev/null | cut -d' ' -f1
    } | sort | uniq -c | awk '{ printf "%s%s=%d", (NR > 1 ? " " : ""), $2, $1 }'
}
# The places of a store.
place() { case $store in maildir) [ "$1" = INBOX ] && echo "$HOME/Maildir" || echo "$HOME/Maildir/.$1" ;;
    mbox) [ "$1" = INBOX ] && echo "$HOME/mail/inbox" || echo "$HOME/mail/$1" ;; mh) [ "$1" = INBOX ] && echo "$HOME/Mail" || echo "$HOME/Mail/$1" ;; esac; }
make_places() {
    for place in INBOX A B; do
        case $store in
            maildir) mkdir -p "$(place $place)/new" "$(place $place)/cur" "$(place $place)/tmp" ;;
            mbox) mkdir -p "$HOME/mail"; : >"$(place $place)" ;;
            mh) mkdir -p "$(place $place)" ;;
        esac
    done
}
plans() { # SCRIPT|what becomes of it
    cat <<'END'
keep; fileinto "A";|A=1 INBOX=1
fileinto "A"; fileinto "B";|A=1 B=1
redirect :copy "other@example.net";|INBOX=1 other@example.net=1
fileinto "A"; redirect "other@example.net";|A=1 other@example.net=1
redirect "other@example.net"; redirect "third@example.net";|other@example.net=1 third@example.net=1
vacation "away";|INBOX=1 ann@example.org=1
vacation "away"; fileinto "A";|A=1 ann@example.org=1
notify "mailto:me@example.net"; fileinto "A";|A=1 me@example.net=1
notify "mailto:me@example.net"; redirect "other@example.net";|me@example.net=1 other@example.net=1
pipe :copy "tool";|INBOX=1 tool=1
pipe "tool"; fileinto "A";|A=1 tool=1
pipe "tool"; redirect "other@example.net";|other@example.net=1 tool=1
vacation "away"; redirect "other@example.net";|ann@example.org=1 other@example.net=1
reject "no";|ann@example.org=1
keep :flags "\\Flagged"; redirect "other@example.net";|INBOX=1 other@example.net=1
END
}
retry() { # tries again as an MTA does, until it is not told "later"
    for _ in 1 2 3; do run && return; done
}

# Who sends says "later", for one of the two.
before=
for store in maildir mbox mh; do
    for mark in yes no; do
        [ "$store $mark" != "mh no" ] || continue
        plans >"$scratch/plans"
        while IFS='|' read -r script wanted; do
            for later in ann@example.org other@example.net third@example.net me@example.net tool; do
                case $wanted in *"$later"*) ;; *) continue ;; esac
                fresh "$script"; make_places; echo "$later" >"$HOME/later"
                run; first=$?
                early=$(state)
                rm "$HOME/later"; retry
                is "$first $? $(state)" "75 0 $wanted" "$store, mark $mark: $later says later: $script"
                case $early in *"$later"*) ok 1 "and was not told that it was sent" ;; esac
            done
        done <"$scratch/plans"
    done
done

# A place is locked by another program for a while, and the run is told to end while it waits.
store=mbox
for mark in yes no; do
    grep -E 'A|INBOX' "$scratch/plans" >"$scratch/stores"
    while IFS='|' read -r script wanted; do
        for locked in INBOX A; do
            case " $wanted" in *" $locked="*) ;; *) continue ;; esac
            fresh "$script"; make_places
            echo "1:elsewhere" >"$(place $locked).lock"
            run & pid=$!
            sleep 0.4
            # shellcheck disable=SC2046
            kill -TERM $(cat /proc/$pid/task/$pid/children) 2>/dev/null
            wait $pid; first=$?
            rm "$(place $locked).lock"; retry
            is "$? $(state)" "0 $wanted" "mbox, mark $mark, $locked locked, TERM ($first): $script"
        done
    done <"$scratch/stores"
done
plan
