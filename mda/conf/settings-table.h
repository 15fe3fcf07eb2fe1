// SPDX-License-Identifier: MIT
// The one table of settings. The parser, `backstop config`, --set and the page backstop.conf(5) all
// come from these rows:
//
//   X(ID, "section", "key", TYPE, "default", "help")
//
// TYPE: STRING, LIST (separated by blanks or commas; in double quotes both stand for
//   themselves), BOOL (yes, no), CHOICE (the help begins with
// "a | b | c: "), DURATION (30d, 12h, 5m, 10s, 250ms), SIZE (10M; bytes without a letter), NUMBER,
// PATH (~ is the user's home). An empty default means: not set.

#define SETTINGS_TABLE(X)                                                                          \
    X(IDENTITY_DOMAINS, "identity", "domains", LIST, "",                                           \
      "Mail domains that are ours; a leading dot takes in their subdomains.")                      \
    X(IDENTITY_ADDRESSES, "identity", "addresses", LIST, "",                                       \
      "The user's own addresses, beside the recipient of the message.")                            \
    X(IDENTITY_RELAYS, "identity", "relays", LIST, "",                                             \
      "Host names (globs) of the relays that send our mail.")                                      \
    X(IDENTITY_NETWORKS, "identity", "networks", LIST, "",                                         \
      "Networks (CIDR, IPv4 and IPv6) of the relays that send our mail.")                          \
    X(IDENTITY_NETWORKS_FROM_SPF, "identity", "networks-from-spf", BOOL, "no",                     \
      "Whether the networks in our SPF record count as our relays' too.")                          \
    X(IDENTITY_MESSAGE_ID, "identity", "message-id", STRING, "",                                   \
      "Regular expression that every Message-ID of ours matches.")                                 \
    X(IDENTITY_SENT_FOLDERS, "identity", "sent-folders", LIST, "Sent",                             \
      "The user's folders of sent mail: names in the mail store (in double quotes where there "    \
      "are "                                                                                       \
      "blanks in them), or paths. As long as it is not set, every folder counts that bears one "   \
      "of the names that mail programs give theirs.")                                              \
    X(IDENTITY_NEVER_SENDS, "identity", "never-sends", LIST, "",                                   \
      "Addresses of ours (globs) that never send mail.")                                           \
    X(JUDGEMENT_UNKNOWN, "judgement", "unknown", CHOICE, "inbox",                                  \
      "inbox | junk: where a report goes when nothing is known about the original.")               \
    X(JUDGEMENT_SUSPECT, "judgement", "suspect", CHOICE, "inbox",                                  \
      "inbox | junk: where a report goes with one suspicion or with contradicting evidence.")      \
    X(JUDGEMENT_BACKSCATTER, "judgement", "backscatter", CHOICE, "junk",                           \
      "junk | discard | mark: what is done with backscatter; mark leaves it to the user's rules.") \
    X(JUDGEMENT_WHEN, "judgement", "when", CHOICE, "before-rules",                                 \
      "before-rules | after-rules: whether backscatter is filed before a Sieve script runs, or "   \
      "takes the place of what the script keeps. An rc file runs after it, if at all.")            \
    X(JUDGEMENT_ENABLED, "judgement", "enabled", BOOL, "yes",                                      \
      "Whether messages are judged at all.")                                                       \
    X(JUDGEMENT_TRUST, "judgement", "trust", LIST, "",                                             \
      "Whose mail is never judged: addresses, and hosts and domains by name (a leading dot takes " \
      "in "                                                                                        \
      "what is below) or network; each may be a glob.")                                            \
    X(JUDGEMENT_TRUST_FILE, "judgement", "trust-file", PATH, "~/.config/backstop/trust",           \
      "A file with more of them, one a line; # begins a comment.")                                 \
    X(JUDGEMENT_TIMEOUT, "judgement", "timeout", DURATION, "20s",                                  \
      "The judge is stopped after this time, and the message is delivered unjudged.")              \
    X(JUDGEMENT_MEMORY, "judgement", "memory", SIZE, "512M", "Memory that the judge may use.")     \
    X(EVIDENCE_TIMEOUT, "evidence", "timeout", DURATION, "5s",                                     \
      "The deadline that all sources of evidence share.")                                          \
    X(EVIDENCE_DISABLED, "evidence", "disabled", LIST, "", "Sources that are not asked.")          \
    X(BOUNCE_MARK_HEADERS, "bounce", "mark-headers", LIST, "X-SpamReason",                         \
      "Header fields in which a gateway marks bounces.")                                           \
    X(BOUNCE_MARK_TOKENS, "bounce", "mark-tokens", LIST, "ML_IS_POSSIBLE_BOUNCE",                  \
      "Words in those fields that mark a message as a bounce, in any case.")                       \
    X(RULES_DIRECTORIES, "rules", "directories", LIST, SYSCONFDIR "/backstop/rules.d",             \
      "Directories with further rule files (*.rules).")                                            \
    X(RULES_LANGUAGE, "rules", "language", CHOICE, "auto",                                         \
      "auto | sieve | procmail | none: the user's rules; auto takes a Sieve script if there is "   \
      "one, else ~/.procmailrc.")                                                                  \
    X(JUNK_FOLDER, "junk", "folder", STRING, "Junk", "The folder for backscatter.")                \
    X(JUNK_EXPIRE, "junk", "expire", DURATION, "30d",                                              \
      "Messages in it are deleted after this time; 0 keeps them.")                                 \
    X(JUNK_EXPIRE_FLAGGED, "junk", "expire-flagged", BOOL, "no",                                   \
      "Whether messages that the user flagged expire too.")                                        \
    X(JUNK_MAX_MESSAGES, "junk", "max-messages", NUMBER, "0",                                      \
      "The oldest messages above this number are deleted; 0: no such limit.")                      \
    X(JUNK_MAX_SIZE, "junk", "max-size", SIZE, "0",                                                \
      "The oldest messages above this sum of sizes are deleted; 0: no such limit.")                \
    X(LEDGER_URL, "ledger", "url", PATH, "",                                                       \
      "The sent-ledger: a path of an SQLite file, or redis://host:port/db (rediss:// with TLS, "   \
      "several hosts separated by commas); empty: in the user's state directory.")                 \
    X(LEDGER_SOCKET, "ledger", "socket", PATH, "",                                                 \
      "Where backstop ledger serve answers users who may not open the ledger themselves.")         \
    X(LEDGER_COMPLETE, "ledger", "complete", BOOL, "no",                                           \
      "Whether all mail of ours is in it, with its recipients, so that absence is proof.")         \
    X(LEDGER_TIMEOUT, "ledger", "timeout", DURATION, "2s",                                         \
      "How long a ledger in Redis may take to answer, connecting to it included.")                 \
    X(LEDGER_TLS_CA, "ledger", "tls-ca", PATH, "",                                                 \
      "With rediss://, the certificates of the authorities that the server's certificate may be "  \
      "signed by: a PEM file, or a directory prepared by openssl rehash; empty: those that the "   \
      "system trusts.")                                                                            \
    X(LEDGER_TLS_CERT, "ledger", "tls-cert", PATH, "",                                             \
      "The certificate (PEM, with the chain behind it) by which we log in to a server that asks "  \
      "for one.")                                                                                  \
    X(LEDGER_TLS_KEY, "ledger", "tls-key", PATH, "",                                               \
      "Its private key (PEM, without a passphrase); empty: in the same file.")                     \
    X(LEDGER_TLS_CHECK_NAME, "ledger", "tls-check-name", BOOL, "yes",                              \
      "Whether the server's certificate must be for the host in ledger.url, and in a cluster for " \
      "those that it sends us to.")                                                                \
    X(LEDGER_KEY_FILE, "ledger", "key-file", PATH, "",                                             \
      "The secret under which it keeps Message-IDs and addresses; empty: ledger.key beside it, "   \
      "for Redis in the server itself.")                                                           \
    X(LEDGER_KEEP, "ledger", "keep", DURATION, "90d", "How long it remembers.")                    \
    X(DKIM_KEY_FILE, "dkim", "key-file", LIST, "",                                                 \
      "Our public keys as selector:path (PEM, or a DNS record as text or as a line of a zone "     \
      "file); else they come from DNS.")                                                           \
    X(DKIM_SIGNS_ALL, "dkim", "signs-all", BOOL, "no",                                             \
      "Whether all mail of ours is signed, so that a header without a signature is not ours.")     \
    X(BATV_KEY_FILE, "batv", "key-file", PATH, "",                                                 \
      "The secrets of signed return paths: lines of a digit and a text; the last one signs.")      \
    X(BATV_REQUIRED, "batv", "required", BOOL, "no",                                               \
      "Whether all our envelope senders are signed, so that an untagged one is forged.")           \
    X(BATV_EXEMPT, "batv", "exempt", LIST, "", "Addresses (globs) that are not signed.")           \
    X(BATV_DAYS, "batv", "days", NUMBER, "7", "How many days a tag holds.")                        \
    X(STAMP_KEY_FILE, "stamp", "key-file", PATH, "",                                               \
      "The secrets of stamps: lines of a name (the date it was made, say) and a text; the last "   \
      "one signs.")                                                                                \
    X(STAMP_REQUIRED, "stamp", "required", BOOL, "no",                                             \
      "Whether all mail of ours is stamped, so that a header without a stamp is not ours.")        \
    X(MILTER_SOCKET, "milter", "socket", STRING, "",                                               \
      "Where backstop milter listens: unix:path, or inet:port@host, where any process of the "     \
      "host "                                                                                      \
      "gets stamps, tags and records. Empty: unix:/var/spool/postfix/backstop/milter, or without " \
      "a Postfix unix:/run/backstop-milter/milter; the directory is made.")                        \
    X(MILTER_SOCKET_MODE, "milter", "socket-mode", STRING, "660",                                  \
      "Permissions of the socket file (octal).")                                                   \
    X(MILTER_SOCKET_GROUP, "milter", "socket-group", STRING, "",                                   \
      "Its group, and that of a directory that is made for it, by name or number: the MTA's; "     \
      "empty: postfix, where there is that group and root starts the milter.")                     \
    X(MILTER_USER, "milter", "user", STRING, "",                                                   \
      "The user that the milter becomes when root starts it, to whom the secrets and the ledger "  \
      "belong; empty: it stays what it is.")                                                       \
    X(MILTER_INTERNAL, "milter", "internal", LIST, "127.0.0.0/8 ::1",                              \
      "Networks whose clients send our mail without logging in.")                                  \
    X(DOVECOT_CONFIG, "dovecot", "config", PATH, "",                                               \
      "The configuration of a Dovecot, as doveconf reads it, whose word counts where these files " \
      "say nothing: where mail lies, who the users are, Sieve, quota. Called as dovecot-lda: "     \
      "/etc/dovecot/dovecot.conf where it is there, or what -c says; empty otherwise: none.")      \
    X(USERS_SOURCE, "users", "source", LIST, "passwd",                                             \
      "Where the users are kept, asked in this order until one knows the user: passwd (the "       \
      "system's users), dovecot-auth:SOCKET (Dovecot's auth-userdb), passwd-file:PATH (a file of " \
      "Dovecot's format), template:HOME (every user whose directory is there). A place that "      \
      "cannot be asked defers.")                                                                   \
    X(USERS_HOME, "users", "home", STRING, "",                                                     \
      "The home of users of whom their source says none: %u is the user, %n the part before the "  \
      "@, %d the domain.")                                                                         \
    X(USERS_UID, "users", "uid", STRING, "",                                                       \
      "Whose files the mail of such users is, by name or number, when their source says nothing; " \
      "empty: ours, unless we are root.")                                                          \
    X(USERS_GID, "users", "gid", STRING, "", "The group, likewise.")                               \
    X(USERS_MISSING_HOME, "users", "missing-home", CHOICE, "defer",                                \
      "defer | create | refuse: what is done when the directory of a template is not there; "      \
      "refuse: there is no such user.")                                                            \
    X(LMTP_LISTEN, "lmtp", "listen", LIST, "",                                                     \
      "Where backstop lmtp listens: unix:path, inet:port@host, inet6:port@host; empty: it serves " \
      "one connection on standard input and output.")                                              \
    X(LMTP_SOCKET_MODE, "lmtp", "socket-mode", STRING, "660",                                      \
      "Permissions of a socket file that it makes (octal).")                                       \
    X(LMTP_SOCKET_GROUP, "lmtp", "socket-group", STRING, "",                                       \
      "Its group, by name or number: that of the MTA; empty: the server's own.")                   \
    X(LMTP_PEERS, "lmtp", "peers", LIST, "",                                                       \
      "Who may connect: at a unix socket these users, by name or number, as the kernel knows "     \
      "them, at others these networks; empty: whoever can.")                                       \
    X(LMTP_CONNECTIONS, "lmtp", "connections", NUMBER, "100", "How many it serves at a time.")     \
    X(LMTP_USER_DELIVERIES, "lmtp", "user-deliveries", NUMBER, "10",                               \
      "How many deliveries for one user run at a time, and no more than for a quarter of the "     \
      "connections; a quarter may wait for them, what is above that is put off; 0: any.")          \
    X(LMTP_DELIVERY_TIMEOUT, "lmtp", "delivery-timeout", DURATION, "8m",                           \
      "A delivery that takes longer, whatever its user's rules do, is stopped and put off. "       \
      "Postfix waits for ten minutes.")                                                            \
    X(LMTP_TIMEOUT, "lmtp", "timeout", DURATION, "5m",                                             \
      "A client that says nothing for this time, or sends no message for six times that, is sent " \
      "away.")                                                                                     \
    X(LMTP_RECIPIENTS, "lmtp", "recipients", NUMBER, "1000", "Recipients of one message.")         \
    X(LMTP_MESSAGE_SIZE, "lmtp", "message-size", SIZE, "200M",                                     \
      "Larger messages are refused, which makes the MTA bounce them: no lower than its own limit " \
      "then; 0: no limit.")                                                                        \
    X(LMTP_DELIMITER, "lmtp", "recipient-delimiter", STRING, "+",                                  \
      "Characters that separate a user from the detail of an address; empty: there is none.")      \
    X(LMTP_HOME, "lmtp", "home", PATH, "",                                                         \
      "The home directory of virtual users: %n is the user, %d the domain, %u both "               \
      "(user@domain), "                                                                            \
      "in lower case, %% a percent sign. Empty: recipients are users of the system.")              \
    X(LMTP_MISSING_HOME, "lmtp", "missing-home", CHOICE, "defer",                                  \
      "defer | create | refuse: what is done when that directory is not there; refuse tells the "  \
      "MTA that there is no such user.")                                                           \
    X(ANSWER_TRUSTED, "answer", "trusted", LIST, "",                                               \
      "Hosts whose Authentication-Results are believed before a sender is answered.")              \
    X(DNSBL_ZONES, "dnsbl", "zones", LIST, "",                                                     \
      "DNS lists of hosts that send backscatter; never more than a hint.")                         \
    X(WAVE_BEGIN, "wave", "begin", NUMBER, "10",                                                   \
      "So many alike reports that nothing decides make a wave; 0: never.")                         \
    X(WAVE_WINDOW, "wave", "window", DURATION, "1h", "Within this time.")                          \
    X(LEARN_ENABLED, "learn", "enabled", BOOL, "yes",                                              \
      "Whether what the user's own history shows counts (backstop learn): how complete his "       \
      "folders of sent mail are, where his mail leaves, what he said of reports.")                 \
    X(LEARN_FOLDERS, "learn", "folders", LIST, "",                                                 \
      "Further mail stores of the user's (other accounts in his home, archives) to learn from.")   \
    X(REPORT_COUNTS, "report", "counts", BOOL, "yes",                                              \
      "Whether what was judged is counted in the user's state, for backstop report.")              \
    X(REPORT_MAIL_TO, "report", "mail-to", STRING, "",                                             \
      "Where backstop report --mail sends to; empty: to the user's own name on this host.")        \
    X(STORE_LOCATION, "store", "location", PLACE, "~/Maildir",                                     \
      "The user's mail store: maildir:PATH, mbox:PATH, mh:PATH, lmtp:unix:SOCKET or "              \
      "lmtp:HOST:PORT (another server keeps it), or a path (ending in / or a directory: "          \
      "maildir); "                                                                                 \
      "the variables %u, %n, %d, %h stand for the user, and options as in Dovecot's "              \
      "mail_location.")                                                                            \
    X(STORE_ONWARD, "store", "onward", STRING, "",                                                 \
      "Where mail is handed on to by LMTP when it lies in what cannot be written here (sdbox, "    \
      "mdbox, obox): unix:SOCKET or HOST:PORT; empty: it waits.")                                  \
    X(STORE_CREATE_FOLDERS, "store", "create-folders", BOOL, "yes",                                \
      "Whether folders that rules name are made; if not, their mail goes to the inbox.")           \
    X(STORE_SPECIAL_USE, "store", "special-use", LIST,                                             \
      "Junk=Junk Sent=Sent Drafts=Drafts Trash=Trash Archive=Archive",                             \
      "Which folders have which attributes of RFC 6154, as folder=attribute.")                     \
    X(STORE_KEYWORDS, "store", "keywords", BOOL, "yes",                                            \
      "Whether keywords that scripts set are kept as Dovecot does: letters that the file "         \
      "dovecot-keywords of a Maildir folder explains, X-Keywords in an mbox.")                     \
    X(STORE_FSYNC, "store", "fsync", BOOL, "yes",                                                  \
      "Whether a message is on the disk before we say that it was delivered.")                     \
    X(STORE_UMASK, "store", "umask", STRING, "077", "Permissions taken from new files (octal).")   \
    X(QUOTA_STORAGE, "quota", "storage", SIZE, "0",                                                \
      "How much a Maildir++ may hold; 0: what its maildirsize file says.")                         \
    X(QUOTA_MESSAGES, "quota", "messages", NUMBER, "0", "How many messages it may hold.")          \
    X(QUOTA_JUNK_EXTRA, "quota", "junk-extra", SIZE, "0",                                          \
      "What the Junk folder may take beyond that.")                                                \
    X(QUOTA_FULL, "quota", "full", CHOICE, "defer",                                                \
      "defer | refuse: what becomes of mail over the quota: the MTA keeps it (status 75, LMTP "    \
      "4xx), or the caller is told to refuse it, if it can (dovecot-lda -e: 77; LMTP 5xx).")       \
    X(QUOTA_WARN_AT, "quota", "warn-at", LIST, "80 95",                                            \
      "Percentages of the quota; [quota] warn-command runs when one is passed.")                   \
    X(QUOTA_WARN_COMMAND, "quota", "warn-command", STRING, "",                                     \
      "A program (absolute path) that is told the percentage as its argument.")                    \
    X(STATE_DIRECTORY, "state", "directory", PLACE, "~/.local/state/backstop",                     \
      "Where the user's state is kept (ledger, index of sent mail, memory of answers).")           \
    X(DNS_SERVER, "dns", "server", STRING, "",                                                     \
      "address:port, several in turn; empty: as the system is configured.")                        \
    X(DNS_TIMEOUT, "dns", "timeout", DURATION, "3s", "How long one query may take.")               \
    X(SIEVE_ENGINE, "sieve", "engine", CHOICE, "backstop",                                         \
      "backstop | libsieve: which Sieve engine runs the user's script.")                           \
    X(SIEVE_SCRIPTS, "sieve", "scripts", PLACES, "~/.dovecot.sieve ~/.sieve",                      \
      "Where the user's active script may be; the first one that is there runs.")                  \
    X(SIEVE_DEFAULT, "sieve", "default", PLACE, "", "The script of users who have none.")          \
    X(SIEVE_BEFORE, "sieve", "before", PLACES, "",                                                 \
      "Scripts, or directories of *.sieve files, that run before the user's.")                     \
    X(SIEVE_AFTER, "sieve", "after", PLACES, "",                                                   \
      "Scripts, or directories of *.sieve files, that run after the user's.")                      \
    X(SIEVE_PERSONAL, "sieve", "personal", PLACE, "~/sieve",                                       \
      "Where include :personal finds scripts.")                                                    \
    X(SIEVE_GLOBAL, "sieve", "global", PLACE, "", "Where include :global finds scripts.")          \
    X(SIEVE_SETTINGS, "sieve", "settings", STRING, "",                                             \
      "Settings of the engine by Dovecot's names, as name=value; what has a = in front of a "      \
      "blank "                                                                                     \
      "in it stands in quotes. Each such line counts. Or one a line, in a section "                \
      "[sieve-settings]; see backstop-sieve(7).")                                                  \
    X(SIEVE_LISTS, "sieve", "lists", LIST, "",                                                     \
      "External lists (RFC 6134) as name=file, a comma in the name as %2C; a member a line.")      \
    X(SIEVE_METADATA, "sieve", "metadata", PLACE, "",                                              \
      "The file with the annotations of mailboxes that scripts see (RFC 5490).")                   \
    X(SENDMAIL_COMMAND, "sendmail", "command", PATH, "/usr/sbin/sendmail",                         \
      "The program that outgoing mail is handed to.")                                              \
    X(SENDMAIL_DSN, "sendmail", "dsn", BOOL, "no",                                                 \
      "Whether that program knows -N and -R, for scripts that ask for delivery status "            \
      "notifications. Postfix's and sendmail's do; Exim's takes -N for \"deliver nothing\".")      \
    X(SENDMAIL_SERVER, "sendmail", "server", STRING, "",                                           \
      "Where outgoing mail is handed to a server and to no program: smtp://HOST[:PORT], "          \
      "smtps://HOST[:PORT], lmtp://HOST[:PORT] or lmtp:///SOCKET.")                                \
    X(SENDMAIL_STARTTLS, "sendmail", "starttls", BOOL, "no",                                       \
      "Whether TLS must begin before anything is said to smtp://HOST; smtps:// begins with it.")   \
    X(SENDMAIL_TLS_CA, "sendmail", "tls-ca", PATH, "",                                             \
      "The certificates of the authorities to trust, as for ledger.tls-ca.")                       \
    X(SENDMAIL_TLS_CHECK_NAME, "sendmail", "tls-check-name", BOOL, "yes",                          \
      "Whether that server's certificate must be for its host.")                                   \
    X(SENDMAIL_USER, "sendmail", "user", STRING, "",                                               \
      "By what name we log in to that server; empty: not at all.")                                 \
    X(SENDMAIL_PASSWORD_FILE, "sendmail", "password-file", PATH, "",                               \
      "The file with the password, and nothing else in it. It is sent over TLS, or on this host.") \
    X(SENDMAIL_TIMEOUT, "sendmail", "timeout", DURATION, "60s",                                    \
      "How long that program, or that server, may take.")                                          \
    X(LOG_DESTINATION, "log", "destination", STRING, "syslog",                                     \
      "syslog, journal (systemd's, with fields of its own), stderr, none, or the path of a file; " \
      "what a file or a journal cannot take goes to syslog.")                                      \
    X(LOG_FORMAT, "log", "format", CHOICE, "logfmt",                                               \
      "logfmt | json: how the line of a delivery is written, key=value or an object; with json "   \
      "every line is one.")                                                                        \
    X(LOG_FACILITY, "log", "facility", CHOICE, "mail",                                             \
      "mail | daemon | user | local0 | local1 | local2 | local3 | local4 | local5 | local6 | "     \
      "local7: the syslog facility.")                                                              \
    X(LOG_LEVEL, "log", "level", CHOICE, "info",                                                   \
      "error | warning | info | debug: what is logged, and all that is worse.")
