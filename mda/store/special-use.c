// SPDX-License-Identifier: MIT
#include "store/special-use.h"

#include <string.h>

struct use_row {
    enum special_use use;
    const char *name; // in lower case
};

// Names that mail programs, phones and webmails make by themselves.
static const struct use_row rows[] = {
    {USE_SENT, "sent"},
    {USE_SENT, "sent items"},
    {USE_SENT, "sent mail"},
    {USE_SENT, "sent-mail"},
    {USE_SENT, "sent_mail"},
    {USE_SENT, "sent messages"},
    {USE_SENT, "sentmail"},
    {USE_SENT, "outbox-sent"},
    {USE_SENT, "outgoing"},
    {USE_SENT, "gesendet"},
    {USE_SENT, "gesendete"},
    {USE_SENT, "gesendete objekte"},
    {USE_SENT, "gesendete elemente"},
    {USE_SENT, "gesendete nachrichten"},
    {USE_SENT, "gesendete e-mails"},
    {USE_SENT, "versendet"},
    {USE_SENT, "envoyés"},
    {USE_SENT, "envoyes"},
    {USE_SENT, "éléments envoyés"},
    {USE_SENT, "messages envoyés"},
    {USE_SENT, "courrier envoyé"},
    {USE_SENT, "objets envoyés"},
    {USE_SENT, "enviados"},
    {USE_SENT, "enviadas"},
    {USE_SENT, "elementos enviados"},
    {USE_SENT, "mensajes enviados"},
    {USE_SENT, "correo enviado"},
    {USE_SENT, "itens enviados"},
    {USE_SENT, "mensagens enviadas"},
    {USE_SENT, "elements enviats"},
    {USE_SENT, "enviats"},
    {USE_SENT, "inviati"},
    {USE_SENT, "inviata"},
    {USE_SENT, "posta inviata"},
    {USE_SENT, "posta in uscita inviata"},
    {USE_SENT, "elementi inviati"},
    {USE_SENT, "verzonden"},
    {USE_SENT, "verzonden items"},
    {USE_SENT, "verzonden berichten"},
    {USE_SENT, "skickat"},
    {USE_SENT, "skickade"},
    {USE_SENT, "skickade objekt"},
    {USE_SENT, "sendt"},
    {USE_SENT, "sendte"},
    {USE_SENT, "sendte elementer"},
    {USE_SENT, "sendt post"},
    {USE_SENT, "sendt e-post"},
    {USE_SENT, "lähetetyt"},
    {USE_SENT, "lähetetyt viestit"},
    {USE_SENT, "wysłane"},
    {USE_SENT, "elementy wysłane"},
    {USE_SENT, "odeslané"},
    {USE_SENT, "odeslaná pošta"},
    {USE_SENT, "odoslané"},
    {USE_SENT, "odoslaná pošta"},
    {USE_SENT, "poslano"},
    {USE_SENT, "poslana pošta"},
    {USE_SENT, "poslane stavke"},
    {USE_SENT, "elküldött"},
    {USE_SENT, "elküldött elemek"},
    {USE_SENT, "elküldött levelek"},
    {USE_SENT, "trimise"},
    {USE_SENT, "elemente trimise"},
    {USE_SENT, "gönderilmiş"},
    {USE_SENT, "gönderilmiş öğeler"},
    {USE_SENT, "gönderilenler"},
    {USE_SENT, "отправленные"},
    {USE_SENT, "исходящие"},
    {USE_SENT, "надіслані"},
    {USE_SENT, "відправлені"},
    {USE_SENT, "изпратени"},
    {USE_SENT, "послато"},
    {USE_SENT, "απεσταλμένα"},
    {USE_SENT, "saadetud"},
    {USE_SENT, "nosūtītās"},
    {USE_SENT, "išsiųsti"},
    {USE_SENT, "送信済み"},
    {USE_SENT, "送信済みアイテム"},
    {USE_SENT, "送信済みメール"},
    {USE_SENT, "已发送"},
    {USE_SENT, "已发送邮件"},
    {USE_SENT, "已傳送"},
    {USE_SENT, "寄件備份"},
    {USE_SENT, "보낸 편지함"},
    {USE_SENT, "보낸편지함"},
    {USE_SENT, "פריטים שנשלחו"},
    {USE_SENT, "العناصر المرسلة"},
    {USE_SENT, "البريد المرسل"},
    {USE_ARCHIVE, "archive"},
    {USE_ARCHIVE, "archives"},
    {USE_ARCHIVE, "archiv"},
    {USE_ARCHIVE, "all mail"},
    {USE_ARCHIVE, "alle nachrichten"},
    {USE_ARCHIVE, "tous les messages"},
    {USE_ARCHIVE, "archivo"},
    {USE_ARCHIVE, "archivio"},
    {USE_ARCHIVE, "archief"},
    {USE_ARCHIVE, "arquivo"},
    {USE_ARCHIVE, "arkiv"},
    {USE_ARCHIVE, "arkisto"},
    {USE_ARCHIVE, "archiwum"},
    {USE_ARCHIVE, "archív"},
    {USE_ARCHIVE, "архив"},
    {USE_ARCHIVE, "архів"},
    {USE_ARCHIVE, "アーカイブ"},
    {USE_ARCHIVE, "存档"},
    {USE_JUNK, "junk"},
    {USE_JUNK, "junk e-mail"},
    {USE_JUNK, "junk email"},
    {USE_JUNK, "junk mail"},
    {USE_JUNK, "spam"},
    {USE_JUNK, "bulk mail"},
    {USE_JUNK, "courrier indésirable"},
    {USE_JUNK, "indésirables"},
    {USE_JUNK, "pourriel"},
    {USE_JUNK, "unerwünscht"},
    {USE_JUNK, "correo no deseado"},
    {USE_JUNK, "posta indesiderata"},
    {USE_JUNK, "lixo eletrônico"},
    {USE_JUNK, "ongewenste e-mail"},
    {USE_JUNK, "skräppost"},
    {USE_JUNK, "søppelpost"},
    {USE_JUNK, "roskaposti"},
    {USE_JUNK, "нежелательная почта"},
    {USE_JUNK, "спам"},
    {USE_JUNK, "nevyžádaná pošta"},
    {USE_TRASH, "trash"},
    {USE_TRASH, "deleted"},
    {USE_TRASH, "deleted items"},
    {USE_TRASH, "deleted messages"},
    {USE_TRASH, "bin"},
    {USE_TRASH, "papierkorb"},
    {USE_TRASH, "gelöscht"},
    {USE_TRASH, "gelöschte objekte"},
    {USE_TRASH, "gelöschte elemente"},
    {USE_TRASH, "corbeille"},
    {USE_TRASH, "éléments supprimés"},
    {USE_TRASH, "papelera"},
    {USE_TRASH, "elementos eliminados"},
    {USE_TRASH, "cestino"},
    {USE_TRASH, "prullenbak"},
    {USE_TRASH, "verwijderde items"},
    {USE_TRASH, "lixeira"},
    {USE_TRASH, "papperskorg"},
    {USE_TRASH, "kosz"},
    {USE_TRASH, "корзина"},
    {USE_DRAFTS, "drafts"},
    {USE_DRAFTS, "draft"},
    {USE_DRAFTS, "entwürfe"},
    {USE_DRAFTS, "brouillons"},
    {USE_DRAFTS, "borradores"},
    {USE_DRAFTS, "bozze"},
    {USE_DRAFTS, "concepten"},
    {USE_DRAFTS, "rascunhos"},
    {USE_DRAFTS, "utkast"},
    {USE_DRAFTS, "kladder"},
    {USE_DRAFTS, "luonnokset"},
    {USE_DRAFTS, "szkice"},
    {USE_DRAFTS, "wersje robocze"},
    {USE_DRAFTS, "черновики"},
    {USE_DRAFTS, "templates"},
    {USE_DRAFTS, "outbox"},
    {USE_DRAFTS, "unsent messages"},
};

// mutt and Alpine divide Sent by time: "sent-2026-11", "sent-mail-nov-2026", "Sent.2026".
static char *without_date(const char *name)
{
    static const char *const months[] = {"-jan", "-feb", "-mar", "-apr", "-may", "-jun",
                                         "-jul", "-aug", "-sep", "-oct", "-nov", "-dec"};
    char *bare = g_strdup(name);
    gsize length = strlen(bare);
    while (length > 0 && strchr("0123456789-_ ", bare[length - 1]))
        length--;
    if (length == 0)
        return bare;
    bare[length] = '\0';
    for (gsize i = 0; i < G_N_ELEMENTS(months); i++) {
        if (length > 4 && g_str_has_suffix(bare, months[i]))
            bare[length - 4] = '\0';
    }
    return bare;
}

static enum special_use look_up(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].use;
    }
    return USE_NONE;
}

enum special_use special_use_of_name(const char *name)
{
    g_autofree char *lower = g_utf8_strdown(name, -1);
    g_autofree char *composed = g_utf8_normalize(lower, -1, G_NORMALIZE_NFC);
    char *rest = composed ? composed : lower;
    g_auto(GStrv) levels = g_strsplit_set(rest, "/.", -1);
    // From the last level up: ".Archive.2025" is of the archive, ".Sent.2026" of what was sent.
    for (guint i = g_strv_length(levels); i-- > 0;) {
        g_autofree char *bare = without_date(levels[i]);
        const enum special_use use = look_up(levels[i]), dated = look_up(bare);
        if (use || dated)
            return use ? use : dated;
        if (*bare && strspn(levels[i], "0123456789-_") != strlen(levels[i]))
            break;
    }
    return USE_NONE;
}

enum special_use special_use_of_attribute(const char *attribute)
{
    static const struct use_row attributes[] = {{USE_SENT, "sent"},   {USE_ARCHIVE, "archive"},
                                                {USE_ARCHIVE, "all"}, {USE_JUNK, "junk"},
                                                {USE_TRASH, "trash"}, {USE_DRAFTS, "drafts"}};
    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
        if (g_ascii_strcasecmp(attributes[i].name, attribute + (*attribute == '\\')) == 0)
            return attributes[i].use;
    }
    return USE_NONE;
}
