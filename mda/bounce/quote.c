// SPDX-License-Identifier: MIT
#include "bounce/quote.h"

#include "bounce/phrases.h"

#include <stdbool.h>
#include <string.h>

#define LINE_MAX_BYTES 400 // attributions are shorter

// clang-format off
// Between dashes or underscores above what is forwarded or answered, lower case, by the languages
// of mail programs.
static const char *const ruled[] = {
    "original message", "forwarded message", "forwarded by", "original-nachricht",
    "ursprüngliche nachricht", "originalnachricht", "weitergeleitete nachricht",
    "weitergeleitet von", "message d'origine", "message d’origine", "message original",
    "message initial", "message transféré", "message réexpédié", "courriel original",
    "mensaje original", "mensaje reenviado", "missatge original", "messaggio originale",
    "messaggio inoltrato", "mensagem original", "mensagem encaminhada", "mensagem reencaminhada",
    "oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht", "doorgezonden bericht",
    "ursprungligt meddelande", "originalmeddelande", "vidarebefordrat meddelande",
    "oprindelig meddelelse", "oprindelig besked", "videresendt meddelelse", "videresendt besked",
    "opprinnelig melding", "videresendt melding", "alkuperäinen viesti", "välitetty viesti",
    "edelleenlähetetty viesti", "původní zpráva", "přeposlaná zpráva", "pôvodná správa",
    "preposlaná správa", "wiadomość oryginalna", "oryginalna wiadomość", "treść oryginalnej",
    "wiadomość przekazana", "przekazana wiadomość", "eredeti üzenet", "továbbított üzenet",
    "mesaj original", "mesaj redirecționat", "mesaj redirectat", "izvorna poruka",
    "originalna poruka", "proslijeđena poruka", "prosleđena poruka", "izvirno sporočilo",
    "posredovano sporočilo", "originaalsõnum", "algne sõnum", "edastatud kiri",
    "sākotnējais ziņojums", "oriģinālais ziņojums", "originalus laiškas", "persiųstas laiškas",
    "исходное сообщение", "пересылаемое сообщение", "пересланное сообщение",
    "перенаправленное сообщение", "оригинальное сообщение", "вихідне повідомлення",
    "переслане повідомлення", "оригинално съобщение", "препратено съобщение",
    "αρχικό μήνυμα", "προωθημένο μήνυμα", "orijinal mesaj", "özgün ileti", "iletilen mesaj",
    "yönlendirilmiş mesaj", "הודעה מקורית", "הודעה שהועברה", "رسالة أصلية", "الرسالة الأصلية",
    "رسالة محولة", "پیام اصلی", "元のメッセージ", "オリジナルメッセージ", "転送メッセージ", "転送された",
    "原始邮件", "原始郵件", "转发的邮件", "转发邮件", "轉寄的郵件", "轉寄郵件", "원본 메시지", "전달된 메시지",
    "원본 메일", "thư gốc", "pesan asli", "pesan terusan", "ข้อความต้นฉบับ",
};

// A line that begins so introduces a forwarded message, whatever stands around it.
static const char *const introduced[] = {
    "begin forwarded message", "forwarded message:", "anfang der weitergeleiteten",
    "début du message réexpédié", "début du message transféré", "inicio del mensaje reenviado",
    "comienzo del mensaje reenviado", "inizio messaggio inoltrato", "início da mensagem",
    "begin doorgestuurd bericht", "vidarebefordrat brev", "start på videresendt",
    "välitetty viesti alkaa", "začátek přeposlané", "początek przekazywanej",
    "начало переадресованного", "начало пересылаемого", "転送されたメッセージ", "以下是转发的邮件",
    "下面是被转发的邮件", "以下是轉寄的郵件",
};

// "On Monday Jane wrote:": a line with such a word that ends in a colon.
static const char *const attributed[] = {
    "wrote", "writes", "schrieb", "a écrit", "escribió", "va escriure", "ha scritto", "scrive",
    "escreveu", "schreef", "geschreven", "skrev", "kirjoitti", "napisał", "pisze", "napsal",
    "napísal", "píše", "írta", "a scris", "je napisao", "je napisala", "napisao je", "je napisal",
    "kirjutas", "rakstīja", "parašė", "rašė", "пишет", "написал", "писал", "пише", "писав",
    "написа", "έγραψε", "yazdı", "şunu yazdı", "כתב", "كتب", "نوشت", "のメッセージ", "は書きました",
    "写道", "寫道", "님이 작성", "đã viết", "menulis", "เขียนว่า", "left a comment", "commented",
};

// How the makers' reports begin: behind a line that ends in a colon they are shown by somebody.
static const char *const beginnings[] = {
    "this message was created automatically", "this is the mail system at", "hi. this is the",
    "this is the postfix", "delivery has failed to", "the original message was received at",
    "** address not found", "** message", "reporting-mta:", "final-recipient:", "your message did not",
    "sorry, we were unable to deliver", "a message that you sent", "i'm sorry to have to inform",
    "this is an automatically generated delivery", "delivery to the following", "this report relates to",
    "your message was not delivered", "your message wasn't delivered", "an error occurred while trying",
    "hello, this is the mail server", "this is a permanent error", "this is the mail delivery",
};
// clang-format on

static bool starts_with_one(const char *line, const char *const *words, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (*line == *words[i] && g_str_has_prefix(line, words[i]))
            return true;
    }
    return false;
}

// RULE is all that stands before the words: "-----", "____ ", "=====", "----------".
static bool is_ruled(const char *line)
{
    gsize rule = strspn(line, "-_=*+");
    line += rule + strspn(line + rule, " \t");
    return rule >= 2 && starts_with_one(line, ruled, G_N_ELEMENTS(ruled));
}

static bool is_attribution(const char *line)
{
    const char *end = line + strlen(line);
    bool colon = g_str_has_suffix(line, ":") || g_str_has_suffix(line, "：");
    if (!colon || end - line < 8)
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(attributed); i++) {
        const char *word = strstr(line, attributed[i]);
        if (word && (word == line || !g_ascii_isalpha(word[-1])))
            return true;
    }
    return false;
}

// Does LINE, which ends in a colon, introduce the first words of a maker's report, behind it in
// REST?
static bool introduces_report(const char *line, const char *rest, const char *end)
{
    if (!g_str_has_suffix(line, ":"))
        return false;
    while (rest < end && g_ascii_isspace(*rest))
        rest++;
    g_autofree char *first = g_ascii_strdown(rest, (gssize)MIN(end - rest, 60));
    return starts_with_one(first, beginnings, G_N_ELEMENTS(beginnings)) &&
           !starts_with_one(line, beginnings, G_N_ELEMENTS(beginnings));
}

// "> text", and the "+text" of a patch: not the ">>> RCPT TO:" of an SMTP transcript, and not "><".
static bool is_quoted(const char *line, gsize length)
{
    if (*line == '+')
        return length > 1 && g_ascii_isalpha(line[1]);
    return *line == '>' && (length == 1 || line[1] == ' ' || line[1] == '\t' ||
                            g_ascii_isalnum(line[1]) || (guchar)line[1] >= 0x80);
}

static bool is_ascii_rule(char c)
{
    return strchr("-_=*+", c) != NULL;
}

// Most lines are none at the first look: no rule, no colon at the end, no letter of INTRODUCED.
static bool begins_quotation(const char *line, gsize length, const char *end)
{
    const char *rest = line + length;
    if (is_quoted(line, length))
        return true;
    while (length > 0 && g_ascii_isspace(*line)) {
        line++;
        length--;
    }
    while (length > 0 && g_ascii_isspace(line[length - 1]))
        length--;
    if (length == 0 || length > LINE_MAX_BYTES)
        return false;
    // A rule without words, and the headings of SMTP transcripts.
    if (*line == '-' && (length < 12 || g_str_has_prefix(line, "----- The following")))
        return false;
    bool colon = line[length - 1] == ':' || (length > 3 && !memcmp(line + length - 3, "：", 3));
    if (!colon && !is_ascii_rule(*line))
        return false;
    g_autofree char *lower = phrase_fold(line, (gssize)length, NULL);
    return is_ruled(lower) || is_attribution(lower) || introduces_report(lower, rest, end) ||
           starts_with_one(lower, introduced, G_N_ELEMENTS(introduced));
}

gsize quote_find(const char *text, gsize length)
{
    for (gsize at = 0; at < length;) {
        const char *stop = memchr(text + at, '\n', length - at);
        gsize end = stop ? (gsize)(stop - text) : length;
        if (end > at && begins_quotation(text + at, end - at, text + length))
            return at;
        at = end + 1;
    }
    return length;
}

gsize quote_find_html(const char *html, gsize length)
{
    static const char *const marks[] = {
        "gmail_quote",      "yahoo_quoted",  "moz-cite-prefix",     "moz-forward-container",
        "protonmail_quote", "divRplyFwdMsg", "OLK_SRC_BODY_SECTION"};
    for (const char *at = html, *end = html + length; at < end; at++) {
        at = memchr(at, '<', (gsize)(end - at));
        if (!at)
            break;
        gsize left = (gsize)(end - at);
        if (left > 11 && g_ascii_strncasecmp(at, "<blockquote", 11) == 0)
            return (gsize)(at - html);
        const char *stop = memchr(at, '>', MIN(left, 1024));
        for (gsize i = 0; stop && i < G_N_ELEMENTS(marks); i++) {
            if (g_strstr_len(at, stop - at, marks[i]))
                return (gsize)(at - html);
        }
    }
    return length;
}
