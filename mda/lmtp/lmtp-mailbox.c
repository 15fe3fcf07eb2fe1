// SPDX-License-Identifier: MIT
#include "lmtp/lmtp-mailbox.h"

#include "base/address.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "delivery/users.h"
#include "lmtp/syntax.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A name of a file may have so many bytes (NAME_MAX).
#define PART_MAX_BYTES 255

void lmtp_mailbox_free(gpointer data)
{
    struct lmtp_mailbox *mailbox = data;
    if (mailbox->found)
        user_clear(mailbox->found);
    g_free(mailbox->found);
    g_free(mailbox->user);
    g_free(mailbox->name);
    g_free(mailbox->home);
    g_free(mailbox->detail);
    g_free(mailbox);
}

// ---- Virtual users

// May TEXT be a part of a path? It must not lead elsewhere, nor hide.
static bool is_safe_part(const char *text)
{
    if (!*text || *text == '.' || strlen(text) > PART_MAX_BYTES || strchr(text, '/'))
        return false;
    for (; *text; text++) {
        if ((guchar)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

char *lmtp_expand_home(const char *template, const char *local, const char *domain, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *both = g_strdup_printf("%s@%s", local, domain);
    for (const char *at = template; *at; at++) {
        if (*at != '%') {
            g_string_append_c(out, *at);
            continue;
        }
        at++;
        const char *value = *at == 'n' ? local : *at == 'd' ? domain : *at == 'u' ? both : NULL;
        if (*at == '%') {
            g_string_append_c(out, '%');
        } else if (!value) {
            mda_fail(err, MDA_ERROR_CONFIG, "[lmtp] home: after a %% comes n, d, u or %%");
            return NULL;
        } else if (!is_safe_part(value) || (*at == 'u' && (!*local || !*domain))) {
            mda_fail(err, MDA_ERROR_SYNTAX, "this address is no name of a mailbox");
            return NULL;
        } else {
            g_string_append(out, value);
        }
    }
    if (!g_path_is_absolute(out->str)) {
        mda_fail(err, MDA_ERROR_CONFIG, "[lmtp] home is no absolute path");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void log_and_defer(struct lmtp_answer *answer_r, const char *status, const char *text,
                          const char *why)
{
    log_line(LOG_LEVEL_ERROR, "lmtp: %s", why);
    lmtp_answer_set(answer_r, 451, status, "%s", text);
}

// That a directory is not there may mean that its disk is not; the setting says what to make of it.
static bool have_home(const struct conf *conf, const char *home, struct lmtp_answer *answer_r)
{
    struct stat status;
    g_autoptr(GError) err = NULL;
    int code = stat(home, &status) == 0 ? S_ISDIR(status.st_mode) ? 0 : ENOTDIR : errno;
    if (code == 0)
        return true;
    if (code == ENOENT && conf_choice(conf, CONF_LMTP_MISSING_HOME) == HOME_CREATE &&
        files_make_path(home, 0700, true, &err))
        return true;
    if (code == ENOENT && conf_choice(conf, CONF_LMTP_MISSING_HOME) == HOME_REFUSE) {
        lmtp_answer_set(answer_r, 550, "5.1.1", "there is no such user");
        return false;
    }
    g_autofree char *why =
        g_strdup_printf("home %s: %s", home, err ? err->message : g_strerror(code));
    log_and_defer(answer_r, "4.2.0", "this mailbox is not to be had now", why);
    return false;
}

static struct lmtp_mailbox *find_virtual(const struct conf *conf, const char *local,
                                         const char *domain, const char *detail,
                                         struct lmtp_answer *answer_r)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *name = g_ascii_strdown(local, -1);
    g_autofree char *home = lmtp_expand_home(conf_string(conf, CONF_LMTP_HOME), name, domain, &err);
    if (!home && g_error_matches(err, MDA_ERROR, MDA_ERROR_SYNTAX)) {
        lmtp_answer_set(answer_r, 553, "5.1.3", "%s", err->message);
        return NULL;
    }
    if (!home) {
        log_and_defer(answer_r, "4.3.5", "this server is not set up well", err->message);
        return NULL;
    }
    if (!have_home(conf, home, answer_r))
        return NULL;
    struct lmtp_mailbox *mailbox = g_new0(struct lmtp_mailbox, 1);
    mailbox->name = *domain ? g_strdup_printf("%s@%s", name, domain) : g_strdup(name);
    mailbox->home = g_steal_pointer(&home);
    mailbox->detail = g_strdup(detail);
    return mailbox;
}

// ---- Users of the system

// May we deliver for USER, as whom NAME is known? False with *ANSWER_R.
static bool can_become(const struct mail_user *user, const char *name, struct lmtp_answer *answer_r)
{
    if (user->uid == 0) {
        log_and_defer(answer_r, "4.3.5", "root takes no mail here",
                      "mail for root: give root an alias in the MTA");
        return false;
    }
    if (geteuid() == 0 || user->uid == geteuid())
        return true;
    g_autofree char *why = g_strdup_printf(
        "mail for %s: only a server that root starts delivers for other users", name);
    log_and_defer(answer_r, "4.3.5", "this server is not set up for that user", why);
    return false;
}

// Says whether NAME is a user for whom we can deliver. Only USER_UNKNOWN leaves *ANSWER_R alone.
static enum user_result try_user(const char *name, struct lmtp_answer *answer_r)
{
    struct mail_user user = {0};
    g_autoptr(GError) err = NULL;
    enum user_result result = user_find(name, &user, &err);
    if (result == USER_TROUBLE)
        log_and_defer(answer_r, "4.3.0", "this user cannot be looked up now", err->message);
    else if (result == USER_KNOWN && !can_become(&user, name, answer_r))
        result = USER_TROUBLE;
    user_clear(&user);
    return result;
}

// The user's own name needs no user database.
static bool is_own_name(const char *name)
{
    struct mail_user user = {0};
    bool own = geteuid() != 0 && user_find(NULL, &user, NULL) == USER_KNOWN &&
               g_ascii_strcasecmp(user.name, name) == 0;
    user_clear(&user);
    return own;
}

static struct lmtp_mailbox *system_mailbox(const char *name, const char *detail)
{
    struct lmtp_mailbox *mailbox = g_new0(struct lmtp_mailbox, 1);
    mailbox->user = geteuid() == 0 ? g_strdup(name) : NULL;
    mailbox->name = g_strdup(name);
    mailbox->detail = g_strdup(detail);
    return mailbox;
}

// The whole local part may be a user's name, the detail included; and in lower case.
static struct lmtp_mailbox *find_system(const char *whole, const char *local, const char *detail,
                                        struct lmtp_answer *answer_r)
{
    g_autofree char *whole_low = g_ascii_strdown(whole, -1);
    g_autofree char *local_low = g_ascii_strdown(local, -1);
    const char *names[] = {whole, whole_low, local, local_low};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
            continue;
        const char *rest = i < 2 ? NULL : detail;
        enum user_result result = is_own_name(names[i]) ? USER_KNOWN : try_user(names[i], answer_r);
        if (result == USER_KNOWN)
            return system_mailbox(names[i], rest);
        if (result == USER_TROUBLE)
            return NULL;
    }
    lmtp_answer_set(answer_r, 550, "5.1.1", "there is no such user");
    return NULL;
}

// ---- Users who are kept elsewhere

static struct lmtp_mailbox *find_kept(const struct conf *conf, const char *local,
                                      const char *domain, const char *detail,
                                      struct lmtp_answer *answer_r)
{
    g_autofree char *local_low = g_ascii_strdown(local, -1);
    g_autofree char *name =
        *domain ? g_strdup_printf("%s@%s", local_low, domain) : g_strdup(local_low);
    const struct user_query query = {
        .conf = conf, .name = name, .local = local_low, .service = "lmtp"};
    g_autoptr(GError) err = NULL;
    struct mail_user user = {0};
    enum user_result result = users_find(&query, &user, &err);
    if (result == USER_UNKNOWN)
        lmtp_answer_set(answer_r, 550, "5.1.1", "there is no such user");
    else if (result == USER_TROUBLE)
        log_and_defer(answer_r, "4.3.0", "this user cannot be looked up now", err->message);
    if (result != USER_KNOWN)
        return NULL;
    if (!can_become(&user, name, answer_r)) {
        user_clear(&user);
        return NULL;
    }
    struct lmtp_mailbox *mailbox = g_new0(struct lmtp_mailbox, 1);
    mailbox->found = g_new0(struct mail_user, 1);
    *mailbox->found = user;
    mailbox->name = g_strdup(user.name);
    mailbox->detail = g_strdup(detail);
    return mailbox;
}

struct lmtp_mailbox *lmtp_mailbox_find(const struct conf *conf, const char *address,
                                       struct lmtp_answer *answer_r)
{
    g_autofree char *folded = address_fold(address);
    g_autofree char *untagged = address_untagged(address);
    g_autofree char *whole = NULL;
    g_autofree char *domain = NULL;
    // The tag of a signed return path is no part of the user's name.
    lmtp_split_address(strcmp(folded, untagged) == 0 ? address : untagged, &whole, &domain);
    g_autofree char *local = g_strdup(whole);
    gsize length = strcspn(whole, conf_string(conf, CONF_LMTP_DELIMITER));
    const char *detail = length > 0 && whole[length] ? whole + length + 1 : NULL;
    if (detail)
        local[length] = '\0';
    if (*conf_string(conf, CONF_LMTP_HOME))
        return find_virtual(conf, local, domain, detail, answer_r);
    if (users_are_kept_elsewhere(conf))
        return find_kept(conf, local, domain, detail, answer_r);
    return find_system(whole, local, detail, answer_r);
}
