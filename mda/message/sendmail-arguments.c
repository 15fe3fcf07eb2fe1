// SPDX-License-Identifier: MIT
#include "message/sendmail-arguments.h"

#include <string.h>

// Options that take a value, attached or as the next argument.
static const char with_value[] = "ABCFLNORVXbefhopr";

static void take_option(struct sendmail_arguments *submission, char letter, const char *value)
{
    if (letter == 'b' && value[0] != 'm')
        submission->carries_message = false;
    else if (letter == 'f' || letter == 'r')
        submission->sender = value;
}

struct sendmail_arguments sendmail_arguments_read(char *const *arguments)
{
    struct sendmail_arguments submission = {true, NULL, g_ptr_array_new(), false};
    char *const *at = arguments;
    for (; *at && (*at)[0] == '-' && (*at)[1]; at++) {
        if (strcmp(*at, "--") == 0) {
            at++;
            break;
        }
        for (const char *letter = *at + 1; *letter; letter++) {
            if (*letter == 't')
                submission.from_header = true;
            if (*letter == 'q' || *letter == 'I')
                submission.carries_message = false;
            if (*letter == 'q')
                break;
            if (!strchr(with_value, *letter))
                continue;
            if (letter[1])
                take_option(&submission, *letter, letter + 1);
            else if (at[1])
                take_option(&submission, *letter, *++at);
            break;
        }
    }
    for (; *at; at++)
        g_ptr_array_add(submission.recipients, *at);
    g_ptr_array_add(submission.recipients, NULL);
    return submission;
}

const char *const *sendmail_arguments_recipients(const struct sendmail_arguments *arguments)
{
    const bool given = arguments->recipients->len > 1 && !arguments->from_header;
    return given ? (const char *const *)arguments->recipients->pdata : NULL;
}
