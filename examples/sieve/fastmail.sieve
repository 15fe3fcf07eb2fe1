require ["fileinto", "reject", "vacation", "imap4flags", "notify", "envelope", "relational", "regex", "subaddress", "copy", "mailbox", "date", "index", "comparator-i;ascii-numeric", "variables", "editheader", "duplicate", "vacation-seconds"];

### 1. Sieve generated for save-on-SMTP identities
# You do not have any identities with special folders.

### 5. Sieve generated for spam protection
if not header :matches "X-Spam-known-sender" "yes*" {
  if allof(
    header :contains "X-Backscatter" "yes",
    not header :matches "X-LinkName" "*"
  ) {
    setflag "$IsSpam";
    fileinto "Junk Mail";
    stop;
  }
  if header :value "ge" :comparator "i;ascii-numeric" "X-Spam-score" "5" {
    setflag "\\Seen";
    fileinto "Junk Mail";
    stop;
  }
}
### 7. rules
set "L0_keep" "";
if allof(not string :is "${stop}" "Y", address :is "from" "ann@example.com") {
  set "L0_keep" "1";
  addflag "\\Flagged";
  fileinto :copy "INBOX.Friends";
}
if string :is "${L0_keep}" "1" { keep; }
