// SPDX-License-Identifier: MIT
// Reads a pattern into a tree and lays the tree out as an automaton whose nodes each consume one
// byte or none (Thompson's construction).
#include "procmail/rc-regex-nodes.h"

#include <string.h>

enum shape { SHAPE_ONE, SHAPE_GROUP, SHAPE_ANCHOR, SHAPE_EMPTY };

// What the pattern says, before it is laid out.
struct tree {
    enum shape shape;
    struct node one;         // SHAPE_ONE
    char repeat;             // '*', '+', '?' or 0
    GPtrArray *alternatives; // SHAPE_GROUP: GPtrArray * of struct tree *
};

struct regex_reader {
    const guchar *at;
    bool ignore_case, invalid;
    guint depth;
    struct rc_regex *regex;
};

static void set_put(byte_set set, guint byte, bool present)
{
    if (present)
        set[byte >> 3] |= (guint8)(1u << (byte & 7));
    else
        set[byte >> 3] &= (guint8) ~(1u << (byte & 7));
}

static void set_put_folded(byte_set set, guint byte, bool present, bool fold)
{
    set_put(set, byte, present);
    if (fold && g_ascii_isalpha((gchar)byte))
        set_put(set, byte ^ 0x20, present);
}

static struct tree *tree_new(enum shape shape, enum op op)
{
    struct tree *tree = g_new0(struct tree, 1);
    tree->shape = shape;
    tree->one.op = op;
    return tree;
}

static void tree_free(gpointer data)
{
    struct tree *tree = data;
    if (tree->alternatives)
        g_ptr_array_unref(tree->alternatives);
    g_free(tree);
}

static struct tree *tree_set(struct regex_reader *reader, const byte_set set)
{
    struct tree *tree = tree_new(SHAPE_ONE, OP_SET);
    tree->one.set = reader->regex->sets->len;
    g_array_append_vals(reader->regex->sets, set, 1);
    return tree;
}

static struct tree *read_literal(struct regex_reader *reader)
{
    struct tree *tree = tree_new(SHAPE_ONE, OP_BYTE);
    tree->one.byte =
        reader->ignore_case ? (guint8)g_ascii_tolower((gchar)*reader->at) : *reader->at;
    reader->at++;
    return tree;
}

// "[...]": no escapes and no named classes; a leading ']' or '-' stands for itself, and a class
// that is not closed ends with the pattern.
static struct tree *read_set(struct regex_reader *reader)
{
    byte_set set = {0};
    const guchar *at = reader->at + 1;
    bool negated = *at == '^';
    guint last = 0;
    if (negated) {
        at++;
        memset(set, 0xff, sizeof set);
        set_put(set, '\n', false);
    }
    if (*at == ']' || *at == '-') {
        last = *at++;
        set_put(set, last, !negated);
    }
    for (; *at && *at != ']'; at++) {
        if (*at == '-' && at[1] && at[1] != ']') {
            at++;
            while (++last < *at)
                set_put_folded(set, last, !negated, reader->ignore_case);
        }
        last = *at;
        set_put_folded(set, last, !negated, reader->ignore_case);
    }
    reader->at = *at ? at + 1 : at;
    return tree_set(reader, set);
}

static struct tree *read_any(struct regex_reader *reader)
{
    byte_set set;
    memset(set, 0xff, sizeof set);
    set_put(set, '\n', false);
    reader->at++;
    return tree_set(reader, set);
}

// "\<" and "\>": one byte that is no part of a word; unlike in other dialects it is consumed.
static struct tree *read_word_edge(struct regex_reader *reader)
{
    byte_set set;
    memset(set, 0xff, sizeof set);
    for (guint byte = 0; byte < 128; byte++)
        if (g_ascii_isalnum((gchar)byte) || byte == '_')
            set_put(set, byte, false);
    reader->at++;
    return tree_set(reader, set);
}

static struct tree *read_escape(struct regex_reader *reader)
{
    reader->at++;
    switch (*reader->at) {
    case '/':
        reader->at++;
        return tree_new(SHAPE_ONE, OP_CUT);
    case '<':
    case '>':
        return read_word_edge(reader);
    case '\0':
        reader->at--; // nothing to quote: a backslash
        return read_literal(reader);
    default:
        return read_literal(reader);
    }
}

static struct tree *read_newline(struct regex_reader *reader)
{
    if (reader->at[0] == '^' && reader->at[1] == '^') {
        reader->at += 2;
        return tree_new(SHAPE_ANCHOR, OP_TEXT_START);
    }
    struct tree *tree = tree_new(SHAPE_ONE, OP_BYTE);
    tree->one.byte = '\n';
    reader->at++;
    return tree;
}

static struct tree *read_group(struct regex_reader *reader, bool outermost);

static struct tree *read_element(struct regex_reader *reader)
{
    switch (*reader->at) {
    case '(':
        reader->at++;
        return read_group(reader, false);
    case '[':
        return read_set(reader);
    case '.':
        return read_any(reader);
    case '^':
    case '$':
        return read_newline(reader);
    case '\\':
        return read_escape(reader);
    default:
        return read_literal(reader);
    }
}

static bool ends_sequence(guchar byte)
{
    return byte == '|' || byte == ')' || byte == '\0';
}

// One alternative. A second repetition sign in a row is a literal, as is one at the start.
static GPtrArray *read_sequence(struct regex_reader *reader)
{
    GPtrArray *sequence = g_ptr_array_new_with_free_func(tree_free);
    if (ends_sequence(*reader->at))
        g_ptr_array_add(sequence, tree_new(SHAPE_EMPTY, OP_JUMP));
    while (!ends_sequence(*reader->at)) {
        struct tree *element = read_element(reader);
        if (*reader->at && strchr("*+?", *reader->at))
            element->repeat = (char)*reader->at++;
        g_ptr_array_add(sequence, element);
    }
    return sequence;
}

static struct tree *read_group(struct regex_reader *reader, bool outermost)
{
    struct tree *group = tree_new(SHAPE_GROUP, OP_JUMP);
    group->alternatives = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    if (++reader->depth > RC_REGEX_MAX_DEPTH) {
        reader->invalid = true;
        reader->at += strlen((const char *)reader->at);
    }
    for (;;) {
        g_ptr_array_add(group->alternatives, read_sequence(reader));
        if (*reader->at != '|')
            break;
        reader->at++;
    }
    reader->depth--;
    if ((*reader->at == ')') == outermost)
        reader->invalid = true;
    if (*reader->at)
        reader->at++;
    return group;
}

static guint node_add(struct rc_regex *regex, enum op op, guint next, guint other)
{
    struct node node = {.op = op, .next = next, .other = other};
    g_array_append_val(regex->nodes, node);
    return regex->nodes->len - 1;
}

static guint lay_out_group(struct rc_regex *regex, const struct tree *group, guint next);

static guint lay_out_element(struct rc_regex *regex, const struct tree *tree, guint next)
{
    struct node node = tree->one;
    switch (tree->shape) {
    case SHAPE_GROUP:
        return lay_out_group(regex, tree, next);
    case SHAPE_EMPTY:
        return node_add(regex, OP_JUMP, next, 0);
    case SHAPE_ANCHOR: // the end of the text only where nothing follows
        return node_add(regex, next == regex->final ? OP_TEXT_END : OP_TEXT_START, next, 0);
    case SHAPE_ONE:
    default:
        node.next = next;
        g_array_append_val(regex->nodes, node);
        return regex->nodes->len - 1;
    }
}

static guint lay_out_repeated(struct rc_regex *regex, const struct tree *tree, guint next)
{
    if (!tree->repeat)
        return lay_out_element(regex, tree, next);
    guint split = node_add(regex, OP_SPLIT, 0, next);
    guint body = lay_out_element(regex, tree, tree->repeat == '?' ? next : split);
    g_array_index(regex->nodes, struct node, split).next = body;
    return tree->repeat == '+' ? body : split;
}

static guint lay_out_group(struct rc_regex *regex, const struct tree *group, guint next)
{
    guint start = 0;
    for (guint i = group->alternatives->len; i-- > 0;) {
        const GPtrArray *sequence = g_ptr_array_index(group->alternatives, i);
        guint at = next;
        for (guint j = sequence->len; j-- > 0;)
            at = lay_out_repeated(regex, g_ptr_array_index(sequence, j), at);
        start = i + 1 == group->alternatives->len ? at : node_add(regex, OP_SPLIT, at, start);
    }
    return start;
}

static int only_first(const struct rc_regex *regex)
{
    int only = -1;
    for (int byte = 0; byte < 256; byte++) {
        if (regex->first[byte] && only >= 0)
            return -1;
        only = regex->first[byte] ? byte : only;
    }
    return only;
}

// Which bytes can begin a match; can_skip stays false when the start needs no byte.
static void find_first(struct rc_regex *regex)
{
    g_autofree bool *seen = g_new0(bool, regex->nodes->len);
    g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint));
    g_array_append_val(stack, regex->start);
    regex->can_skip = true;
    while (stack->len > 0) {
        guint at = g_array_index(stack, guint, stack->len - 1);
        g_array_set_size(stack, stack->len - 1);
        if (seen[at])
            continue;
        seen[at] = true;
        const struct node *node = &g_array_index(regex->nodes, struct node, at);
        switch (node->op) {
        case OP_BYTE:
            regex->first[node->byte] = true;
            break;
        case OP_SET:
            for (guint byte = 0; byte < 256; byte++)
                regex->first[byte] |=
                    set_has(g_array_index(regex->sets, byte_set, node->set), byte);
            break;
        case OP_SPLIT:
            g_array_append_val(stack, node->other);
            g_array_append_val(stack, node->next);
            break;
        case OP_JUMP:
            g_array_append_val(stack, node->next);
            break;
        case OP_TEXT_START: // only in front of the text, which is never skipped
            break;
        case OP_CUT:
        case OP_TEXT_END:
        case OP_FINAL:
        default:
            regex->can_skip = false;
        }
    }
    if (regex->ignore_case)
        for (guint byte = 'a'; byte <= 'z'; byte++)
            regex->first[byte ^ 0x20] |= regex->first[byte];
    regex->only_first = only_first(regex);
}

struct rc_regex *rc_regex_new(const char *pattern, bool ignore_case, bool *invalid_r)
{
    struct rc_regex *regex = g_new0(struct rc_regex, 1);
    regex->nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
    regex->sets = g_array_new(FALSE, FALSE, sizeof(byte_set));
    regex->ignore_case = ignore_case;
    struct regex_reader reader = {
        .at = (const guchar *)pattern, .ignore_case = ignore_case, .regex = regex};
    struct tree *tree = read_group(&reader, true);
    regex->final = node_add(regex, OP_FINAL, 0, 0);
    regex->start = lay_out_group(regex, tree, regex->final);
    tree_free(tree);
    find_first(regex);
    *invalid_r = reader.invalid;
    return regex;
}

void rc_regex_free(struct rc_regex *regex)
{
    if (!regex)
        return;
    g_array_unref(regex->nodes);
    g_array_unref(regex->sets);
    g_free(regex);
}
