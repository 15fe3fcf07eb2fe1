// SPDX-License-Identifier: MIT
// What is it, and whose is it: bounce/, evidence/ and verdict/ put together, in this process or in
// a child that may crash, hang or lie without harm to the mail.
#pragma once

#include "bounce/classify.h"
#include "bounce/report.h"
#include "conf/conf.h"
#include "evidence/evidence.h"
#include "judge/verdict.h"
#include "message/envelope.h"
#include "message/message.h"

// Everything that a judge found out.
struct judgement {
    struct report *report;
    GArray *findings; // struct finding
    enum verdict verdict;
    char *because; // the explanation, printable
    char *trouble; // what the admin should mend, or NULL
};

// The part of it that a delivery needs; what a child sends back.
struct judged {
    enum bounce_class class;
    enum verdict verdict;
    char *rule;    // "" for none
    char *because; // printable, may be ""
    char *limits;  // which limits were reached, "" for none
    char *trouble; // what the admin should mend, "" for nothing; it was logged
    // For the counts (report/); "" where nothing is known.
    char *host;    // that reports
    char *address; // the sender of the original, as the report has it
    char *subject; // of the original
    char *setting; // that would have decided what is undecided ("identity.relays")
};

// The settings of the matcher as CONF has them. Borrows from CONF.
struct bounce_settings judge_settings(const struct conf *conf);

enum judge_mode { JUDGE_DELIVERY, JUDGE_REHEARSAL };

// Judges in this process; a rehearsal leaves no trace that could sway later verdicts. Owned by the
// caller.
struct judgement *judge_message(const struct conf *conf, const struct bounce_rules *rules,
                                const struct message *message, const struct envelope *envelope,
                                enum judge_mode mode);
void judgement_free(struct judgement *judgement);

// Judges in a child with limits on memory, processor time and waiting. Never fails: when the child
// does not answer in time or in form, the verdict is "unknown" and because says what happened. Free
// the members with judged_clear.
void judge_in_child(const struct conf *conf, const struct message *message,
                    const struct envelope *envelope, struct judged *judged_r);
// The short way for most mail: judges in a child when judging is on and MESSAGE has a trait of
// automatic mail; else *JUDGED_R says "none".
void judge_if_automatic(const struct conf *conf, const struct message *message,
                        const struct envelope *envelope, struct judged *judged_r);

void judged_clear(struct judged *judged);

// Adds what was judged to the user's counts (report/), for a message that is settled. Trouble is of
// no consequence.
void judge_count(const struct conf *conf, const struct judged *judged);

// Does policy send a message with VERDICT to the Junk folder (or discard it)?
bool judge_is_unwanted(const struct conf *conf, enum verdict verdict);

// The folder that policy alone would file it into: [junk] folder or "INBOX". Borrowed from CONF.
const char *judge_folder(const struct conf *conf, enum verdict verdict);

// The X-Backstop header line, folded, with its line end; "" for class none. Owned by the caller.
char *judge_header(const struct judged *judged);

// The header line that tells, in a message that goes to Junk, how to see why and how to take it
// back; ID names the message. Owned by the caller.
#define JUDGE_HELP_FIELD "X-Backstop-Wrong"
char *judge_help(const char *id);
// The id in such a line of MESSAGE above its Received lines, or NULL. Owned by the caller.
#define JUDGE_ID_LENGTH 10
char *judge_id(const struct message *message);

typedef struct judgement Judgement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judgement, judgement_free)
