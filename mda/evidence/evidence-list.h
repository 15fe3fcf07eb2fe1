// SPDX-License-Identifier: MIT
// Every source of evidence, in the order in which they are asked: what costs nothing first, files
// next, the network last; batv and stamp want to know what trail says,
// ledger and correspondent what the folder of sent mail knows. A row X(name) takes in
// evidence/name.c, which defines evidence_name.
#define EVIDENCE_LIST(X)                                                                           \
    X(recipient)                                                                                   \
    X(trail)                                                                                       \
    X(batv)                                                                                        \
    X(marks)                                                                                       \
    X(msgid)                                                                                       \
    X(stamp)                                                                                       \
    X(sentfolder)                                                                                  \
    X(ledger)                                                                                      \
    X(letter)                                                                                      \
    X(word)                                                                                        \
    X(correspondent)                                                                               \
    X(dkim)                                                                                        \
    X(spf)                                                                                         \
    X(dnsbl)                                                                                       \
    X(flood)                                                                                       \
    X(wave)
