// SPDX-License-Identifier: MIT
// Every mail that a plan may send: X(KIND, NAME); answer_NAME composes it for PLAN_KIND.
#pragma once

#define ANSWER_LIST(X)                                                                             \
    X(REDIRECT, redirect)                                                                          \
    X(REJECT, reject)                                                                              \
    X(EREJECT, reject)                                                                             \
    X(VACATION, vacation)                                                                          \
    X(NOTIFY, notify)                                                                              \
    X(REPORT, report)
