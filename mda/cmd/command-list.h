// SPDX-License-Identifier: MIT
// Every command: X(function suffix, "name", "summary"). A row makes the declaration and the table
// entry, so a new command is its file and a line here.
#define COMMAND_LIST(X)                                                                            \
    X(deliver, "deliver", "file the message on standard input (the default)")                      \
    X(filter, "filter", "copy a message and put the verdict in front")                             \
    X(check, "check", "say what a message is, whose it is, and why")                               \
    X(scan, "scan", "judge whole folders, and file backscatter away on request")                   \
    X(why, "why", "explain the verdict on one message, and say what to do if it is wrong")         \
    X(junk, "junk", "list what is in Junk and why, put it back, or empty it")                      \
    X(report, "report", "show what was judged: days, waves, who reports, what is undecided")       \
    X(lmtp, "lmtp", "take mail from an MTA that speaks LMTP")                                      \
    X(rules, "rules", "list and check the rules that say what a message is")                       \
    X(config, "config", "show the settings in force and where each was set")                       \
    X(sent, "sent", "record outgoing mail")                                                        \
    X(setup, "setup", "find your mail, learn from it, write the settings")                         \
    X(learn, "learn", "learn from the mail that is there, and show what was learnt")               \
    X(ledger, "ledger", "answer users who ask the ledger; tell how far it reaches")                \
    X(milter, "milter", "record, stamp and sign outgoing mail for the MTA")                        \
    X(doctor, "doctor", "tell what is known of this site and what would help")                     \
    X(batv, "batv", "sign return paths, or verify their tags")                                     \
    X(sieve, "sieve", "check, try and test Sieve scripts")                                         \
    X(procmail, "procmail", "check a .procmailrc, or try it on a message")                         \
    X(translate, "translate", "turn a .procmailrc into a Sieve script")                            \
    X(completion, "completion", "print what completes commands in bash, zsh or fish")              \
    X(expire, "expire", "delete old messages from the Junk folder")

// Other programs' names under which we take their arguments: X(function suffix, "name").
#define PERSONALITY_LIST(X)                                                                        \
    X(deliver, "backstop-deliver")                                                                 \
    X(dovecot_lda, "dovecot-lda")                                                                  \
    X(dovecot_lda, "deliver")                                                                      \
    X(maildrop, "maildrop")                                                                        \
    X(mail_local, "mail.local")                                                                    \
    X(procmail_agent, "procmail")                                                                  \
    X(sendmail, "sendmail")
