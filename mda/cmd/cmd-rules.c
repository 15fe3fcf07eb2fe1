// SPDX-License-Identifier: MIT
// backstop rules: the rules that say what a message is, in the order in which they are tried; and
// the check of rule files before they are installed.
#include "base/auto.h"
#include "base/json.h"
#include "bounce/rule.h"
#include "cmd/options.h"
#include "evidence/providers.h"

#include <stdio.h>

static gboolean test_files;

static gboolean as_json;

static const GOptionEntry entries[] = {
    {"json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a rule", NULL},
    {"test", 't', 0, G_OPTION_ARG_NONE, &test_files,
     "Check rule files, every regular expression too", NULL},
    G_OPTION_ENTRY_NULL};

static bool test_file(const char *path)
{
    g_autoptr(GError) err = NULL;
    guint count = 0;
    if (!bounce_rules_test(path, &count, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return false;
    }
    printf("%s: %u rules\n", path, count);
    return true;
}

static void print_rule(const struct rule *rule)
{
    const char *class = rule->kind == RULE_REFUSED ? "refused" : bounce_class_name(rule->class);
    if (as_json) {
        struct json *json = json_new();
        json_begin_object(json, NULL);
        json_number(json, "order", rule->order);
        json_string(json, "class", class);
        json_string(json, "name", rule->name);
        json_string(json, "file", rule->file);
        json_number(json, "line", rule->line);
        json_end_object(json);
        g_autofree char *text = json_free_to_text(json);
        puts(text);
        return;
    }
    printf("%3d  %-16s %-28s %s:%u\n", rule->order, class, rule->name, rule->file, rule->line);
}

static int list_rules(const struct conf *conf)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BounceRules) rules =
        bounce_rules_load(conf_list(conf, CONF_RULES_DIRECTORIES), warnings);
    providers_free(providers_load(conf, warnings)); // for its warnings
    for (guint i = 0; i < rules->rules->len; i++)
        print_rule(g_ptr_array_index(rules->rules, i));
    for (guint i = 0; i < warnings->len; i++)
        fprintf(stderr, "%s\n", (const char *)g_ptr_array_index(warnings, i));
    return warnings->len == 0 ? STATUS_OK : STATUS_NO;
}

int cmd_rules(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[--test FILE...]",
                       "Lists the rules in the order in which they are tried: order, class, name, "
                       "and where each is written. With --test checks rule files instead.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (test_files != (argc > 1)) {
        fprintf(stderr, "backstop rules: %s\n",
                test_files ? "--test needs the names of rule files"
                           : "files are taken with --test alone");
        return STATUS_USAGE;
    }
    bool sound = true;
    for (int i = 1; i < argc; i++)
        sound = test_file(argv[i]) && sound;
    if (test_files)
        return sound ? STATUS_OK : STATUS_NO;
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err)) {
        fprintf(stderr, "backstop: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    return list_rules(context->conf);
}
