// SPDX-License-Identifier: MIT
#include "judge/judge.h"

#include "base/text.h"
#include "judge/trust.h"

#include <string.h>

// RFC 5322 §2.1.1: lines should not be longer.
#define HEADER_LINE_WIDTH 78
#define HEADER_REASON_MAX 1500

struct bounce_settings judge_settings(const struct conf *conf)
{
    bounce_traits_extend(conf_list(conf, CONF_RULES_DIRECTORIES));
    return (struct bounce_settings){
        .mark_headers = conf_list(conf, CONF_BOUNCE_MARK_HEADERS),
        .mark_tokens = conf_list(conf, CONF_BOUNCE_MARK_TOKENS),
    };
}

static void clear_finding(gpointer finding)
{
    finding_clear(finding);
}

struct judgement *judge_message(const struct conf *conf, const struct bounce_rules *rules,
                                const struct message *message, const struct envelope *envelope,
                                enum judge_mode mode)
{
    struct bounce_settings settings = judge_settings(conf);
    struct judgement *judgement = g_new0(struct judgement, 1);
    judgement->because = trust_reason(conf, message, envelope);
    judgement->report =
        judgement->because ? report_new() : bounce_classify(rules, &settings, message, envelope);
    if (judgement->report->class == BOUNCE_NONE) {
        judgement->findings = g_array_new(FALSE, FALSE, sizeof(struct finding));
        if (!judgement->because)
            judgement->because = g_strdup("");
        return judgement;
    }
    struct evidence_case evidence_case = {
        .message = message,
        .envelope = envelope,
        .report = judgement->report,
        .conf = conf,
        .deadline = deadline_in(conf_milliseconds(conf, CONF_EVIDENCE_TIMEOUT)),
        .rehearsal = mode == JUDGE_REHEARSAL,
        .trouble_r = &judgement->trouble,
    };
    judgement->findings = evidence_collect(&evidence_case);
    const struct finding *findings = (const struct finding *)(gpointer)judgement->findings->data;
    judgement->verdict = verdict_decide(findings, judgement->findings->len);
    judgement->because = verdict_explain(judgement->verdict, findings, judgement->findings->len);
    if (*judgement->because == '\0') {
        g_free(judgement->because);
        judgement->because = g_strdup("nothing is known of the original");
    }
    return judgement;
}

void judgement_free(struct judgement *judgement)
{
    if (!judgement)
        return;
    report_free(judgement->report);
    for (guint i = 0; i < judgement->findings->len; i++)
        clear_finding(&g_array_index(judgement->findings, struct finding, i));
    g_array_unref(judgement->findings);
    g_free(judgement->because);
    g_free(judgement->trouble);
    g_free(judgement);
}

void judged_clear(struct judged *judged)
{
    g_clear_pointer(&judged->rule, g_free);
    g_clear_pointer(&judged->because, g_free);
    g_clear_pointer(&judged->limits, g_free);
    g_clear_pointer(&judged->trouble, g_free);
    g_clear_pointer(&judged->host, g_free);
    g_clear_pointer(&judged->address, g_free);
    g_clear_pointer(&judged->subject, g_free);
    g_clear_pointer(&judged->setting, g_free);
}

bool judge_is_unwanted(const struct conf *conf, enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_BACKSCATTER:
        return conf_choice(conf, CONF_JUDGEMENT_BACKSCATTER) != BACKSCATTER_MARK;
    case VERDICT_SUSPECT:
        return conf_choice(conf, CONF_JUDGEMENT_SUSPECT) == PLACE_JUNK;
    case VERDICT_UNKNOWN:
        return conf_choice(conf, CONF_JUDGEMENT_UNKNOWN) == PLACE_JUNK;
    case VERDICT_NONE:
    case VERDICT_GENUINE:
        break;
    }
    return false;
}

const char *judge_folder(const struct conf *conf, enum verdict verdict)
{
    return judge_is_unwanted(conf, verdict) ? conf_string(conf, CONF_JUNK_FOLDER) : "INBOX";
}

// Appends WORD (no blanks in it) to the header, on a new line where this one is full.
static void append_word(GString *header, gsize *column, const char *word)
{
    gsize length = strlen(word);
    if (*column + 1 + length > HEADER_LINE_WIDTH && *column > 1) {
        g_string_append(header, "\n");
        *column = 0;
    }
    g_string_append_printf(header, "%s%s", *column == 0 ? "\t" : " ", word);
    *column += 1 + length;
}

char *judge_header(const struct judged *judged)
{
    if (judged->class == BOUNCE_NONE && judged->verdict == VERDICT_NONE)
        return g_strdup("");
    g_autofree char *reason = text_printable(judged->because, -1, HEADER_REASON_MAX);
    g_autofree char *rule = text_printable(judged->rule, -1, 100);
    g_strdelimit(reason, "\"\\", '\'');
    g_autofree char *text =
        g_strdup_printf("%s; class=%s; rule=%s; because=\"%s\"", verdict_name(judged->verdict),
                        bounce_class_name(judged->class), rule, reason);
    GString *header = g_string_new("X-Backstop:");
    gsize column = header->len;
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++)
        append_word(header, &column, *word);
    g_string_append_c(header, '\n');
    return g_string_free(header, FALSE);
}

char *judge_help(const char *id)
{
    return g_strdup_printf(JUDGE_HELP_FIELD ": why: backstop why %s; if it is wrong:\n"
                                            "\tbackstop junk restore %s, or move it out of here\n",
                           id, id);
}

char *judge_id(const struct message *message)
{
    static const char before[] = "why: backstop why ";
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (header_field_is(field, "Received"))
            break; // what stands below came with the message
        if (!header_field_is(field, JUDGE_HELP_FIELD))
            continue;
        g_autofree char *value = header_field_value(field);
        const char *id = strstr(value, before);
        if (id && strspn(id + strlen(before), "0123456789abcdef") == JUDGE_ID_LENGTH)
            return g_strndup(id + strlen(before), JUDGE_ID_LENGTH);
    }
    return NULL;
}
