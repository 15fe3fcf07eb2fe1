// SPDX-License-Identifier: MIT
// The module backstop-milter.so: collects what the MTA tells of each message, and hands it over
// when the message is complete. It accepts everything: a recorder is no filter.
#include "milter/milter.h"

#include "base/log.h"
#include "base/notify.h"
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define RECIPIENTS_MAX 1000
#define HEADER_MAX_BYTES 4096

static const struct conf *settings;

// What is kept for one connection.
struct milter_session {
    bool internal;
    struct milter_mail mail;
};

static void clear_mail(struct milter_mail *mail)
{
    g_clear_pointer(&mail->sender, g_free);
    g_clear_pointer(&mail->recipients, g_ptr_array_unref);
    g_clear_pointer(&mail->from, g_free);
    g_clear_pointer(&mail->date, g_free);
    g_clear_pointer(&mail->message_id, g_free);
    g_clear_pointer(&mail->subject, g_free);
    mail->ours = mail->stamped = false;
}

static struct milter_session *session_of(SMFICTX *context)
{
    return smfi_getpriv(context);
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
    (void)host;
    char text[INET6_ADDRSTRLEN] = "";
    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)address)->sin_addr, text, sizeof text);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)address)->sin6_addr, text,
                  sizeof text);
    struct milter_session *session = g_new0(struct milter_session, 1);
    session->internal = milter_is_internal(settings, text);
    smfi_setpriv(context, session);
    return SMFIS_CONTINUE;
}

// "<user@example.org>" without its brackets.
static char *bare(const char *argument)
{
    const gsize length = strlen(argument);
    if (length >= 2 && argument[0] == '<' && argument[length - 1] == '>')
        return g_strndup(argument + 1, length - 2);
    return g_strdup(argument);
}

static sfsistat on_sender(SMFICTX *context, char **arguments)
{
    struct milter_session *session = session_of(context);
    if (!session)
        return SMFIS_ACCEPT;
    clear_mail(&session->mail);
    const char *login = smfi_getsymval(context, (char *)"{auth_authen}");
    session->mail.ours = session->internal || (login && *login);
    session->mail.sender = bare(arguments[0]);
    session->mail.recipients = g_ptr_array_new_with_free_func(g_free);
    return session->mail.ours ? SMFIS_CONTINUE : SMFIS_ACCEPT;
}

static sfsistat on_recipient(SMFICTX *context, char **arguments)
{
    struct milter_session *session = session_of(context);
    if (session && session->mail.recipients && session->mail.recipients->len < RECIPIENTS_MAX)
        g_ptr_array_add(session->mail.recipients, bare(arguments[0]));
    return SMFIS_CONTINUE;
}

static void keep_first(char **place, const char *value)
{
    if (!*place)
        *place = g_strndup(value, HEADER_MAX_BYTES);
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
    struct milter_session *session = session_of(context);
    if (!session)
        return SMFIS_CONTINUE;
    if (g_ascii_strcasecmp(name, "From") == 0)
        keep_first(&session->mail.from, value);
    else if (g_ascii_strcasecmp(name, "Date") == 0)
        keep_first(&session->mail.date, value);
    else if (g_ascii_strcasecmp(name, "Message-ID") == 0)
        keep_first(&session->mail.message_id, value);
    else if (g_ascii_strcasecmp(name, "Subject") == 0)
        keep_first(&session->mail.subject, value);
    else if (g_ascii_strcasecmp(name, "X-Backstop-Sent") == 0)
        session->mail.stamped = true;
    return SMFIS_CONTINUE;
}

static sfsistat on_end(SMFICTX *context)
{
    struct milter_session *session = session_of(context);
    struct milter_changes changes;
    if (!session || !session->mail.sender)
        return SMFIS_ACCEPT;
    milter_handle(settings, &session->mail, &changes);
    if (changes.stamp &&
        smfi_addheader(context, (char *)"X-Backstop-Sent", changes.stamp) != MI_SUCCESS)
        log_line(LOG_LEVEL_WARNING, "milter: the stamp could not be added");
    if (changes.new_sender && smfi_chgfrom(context, changes.new_sender, NULL) != MI_SUCCESS)
        log_line(LOG_LEVEL_WARNING, "milter: the envelope sender could not be signed");
    g_free(changes.stamp);
    g_free(changes.new_sender);
    clear_mail(&session->mail);
    return SMFIS_ACCEPT;
}

static sfsistat on_abort(SMFICTX *context)
{
    struct milter_session *session = session_of(context);
    if (session)
        clear_mail(&session->mail);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
    struct milter_session *session = session_of(context);
    if (session)
        clear_mail(&session->mail);
    g_free(session);
    smfi_setpriv(context, NULL);
    return SMFIS_CONTINUE;
}

// Who is not root needs a directory that hands its group on, or a group of his own.
static bool give_to_group(const struct milter_place *place)
{
    struct stat made;
    const char *file = place->has_group ? milter_socket_file(place->socket) : NULL;
    return !file || (lstat(file, &made) == 0 && made.st_gid == place->group) ||
           fchownat(AT_FDCWD, file, (uid_t)-1, place->group, AT_SYMLINK_NOFOLLOW) == 0;
}

// The file is born with its rights.
static bool open_socket(const struct milter_place *place)
{
    mode_t mask = umask(0777 & ~place->mode);
    gid_t group = place->has_group ? (gid_t)setfsgid(place->group) : 0;
    // One that a killed run left behind is taken over.
    bool done = smfi_opensocket(true) == MI_SUCCESS;
    if (place->has_group)
        setfsgid(group);
    umask(mask);
    return done;
}

static int run(const struct conf *conf, const struct milter_place *place)
{
    struct smfiDesc description = {
        .xxfi_name = (char *)"backstop",
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGFROM,
        .xxfi_connect = on_connect,
        .xxfi_envfrom = on_sender,
        .xxfi_envrcpt = on_recipient,
        .xxfi_header = on_header,
        .xxfi_eom = on_end,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
    };
    settings = conf;
    if (smfi_setconn(place->socket) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS ||
        !open_socket(place) || !give_to_group(place)) {
        fprintf(stderr, "backstop milter: cannot listen on %s, or not for the MTA's group\n",
                place->socket);
        return EX_UNAVAILABLE;
    }
    log_line(LOG_LEVEL_INFO, "milter: listening on %s", place->socket);
    notify_manager(NOTIFY_READY);
    const char *file = milter_socket_file(place->socket);
    int status = smfi_main() == MI_SUCCESS ? EX_OK : EX_SOFTWARE;
    notify_manager(NOTIFY_STOPPING);
    if (file && unlink(file) != 0 && errno != ENOENT)
        log_line(LOG_LEVEL_WARNING, "milter: remove %s: %s", file, g_strerror(errno));
    return status;
}

extern const struct milter_api MODULE_SYMBOL;
const struct milter_api MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .run = run};
