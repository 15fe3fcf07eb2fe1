#!/bin/sh
# SPDX-License-Identifier: MIT
# backstop report: what was judged is counted, stays small, and is shown as text, page, JSON, metrics
# and mail; a site counts from its log.
. "${srcdir:-..}/tests/tap.sh"
state=$HOME/.local/state/backstop
export TZ=UTC LC_ALL=C.UTF-8

report() { # RECIPIENT [SUBJECT]: a report to it, of a letter with that subject
    printf 'From: MAILER-DAEMON@mx.example.net\nTo: %s\nSubject: Undeliverable\n' "$1"
    printf 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; x@example.net\n'
    printf 'Action: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\n'
    printf 'Received: from pc.example.com by relay.example.com; Mon, 30 Nov 2026 10:00:00 +0000\n'
    printf 'From: %s\nTo: x@example.net\nSubject: %s\nMessage-ID: <%s@pc>\n\nx\n\n--b--\n' "$1" "${2:-hello}" $$
}
deliver() { # RECIPIENT [SUBJECT]
    report "$@" >"$scratch/m"
    as_mta "$BACKSTOP" --set identity.never-sends=robot@example.com --set log.destination="$HOME/log" \
        ${setting:+--set "$setting"} -f '<>' -a "$1" <"$scratch/m"
}
json() { "$BACKSTOP" report --json "$@" | perl -MJSON::PP -0777 -ne '$j = decode_json($_); print eval($ENV{EXPR}) . "\n"'; }
ask() { EXPR=$1; export EXPR; shift; json "$@"; }

expect_code 0 "nothing was counted yet" "$BACKSTOP" report
check "and it says so" grep -q 'No report was judged' "$scratch/out"

printf 'From: ann@example.net\nTo: me@example.com\nSubject: hi\n\nhi\n' >"$scratch/plain"
as_mta "$BACKSTOP" -f ann@example.net <"$scratch/plain"
check "plain mail is not counted and makes no state" test ! -e "$state/counts.new"

deliver robot@example.com 'Cheap watches'
deliver robot@example.com 'Cheap watches'
deliver me@example.com 'Lunch on Friday'
setting=report.counts=no deliver robot@example.com 'not counted'
is "$(ask '$j->{total}{backscatter} . " " . $j->{total}{unknown} . " " . $j->{total}{genuine}')" "2 1 0" \
    "each report is counted by its verdict, unless report.counts = no"
is "$(ask 'join ",", map {"$_->{name}=$_->{count}"} @{$j->{hosts}}')" "mx.example.net=3" "the host that reports"
is "$(ask 'join ",", map {"$_->{name}=$_->{count}"} @{$j->{subjects}}')" "Cheap watches=2,Lunch on Friday=1" \
    "subjects of the originals"
is "$(ask 'join ",", map {"$_->{name}=$_->{count}"} @{$j->{addresses}}')" "robot@example.com=2,me@example.com=1" \
    "in whose name"
is "$(ask 'join ",", map {"$_->{name}=$_->{count}"} @{$j->{settings}}')" "identity.relays=1" \
    "the setting that would decide what is undecided"
is "$(ask 'scalar @{$j->{days}}' --days 90)" 90 "--days"
expect_code 0 "as text" "$BACKSTOP" report
today=$(date +%F)
check "a line for today" grep -Eq "^$today .* 2 +0 +1 +0 +[█▒]+\$" "$scratch/out"
check "no colour in a file" perl -ne 'die if /\e/' "$scratch/out"
for bad in -1 732 x; do expect_code 64 "--days $bad" "$BACKSTOP" report --days "$bad"; done
expect_code 64 "a log without --log" "$BACKSTOP" report /var/log/mail.log

# What is written to the state is what we say it is: nothing of a message forges a line.
deliver robot@example.com "$(printf 'a\tb =?utf-8?q?x=0Ay=09z?=')"
is "$(awk -F'\t' 'NR > 1 && NF != 8' "$state/counts.new" | wc -l | tr -d ' ')" 0 "a subject with tabs and line ends stays one field"
is "$(stat -c %a "$state/counts.new")" 600 "the counts are the user's alone"

# Nothing hangs on it.
mv "$state/counts.new" "$scratch/kept" && mkdir "$state/counts.new"
expect_code 0 "counts that cannot be written: delivered" deliver robot@example.com
rmdir "$state/counts.new" && mv "$scratch/kept" "$state/counts.new"
printf 'garbage\n\0\377\n' >"$state/counts"
expect_code 0 "garbage in the counts is no error" "$BACKSTOP" report
rm "$state/counts"

# Two years of a busy user, names that never come twice, an hour's line a day for each verdict.
perl -e '
use POSIX; my $now = time; my ($d) = @ARGV;
open my $f, ">", "$d/counts.part" or die;
for my $day (reverse 0 .. 900) { for my $i (0 .. 59) {
    my $verdict = (qw(backscatter suspect unknown genuine))[$i % 4];
    my $t = $now - $day * 86400 - $i * 1400;
    print $f join("\t", $t, $verdict, "dsn-failure", "rule" . ($i % 20), "mx$day-$i.some-long-name.example.net",
        "some.body$i\@department.example.com", "Subject number $day-$i of those that never come again, ever", "identity.relays"), "\n";
} }' "$state"
generation=0
rm -f "$state/counts" "$state/counts.new"
split -l 600 "$state/counts.part" "$scratch/part."
for part in "$scratch"/part.*; do # as deliveries would have written them, a piece at a time
    generation=$((generation + 1))
    { [ -s "$state/counts.new" ] && head -n 1 "$state/counts.new" || echo 1; cat "$part"; } >"$scratch/new"
    mv "$scratch/new" "$state/counts.new"
    setting='' deliver robot@example.com "round $generation"
done
rm "$state/counts.part"
size=$(cat "$state"/counts* | wc -c)
[ "$size" -lt 1000000 ]
ok $? "two years and more stay below 1 MB ($size)"
is "$(ask '$j->{days}[-2]{backscatter} . " " . $j->{days}[-2]{genuine}')" "15 15" "and no day of it is lost"
is "$(ask '$j->{days}[1]{suspect}' --days 700)" 15 "not even the old ones"
is "$(ask '$j->{subjects}[0]{count} < 100 ? "few" : "many"' --days 700)" few "names that come once are not shown as frequent"
check "what is older than two years is forgotten" sh -c "! grep -q '^h	$(date -d '800 days ago' +%Y)-$(date -d '800 days ago' +%m)-' '$state/counts'"

# A day's flood of names: the one that is frequent is shown, those that come once are not.
rm -f "$state"/counts*
perl -e 'print "1\n"; for (1 .. 600) { print join("\t", time, "backscatter", "dsn-failure", "r", "mx$_.example.net", "me\@example.com", $_ % 4 ? "Once $_" : "Often", ""), "\n" }' >"$state/counts.new"
is "$(ask 'join ",", map {"$_->{name}=$_->{count}"} grep {$_->{count} > 5} @{$j->{subjects}}, @{$j->{hosts}}')" "Often=150" \
    "in a flood of names only what is frequent is shown so"

# Forty processes at once: none is lost, none damages the file.
rm -f "$state"/counts*
report robot@example.com "at once" >"$scratch/same"
for i in $(seq 40); do
    { echo "X-Number: $i"; cat "$scratch/same"; } >"$scratch/same.$i"
    "$BACKSTOP" --set identity.never-sends=robot@example.com --set log.destination=none -f '<>' -a robot@example.com <"$scratch/same.$i" &
done
wait
is "$(ask '$j->{total}{backscatter}')" 40 "forty at once are forty"

# A site's log: every form in which it is written.
stamp=$(date +%Y-%m-%dT%H:%M:%S%z) bsd=$(date '+%b %e %H:%M:%S')
{
    echo "$stamp backstop[1]: delivered: id=<a@b>, from=<>, class=dsn-failure, rule=postfix, verdict=backscatter, folder=Junk, bytes=10, time=0.001s, because=ledger: verdict=genuine, class=none"
    echo "$bsd mail backstop[2]: delivered: id=<a@c>, from=<>, class=dsn-failure, rule=exim, verdict=genuine, folder=INBOX, bytes=10, time=0.001s"
    echo "$bsd mail backstop[2]: delivered: id=<a@d>, from=<x@y>, class=none, rule=none, verdict=none, folder=INBOX, bytes=10, time=0.001s"
    echo "$bsd mail backstop[2]: deferred: id=<a@e>, from=<>, class=dsn-failure, rule=exim, verdict=genuine, folder=INBOX, bytes=10, time=0.001s"
    echo "$bsd mail backstop[2]: to=me@example.com class=mdn rule=mdn verdict=unknown folder=\"INBOX\" status=delivered reporter=mx.example.org author=me@example.com undecided=ledger.complete because=\"trail: x verdict=backscatter\""
    echo "$bsd mail backstop[2]: {\"time\":\"$stamp\",\"class\":\"auto-reply\",\"verdict\":\"suspect\",\"rule\":\"reply\",\"reporter\":\"mx.example.org\",\"recipients\":[\"a\"],\"status\":\"delivered\"}"
    echo "$bsd mail postfix/local[3]: AAA: to=<me@example.com>, status=sent (delivered to command: backstop)"
} >"$scratch/log"
is "$(ask 'join " ", map {$j->{total}{$_}} qw(backscatter suspect unknown genuine)' --log "$scratch/log")" "1 1 1 1" \
    "a log's lines, as text, logfmt and JSON; what is deferred comes again"
is "$(ask 'join ",", map {"$_->{name}=$_->{count}"} @{$j->{hosts}}' --log "$scratch/log")" "mx.example.org=2" "with who reports"
is "$(ask '$j->{days}[-1]{backscatter}' --log - <"$scratch/log")" 1 "from standard input"
expect_code 75 "a log that is not there" "$BACKSTOP" report --log "$scratch/none"
check "is named" grep -q "$scratch/none" "$scratch/err"
mkdir "$scratch/bin"
printf '#!/bin/sh\ncat "%s"\n' "$scratch/log" >"$scratch/bin/journalctl"
chmod +x "$scratch/bin/journalctl"
is "$(PATH=$scratch/bin:$PATH ask '$j->{total}{genuine}' --journal)" 1 "--journal"
rm -rf "$state"
deliver me@example.com
is "$(ask '$j->{total}{unknown}' --log "$HOME/log" --days 2)" "$(grep -c verdict=unknown "$HOME/log")" "our own log is one"

# A wave: three a day as usual, then many in a few hours of yesterday.
rm -rf "$state" && mkdir -p "$state"
day=$(date -d yesterday +%F) # the hours of yesterday are all past
{
    echo 1
    for back in 20 12 6 3; do echo "$(date -d "$back days ago" +%s)	unknown	dsn-failure	r	mx.example.org	me@example.com	s	ledger.complete"; done
    for hour in 09:12 10:40 11:90 12:30 13:11 14:2; do
        for _ in $(seq "${hour#*:}"); do echo "$(date -d "$day ${hour%:*}:30" +%s)	backscatter	dsn-failure	r	mx<b>.example.org	me@example.com	Win & <script>alert(1)</script>	"; done
    done
    echo "$(date -d "$day 20:00" +%s)	taken-back	dsn-failure	r				"
} >"$state/counts.new"
is "$(ask 'join " ", map {"$_->{begin} $_->{peak} $_->{ebb} $_->{reports} $_->{at_peak}"} @{$j->{waves}}')" \
    "$day 09:00 $day 11:00 $day 13:00 183 90" "a wave has a beginning, a height and an ebb"
is "$(ask '$j->{total}{taken_back} . " " . $j->{total}{backscatter}')" "1 185" "what was taken back is no report"
"$BACKSTOP" report >"$scratch/text"
check "the text shows it" grep -q "from $day 09:00, at its height $day 11:00 (90 in an hour), ebbed $day 13:00: 183 reports" "$scratch/text"
check "and how often we were wrong" grep -q '1 taken back as genuine' "$scratch/text"

# At a terminal: in colour, by the pager, unless the user wants none.
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    at_terminal() { TERM=xterm script -qec "stty rows 10; $*" /dev/null </dev/null; }
    check "colour at a terminal" sh -c "TERM=xterm PAGER= script -qec '$BACKSTOP report' /dev/null </dev/null | grep -q '\[31m'"
    check "none with NO_COLOR" sh -c "! TERM=xterm NO_COLOR=1 PAGER= script -qec '$BACKSTOP report' /dev/null </dev/null | grep -q '\[31m'"
    PAGER="sed s/^/paged:/" at_terminal "$BACKSTOP report" >"$scratch/paged"
    check "a long text goes by the pager" grep -q '^paged:in all' "$scratch/paged"
    PAGER="no-such-pager" at_terminal "$BACKSTOP report" >"$scratch/paged" 2>&1
    check "or without one that is not there" grep -q '^in all' "$scratch/paged"
else
    skip 4 "script(1) is not here"
fi
"$BACKSTOP" report | true
"$BACKSTOP" report 2>"$scratch/err" | head -n 1 >/dev/null
is "$(cat "$scratch/err")" "" "a reader who has seen enough is no accident"

# The page.
expect_code 0 "--html" "$BACKSTOP" report --html "$scratch/page.html"
check "is well-formed" perl -0777 -ne '
    s/<!DOCTYPE[^>]*>//; s/<(meta|line)\b[^>]*?\/?>//g; my @open;
    while (/<(\/?)(\w+)[^>]*>/g) { if ($1) { die "$2 closes $open[-1]" if pop @open ne $2 } else { push @open, $2 } }
    die "@open" if @open' "$scratch/page.html"
check "nothing of a message is markup" sh -c "! grep -qi '<script\\|<b>\\.' '$scratch/page.html' && grep -q '&lt;script&gt;' '$scratch/page.html'"
check "it needs no network" sh -c "! grep -qE 'https?:|src=|@import|url\\(|<link' '$scratch/page.html'"
for what in 'lang="en"' 'role="img"' '<title>' 'prefers-color-scheme:dark' '@media print' 'scope="col"' 'viewport'; do
    check "it has $what" grep -qF "$what" "$scratch/page.html"
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$browser" ]; then
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/chrome" --virtual-time-budget=2000 \
        --dump-dom "file://$scratch/page.html" >"$scratch/dom" 2>"$scratch/chrome.err"
    check "a browser draws it" grep -q '<rect' "$scratch/dom"
else
    skip 1 "there is no browser here"
fi

# Metrics.
expect_code 0 "--prometheus" "$BACKSTOP" report --prometheus "$scratch/backstop.prom"
check "verdicts" grep -qx 'backstop_reports{verdict="backscatter"} 185' "$scratch/backstop.prom"
check "in the text format" perl -ne 'die $_ unless /^# (HELP|TYPE) \w+ \S|^\w+(\{\w+="[^"]*"\})? \d+$/' "$scratch/backstop.prom"
is "$(ls "$scratch" | grep -c 'backstop.prom')" 1 "and nothing beside it"
expect_code 75 "a file that cannot be made is an error" "$BACKSTOP" report --prometheus /nonexistent/x.prom
expect_code 75 "output that cannot be written too" sh -c '"$BACKSTOP" report --json >/dev/full'

# By mail, to the user himself.
printf '#!/bin/sh\necho "$@" >"%s/to"\ncat >"%s/sent"\n' "$scratch" "$scratch" >"$scratch/sendmail"
chmod +x "$scratch/sendmail"
expect_code 0 "--mail" "$BACKSTOP" --set sendmail.command="$scratch/sendmail" --set report.mail-to=me@example.com report --mail
check "goes to the user" grep -q 'me@example.com' "$scratch/to"
check "says that a program wrote it" grep -q '^Auto-Submitted: auto-generated' "$scratch/sent"
check "and what came" grep -q '185' "$scratch/sent"
rm -f "$scratch/sent" && rm -rf "$state"
expect_code 0 "where there is nothing to tell" "$BACKSTOP" --set sendmail.command="$scratch/sendmail" report --mail
check "no mail is sent" test ! -e "$scratch/sent"
plan
