// SPDX-License-Identifier: MIT
// backstop completion: what shells complete, from the tables of commands and of their options.
#include "cmd/options.h"
#include "cmd/output.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
#define X(suffix, name, summary) {name, summary, cmd_##suffix},
    COMMAND_LIST(X)
#undef X
};

// What one shell is told.
struct shell {
    const char *name;
    void (*begin)(GString *out);
    void (*command)(GString *out, const struct command *command);
    void (*word)(GString *out, const char *command, const char *word);
    void (*option)(GString *out, const char *command, const GOptionEntry *entry);
    void (*command_end)(GString *out);
    void (*end)(GString *out);
};

static const struct shell *shell;
static GString *script;
static const char *current;

// For single quotes; zsh's _arguments also gives brackets and colons a meaning.
static void add_text(GString *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            g_string_append(out, "'\\''");
        else if (strchr("[]:", *text))
            g_string_append_c(out, ' ');
        else
            g_string_append_c(out, *text);
    }
}

static void bash_begin(GString *out)
{
    g_string_append(out,
                    "# bash completion for backstop\n_backstop() {\n"
                    "    local command= word words at=1\n"
                    "    while [ $at -lt \"$COMP_CWORD\" ]; do\n"
                    "        word=${COMP_WORDS[at]}\n"
                    "        case $word in\n"
                    "        -c | --config | --set) at=$((at + 1)) ;;\n"
                    "        -*) ;;\n"
                    "        *) command=$word; break ;;\n"
                    "        esac\n"
                    "        at=$((at + 1))\n"
                    "    done\n"
                    "    case $command in\n    '') words='--help --version --config --set help");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(out, " %s", commands[i].name);
    g_string_append(out, "' ;;\n    help) words='");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(out, "%s%s", i ? " " : "", commands[i].name);
    g_string_append(out, "' ;;\n");
}

static void bash_command(GString *out, const struct command *command)
{
    g_string_append_printf(out, "    %s) words='--help", command->name);
}

static void bash_word(GString *out, const char *command, const char *word)
{
    (void)command;
    g_string_append_printf(out, " %s", word);
}

static void bash_option(GString *out, const char *command, const GOptionEntry *entry)
{
    (void)command;
    g_string_append_printf(out, " --%s", entry->long_name);
}

static void bash_command_end(GString *out)
{
    g_string_append(out, "' ;;\n");
}

static void bash_end(GString *out)
{
    g_string_append(out, "    esac\n"
                         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                         "\"${COMP_WORDS[COMP_CWORD]}\")\n"
                         "}\ncomplete -o default -F _backstop backstop\n");
}

static void zsh_begin(GString *out)
{
    g_string_append(out, "#compdef backstop\n_backstop() {\n    local -a commands\n    commands=(\n"
                         "        'help:tell the options of a command'\n");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_string_append_printf(out, "        '%s:", commands[i].name);
        add_text(out, commands[i].summary);
        g_string_append(out, "'\n");
    }
    g_string_append(out, "    )\n    if (( CURRENT == 2 )); then\n"
                         "        _describe command commands\n        return\n    fi\n"
                         "    case $words[2] in\n"
                         "    help) _describe command commands ;;\n");
}

static void zsh_command(GString *out, const struct command *command)
{
    g_string_append_printf(out, "    %s) _arguments '--help[show the options]'", command->name);
}

static void zsh_word(GString *out, const char *command, const char *word)
{
    (void)command;
    g_string_append_printf(out, " '2:verb:(%s)'", word);
}

static void zsh_option(GString *out, const char *command, const GOptionEntry *entry)
{
    (void)command;
    g_string_append_printf(out, " '--%s%s[", entry->long_name, entry->arg_description ? "=" : "");
    add_text(out, entry->description ? entry->description : "");
    g_string_append_printf(out, "]%s'", entry->arg_description ? ":value:_files" : "");
}

static void zsh_command_end(GString *out)
{
    g_string_append(out, " '*:file:_files' ;;\n");
}

static void zsh_end(GString *out)
{
    g_string_append(out, "    esac\n}\n_backstop \"$@\"\n");
}

static void fish_begin(GString *out)
{
    g_string_append(out, "# fish completion for backstop\n"
                         "complete -c backstop -n __fish_use_subcommand -f -a help -d "
                         "'tell the options of a command'\n");
}

static void fish_command(GString *out, const struct command *command)
{
    g_string_append_printf(out, "complete -c backstop -n __fish_use_subcommand -f -a %s -d '",
                           command->name);
    add_text(out, command->summary);
    g_string_append(out, "'\n");
    g_string_append_printf(out,
                           "complete -c backstop -n '__fish_seen_subcommand_from help' -f -a %s\n",
                           command->name);
}

static void fish_word(GString *out, const char *command, const char *word)
{
    g_string_append_printf(out, "complete -c backstop -n '__fish_seen_subcommand_from %s' -a %s\n",
                           command, word);
}

static void fish_option(GString *out, const char *command, const GOptionEntry *entry)
{
    g_string_append_printf(out, "complete -c backstop -n '__fish_seen_subcommand_from %s' -l %s",
                           command, entry->long_name);
    if (entry->short_name)
        g_string_append_printf(out, " -s %c", entry->short_name);
    g_string_append_printf(out, "%s -d '", entry->arg_description ? " -r" : "");
    add_text(out, entry->description ? entry->description : "");
    g_string_append(out, "'\n");
}

static void nothing(GString *out)
{
    (void)out;
}

static const struct shell shells[] = {
    {"bash", bash_begin, bash_command, bash_word, bash_option, bash_command_end, bash_end},
    {"zsh", zsh_begin, zsh_command, zsh_word, zsh_option, zsh_command_end, zsh_end},
    {"fish", fish_begin, fish_command, fish_word, fish_option, nothing, nothing},
};

// The verbs of a synopsis as "check|run [FILE...]" or "[list | restore ID... | empty]": its words
// in small letters. zsh takes them in one piece.
static void add_verbs(const char *synopsis)
{
    g_auto(GStrv) words = g_strsplit_set(synopsis, " |[].", -1);
    g_autoptr(GString) verbs = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        const gsize length = strspn(*word, "abcdefghijklmnopqrstuvwxyz");
        if (length > 1 && (*word)[length] == '\0' && shell->word != zsh_word)
            shell->word(script, current, *word);
        else if (length > 1 && (*word)[length] == '\0')
            g_string_append_printf(verbs, "%s%s", verbs->len ? " " : "", *word);
    }
    if (verbs->len > 0)
        shell->word(script, current, verbs->str);
}

static void visit(const GOptionEntry *entry, const char *synopsis)
{
    add_verbs(synopsis);
    for (; entry && entry->long_name; entry++) {
        if (!(entry->flags & G_OPTION_FLAG_HIDDEN) && *entry->long_name)
            shell->option(script, current, entry);
    }
}

static void add_command(const struct command *command)
{
    struct command_context context = {.program = "backstop"};
    char *argv[] = {(char *)command->name, NULL};
    current = command->name;
    shell->command(script, command);
    if (command->run != cmd_completion)
        (void)command->run(&context, 1, argv); // it tells its options to visit, and ends
    shell->command_end(script);
}

int cmd_completion(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(
            context, NULL, "bash|zsh|fish",
            "Prints what lets that shell complete commands and options. Where backstop "
            "is installed\nit is installed too; else: source <(backstop completion bash)",
            &argc, &argv))
        return STATUS_USAGE;
    for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS(shells); i++) {
        if (strcmp(shells[i].name, argv[1]) == 0)
            shell = &shells[i];
    }
    if (!shell) {
        fprintf(stderr, "backstop completion: for which shell? bash, zsh or fish\n");
        return STATUS_USAGE;
    }
    script = g_string_new(NULL);
    options_visit(visit);
    shell->begin(script);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        add_command(&commands[i]);
    shell->end(script);
    options_visit(NULL);
    fputs(script->str, stdout);
    g_string_free(script, TRUE);
    return STATUS_OK;
}
