// SPDX-License-Identifier: MIT
#include "submit/smtp-text.h"

#include <string.h>

static void end_line(struct smtp_text *text, GString *out)
{
    g_string_append(out, "\r\n");
    if (!text->in_line)
        text->in_body = true;
    text->in_line = false;
}

// CRs that no LF follows.
static void settle_crs(struct smtp_text *text, GString *out)
{
    for (; text->crs > 0; text->crs--) {
        if (text->in_body) {
            end_line(text, out);
        } else {
            g_string_append_c(out, ' ');
            text->in_line = true;
        }
    }
}

void smtp_text_encode(struct smtp_text *text, const char *data, gsize size, bool dots, GString *out)
{
    for (gsize at = 0; at < size;) {
        if (data[at] == '\r') {
            text->crs++;
            at++;
        } else if (data[at] == '\n') {
            text->crs = 0;
            end_line(text, out);
            at++;
        } else {
            settle_crs(text, out);
            if (dots && !text->in_line && data[at] == '.')
                g_string_append_c(out, '.');
            gsize plain = at;
            while (plain < size && data[plain] != '\r' && data[plain] != '\n')
                plain++;
            g_string_append_len(out, data + at, (gssize)(plain - at));
            text->in_line = true;
            at = plain;
        }
    }
}

void smtp_text_end(struct smtp_text *text, GString *out)
{
    settle_crs(text, out);
    if (text->in_line)
        end_line(text, out);
}
