// SPDX-License-Identifier: MIT
// The expressions are part of the language (procmailrc(5), "Miscellaneous"): rc files rely on what
// they match to the letter.
#include "procmail/rc-macros.h"

#include <glib.h>
#include <string.h>

#define DESTINATION "(^((Original-)?(Resent-)?(To|Cc|Bcc)|(X-Envelope|Apparently(-Resent)?)-To):(.*"
#define ORIGIN "(((Resent-)?(From|Sender)|X-Envelope-From):|>?From )([^>]*[^(.%@a-z0-9])?("
#define ORIGIN_END ")(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\\(.*\\).*)?)?$([^>]|$))"

static const struct macro {
    const char *name, *expression;
    bool any_case;
} macros[] = {
    {"^FROM_DAEMON",
     "(^(Mailing-List:|Precedence:.*(junk|bulk|list)|To: Multiple recipients of |" ORIGIN
     "Post(ma?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|"
     "LIST(SERV|proc)|NETSERV|o(wner|ps)|r(e(quest|sponse)|oot)|b(ounce|bs\\.smtp)|echo|mirror|"
     "s(erv(ices?|er)|mtp(error)?|ystem)|A(dmin(istrator)?|MMGR|utoanswer)" ORIGIN_END ")",
     true},
    {"^TO_", DESTINATION "[^-a-zA-Z0-9_.])?)", false},
    {"^TO", DESTINATION "[^a-zA-Z])?)", false},
    {"^FROM_MAILER",
     "(^" ORIGIN "Post(ma(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|"
     "r(esponse|oot)|(bbs\\.)?smtp(error)?|s(erv(ices?|er)|ystem)|A(dmin(istrator)?|"
     "MMGR)" ORIGIN_END,
     false},
};

char *rc_macros_expand(const char *pattern, bool quoted, bool *any_case_r)
{
    GString *text = g_string_new(pattern);
    *any_case_r = false;
    for (gsize i = 0; i < G_N_ELEMENTS(macros);) {
        const char *found = strstr(text->str, macros[i].name);
        bool escaped = found && (found == text->str ? quoted : found[-1] == '\\');
        if (!found || escaped) {
            i++;
            continue;
        }
        gssize at = found - text->str;
        g_string_erase(text, at, (gssize)strlen(macros[i].name));
        g_string_insert(text, at, macros[i].expression);
        *any_case_r = *any_case_r || macros[i].any_case;
        i = 0;
    }
    return g_string_free(text, FALSE);
}
