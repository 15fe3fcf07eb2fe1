// SPDX-License-Identifier: MIT
// A summary as one page: no script, nothing from the network, for light and dark, paper, and screen
// readers, which get the tables that the pictures are drawn from.
#include "report/summary.h"

#include <string.h>

#define PLOT_WIDTH 720
#define PLOT_HEIGHT 180
#define AXIS_LEFT 44
#define AXIS_BOTTOM 24
#define TICKS 4
#define DAY_LABELS_MAX 8

static const char style[] =
    ":root{color-scheme:light dark;--ground:#fff;--text:#1b1f24;--quiet:#57606a;--line:#d0d7de;"
    "--backscatter:#b42318;--suspect:#c77700;--unknown:#2563b0;--genuine:#1a7f4b}\n"
    "@media (prefers-color-scheme:dark){:root{--ground:#14181d;--text:#e6e9ed;--quiet:#9aa4af;"
    "--line:#3a424c;--backscatter:#ff7b6e;--suspect:#f0b040;--unknown:#6aaeff;--genuine:#5fd38d}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "background:var(--ground);color:var(--text)}\n"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}\n"
    ".quiet{color:var(--quiet)}svg{width:100%;height:auto;display:block}\n"
    "svg text{fill:var(--quiet);font:11px system-ui,sans-serif}svg line{stroke:var(--line)}\n"
    ".sums{display:flex;flex-wrap:wrap;gap:.5rem 2rem;padding:0;list-style:none;margin:1rem 0}\n"
    ".sums b{display:block;font-size:1.6rem;line-height:1.2}\n"
    ".key{display:inline-block;width:.8em;height:.8em;margin-right:.4em;border-radius:2px}\n"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--quiet)}\n"
    "th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top;overflow-wrap:anywhere}\n"
    "td.n,th.n{width:1%;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td.key-name{white-space:nowrap}\n"
    "thead th{color:var(--quiet);font-weight:normal}details{margin-top:.5rem}\n"
    "@media print{body{margin:0;max-width:none;font-size:11pt}details{display:block}"
    "h2{break-after:avoid}tr,svg{break-inside:avoid}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n";

static void add_escaped(GString *out, const char *text)
{
    g_autofree char *sound = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = g_markup_escape_text(sound, -1);
    g_string_append(out, escaped);
}

// The least 1, 2 or 5 times a power of ten that is not below MOST.
static guint64 scale_top(guint64 most)
{
    for (guint64 unit = 1;; unit *= 10) {
        if (most <= unit * TICKS)
            return unit * TICKS;
        if (most <= 2 * unit * TICKS)
            return 2 * unit * TICKS;
        if (most <= 5 * unit * TICKS)
            return 5 * unit * TICKS;
    }
}

static void add_axis(GString *out, guint64 top)
{
    for (guint i = 0; i <= TICKS; i++) {
        const double y = PLOT_HEIGHT - (double)PLOT_HEIGHT * i / TICKS + 8;
        char at[G_ASCII_DTOSTR_BUF_SIZE], below[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(at, sizeof at, "%.1f", y);
        g_ascii_formatd(below, sizeof below, "%.1f", y + 4);
        g_string_append_printf(
            out,
            "<line x1=\"%d\" x2=\"%d\" y1=\"%s\" y2=\"%s\"/>"
            "<text x=\"%d\" y=\"%s\" text-anchor=\"end\">%" G_GUINT64_FORMAT "</text>\n",
            AXIS_LEFT, PLOT_WIDTH, at, at, AXIS_LEFT - 6, below, top * i / TICKS);
    }
}

static void add_column(GString *out, const struct summary_day *day, double x, double width,
                       guint64 top)
{
    double y = PLOT_HEIGHT + 8;
    for (guint i = 0; i < SUMMARY_VERDICTS; i++) {
        const double height = (double)day->verdicts[i] * PLOT_HEIGHT / (double)top;
        char at[3][G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
        if (day->verdicts[i] == 0)
            continue;
        y -= height;
        g_ascii_formatd(at[0], sizeof at[0], "%.2f", x);
        g_ascii_formatd(at[1], sizeof at[1], "%.2f", y);
        g_ascii_formatd(at[2], sizeof at[2], "%.2f", width);
        g_ascii_formatd(high, sizeof high, "%.2f", height);
        g_string_append_printf(out,
                               "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" "
                               "fill=\"var(--%s)\"><title>%s: %" G_GUINT64_FORMAT
                               " %s</title></rect>\n",
                               at[0], at[1], at[2], high, summary_verdict_name(i), day->day,
                               day->verdicts[i], summary_verdict_name(i));
    }
}

static void add_chart(GString *out, const struct summary *summary)
{
    guint64 most = 1;
    for (guint i = 0; i < summary->days->len; i++)
        most = MAX(most, ((struct summary_day *)g_ptr_array_index(summary->days, i))->total);
    const guint64 top = scale_top(most);
    const double step = (double)(PLOT_WIDTH - AXIS_LEFT) / summary->days->len;
    const guint every = (summary->days->len + DAY_LABELS_MAX - 1) / DAY_LABELS_MAX;
    g_string_append_printf(
        out,
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"chart chart-desc\">"
        "<title id=\"chart\">Reports a day, by verdict</title><desc id=\"chart-desc\">A column a "
        "day; the highest day has %" G_GUINT64_FORMAT
        " reports. The table of days below has the numbers.</desc>\n",
        PLOT_WIDTH, PLOT_HEIGHT + 8 + AXIS_BOTTOM, most);
    add_axis(out, top);
    for (guint i = 0; i < summary->days->len; i++) {
        const struct summary_day *day = g_ptr_array_index(summary->days, i);
        const double x = AXIS_LEFT + step * i;
        add_column(out, day, x + step * 0.1, step * 0.8, top);
        if (i % every != 0)
            continue;
        char at[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(at, sizeof at, "%.1f", x);
        g_string_append_printf(out, "<text x=\"%s\" y=\"%d\">%s</text>\n", at,
                               PLOT_HEIGHT + 8 + AXIS_BOTTOM - 6,
                               summary->days->len > 60 ? day->day : day->day + strlen("2026-"));
    }
    g_string_append(out, "</svg>\n");
}

static void add_sums(GString *out, const struct summary *summary)
{
    g_string_append(out, "<ul class=\"sums\">\n");
    for (guint i = 0; i < SUMMARY_VERDICTS; i++)
        g_string_append_printf(out,
                               "<li><b>%" G_GUINT64_FORMAT
                               "</b><span class=\"key\" style=\"background:var(--%s)\"></span>"
                               "%s</li>\n",
                               summary->verdicts[i], summary_verdict_name(i),
                               summary_verdict_name(i));
    g_string_append_printf(out,
                           "<li><b>%" G_GUINT64_FORMAT "</b>taken back by you</li>\n"
                           "<li><b>%" G_GUINT64_FORMAT
                           "</b>called backscatter by you</li>\n</ul>\n",
                           summary->taken_back, summary->missed);
}

static void add_waves(GString *out, const struct summary *summary)
{
    if (summary->waves->len == 0)
        return;
    g_string_append(out, "<h2>Waves</h2>\n<table><caption>Hours with many reports on mail that is "
                         "not known to be yours</caption><thead><tr><th scope=\"col\">began</th>"
                         "<th scope=\"col\">at its height</th><th scope=\"col\">ebbed</th>"
                         "<th scope=\"col\" class=\"n\">in that hour</th>"
                         "<th scope=\"col\" class=\"n\">in all</th></tr></thead><tbody>\n");
    for (guint i = 0; i < summary->waves->len; i++) {
        const struct summary_wave *wave = &g_array_index(summary->waves, struct summary_wave, i);
        g_string_append_printf(out,
                               "<tr><td>%s</td><td>%s</td><td>%s</td><td class=\"n\">"
                               "%" G_GUINT64_FORMAT "</td><td class=\"n\">%" G_GUINT64_FORMAT
                               "</td></tr>\n",
                               wave->begin, wave->peak, wave->goes_on ? "it goes on" : wave->ebb,
                               wave->at_peak, wave->reports);
    }
    g_string_append(out, "</tbody></table>\n");
}

static void add_names(GString *out, const char *title, const char *what, const GArray *names,
                      bool advice)
{
    if (names->len == 0)
        return;
    g_string_append_printf(out,
                           "<h2>%s</h2>\n<table><thead><tr><th scope=\"col\" class=\"n\">reports"
                           "</th><th scope=\"col\">%s</th>%s</tr></thead><tbody>\n",
                           title, what, advice ? "<th scope=\"col\">how</th>" : "");
    for (guint i = 0; i < names->len; i++) {
        const struct summary_name *name = &g_array_index(names, struct summary_name, i);
        g_string_append_printf(out, "<tr><td class=\"n\">%" G_GUINT64_FORMAT "</td><td%s>",
                               name->count, advice ? " class=\"key-name\"" : "");
        add_escaped(out, name->name);
        if (advice) {
            g_string_append(out, "</td><td>");
            add_escaped(out, summary_advice(name->name));
        }
        g_string_append(out, "</td></tr>\n");
    }
    g_string_append(out, "</tbody></table>\n");
}

static void add_days(GString *out, const struct summary *summary)
{
    g_string_append(out, "<details open><summary>The days in numbers</summary>\n<table><thead><tr>"
                         "<th scope=\"col\">day</th>");
    for (guint i = 0; i < SUMMARY_VERDICTS; i++)
        g_string_append_printf(out, "<th scope=\"col\" class=\"n\">%s</th>",
                               summary_verdict_name(i));
    g_string_append(out, "</tr></thead><tbody>\n");
    for (guint i = summary->days->len; i-- > 0;) {
        const struct summary_day *day = g_ptr_array_index(summary->days, i);
        if (day->total == 0)
            continue;
        g_string_append_printf(out, "<tr><th scope=\"row\">%s</th>", day->day);
        for (guint j = 0; j < SUMMARY_VERDICTS; j++)
            g_string_append_printf(out, "<td class=\"n\">%" G_GUINT64_FORMAT "</td>",
                                   day->verdicts[j]);
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</tbody></table></details>\n");
}

char *summary_html(const struct summary *summary)
{
    const struct summary_day *first = g_ptr_array_index(summary->days, 0);
    const struct summary_day *last = g_ptr_array_index(summary->days, summary->days->len - 1);
    GString *out = g_string_new("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                "<meta name=\"viewport\" content=\"width=device-width\">"
                                "<meta http-equiv=\"Content-Security-Policy\" content=\""
                                "default-src 'none'; style-src 'unsafe-inline'\">"
                                "<title>backstop: what was judged</title><style>\n");
    g_string_append(out, style);
    g_string_append(out, "</style></head><body><main>\n<h1>What was judged</h1>\n"
                         "<p class=\"quiet\">");
    add_escaped(out, summary->source);
    g_string_append_printf(out, ", %s to %s</p>\n", first->day, last->day);
    add_sums(out, summary);
    if (summary->total > 0) {
        add_chart(out, summary);
        add_waves(out, summary);
        add_names(out, "Undecided, and what would decide it", "setting",
                  summary->names[TALLY_SETTING], true);
        add_names(out, "Who reports most", "host", summary->names[TALLY_HOST], false);
        add_names(out, "Commonest subjects of what was forged", "subject",
                  summary->names[TALLY_SUBJECT], false);
        add_names(out, "In whose name", "address", summary->names[TALLY_ADDRESS], false);
        add_names(out, "What came", "class", summary->names[TALLY_CLASS], false);
        add_names(out, "How it was known as a report", "rule", summary->names[TALLY_RULE], false);
        g_string_append(out, "<h2>Day by day</h2>\n");
        add_days(out, summary);
    } else {
        g_string_append(out, "<p>No report was judged in this time.</p>\n");
    }
    g_string_append(out, "</main></body></html>\n");
    return g_string_free(out, FALSE);
}
