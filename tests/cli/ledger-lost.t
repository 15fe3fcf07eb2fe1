#!/bin/sh
# SPDX-License-Identifier: MIT
# A complete ledger that was lost, damaged or is young proves nothing, and says so: in the log, in
# doctor, and no report on mail of ours is held forged. The forged twin inside its time is.
. "${srcdir:-..}/tests/tap.sh"

# The test is given these settings; each case has a directory of its own.
settings() { # DIRECTORY [LINE...]: $conf
    dir=$scratch/$1 conf=$scratch/$1/conf; shift
    mkdir -p "$dir"
    {
        printf '[identity]\ndomains = example.org\n[evidence]\ndisabled = spf dkim dnsbl\n'
        printf '[state]\ndirectory = %s/state\n[log]\ndestination = %s/log\n' "$dir" "$dir"
        printf '[ledger]\nurl = %s/ledger.sqlite\ncomplete = yes\n' "$dir"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$conf"
}
report() { # ID SECONDS [RECIPIENT]: a report that came so long ago, on a mail sent an hour before
    to=${3:-bob@remote.example}
    cat <<END
Return-Path: <>
Delivered-To: alice@example.org
Received: from mx.remote.example (mx.remote.example [203.0.113.10])
	by mail.example.org (Postfix) with ESMTPS id 4CQ7Z for <alice@example.org>;
	$(mail_date "$2")
Date: $(mail_date "$2")
From: Mail Delivery System <MAILER-DAEMON@mx.remote.example>
To: alice@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-$1@mx.remote.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.remote.example.

<$to>: 550 5.1.1 User unknown

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.remote.example

Final-Recipient: rfc822; $to
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

From: Alice <alice@example.org>
To: $to
Subject: Minutes of $1
Date: $(mail_date $(($2 + 3600)))
Message-ID: <$1@example.org>

--b--
END
}
now=$(date +%s)
{ # what alice sent, the first forty days ago
    printf '<first@example.org>\t%d\talice@example.org\tfriend@example.net\n' $((now - 40 * 86400))
    printf '<ours@example.org>\t%d\talice@example.org\tbob@remote.example\n' $((now - 90000))
} >"$scratch/ids"
verdict() { "$BACKSTOP" -c "$conf" check --json -r alice@example.org "$scratch/m.eml" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/'; }
recorded() { settings "$@"; "$BACKSTOP" -c "$conf" sent --ids -q "$scratch/ids"; }
doctor() { "$BACKSTOP" -c "$conf" doctor >"$scratch/doctor" 2>&1; }

# A sound one, for comparison.
recorded sound
report ours 86400 >"$scratch/m.eml"
is "$(verdict)" genuine 'a sound ledger knows what was sent'
report forged 86400 victim@nowhere.example >"$scratch/m.eml"
is "$(verdict)" backscatter 'and what was not'
doctor
check 'doctor says since when it is complete' grep -q "^+ ledger .*said to be complete, since $(date -u -d "@$((now - 40 * 86400))" +%Y-%m-%dT)" "$scratch/doctor"

# Damage. Each is judged by delivery, which writes the log.
damaged() { # WHAT LOG DOCTOR
    for kind in ours forged; do
        if [ $kind = ours ]; then report ours 86400; else report forged 86400 v@nowhere.example; fi >"$scratch/m.eml"
        case $(verdict) in backscatter) false ;; *) true ;; esac
        ok $? "$1: a report on $kind is not held forged"
    done
    may_reject=yes as_mta "$BACKSTOP" -c "$conf" deliver -f '<>' -a alice@example.org <"$scratch/m.eml"
    check "$1: the log says it" grep -q "$2" "$dir/log"
    doctor
    check "$1: doctor says it" grep -q "^- ledger .*$3" "$scratch/doctor"
}
recorded empty
: >"$dir/ledger.sqlite"; rm -f "$dir/ledger.sqlite-wal" "$dir/ledger.sqlite-shm"
damaged 'emptied' 'ledger' 'lost, though it is said to be complete (.*)'
recorded garbage
rm -f "$dir/ledger.sqlite-wal" "$dir/ledger.sqlite-shm"
head -c 30000 /dev/zero | tr '\0' 'g' >"$dir/ledger.sqlite"
damaged 'garbage' 'file is not a database' 'file is not a database'
recorded truncated
rm -f "$dir/ledger.sqlite-wal" "$dir/ledger.sqlite-shm"
size=$(wc -c <"$dir/ledger.sqlite")
head -c $((size / 2)) "$dir/ledger.sqlite" >"$dir/half"; mv "$dir/half" "$dir/ledger.sqlite"
damaged 'truncated' 'malformed' 'malformed'
recorded gone
rm -f "$dir"/ledger.sqlite*
damaged 'removed' 'ledger' 'lost, though it is said to be complete (.*is not there)'
recorded nokey
rm -f "$dir/ledger.key"
damaged 'key removed' 'ledger.key' 'lost, though it is said to be complete (.*ledger.key'
recorded otherkey
tr '0123456789abcdef' '123456789abcdef0' <"$dir/ledger.key" >"$dir/k"; cat "$dir/k" >"$dir/ledger.key"
damaged 'another key' 'under another key' 'under another key'
recorded nonsense-key
echo nonsense >"$dir/ledger.key"
damaged 'no key in the key file' 'holds no key' 'holds no key'
if [ "$(id -u)" -ne 0 ]; then
    recorded unreadable
    chmod 0 "$dir/ledger.sqlite"
    damaged 'unreadable' 'ledger' 'ledger.sqlite'
else
    skip 4 'root reads everything'
fi
settings silent
sed -i "s|^url = .*|url = redis://127.0.0.1:1/0|" "$conf"
damaged 'a server that does not answer' 'ledger' '127.0.0.1:1'

# It was lost, and the next mail makes it anew: complete from then on, and not before.
recorded anew
rm -f "$dir"/ledger.sqlite*
printf 'From: alice@example.org\nTo: carol@example.net\nSubject: next\nDate: %s\nMessage-ID: <next@example.org>\n\nx\n' "$(mail_date 0)" |
    "$BACKSTOP" -c "$conf" sent -f alice@example.org carol@example.net
report ours 86400 >"$scratch/m.eml"
case $(verdict) in backscatter) false ;; *) true ;; esac
ok $? 'made anew: a report on older mail is not held forged'
check 'made anew: the log says it' grep -q 'is new, and its key is older' "$dir/log"
doctor
check 'made anew: doctor says it' grep -q '^- ledger .*it began anew' "$scratch/doctor"

# A folder that is judged with a ledger which began lately: each report by the time when it came.
settings young
printf '<first@example.org>\t%d\talice@example.org\tfriend@example.net\n' $((now - 10 * 86400)) >"$scratch/young.ids"
"$BACKSTOP" -c "$conf" sent --ids -q "$scratch/young.ids"
mkdir -p "$scratch/old/cur" "$scratch/old/new" "$scratch/old/tmp"
for days in 11 12 30 31 100 1000; do
    report "old$days" $((days * 86400)) >"$scratch/old/cur/$((now - days * 86400)).M1P1.host:2,S"
done
report twin $((5 * 86400)) victim@nowhere.example >"$scratch/old/cur/$((now - 5 * 86400)).M2P1.host:2,S"
"$BACKSTOP" -c "$conf" check --json -r alice@example.org "$scratch/old" >"$scratch/folder"
is "$(grep -c . "$scratch/folder")" 7 'check reads a whole folder'
is "$(grep '"message_id":"<old' "$scratch/folder" | grep -c '"verdict":"backscatter"')" 0 'reports older than the ledger are not condemned'
is "$(grep '<twin@' "$scratch/folder" | grep -c '"verdict":"backscatter"')" 1 'the forged one inside its time is'

# A receipt comes when the mail is read, maybe weeks later, and tells no date.
receipt() {
    printf 'Return-Path: <>\nDelivered-To: alice@example.org\nFrom: Zed <zed@past.example>\nTo: alice@example.org\nSubject: Read: Offer\nDate: %s\nMessage-ID: <r@past.example>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: text/plain\n\nYour message was read.\n\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; zed@past.example\nOriginal-Message-ID: <%s@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n' "$(mail_date 0)" "$1" >"$scratch/m.eml"
}
receipt unknown
case $(verdict) in backscatter) false ;; *) true ;; esac
ok $? 'a receipt is not condemned by a ledger of ten days'
settings sound
is "$(verdict)" backscatter 'but by one of forty'

# Gaps, silent recorders, and who can read it.
recorded gaps
printf '#!/bin/sh\ncat >/dev/null\n' >"$dir/mta"; chmod +x "$dir/mta"
"$BACKSTOP" -c "$conf" --set ledger.url=/dev/null/ledger.sqlite sent "--sendmail=$dir/mta" -- -f alice@example.org bob@remote.example 2>/dev/null <<END
From: alice@example.org
To: bob@remote.example
Date: $(mail_date 600)
Message-ID: <unrecorded@example.org>

x
END
doctor
check 'doctor tells a gap' grep -q '^- ledger *a gap from .* until .*: what left then is not held forged' "$scratch/doctor"
report unrecorded 0 >"$scratch/m.eml"
case $(verdict) in backscatter) false ;; *) true ;; esac
ok $? 'what left in it is not held forged'
recorded open
chmod 644 "$dir/ledger.sqlite" "$dir/ledger.key"
doctor
check 'doctor tells a ledger that everyone can read' grep -q "^- ledger *others may read or write $dir/ledger.sqlite" "$scratch/doctor"
check 'and such a key' grep -q "^- ledger *others may read or write $dir/ledger.key" "$scratch/doctor"
check 'as what would help most' grep -q '^What would help most: others may read' "$scratch/doctor"
eval "$(sed -n "s/^    \(chmod o= .*\)/\1/p" "$scratch/doctor")"
doctor
check 'and what is pasted mends it' sh -c "! grep -q 'others may read' '$scratch/doctor'"

# Reports on mail of an account that no setting names.
recorded others
sed "s/alice@example.org/a.smith@provider.example/; s/^From: Alice <.*/From: A. Smith <a.smith@provider.example>/; s/^To: alice.*/To: a.smith@provider.example/" "$scratch/old/cur/"*.M2P1* |
    sed 's/^Delivered-To: .*/Delivered-To: alice@example.org/' >"$scratch/other.eml"
mkdir -p "$scratch/box/cur" "$scratch/box/new" "$scratch/box/tmp"
cp "$scratch/other.eml" "$scratch/box/cur/1.M1P1.host:2,S"
"$BACKSTOP" -c "$conf" --set identity.addresses=alice@other.example doctor --folder "$scratch/box" >"$scratch/doctor" 2>&1
check 'doctor tells whose mail others are about' grep -q '1 reports are about mail of a.smith@provider.example: add to `addresses` what is yours' "$scratch/doctor"
check 'with a line to paste' grep -qx '    addresses = alice@other.example a.smith@provider.example' "$scratch/doctor"
plan
