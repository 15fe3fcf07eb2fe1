# What to do with bounces of mail that you never sent, when [judgement] backscatter = mark leaves it to you.
require ["fileinto", "mailbox", "imap4flags", "vnd.backstop"];

if bounce :verdict "backscatter" {
    setflag "\\Seen";
    fileinto :create "Backscatter";
    stop;
}
# Answers of robots to mail that you did send are kept apart.
if bounce :class ["auto-reply", "challenge"] {
    fileinto :create "Automatic";
    stop;
}
