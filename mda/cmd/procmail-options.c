// SPDX-License-Identifier: MIT
// The command line of procmail: letters that run together, values that may be the next argument.
#include "cmd/procmail-options.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: procmail [-vptoY] [-f fromwhom] [parameter=value | rcfile] ...\n"
    "   Or: procmail [-toY] [-f fromwhom] [-a argument] ... -d recipient ...\n"
    "   Or: procmail [-ptY] [-f fromwhom] -m [parameter=value] ... rcfile [arg] ...\n"
    "   Or: procmail -z\n";

static const char help[] =
    "\t-v\t\tshow the version and exit\n"
    "\t-p\t\tkeep the environment\n"
    "\t-t\t\tan undeliverable message is tried again later (the default here)\n"
    "\t-f fromwhom\tmake or replace the leading 'From ' line; '-': only its date\n"
    "\t-o\t\tfor compatibility: nothing\n"
    "\t-Y\t\tdisregard Content-Length:\n"
    "\t-a argument\tset $1, $2, ...\n"
    "\t-d recipient\tdeliver to these users\n"
    "\t-m\t\tact as a mail filter: run this rc file only\n"
    "\t-z\t\ttalk LMTP on standard input and output (backstop lmtp)\n"
    "\t--strict-procmail\tprocmail's exit statuses, also where they bounce mail\n";

static bool is_letter_of(const struct procmail_options *options, char letter)
{
    (void)options;
    return letter && strchr("vh?pmoYytfraRdz", letter);
}

// One argument of options that run together. The value of an option may be the next argument.
// False: the options end here (-d).
static bool take_letters(struct procmail_options *options, const char *letters, char ***at)
{
    for (; is_letter_of(options, *letters); letters++) {
        bool wants_value = strchr("frad", *letters) != NULL;
        const char *value = NULL;
        if (wants_value && letters[1])
            value = letters + 1;
        else if (wants_value && (*at)[1])
            value = *++(*at);
        switch (*letters) {
        case 'v':
            options->version = true;
            break;
        case 'h':
        case '?':
            options->help = true;
            break;
        case 'p':
            options->preserve = true;
            break;
        case 'm':
            options->filter = true;
            break;
        case 'Y':
        case 'y':
            options->ignore_length = true;
            break;
        case 't':
            options->soft = true;
            break;
        case 'z':
            options->lmtp = true;
            break;
        case 'f':
        case 'r':
            options->from = value ? value : options->from;
            break;
        case 'a':
            if (value)
                g_ptr_array_add(options->arguments, (gpointer)value);
            break;
        case 'd':
            options->deliver = value != NULL;
            if (value && value == letters + 1)
                **at = (char *)value; // "-duser": the name stands in the first recipient's place
            return value == NULL;
        default:
            break;
        }
        if (wants_value) {
            if (!value)
                fprintf(stderr, "procmail: Missing %s\n", *letters == 'a' ? "argument" : "name");
            return true;
        }
    }
    if (*letters)
        fprintf(stderr, "procmail: Unrecognised options: \"%s\"\n%sProcessing continued\n", letters,
                usage);
    return true;
}

void procmail_options_take(struct procmail_options *options, char **argv)
{
    char **at = argv + 1;
    options->arguments = g_ptr_array_new();
    for (; *at && **at == '-'; at++) {
        if (strcmp(*at, "--strict-procmail") == 0) {
            options->strict = true;
        } else if (strcmp(*at, "--") == 0) {
            at++;
            break;
        } else if (!take_letters(options, *at + 1, &at)) {
            break;
        }
    }
    options->rest = at;
    if ((options->deliver && (options->preserve || options->filter)) ||
        (options->filter && options->arguments->len > 0)) {
        fprintf(stderr, "procmail: Conflicting options\n%s", usage);
        if (options->deliver)
            options->preserve = options->filter = false;
        else
            g_ptr_array_set_size(options->arguments, 0);
    }
    g_ptr_array_add(options->arguments, NULL);
}

void procmail_options_clear(struct procmail_options *options)
{
    g_clear_pointer(&options->arguments, g_ptr_array_unref);
}

void procmail_options_help(void)
{
    fprintf(stderr, "%s%s", usage, help);
}
