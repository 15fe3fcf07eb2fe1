// SPDX-License-Identifier: MIT
#include "site/site.h"

#include "base/process.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (16 * 1024 * 1024)
#define ASK_MS 10000
#define LINE_BYTES 500

static void clear_line(gpointer data)
{
    struct site_line *line = data;
    g_free(line->what);
    g_free(line->remedy);
}

GArray *site_lines_new(void)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct site_line));
    g_array_set_clear_func(lines, clear_line);
    return lines;
}

static void G_GNUC_PRINTF(4, 0)
    add(GArray *lines, bool fault, char *remedy, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    const struct site_line line = {fault, text_printable(text, -1, LINE_BYTES), remedy};
    g_array_append_val(lines, line);
}

void site_ok(GArray *lines, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(lines, false, NULL, format, arguments);
    va_end(arguments);
}

void site_fault(GArray *lines, char *remedy, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(lines, true, remedy, format, arguments);
    va_end(arguments);
}

// Users' PATH often lacks the directories of what an admin calls.
static char *find_program(const char *name)
{
    static const char *const places[] = {"/usr/sbin", "/usr/local/sbin", "/sbin"};
    char *path = g_find_program_in_path(name);
    for (gsize i = 0; !path && i < G_N_ELEMENTS(places); i++) {
        g_autofree char *there = g_build_filename(places[i], name, NULL);
        if (access(there, X_OK) == 0)
            path = g_steal_pointer(&there);
    }
    return path;
}

char *site_ask(const char *name, const char *const *arguments)
{
    g_autofree char *path = find_program(name);
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(GBytes) output = NULL;
    int status = 0;
    if (!path)
        return NULL;
    g_ptr_array_add(list, (char *)name);
    for (; *arguments; arguments++)
        g_ptr_array_add(list, (char *)*arguments);
    g_ptr_array_add(list, NULL);
    const struct process process = {.path = path,
                                    .argv = (char *const *)list->pdata,
                                    .output_limit = OUTPUT_MAX,
                                    .deadline = deadline_in(ASK_MS)};
    if (!process_run(&process, &status, &output, NULL) || status != 0 || !output)
        return NULL;
    gsize size;
    const char *text = g_bytes_get_data(output, &size);
    return g_strndup(text, size);
}
