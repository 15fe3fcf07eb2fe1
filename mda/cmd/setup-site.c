// SPDX-License-Identifier: MIT
// Design rationale
// - Asked are Postfix (postconf -h) and Exim (-bP), without a shell; then DNS, for the networks in
//   the SPF record of each domain; then the key tables of OpenDKIM and the place of rspamd's keys.
// - Nothing is claimed that only the admin knows: that all mail is signed, or recorded.
#include "cmd/setup-site.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "cmd/command.h"
#include "evidence/relays-spf.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASK_MS 5000
#define ANSWER_MAX (64 * 1024)
#define TABLE_MAX (1024 * 1024)
#define DOMAINS_MAX 20
#define FILE_NAME SYSCONFDIR "/backstop/backstop.conf"

struct proposal {
    GPtrArray *domains, *relays, *networks, *keys; // char *
    const char *server;                            // who was asked; NULL: nobody answered
};

static void add_once(GPtrArray *words, const char *word)
{
    if (*word && !g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
        g_ptr_array_add(words, g_strdup(word));
}

// What PROGRAM prints; NULL when it is not there or fails. Owned by the caller.
static char *ask(const char *program, const char *a, const char *b)
{
    static const char *const places[] = {"/usr/sbin", "/usr/local/sbin", "/usr/bin",
                                         "/usr/exim/bin"};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_build_filename(places[i], program, NULL);
        char *argv[] = {(char *)program, (char *)a, (char *)b, NULL};
        const struct process process = {.path = path,
                                        .argv = argv,
                                        .output_limit = ANSWER_MAX,
                                        .deadline = deadline_in(ASK_MS)};
        g_autoptr(GBytes) output = NULL;
        int status;
        if (access(path, X_OK) != 0 || !process_run(&process, &status, &output, NULL) ||
            status != 0 || !output)
            continue;
        gsize size;
        const char *data = g_bytes_get_data(output, &size);
        char *text = g_strndup(data, size);
        g_strchomp(text);
        return text;
    }
    return NULL;
}

static void add_domains(struct proposal *proposal, const char *list)
{
    g_auto(GStrv) words = g_strsplit_set(list, " ,:\t\n", -1);
    for (char **word = words; *word; word++) {
        // Tables, variables and names of this host alone are no mail domains.
        if (strchr(*word, '.') && !strpbrk(*word, "/$*+=[]") &&
            !g_str_has_prefix(*word, "localhost") && !g_str_has_suffix(*word, ".local"))
            add_once(proposal->domains, *word);
    }
}

static bool ask_postfix(struct proposal *proposal)
{
    static const char *const domains[] = {"mydomain", "mydestination", "virtual_mailbox_domains",
                                          "virtual_alias_domains", "relay_domains"};
    g_autofree char *host = ask("postconf", "-xh", "myhostname");
    if (!host)
        return false;
    proposal->server = "Postfix";
    add_once(proposal->relays, host);
    for (gsize i = 0; i < G_N_ELEMENTS(domains); i++) {
        g_autofree char *list = ask("postconf", "-xh", domains[i]);
        if (list)
            add_domains(proposal, list);
    }
    g_autofree char *relay = ask("postconf", "-xh", "relayhost");
    if (relay && *relay) {
        g_autofree char *name = g_strdup(relay + (*relay == '['));
        name[strcspn(name, "]:")] = '\0';
        g_autofree char *organisation = domain_organisation(name);
        g_autofree char *glob = organisation ? g_strconcat("*.", organisation, NULL) : NULL;
        add_once(proposal->relays, glob ? glob : name);
    }
    return true;
}

static bool ask_exim(struct proposal *proposal)
{
    static const char *const programs[] = {"exim4", "exim"};
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        g_autofree char *host = ask(programs[i], "-bP", "primary_hostname");
        if (!host)
            continue;
        g_autofree char *domains = ask(programs[i], "-bP", "domainlist local_domains");
        const char *name = strchr(host, '=');
        proposal->server = "Exim";
        g_autofree char *bare = g_strdup(name ? name + 1 : host);
        add_once(proposal->relays, g_strstrip(bare));
        const char *list = domains ? strchr(domains, '=') : NULL;
        if (list)
            add_domains(proposal, list + 1);
        return true;
    }
    return false;
}

static void ask_spf(const struct conf *conf, struct proposal *proposal)
{
    for (guint i = 0; i < proposal->domains->len && i < DOMAINS_MAX; i++)
        relays_from_spf(proposal->domains->pdata[i], conf_string(conf, CONF_DNS_SERVER),
                        deadline_in(ASK_MS), proposal->networks);
}

// OpenDKIM's KeyTable: "name domain:selector:/path/of/the/private.key"; opendkim-genkey puts the
// public record beside it, as selector.txt.
static void read_key_table(struct proposal *proposal)
{
    static const char *const tables[] = {"/etc/opendkim/KeyTable", "/etc/opendkim/key.table",
                                         "/etc/opendkim/keytable"};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *text = NULL;
        gsize size;
        if (!files_read(tables[i], TABLE_MAX, &text, &size, NULL))
            continue;
        g_auto(GStrv) words = g_strsplit_set(text, " \t\n", -1);
        for (char **word = words; *word; word++) {
            g_auto(GStrv) parts = g_strsplit(*word, ":", 3);
            if (g_strv_length(parts) != 3 || !g_str_has_suffix(parts[2], ".private"))
                continue;
            g_autofree char *record = g_strdup_printf(
                "%s:%.*s.txt", parts[1], (int)(strlen(parts[2]) - strlen(".private")), parts[2]);
            if (access(strchr(record, ':') + 1, R_OK) == 0)
                add_once(proposal->keys, record);
        }
    }
}

// rspamd: /var/lib/rspamd/dkim/DOMAIN.SELECTOR.key, with the record in .txt or .pub beside it.
static void read_rspamd(struct proposal *proposal)
{
    static const char directory[] = "/var/lib/rspamd/dkim";
    g_autoptr(DIR) entries = opendir(directory);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        if (!g_str_has_suffix(entry->d_name, ".txt"))
            continue;
        g_autofree char *stem = g_strndup(entry->d_name, strlen(entry->d_name) - strlen(".txt"));
        const char *selector = strrchr(stem, '.');
        g_autofree char *key =
            g_strdup_printf("%s:%s/%s", selector ? selector + 1 : stem, directory, entry->d_name);
        add_once(proposal->keys, key);
    }
}

static void append(GString *text, const char *reason, const char *section, const char *key,
                   const GPtrArray *words)
{
    if (words->len == 0)
        return;
    g_string_append_printf(text, "\n# %s\n[%s]\n%s =", reason, section, key);
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, " %s", (const char *)words->pdata[i]);
    g_string_append_c(text, '\n');
}

static char *compose_file(const struct proposal *proposal)
{
    g_autoptr(GString) text =
        g_string_new("# Proposed by backstop setup --site. Look through it.\n");
    g_autofree char *domains = g_strdup_printf("%s takes mail for these.", proposal->server);
    append(text, domains, "identity", "domains", proposal->domains);
    append(text, "Mail leaves through these.", "identity", "relays", proposal->relays);
    append(text, "Your SPF records let these send.", "identity", "networks", proposal->networks);
    append(text, "Your mail is signed with these.", "dkim", "key-file", proposal->keys);
    return g_strdup(text->str);
}

static int write_file(const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *directory = g_path_get_dirname(FILE_NAME);
    if (access(FILE_NAME, F_OK) == 0) {
        fprintf(stderr, "backstop setup: %s is there already and is left as it is\n", FILE_NAME);
        return STATUS_NO;
    }
    if (!files_make_path(directory, 0755, true, &err) ||
        !files_replace(FILE_NAME, text, strlen(text), 0644, &err)) {
        fprintf(stderr, "backstop setup: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    printf("\n%s was written.\n", FILE_NAME);
    return STATUS_OK;
}

int setup_site(const struct conf *conf, bool write)
{
    struct proposal proposal = {.domains = g_ptr_array_new_with_free_func(g_free),
                                .relays = g_ptr_array_new_with_free_func(g_free),
                                .networks = g_ptr_array_new_with_free_func(g_free),
                                .keys = g_ptr_array_new_with_free_func(g_free)};
    int status = STATUS_NO;
    if (ask_postfix(&proposal) || ask_exim(&proposal)) {
        ask_spf(conf, &proposal);
        read_key_table(&proposal);
        read_rspamd(&proposal);
        g_autofree char *text = compose_file(&proposal);
        fputs(text, stdout);
        if (!write)
            printf("\nThis could be %s; setup --site --yes writes it there.\n", FILE_NAME);
        status = write ? write_file(text) : STATUS_OK;
    } else {
        fprintf(stderr, "backstop setup: neither postconf nor exim -bP answered\n");
    }
    g_ptr_array_unref(proposal.domains);
    g_ptr_array_unref(proposal.relays);
    g_ptr_array_unref(proposal.networks);
    g_ptr_array_unref(proposal.keys);
    return status;
}
