// SPDX-License-Identifier: MIT
// The sendmail command: the interface that Postfix, Exim, sendmail, OpenSMTPD and msmtp share.
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "submit/submit-way.h"

#include <sysexits.h>

#define OUTPUT_MAX 4096

// -N and -R are Postfix's and sendmail's words for RFC 3461. To Exim -N means "deliver nothing", so
// they are given to a command that is said to know them alone.
static void add_dsn(GPtrArray *argv, const struct submission *mail)
{
    if (mail->notify) {
        g_ptr_array_add(argv, g_strdup("-N"));
        g_ptr_array_add(argv, g_ascii_strdown(mail->notify, -1));
    }
    if (mail->ret) {
        g_ptr_array_add(argv, g_strdup("-R"));
        g_ptr_array_add(argv, g_ascii_strdown(mail->ret, -1));
    }
}

static GPtrArray *arguments(const struct conf *conf, const struct submission *mail)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(argv, g_strdup(conf_string(conf, CONF_SENDMAIL_COMMAND)));
    g_ptr_array_add(argv, g_strdup("-i"));
    if (conf_bool(conf, CONF_SENDMAIL_DSN))
        add_dsn(argv, mail);
    g_ptr_array_add(argv, g_strdup("-f"));
    g_ptr_array_add(argv, g_strdup(*mail->sender ? mail->sender : "<>"));
    g_ptr_array_add(argv, g_strdup("--"));
    for (guint i = 0; i < mail->to->len; i++)
        g_ptr_array_add(argv, g_strdup(g_ptr_array_index(mail->to, i)));
    g_ptr_array_add(argv, NULL);
    return argv;
}

bool submit_by_command(const struct conf *conf, const struct submission *mail, GError **err)
{
    const char *program = conf_string(conf, CONF_SENDMAIL_COMMAND);
    // RFC 2852 §4.1: mail that must come back when it is late goes nowhere that cannot promise it.
    if (mail->by_mode == 'R')
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "a sendmail command takes no deliver-by time: set [sendmail] server");
    g_autoptr(GPtrArray) argv = arguments(conf, mail);
    // sendmail takes lines that end in LF.
    g_autoptr(GBytes) input = text_with_lf(mail->text);
    struct process process = {
        .path = program,
        .argv = (char **)argv->pdata,
        .input = input,
        .output_limit = OUTPUT_MAX,
        .deadline = deadline_in(conf_milliseconds(conf, CONF_SENDMAIL_TIMEOUT)),
    };
    int status = 0;
    if (!process_run(&process, &status, NULL, err))
        return false;
    if (status == EX_OK)
        return true;
    bool temporary = status == EX_TEMPFAIL || status == EX_OSERR || status > EX__MAX;
    return mda_fail(err, temporary ? MDA_ERROR_TEMP : MDA_ERROR_CONFIG,
                    "[sendmail] command %s ended with status %d", program, status);
}
