// SPDX-License-Identifier: MIT
// Every extension, one a line: ext-NAME.c defines sieve_ext_NAME (the comparators share a file).
#pragma once

#define SIEVE_EXTENSION_LIST(X)                                                                    \
    X(fileinto)                                                                                    \
    X(envelope)                                                                                    \
    X(encoded_character)                                                                           \
    X(ascii_numeric)                                                                               \
    X(unicode_casemap)                                                                             \
    X(copy)                                                                                        \
    X(reject)                                                                                      \
    X(ereject)                                                                                     \
    X(imap4flags)                                                                                  \
    X(imapflags)                                                                                   \
    X(variables)                                                                                   \
    X(vacation)                                                                                    \
    X(vacation_seconds)                                                                            \
    X(body)                                                                                        \
    X(date)                                                                                        \
    X(index)                                                                                       \
    X(relational)                                                                                  \
    X(subaddress)                                                                                  \
    X(regex)                                                                                       \
    X(mailbox)                                                                                     \
    X(mailboxid)                                                                                   \
    X(mboxmetadata)                                                                                \
    X(servermetadata)                                                                              \
    X(special_use)                                                                                 \
    X(include)                                                                                     \
    X(environment)                                                                                 \
    X(dovecot_environment)                                                                         \
    X(duplicate)                                                                                   \
    X(dovecot_duplicate)                                                                           \
    X(editheader)                                                                                  \
    X(mime)                                                                                        \
    X(foreverypart)                                                                                \
    X(extracttext)                                                                                 \
    X(enclose)                                                                                     \
    X(replace)                                                                                     \
    X(ihave)                                                                                       \
    X(enotify)                                                                                     \
    X(notify)                                                                                      \
    X(fcc)                                                                                         \
    X(extlists)                                                                                    \
    X(spamtest)                                                                                    \
    X(spamtestplus)                                                                                \
    X(virustest)                                                                                   \
    X(redirect_dsn)                                                                                \
    X(redirect_deliverby)                                                                          \
    X(envelope_dsn)                                                                                \
    X(envelope_deliverby)                                                                          \
    X(dovecot_pipe)                                                                                \
    X(dovecot_filter)                                                                              \
    X(dovecot_execute)                                                                             \
    X(dovecot_debug)                                                                               \
    X(dovecot_report)                                                                              \
    X(backstop)
