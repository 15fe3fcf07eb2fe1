require ["vacation", "fcc", "mailbox"];
vacation :create "away";
vacation :fcc "Sent" :flags "\\Seen" "away";
