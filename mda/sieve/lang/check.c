// SPDX-License-Identifier: MIT
// Gives a parsed script its meaning: what each name stands for, and whether arguments, tests and
// blocks are as it wants them (RFC 5228 §2.6-2.9). Goes on after an error, so that all are
// reported; what is unknown is reported once.
//
// A branch whose test is known to be false is not looked into: that is how a script asks `ihave`
// for an extension before it uses it (RFC 5463 §4).
#include "sieve/lang/match.h"
#include "sieve/lang/parse.h"
#include "sieve/lang/registry.h"

#include <string.h>

static void report(struct sieve_checker *checker, enum sieve_severity severity,
                   struct sieve_position at, const char *format, va_list args) G_GNUC_PRINTF(4, 0);
static void report(struct sieve_checker *checker, enum sieve_severity severity,
                   struct sieve_position at, const char *format, va_list args)
{
    sieve_diagnose_v(checker->diagnostics, severity, checker->script->name, at, format, args);
}

bool sieve_check_error(struct sieve_checker *checker, struct sieve_position at, const char *format,
                       ...)
{
    va_list args;
    va_start(args, format);
    report(checker, SIEVE_ERROR, at, format, args);
    va_end(args);
    return false;
}

void sieve_check_warn(struct sieve_checker *checker, struct sieve_position at, const char *format,
                      ...)
{
    va_list args;
    va_start(args, format);
    report(checker, SIEVE_WARNING, at, format, args);
    va_end(args);
}

const char *sieve_arg_describe(const struct sieve_arg *arg)
{
    static const char *const names[] = {[ARG_NUMBER] = "a number",
                                        [ARG_STRING] = "a string",
                                        [ARG_LIST] = "a list of strings",
                                        [ARG_TAG] = "a tag"};
    return names[arg->kind];
}

const char *sieve_verb_word(const struct sieve_verb *verb)
{
    return verb->kind == VERB_TEST ? "test" : "command";
}

static const char *letter_describe(char letter)
{
    return letter == 'n' ? "a number" : letter == 's' ? "a string" : "a list of strings";
}

static bool fits(const struct sieve_arg *arg, char letter)
{
    switch (letter) {
    case 'n':
        return arg->kind == ARG_NUMBER;
    case 's':
        return arg->kind == ARG_STRING;
    case 'l':
        return arg->kind == ARG_STRING || arg->kind == ARG_LIST;
    default:
        return true;
    }
}

bool sieve_script_uses(const struct sieve_script *script, const char *extension)
{
    guint index = 0;
    return sieve_extension_find(extension, &index) && script->enabled[index];
}

bool sieve_check_uses(const struct sieve_checker *checker, const char *extension)
{
    return sieve_script_uses(checker->script, extension);
}

bool sieve_check_enable(struct sieve_checker *checker, struct sieve_position at,
                        const struct sieve_extension *extension, guint index)
{
    if (checker->script->enabled[index])
        return true;
    checker->script->enabled[index] = true;
    if (extension->needs) {
        struct sieve_needy needy = {extension, at};
        g_array_append_val(checker->needy, needy);
    }
    return !extension->require || extension->require(checker, at);
}

// Is all there that the required extensions need?
static bool check_needs(struct sieve_checker *checker)
{
    for (guint i = 0; i < checker->needy->len; i++) {
        const struct sieve_needy *needy = &g_array_index(checker->needy, struct sieve_needy, i);
        for (const char *const *name = needy->extension->needs; *name; name++) {
            if (!sieve_check_uses(checker, *name))
                return sieve_check_error(checker, needy->at, MSG_EXTENSION_NEEDS,
                                         needy->extension->name, *name);
        }
    }
    return true;
}

// ---- Arguments

static bool prepare_texts(struct sieve_checker *checker, const struct sieve_arg *arg)
{
    bool ok = true;
    for (guint i = 0; arg->texts && i < arg->texts->len; i++)
        ok &= sieve_text_prepare(checker, g_ptr_array_index(arg->texts, i));
    return ok;
}

static const char *group_of(const struct sieve_tag *tag)
{
    return tag->group ? tag->group : tag->name;
}

static bool brings_key(const struct sieve_verb *verb, const struct sieve_tag *tag)
{
    return (verb->takes & TAKES_MATCH_KEY) && strcmp(group_of(tag), "MATCH-TYPE") == 0;
}

static bool check_duplicate(struct sieve_checker *checker, struct sieve_node *node,
                            const struct sieve_arg *arg, const struct sieve_tag *tag)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag *other = g_array_index(node->tags, struct sieve_tag_use, i).tag;
        // "*": the verb judges for itself which of its tags go together.
        if (strcmp(group_of(other), group_of(tag)) != 0 || strcmp(group_of(tag), "*") == 0)
            continue;
        const char *word = sieve_verb_word(node->verb);
        // Groups in capitals are those of the RFC's text.
        if (tag->group && g_ascii_isupper(*tag->group))
            return sieve_check_error(checker, arg->at, MSG_TAG_GROUP_TWICE, tag->group,
                                     brings_key(node->verb, tag) ? "-STRING" : "", arg->written,
                                     node->verb->name, word);
        return sieve_check_error(checker, arg->at, MSG_TAG_TWICE, tag->name, node->verb->name,
                                 word);
    }
    return true;
}

// The parameter of :value and :count.
static bool take_relation(struct sieve_checker *checker, struct sieve_tag_use *use,
                          const struct sieve_arg *value, guint *i)
{
    enum sieve_relation relation;
    bool string = value && value->kind == ARG_STRING;
    if (string && sieve_relation_parse(sieve_arg_text(value, 0)->raw, &relation)) {
        use->value = value;
        ++*i;
        return true;
    }
    g_autofree char *found = string ? g_strdup_printf("\"%s\"", sieve_arg_text(value, 0)->raw)
                                    : g_strdup(value ? sieve_arg_describe(value) : "nothing");
    return sieve_check_error(checker, use->arg->at, MSG_RELATION_WANTED, use->tag->name, found);
}

// Takes the parameter of the tag that stands at *I.
static bool take_parameter(struct sieve_checker *checker, struct sieve_node *node,
                           struct sieve_tag_use *use, guint *i)
{
    char want = use->tag->value;
    if (!want)
        return true;
    const struct sieve_arg *value =
        *i + 1 < node->args->len ? g_ptr_array_index(node->args, *i + 1) : NULL;
    if (want == 'r')
        return take_relation(checker, use, value, i);
    if (!value)
        return sieve_check_error(checker, use->arg->at, MSG_TAG_VALUE_MISSING, use->tag->name,
                                 node->verb->name, sieve_verb_word(node->verb),
                                 letter_describe(want));
    if (!fits(value, want))
        return sieve_check_error(checker, value->at, MSG_TAG_VALUE_WRONG, use->tag->name,
                                 node->verb->name, sieve_verb_word(node->verb),
                                 letter_describe(want), sieve_arg_describe(value));
    use->value = value;
    ++*i;
    return prepare_texts(checker, value);
}

// Takes the key behind the match type that stands at *I.
static bool take_key(struct sieve_checker *checker, const struct sieve_node *node,
                     struct sieve_tag_use *use, guint *i)
{
    const struct sieve_arg *key =
        *i + 1 < node->args->len ? g_ptr_array_index(node->args, *i + 1) : NULL;
    if (!key || key->kind != ARG_STRING)
        return sieve_check_error(checker, use->arg->at, MSG_KEY_WANTED, use->tag->name,
                                 node->verb->name, sieve_verb_word(node->verb),
                                 key ? sieve_arg_describe(key) : "nothing");
    use->key = key;
    ++*i;
    return prepare_texts(checker, key);
}

static bool report_unknown_tag(struct sieve_checker *checker, const struct sieve_node *node,
                               const struct sieve_arg *arg)
{
    char *key = g_strdup_printf("tag %s %s", node->verb->name, arg->tag);
    if (!g_hash_table_add(checker->reported, key))
        return false;
    return sieve_check_error(checker, arg->at, MSG_NO_SUCH_TAG, arg->written, node->verb->name,
                             sieve_verb_word(node->verb));
}

// What stands for the verb's positional arguments; "" when it takes none.
static const char *positional_of(const struct sieve_verb *verb)
{
    return verb->positional ? verb->positional : "";
}

static bool check_tag(struct sieve_checker *checker, struct sieve_node *node, guint *i)
{
    const struct sieve_arg *arg = g_ptr_array_index(node->args, *i);
    const struct sieve_tag *tag = sieve_tag_find(checker->script, node->verb, arg->tag);
    if (node->positional->len > 0 && *positional_of(node->verb) != '*')
        return sieve_check_error(checker, arg->at, MSG_TAG_BEHIND_VALUE, arg->written,
                                 node->verb->name, sieve_verb_word(node->verb));
    struct sieve_tag_use use = {.tag = tag, .arg = arg};
    if (!check_duplicate(checker, node, arg, tag) || !take_parameter(checker, node, &use, i) ||
        (brings_key(node->verb, tag) && !take_key(checker, node, &use, i)))
        return false;
    g_array_append_val(node->tags, use);
    return !tag->check || tag->check(checker, node, &use);
}

// A verb that can do without its last argument.
static bool check_optional_count(struct sieve_checker *checker, const struct sieve_node *node)
{
    if (node->positional->len >= 1 && node->positional->len <= 2)
        return true;
    return sieve_check_error(
        checker, node->at, MSG_ONE_OR_TWO_ARGUMENTS, node->verb->name, sieve_verb_word(node->verb),
        node->positional->len < 1 ? "least one argument" : "most two arguments",
        node->positional->len < 1 ? "it has none" : "it has more");
}

static bool check_count(struct sieve_checker *checker, const struct sieve_node *node)
{
    const char *want = positional_of(node->verb);
    if (strchr(want, '|'))
        return check_optional_count(checker, node);
    return node->positional->len == strlen(want) ||
           sieve_check_error(checker, node->at, MSG_ARGUMENT_COUNT, node->verb->name,
                             sieve_verb_word(node->verb), (int)strlen(want),
                             (int)node->positional->len);
}

static bool check_positional(struct sieve_checker *checker, struct sieve_node *node)
{
    const char *want = positional_of(node->verb);
    if (*want == '*')
        return true;
    if (!check_count(checker, node))
        return false;
    g_auto(GStrv) labels = g_strsplit(node->verb->labels ? node->verb->labels : "", "|", -1);
    for (guint i = 0; i < node->positional->len; i++, want++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->positional, i);
        want += *want == '|';
        if (!fits(arg, *want))
            return sieve_check_error(checker, arg->at, MSG_ARGUMENT_WRONG, node->verb->name,
                                     sieve_verb_word(node->verb), letter_describe(*want),
                                     (int)i + 1, i < g_strv_length(labels) ? labels[i] : "value",
                                     sieve_arg_describe(arg));
    }
    return true;
}

// An unknown tag is told before anything else: what its neighbours are depends on it.
static bool check_tags_known(struct sieve_checker *checker, const struct sieve_node *node)
{
    for (guint i = 0; i < node->args->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG && !sieve_tag_find(checker->script, node->verb, arg->tag))
            return report_unknown_tag(checker, node, arg);
    }
    return true;
}

static bool check_arguments(struct sieve_checker *checker, struct sieve_node *node)
{
    if (!check_tags_known(checker, node))
        return false;
    for (guint i = 0; i < node->args->len; i++) {
        struct sieve_arg *arg = g_ptr_array_index(node->args, i);
        if (arg->kind == ARG_TAG) {
            if (!check_tag(checker, node, &i))
                return false;
            continue;
        }
        if (!prepare_texts(checker, arg))
            return false;
        g_ptr_array_add(node->positional, arg);
    }
    if (!check_positional(checker, node))
        return false;
    return !(node->verb->takes & (TAKES_MATCH | TAKES_MATCH_KEY)) ||
           sieve_match_check(checker, node);
}

// ---- Tests and blocks

// What looks like a test where none may stand is often a forgotten ';' or ':'.
static bool check_no_subtests(struct sieve_checker *checker, struct sieve_node *node)
{
    if (node->tests->len == 0)
        return true;
    const struct sieve_node *first = g_ptr_array_index(node->tests, 0);
    const char *word = sieve_verb_word(node->verb);
    g_autofree char *lower = g_ascii_strdown(first->name, -1);
    if (sieve_tag_find(checker->script, node->verb, lower))
        return sieve_check_error(checker, node->at, MSG_COLON_FORGOTTEN, lower, node->verb->name,
                                 word);
    const struct sieve_verb *verb = sieve_verb_find(checker->script, first->name, true);
    if (!verb || verb->kind != VERB_TEST)
        return sieve_check_error(checker, node->at, MSG_SEMICOLON_FORGOTTEN, node->verb->name,
                                 word);
    return sieve_check_error(checker, node->at, MSG_NO_TEST_WANTED, node->verb->name, word);
}

static bool check_subtests(struct sieve_checker *checker, struct sieve_node *node)
{
    const char *name = node->verb->name, *word = sieve_verb_word(node->verb);
    switch (node->verb->subtests) {
    case SUBTESTS_ONE:
        if (node->tests->len == 0)
            return sieve_check_error(checker, node->at, MSG_TEST_MISSING, name, word);
        if (node->tests->len > 1 || node->test_list)
            return sieve_check_error(checker, node->at, MSG_ONE_TEST_WANTED, name, word);
        return true;
    case SUBTESTS_LIST:
        if (node->tests->len == 0)
            return sieve_check_error(checker, node->at, MSG_TEST_LIST_MISSING, name, word);
        if (!node->test_list)
            return sieve_check_error(checker, node->at, MSG_TEST_LIST_WANTED, name, word);
        return true;
    default:
        return check_no_subtests(checker, node);
    }
}

static bool check_has_block(struct sieve_checker *checker, const struct sieve_node *node)
{
    if (node->verb->kind == VERB_TEST)
        return true;
    if ((node->verb->takes & TAKES_BLOCK) && !node->block)
        return sieve_check_error(checker, node->at, MSG_BLOCK_MISSING, node->verb->name);
    if (!(node->verb->takes & TAKES_BLOCK) && node->block)
        return sieve_check_error(checker, node->at, MSG_NO_BLOCK_WANTED, node->verb->name);
    return true;
}

static bool find_verb(struct sieve_checker *checker, struct sieve_node *node, bool as_test)
{
    const struct sieve_verb *verb = sieve_verb_find(checker->script, node->name, as_test);
    if (!verb) {
        if (!g_hash_table_add(checker->reported, g_ascii_strdown(node->name, -1)))
            return false;
        sieve_check_error(checker, node->at, MSG_NO_SUCH_VERB, as_test ? "test" : "command",
                          node->name);
        sieve_check_foreign(checker, node->at, node->name);
        return false;
    }
    if ((verb->kind == VERB_TEST) != as_test)
        return sieve_check_error(checker, node->at, MSG_VERB_MISPLACED, sieve_verb_word(verb),
                                 node->name, as_test ? "test" : "command");
    node->verb = verb;
    node->positional = g_ptr_array_new();
    node->tags = g_array_new(FALSE, FALSE, sizeof(struct sieve_tag_use));
    return true;
}

static bool check_node(struct sieve_checker *checker, struct sieve_node *node, bool as_test);

// The tests of a list are looked at up to the one that settles it.
static bool check_tests(struct sieve_checker *checker, struct sieve_node *node)
{
    bool ok = true;
    bool all = strcmp(node->verb->name, "allof") == 0;
    bool any = !all && strcmp(node->verb->name, "not") != 0;
    for (guint i = 0; i < node->tests->len; i++) {
        struct sieve_node *test = g_ptr_array_index(node->tests, i);
        ok &= check_node(checker, test, true);
        if ((all && test->constant == 0) || (any && test->constant == 1))
            break;
    }
    return ok;
}

static bool is_branch(const struct sieve_node *node)
{
    return node->verb && (node->verb->kind == VERB_ELSIF || node->verb->kind == VERB_ELSE);
}

// Is NODE a later branch of a chain in which one before it is always taken?
static bool is_settled(const struct sieve_checker *checker, const struct sieve_node *node)
{
    return is_branch(node) && checker->before &&
           (checker->before->unreachable || checker->before->constant == 1);
}

static bool check_chain(struct sieve_checker *checker, const struct sieve_node *node)
{
    const struct sieve_node *before = checker->before;
    if (!is_branch(node) || (before && before->verb &&
                             (before->verb->kind == VERB_IF || before->verb->kind == VERB_ELSIF)))
        return true;
    return sieve_check_error(checker, node->at, MSG_ELSE_WITHOUT_IF, node->verb->name);
}

// Arguments, the number of tests, the presence of a block.
static bool check_form(struct sieve_checker *checker, struct sieve_node *node)
{
    bool arguments_ok = check_arguments(checker, node);
    bool tests_ok = check_subtests(checker, node);
    return arguments_ok && tests_ok && check_has_block(checker, node);
}

// A loop is one for its block, faulty as it may be.
static bool check_inner(struct sieve_checker *checker, struct sieve_node *node)
{
    guint loops = checker->loops->len;
    if (node->verb->checks_block)
        g_ptr_array_add(checker->loops, node);
    bool ok = sieve_check_block(checker, node->block);
    g_ptr_array_set_size(checker->loops, (gint)loops);
    return ok;
}

static bool check_node(struct sieve_checker *checker, struct sieve_node *node, bool as_test)
{
    if (!find_verb(checker, node, as_test))
        return false;
    bool form_ok = check_form(checker, node), ok = form_ok;
    node->unreachable = ok && is_settled(checker, node);
    ok = ok && check_chain(checker, node);
    if (node->unreachable)
        return ok;
    if (ok && node->verb->check)
        ok = node->verb->check(checker, node);
    if (ok && node->verb->finish)
        g_ptr_array_add(checker->unfinished, node);
    if (node->verb->subtests != SUBTESTS_NONE)
        ok &= check_tests(checker, node);
    if (ok && node->verb->constant)
        node->constant = node->verb->constant(checker, node);
    if (node->block && (node->verb->takes & TAKES_BLOCK) && node->constant != 0 &&
        !(form_ok && node->verb->checks_block))
        ok &= check_inner(checker, node);
    return ok;
}

static bool is_require(const struct sieve_node *node)
{
    return g_ascii_strcasecmp(node->name, "require") == 0;
}

// Is NODE the first command behind the requires?
static bool ends_requires(const struct sieve_checker *checker, const struct sieve_node *node)
{
    return !is_require(node) && (!checker->before || is_require(checker->before));
}

bool sieve_check_block(struct sieve_checker *checker, GPtrArray *commands)
{
    bool ok = true;
    const struct sieve_node *outer_before = checker->before;
    checker->blocks++;
    checker->before = NULL;
    for (guint i = 0; i < commands->len; i++) {
        struct sieve_node *node = g_ptr_array_index(commands, i);
        if (checker->blocks == 1 && ends_requires(checker, node) && !check_needs(checker)) {
            // What follows would fail for the same reason again and again.
            ok = false;
            find_verb(checker, node, false);
            break;
        }
        ok &= check_node(checker, node, false);
        checker->before = node;
    }
    checker->before = outer_before;
    checker->blocks--;
    return ok;
}

bool sieve_check_stands_behind(const struct sieve_checker *checker, const char *const *names)
{
    if (checker->blocks > 1)
        return false;
    return !checker->before || !checker->before->verb ||
           g_strv_contains(names, checker->before->verb->name);
}

// ---- Scripts and programs

static void script_free(gpointer data)
{
    struct sieve_script *script = data;
    g_clear_pointer(&script->commands, g_ptr_array_unref);
    g_hash_table_unref(script->globals);
    g_hash_table_unref(script->locals);
    g_free(script->enabled);
    g_free(script->name);
    g_free(script);
}

static struct sieve_script *script_new(const char *name, enum sieve_location location)
{
    struct sieve_script *script = g_new0(struct sieve_script, 1);
    script->name = g_strdup(name);
    script->location = location;
    script->enabled = g_new0(bool, sieve_extension_count);
    script->globals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    script->locals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return script;
}

static bool finish_all(struct sieve_checker *checker)
{
    checker->script->valid = true;
    for (guint i = 0; i < checker->unfinished->len; i++) {
        struct sieve_node *node = g_ptr_array_index(checker->unfinished, i);
        if (!node->verb->finish(checker, node))
            return false;
    }
    return true;
}

const char *sieve_script_stage(const struct sieve_script *script)
{
    return !script->commands ? "syntax" : !script->valid ? "content" : "include";
}

static bool size_allowed(const struct sieve_host *host, const char *name, gsize size,
                         struct sieve_diagnostics *diagnostics)
{
    gint64 most = sieve_setting_size(host, "max_script_size", SIEVE_MAX_SCRIPT);
    if (most == 0 || size <= (guint64)most)
        return true;
    sieve_diagnose(diagnostics, SIEVE_ERROR, name, (struct sieve_position){1, 0},
                   MSG_SCRIPT_TOO_BIG, most);
    return false;
}

bool sieve_check_script(struct sieve_checker *includer, struct sieve_program *program,
                        const struct sieve_host *host, struct sieve_diagnostics *diagnostics,
                        const char *name, enum sieve_location location, const char *text,
                        gsize size, guint *script_r)
{
    struct sieve_script *script = script_new(name, location);
    *script_r = program->scripts->len;
    g_ptr_array_add(program->scripts, script);
    if (!size_allowed(host, name, size, diagnostics))
        return false;
    script->commands = sieve_parse(name, text, size, diagnostics);
    if (!script->commands)
        return false;
    struct sieve_checker checker = {.program = program,
                                    .script = script,
                                    .host = host,
                                    .diagnostics = diagnostics,
                                    .includer = includer};
    checker.reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    checker.loops = g_ptr_array_new();
    checker.unfinished = g_ptr_array_new();
    checker.needy = g_array_new(FALSE, FALSE, sizeof(struct sieve_needy));
    guint before = diagnostics->errors;
    bool ok = sieve_check_block(&checker, script->commands) && diagnostics->errors == before &&
              finish_all(&checker);
    g_ptr_array_unref(checker.loops);
    g_ptr_array_unref(checker.unfinished);
    g_array_unref(checker.needy);
    g_hash_table_unref(checker.reported);
    return ok;
}

struct sieve_program *sieve_program_new(void)
{
    struct sieve_program *program = g_new0(struct sieve_program, 1);
    program->scripts = g_ptr_array_new_with_free_func(script_free);
    return program;
}

void sieve_program_free(struct sieve_program *program)
{
    if (!program)
        return;
    g_ptr_array_unref(program->scripts);
    g_free(program);
}

bool sieve_compile(const char *name, const char *text, gsize size, const struct sieve_host *host,
                   struct sieve_diagnostics *diagnostics, struct sieve_program **program_r)
{
    g_autoptr(SieveProgram) program = sieve_program_new();
    guint before = diagnostics->errors, index = 0;
    bool ok =
        sieve_check_script(NULL, program, host, diagnostics, name, host->owner, text, size, &index);
    if (ok && diagnostics->errors == before) {
        *program_r = g_steal_pointer(&program);
        return true;
    }
    const struct sieve_script *script = g_ptr_array_index(program->scripts, 0);
    sieve_diagnose(diagnostics, SIEVE_ERROR, name, (struct sieve_position){0, 0}, MSG_STAGE_FAILED,
                   sieve_script_stage(script));
    return false;
}
