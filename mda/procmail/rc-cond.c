// SPDX-License-Identifier: MIT
// The conditions of a recipe.
#include "procmail/rc-engine.h"
#include "procmail/rc-macros.h"
#include "procmail/rc-regex.h"

#include <stdlib.h>
#include <string.h>

// One condition while its prefixes are taken off.
struct condition_test {
    struct rc_engine *engine;
    const bool *flags;
    struct rc_score *score;
    const char *area; // what is searched
    gsize size;       // of the area
    gsize measured;   // what "<" and ">" compare: the whole message, or the area of "??"
    bool negated, scoring, skipped;
    double weight, exponent;
    char *shown; // what the log calls it
    char *kept;  // the searched variable's value
};

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

// Continued lines are joined and the blanks that lead the next one dropped.
static char *squeeze(const char *text)
{
    GString *squeezed = g_string_new(NULL);
    bool line_start = false;
    for (; *text; text++) {
        if (*text == '\n') {
            if (squeezed->len > 0 && squeezed->str[squeezed->len - 1] == '\\')
                g_string_truncate(squeezed, squeezed->len - 1);
            else
                g_string_append_c(squeezed, '\n');
            line_start = true;
        } else if (!line_start || (*text != ' ' && *text != '\t')) {
            g_string_append_c(squeezed, *text);
            line_start = false;
        }
    }
    return g_string_free(squeezed, FALSE);
}

static void keep_match(struct rc_engine *engine, const char *area, const struct rc_match *match)
{
    if (!match->captured)
        return;
    g_autofree char *value = g_strndup(area + match->from, match->to - match->from);
    rc_say_verbose(engine, "Assigning", "MATCH=");
    rc_set(engine, "MATCH", value);
    rc_say_verbose(engine, "Matched", value);
}

static void score_matches(struct condition_test *test, const struct rc_regex *regex)
{
    double weight = test->weight, square = weight * weight;
    struct rc_score *score = test->score;
    struct rc_match match;
    gsize from = 0;
    while (weight != 0 && score->total > RC_SCORE_MIN && score->total < RC_SCORE_MAX &&
           from <= test->size && rc_regex_search(regex, test->area, test->size, from, &match)) {
        keep_match(test->engine, test->area, &match);
        score->total += weight;
        weight *= test->exponent;
        if (match.end <= (gssize)from) { // an empty match would match for ever
            if (test->exponent > 0 && test->exponent < 1)
                score->total += weight / (1 - test->exponent);
            else if (test->exponent >= 1 && weight != 0)
                score->total += weight < 0 ? RC_SCORE_MIN : RC_SCORE_MAX;
            return;
        }
        double next = weight * weight;
        if (next < square && square < 1)
            return;
        square = next;
        from = (gsize)match.end;
    }
}

static bool test_pattern(struct condition_test *test, const char *text, bool quoted)
{
    bool any_case, invalid;
    g_autofree char *squeezed = squeeze(text);
    g_autofree char *pattern = rc_macros_expand(squeezed, quoted, &any_case);
    g_free(test->shown);
    test->shown = g_strconcat(quoted ? "\\" : "", pattern, NULL);
    if (!*pattern && !test->scoring)
        return !test->negated;
    bool ignore_case = any_case || !test->flags[RC_DISTINGUISH];
    g_autoptr(RcRegex) regex = rc_regex_new(pattern, ignore_case, &invalid);
    if (invalid)
        rc_say_quoted(test->engine, "Invalid regexp", pattern);
    struct rc_match match;
    if (test->scoring && !test->negated) {
        score_matches(test, regex);
        return true;
    }
    bool found = rc_regex_search(regex, test->area, test->size, 0, &match);
    if (test->scoring) {
        if (!found)
            test->score->total += test->weight;
        return true;
    }
    if (found)
        keep_match(test->engine, test->area, &match);
    return found != test->negated;
}

static bool test_program(struct condition_test *test, const char *line)
{
    struct rc_command command;
    struct rc_engine *engine = test->engine;
    rc_command_new(engine, line, &command);
    struct procmail_program program = {.input = test->area,
                                       .input_size = test->size,
                                       .newline = true,
                                       .wait = PROCMAIL_WAIT_QUIETLY,
                                       .ignore_errors = true};
    rc_feed(engine, &command, &program);
    g_free(test->shown);
    test->shown = g_strdup(command.line);
    rc_command_clear(&command);
    if (test->scoring && engine->exit_status >= 0) {
        rc_score_program(test->score, test->weight, test->exponent, test->negated,
                         engine->exit_status);
        return true;
    }
    return (engine->exit_status == 0) != test->negated;
}

static bool test_size(struct condition_test *test, const char *text)
{
    g_autofree char *value = rc_evaluate_text(test->engine, text);
    if (!value)
        return false;
    char *end;
    bool below = value[0] == '<';
    long limit = strtol(value + 1, &end, 10);
    const char *rest = skip_blanks(end);
    if (*rest)
        rc_say_quoted(test->engine, "Skipped", rest);
    g_free(test->shown);
    test->shown = g_strdup(value);
    if (test->scoring) {
        rc_score_size(test->score, test->weight, test->exponent, below != test->negated,
                      (double)limit, (double)test->measured);
        return true;
    }
    long size = (long)test->measured;
    return (below ? size < limit : size > limit) != test->negated;
}

// "w^x": true when it stood at *AT, which then points behind it.
static bool take_weight(struct condition_test *test, const char **at)
{
    const char *end, *start;
    double weight = rc_decimal(*at, &end);
    if (end == *at || *(end = skip_blanks(end)) != '^')
        return false;
    start = end + 1;
    double exponent = rc_decimal(start, &end);
    if (end == start)
        return false;
    if (test->score->total >= RC_SCORE_MAX) {
        test->skipped = true;
        return true;
    }
    test->weight = weight;
    test->exponent = exponent;
    test->scoring = test->score->used = true;
    *at = skip_blanks(end);
    return true;
}

static void set_area(struct condition_test *test, const char *name)
{
    struct rc_message *message = &test->engine->message;
    bool whole = strcmp(name, "HB") == 0 || strcmp(name, "BH") == 0;
    if (whole || strcmp(name, "H") == 0 || strcmp(name, "B") == 0) {
        enum rc_part part = whole ? RC_WHOLE : *name == 'H' ? RC_HEAD : RC_BODY;
        test->area = rc_message_search_part(message, part, &test->size);
    } else {
        g_free(test->kept);
        test->kept = g_strdup(rc_get(test->engine, name));
        test->area = test->kept;
        test->size = strlen(test->area);
    }
    test->measured = test->size;
}

// "NAME ??": true when it stood at *AT, which then points behind it.
static bool take_area(struct condition_test *test, const char **at)
{
    const char *end = *at;
    while (rc_is_name((guchar)*end))
        end++;
    const char *sign = skip_blanks(end);
    if (end == *at || !g_str_has_prefix(sign, "??"))
        return false;
    g_autofree char *name = g_strndup(*at, (gsize)(end - *at));
    set_area(test, name);
    *at = skip_blanks(sign + 2);
    return true;
}

static char *expand_pattern(struct rc_engine *engine, const char *text)
{
    g_autofree char *squeezed = squeeze(text);
    g_autofree char *quoted = g_strconcat("\"", squeezed, NULL);
    return rc_evaluate_text(engine, quoted);
}

// Takes the prefixes off TEXT one by one, then tests what is left.
static bool evaluate(struct condition_test *test, const char *text)
{
    g_autofree char *expanded = NULL;
    const char *at = text;
    // "$" may yield what begins with "$" again; each time it must get shorter or end.
    for (guint rounds = 0; rounds < 100; rounds++) {
        if (*at && strchr("0123456789-+.", *at)) {
            if (!take_weight(test, &at))
                break;
            if (test->skipped)
                return true;
        } else if (*at == '!') {
            test->negated = !test->negated;
            at = skip_blanks(at + 1);
        } else if (*at == '$') {
            char *value = expand_pattern(test->engine, at + 1);
            g_free(expanded);
            expanded = value;
            if (!value)
                return false;
            at = skip_blanks(value);
        } else if (*at == '?') {
            return test_program(test, at + 1);
        } else if (*at == '<' || *at == '>') {
            return test_size(test, at);
        } else if (*at == '\\') {
            return test_pattern(test, at + 1, true);
        } else if (!take_area(test, &at)) {
            break;
        }
    }
    return test_pattern(test, at, false);
}

static void say_result(struct condition_test *test, bool holds, double before, guint line)
{
    struct rc_engine *engine = test->engine;
    if (!rc_is_verbose(engine) && !engine->trace)
        return;
    g_autofree char *where = engine->trace ? g_strdup_printf("line %u: ", line) : g_strdup("");
    g_autoptr(GString) text = g_string_new(where);
    if (test->scoring) {
        long total = (long)test->score->total;
        g_string_append_printf(text, "Score: %7ld ", (long)(test->score->total - before));
        if (total == 0 && test->score->total > 0)
            g_string_append(text, "     +0");
        else
            g_string_append_printf(text, "%7ld", total);
    } else {
        g_string_append(text, holds ? "Match on" : "No match on");
    }
    if (test->negated)
        g_string_append(text, " !");
    rc_say_quoted(engine, text->str, test->shown);
}

static bool check_condition(struct rc_engine *engine, const struct rc_condition *condition,
                            const struct rc_head *head, struct rc_score *score)
{
    struct condition_test test = {.engine = engine, .flags = head->flags, .score = score};
    enum rc_part part = !head->flags[RC_BODY_SEARCH]    ? RC_HEAD
                        : head->flags[RC_HEADER_SEARCH] ? RC_WHOLE
                                                        : RC_BODY;
    test.area = rc_message_search_part(&engine->message, part, &test.size);
    test.measured = engine->message.size;
    g_autofree char *text = g_strdup(condition->text);
    gsize length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    test.shown = g_strdup(text);
    double before = score->total;
    const guint64 not_run = engine->not_run;
    bool holds = evaluate(&test, text);
    // What a program would have answered that cannot be run is not known, nor is its contrary.
    if (engine->not_run != not_run)
        holds = false;
    if (score->total > RC_SCORE_MAX)
        score->total = RC_SCORE_MAX;
    if (score->total <= RC_SCORE_MIN) {
        score->total = RC_SCORE_MIN;
        holds = false;
    }
    if (!test.skipped)
        say_result(&test, holds, before, condition->line);
    g_free(test.shown);
    g_free(test.kept);
    return holds;
}

static void suppress(struct rc_engine *engine, bool *flag, const char *name)
{
    if (!*flag)
        return;
    *flag = false;
    rc_say(engine, "Conflicting ");
    rc_log(engine, name);
    rc_log(engine, " suppressed\n");
}

// What the flags A a E e make of how the recipes before ended.
static bool chain_allows(struct rc_engine *engine, bool *flags)
{
    const struct rc_chain *chain = &engine->chain;
    bool allowed = true;
    if (flags[RC_ON_ERROR]) {
        allowed = chain->chain_matched && !chain->done;
        suppress(engine, &flags[RC_ELSE], "else-if-flag");
        suppress(engine, &flags[RC_ALSO_IF_DONE], "also-if-succeeded-flag");
    }
    if (flags[RC_ELSE])
        allowed = allowed && !chain->chain_matched;
    if (flags[RC_ALSO_IF_DONE])
        allowed = allowed && chain->matched && chain->done;
    if (flags[RC_ALSO])
        allowed = allowed && chain->matched;
    return allowed;
}

bool rc_conditions(struct rc_engine *engine, const struct rc_statement *recipe,
                   struct rc_head *head, bool skip)
{
    struct rc_score score = {0};
    bool holds = chain_allows(engine, head->flags) && !skip;
    for (guint i = 0; i < recipe->conditions->len; i++) {
        const struct rc_condition *condition = g_ptr_array_index(recipe->conditions, i);
        if (strlen(condition->text) >= engine->linebuf) {
            rc_overflow(engine);
            holds = false;
        }
        if (holds && !rc_stopped(engine))
            holds = check_condition(engine, condition, head, &score);
    }
    if (recipe->action != RC_MISSING) {
        engine->score = (long)score.total;
        if (engine->score == 0 && score.total > 0)
            engine->score = 1;
        if (score.used && score.total <= 0)
            holds = false;
    }
    return holds;
}
