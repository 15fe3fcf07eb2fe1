# Written by: Roundcube (managesieve plugin), as its editor writes rules
require ["body","copy","date","envelope","fileinto","imap4flags","mailbox","regex","relational","comparator-i;ascii-numeric","vacation","variables"];
# rule:[Lists]
if anyof (header :contains "list-id" "users.example.org", header :contains ["to","cc"] "users@example.org")
{
	fileinto :create "Lists/users";
	stop;
}
# rule:[Big and old]
if allof (size :over 5M, not header :matches "x-priority" "1*")
{
	addflag "\\Flagged";
	fileinto :copy "Large";
}
# rule:[disabled one]
if false # header :contains "subject" "offer"
{
	discard;
}
# rule:[Score]
if header :value "ge" :comparator "i;ascii-numeric" "x-spam-score" "5"
{
	fileinto "Junk";
	stop;
}
# rule:[Out of office]
if allof (currentdate :value "ge" "date" "2026-12-20", currentdate :value "le" "date" "2027-01-06")
{
	vacation :days 3 :addresses ["me@example.org","alias@example.org"] :subject "Away" text:
I am away until January 6th.
..
A line that began with a dot.
.
;
}
