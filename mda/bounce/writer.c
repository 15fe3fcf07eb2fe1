// SPDX-License-Identifier: MIT
#include "bounce/writer.h"

#include "bounce/message-facts.h"
#include "bounce/trait-list.h"
#include "bounce/trait.h"

#include <string.h>

static const char *const names[] = {
    [WRITER_MAIL_SYSTEM] = "mail-system",
    [WRITER_NULL_SENDER] = "null-sender",
    [WRITER_UNNAMED] = "unnamed",
    [WRITER_ANYONE] = "anyone",
};

bool writer_parse(const char *name, enum writer *writer_r)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *writer_r = (enum writer)i;
            return true;
        }
    }
    return false;
}

const char *writer_name(enum writer writer)
{
    return names[writer];
}

static bool any_value(struct facts *facts, const char *field, enum trait_list list)
{
    for (char **value = facts_header(facts, field); *value; value++) {
        if (trait_list_any(list, *value))
            return true;
    }
    return false;
}

// A tracker, a scheduler, a monitor.
static bool is_other_machine(struct facts *facts)
{
    struct trait_words fields = trait_list_words(TRAIT_LIST_MACHINE_HEADER);
    for (guint i = 0; i < fields.count; i++) {
        if (message_field(facts->message, fields.words[i], 0))
            return true;
    }
    return any_value(facts, "from", TRAIT_LIST_MACHINE_WRITER) ||
           any_value(facts, "x-mailer", TRAIT_LIST_MACHINE_PROGRAM) ||
           any_value(facts, "user-agent", TRAIT_LIST_MACHINE_PROGRAM);
}

static bool is_persons_program(struct facts *facts)
{
    return any_value(facts, "x-mailer", TRAIT_LIST_PERSON_PROGRAM) ||
           any_value(facts, "user-agent", TRAIT_LIST_PERSON_PROGRAM);
}

static bool names_mail_system(struct facts *facts, const char *field)
{
    for (char **value = facts_header(facts, field); *value; value++) {
        if (trait_names_daemon(*value) || g_str_has_suffix(*value, "<>"))
            return true;
    }
    return false;
}

// Fields that a mail system alone writes.
static bool has_report_field(const struct facts *facts)
{
    return message_field(facts->message, "X-Failed-Recipients", 0) ||
           message_field(facts->message, "X-MS-Exchange-Message-Is-Ndr", 0);
}

enum writer writer_of(struct facts *facts)
{
    const struct mime_part *root = g_ptr_array_index(facts->tree->parts, facts->root);
    bool report = mime_part_is(root, "multipart", "report");
    if (is_other_machine(facts))
        return WRITER_ANYONE;
    bool null = facts->sender && (!*facts->sender || strstr(facts->sender, "daemon") ||
                                  strstr(facts->sender, "postmaster"));
    // A postmaster, too, writes letters in a program for people.
    bool bare = facts->sender && !*facts->sender;
    if (!report && is_persons_program(facts) && !(bare && names_mail_system(facts, "from")))
        return WRITER_ANYONE;
    if (report || names_mail_system(facts, "from") || names_mail_system(facts, "sender") ||
        !*facts_header(facts, "from") || has_report_field(facts))
        return WRITER_MAIL_SYSTEM;
    return null ? WRITER_NULL_SENDER : WRITER_UNNAMED;
}
