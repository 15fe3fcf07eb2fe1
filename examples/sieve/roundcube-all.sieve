# EDITOR: Roundcube (Managesieve)
# EDITOR_VERSION: 9.4
require ["copy","date","duplicate","editheader","enotify","envelope","fileinto","imap4flags","index","mailbox","regex","relational","reject","spamtest","subaddress","vacation","vacation-seconds","variables","body","comparator-i;ascii-numeric"];
# rule:[a]
if allof (header :contains "subject" ["Invoice","Bill"], not header :matches "from" "*@example.net", body :content "text" :contains "pay")
{
	fileinto :copy :create "Invoices/Open";
	addflag ["\\Flagged","\\Seen"];
}
# rule:[b]
if anyof (true)
{
	set :upperfirst :lower "name" "ANN";
	notify :importance "1" :from "me@example.org" :message "new mail" "mailto:phone@example.net";
}
# rule:[c]
if false # allof (header :contains "x" "y")
{
	discard;
}
# rule:[d]
if allof (currentdate :zone "+0200" :value "ge" "iso8601" "2026-01-01T00:00:00+02:00", date :originalzone :is "date" "weekday" ["0","6"], address :detail :is "to" "shop", envelope :localpart :is "to" "me", header :value "gt" :comparator "i;ascii-numeric" "x-prio" "3", header :count "ge" :comparator "i;ascii-numeric" "received" "20", size :over 20M, duplicate :handle "x" :header "x-id" :seconds 3600 :last)
{
	redirect :copy "other@example.net";
	deleteheader :contains "X-Spam" "yes";
	addheader :last "X-Sorted" "yes";
	keep;
	stop;
}
elsif anyof (spamtest :value "ge" :comparator "i;ascii-numeric" "5", exists ["x-refuse","x-refuse-why"])
{
	reject text:
No thanks
.
;
	stop;
}
