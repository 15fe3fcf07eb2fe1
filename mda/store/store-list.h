// SPDX-License-Identifier: MIT
// Every store: X(name). Its file exports `const struct store store_NAME`.
#define STORE_LIST(X)                                                                              \
    X(maildir)                                                                                     \
    X(mbox)                                                                                        \
    X(mh)                                                                                          \
    X(lmtp)
