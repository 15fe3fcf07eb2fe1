require ["fileinto","vacation","imap4flags","date","relational","copy","variables","envelope","mailbox"];

if allof (header :contains ["to", "cc"] "team@example.org", not address :contains ["from"] "robot@example.org") {
    fileinto "team";
    stop;
}
if allof ( currentdate :value "ge" "date" "2026-12-24" ) {
if true {
if true {
set "subject" "";
if header :matches "Subject" "*" {
  set "subject" "${1}";
}
vacation :days 7 :addresses ["me@example.org"] :subject "Auto: ${subject}" text:
On holiday.
.
;
}}}
redirect :copy "backup@example.net";
