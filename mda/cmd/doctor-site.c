// SPDX-License-Identifier: MIT
#include "cmd/doctor-site.h"

#include "cmd/output.h"
#include "report/counts.h"
#include "report/summary.h"
#include "site/site.h"

#include <stdio.h>
#include <string.h>

#define DAYS 30
#define NAMES 10

static void print_lines(const GArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        const struct site_line *line = &g_array_index(lines, struct site_line, i);
        printf("  %s%c%s %s\n", output_colour(stdout, line->fault ? OUTPUT_BAD : OUTPUT_GOOD),
               line->fault ? '!' : '+', output_colour(stdout, OUTPUT_PLAIN), line->what);
        if (line->remedy)
            printf("      %s\n", line->remedy);
    }
}

// What signed return paths would decide, by what came lately.
static void print_batv(const struct conf *conf)
{
    g_autoptr(Tally) tally = NULL;
    if (*conf_string(conf, CONF_BATV_KEY_FILE) ||
        !counts_read(conf_string(conf, CONF_STATE_DIRECTORY), &tally, NULL))
        return;
    g_autoptr(Summary) summary =
        summary_of(tally, "", g_get_real_time() / G_USEC_PER_SEC, DAYS, NAMES);
    const GArray *settings = summary->names[TALLY_SETTING];
    for (guint i = 0; i < settings->len; i++) {
        const struct summary_name *name = &g_array_index(settings, struct summary_name, i);
        if (strcmp(name->name, "batv.required") == 0)
            printf("  - signed return paths (BATV) would have decided %" G_GUINT64_FORMAT
                   " reports of the last %d days\n",
                   name->count, DAYS);
    }
}

void doctor_print_site(const struct conf *conf, const char *mail_log)
{
    g_autoptr(GArray) ways = site_lines_new();
    g_autoptr(GArray) forgery = site_lines_new();
    const bool postfix = site_postfix(ways);
    const bool exim = site_exim(ways);
    site_bounces(ways, mail_log);
    printf("\nDo we send backscatter?\n");
    print_lines(ways);
    if (!postfix && !exim)
        printf("  - there is no Postfix or Exim here that could be asked\n");
    printf("\nCan we be forged?\n");
    site_forgery(conf, forgery);
    print_lines(forgery);
    if (!*conf_list(conf, CONF_IDENTITY_DOMAINS))
        printf("  - DNS is asked for the domains in [identity] domains, and there are none\n");
    print_batv(conf);
}
