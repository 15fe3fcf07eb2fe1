// SPDX-License-Identifier: MIT
// The module backstop-tls.so: TLS 1.2 or later (RFC 8446) with a Redis server, over OpenSSL.
//
// Design rationale
// - The server has to prove by its certificate that it is the one in the URL: a ledger answered by
//   anybody would make backscatter genuine and genuine reports backscatter.
// - No key file is asked a passphrase for: nobody sits there.
// - An error says which of our settings has to do with it. Alerts are the server's own words
//   (RFC 8446 6.2); with TLS 1.3 one that refuses our certificate comes after the handshake.
#include "ledger/redis-tls.h"

#include "base/error.h"
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

struct setup {
    SSL_CTX *context;
    bool check_name;
    bool has_certificate;
};

struct session {
    SSL *ssl;
    const struct setup *setup;
};

// The reason of OpenSSL's oldest error, which is the cause of the others.
static const char *openssl_reason(void)
{
    const unsigned long code = ERR_peek_error();
    const char *reason = ERR_GET_LIB(code) == ERR_LIB_SYS ? g_strerror(ERR_GET_REASON(code))
                                                          : ERR_reason_error_string(code);
    return reason ? reason : "no reason given";
}

static bool fail_file(const struct conf *conf, enum setting setting, const char *path, GError **err)
{
    return mda_fail(err, MDA_ERROR_CONFIG, "ledger.%s (%s): %s: %s", conf_row(setting)->key,
                    conf_origin(conf, setting), path, openssl_reason());
}

static int no_passphrase(char *buffer, int size, int writing, void *data)
{
    (void)buffer, (void)size, (void)writing, (void)data;
    return -1;
}

static bool load_authorities(SSL_CTX *context, const struct conf *conf, GError **err)
{
    const char *path = conf_string(conf, CONF_LEDGER_TLS_CA);
    const bool directory = g_file_test(path, G_FILE_TEST_IS_DIR);
    const bool loaded = *path ? SSL_CTX_load_verify_locations(context, directory ? NULL : path,
                                                              directory ? path : NULL) == 1
                              : SSL_CTX_set_default_verify_paths(context) == 1;
    return loaded || fail_file(conf, CONF_LEDGER_TLS_CA, path, err);
}

static bool load_certificate(SSL_CTX *context, const struct conf *conf, GError **err)
{
    const char *certificate = conf_string(conf, CONF_LEDGER_TLS_CERT);
    const bool together = *conf_string(conf, CONF_LEDGER_TLS_KEY) == '\0';
    const enum setting key_setting = together ? CONF_LEDGER_TLS_CERT : CONF_LEDGER_TLS_KEY;
    const char *key = conf_string(conf, key_setting);
    if (!*certificate)
        return together ||
               mda_fail(err, MDA_ERROR_CONFIG,
                        "ledger.tls-key (%s): %s: a key alone is of no use; name its certificate "
                        "in ledger.tls-cert",
                        conf_origin(conf, key_setting), key);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return fail_file(conf, CONF_LEDGER_TLS_CERT, certificate, err);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return fail_file(conf, key_setting, key, err);
    return true;
}

static void teardown(gpointer data)
{
    struct setup *setup = data;
    SSL_CTX_free(setup->context);
    g_free(setup);
}

static bool set_up(const struct conf *conf, gpointer *setup_r, GError **err)
{
    ERR_clear_error();
    struct setup *setup = g_new0(struct setup, 1);
    setup->context = SSL_CTX_new(TLS_client_method());
    setup->check_name = conf_bool(conf, CONF_LEDGER_TLS_CHECK_NAME);
    setup->has_certificate = *conf_string(conf, CONF_LEDGER_TLS_CERT) != '\0';
    if (!setup->context || SSL_CTX_set_min_proto_version(setup->context, TLS1_2_VERSION) != 1) {
        teardown(setup);
        return mda_fail(err, MDA_ERROR_TEMP, "redis: OpenSSL: %s", openssl_reason());
    }
    SSL_CTX_set_default_passwd_cb(setup->context, no_passphrase);
    SSL_CTX_set_verify(setup->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(setup->context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (load_authorities(setup->context, conf, err) &&
        load_certificate(setup->context, conf, err)) {
        *setup_r = setup;
        return true;
    }
    teardown(setup);
    return false;
}

// Who has to be there: a name goes over the wire as well (SNI, RFC 6066 3), an address does not.
static bool expect_host(const struct session *session, const char *host)
{
    struct in6_addr ignored;
    const bool check = session->setup->check_name;
    X509_VERIFY_PARAM *wanted = SSL_get0_param(session->ssl);
    if (inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1)
        return !check || X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1;
    if (host[0] == '/') // a socket has no name
        return true;
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(session->ssl, host) == 1 &&
           (!check || SSL_set1_host(session->ssl, host) == 1);
}

static void end(gpointer data, bool sound)
{
    struct session *session = data;
    if (sound)
        (void)SSL_shutdown(session->ssl); // as far as that goes without waiting
    SSL_free(session->ssl);
    ERR_clear_error();
    g_free(session);
}

static bool start(gpointer setup, int fd, const char *host, gpointer *session_r, GError **err)
{
    ERR_clear_error();
    struct session *session = g_new0(struct session, 1);
    session->setup = setup;
    session->ssl = SSL_new(session->setup->context);
    if (!session->ssl || !expect_host(session, host) || SSL_set_fd(session->ssl, fd) != 1) {
        mda_fail(err, MDA_ERROR_TEMP, "OpenSSL: %s", openssl_reason());
        end(session, false);
        return false;
    }
    SSL_set_connect_state(session->ssl);
    *session_r = session;
    return true;
}

static const char *certificate_remedy(long verified)
{
    switch (verified) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "; write a name that stands in it into ledger.url, or set ledger.tls-check-name = "
               "no";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "; the server needs a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "; is the clock right?";
    default:
        return "; ledger.tls-ca names the authorities to trust";
    }
}

static const char *refusal_remedy(const struct session *session, int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        return "; it speaks no TLS there: name its tls-port, or write redis:// in ledger.url";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return session->setup->has_certificate
                   ? ""
                   : "; it asks for a certificate of ours: set ledger.tls-cert and ledger.tls-key";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return "; it does not accept the certificate of ledger.tls-cert";
    default:
        return "";
    }
}

// The connection broke with CODE of errno. Returns -1.
static int fail_system(int code, GError **err)
{
    mda_fail(err, MDA_ERROR_TEMP, "%s",
             code ? g_strerror(code) : "the server closed the connection");
    return -1;
}

// What a call that returned RESULT means.
static int judge(const struct session *session, int result, short *events_r, GError **err)
{
    const int code = errno;
    if (result > 0)
        return result;
    const long verified = SSL_get_verify_result(session->ssl);
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        *events_r = POLLIN;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *events_r = POLLOUT;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return fail_system(0, err);
    case SSL_ERROR_SYSCALL:
        return fail_system(code, err);
    default:
        break;
    }
    if (verified != X509_V_OK)
        mda_fail(err, MDA_ERROR_TEMP, "TLS: the server's certificate is not accepted: %s%s",
                 X509_verify_cert_error_string(verified), certificate_remedy(verified));
    else
        mda_fail(err, MDA_ERROR_TEMP, "TLS: %s%s", openssl_reason(),
                 refusal_remedy(session, ERR_GET_REASON(ERR_peek_error())));
    return -1;
}

static int handshake(gpointer data, short *events_r, GError **err)
{
    const struct session *session = data;
    ERR_clear_error();
    errno = 0;
    return judge(session, SSL_connect(session->ssl), events_r, err);
}

static int read_some(gpointer data, char *buffer, int size, short *events_r, GError **err)
{
    const struct session *session = data;
    ERR_clear_error();
    errno = 0;
    return judge(session, SSL_read(session->ssl, buffer, size), events_r, err);
}

static int write_some(gpointer data, const char *text, int size, short *events_r, GError **err)
{
    const struct session *session = data;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write(session->ssl, text, size);
    if (result > 0 || SSL_get_error(session->ssl, result) != SSL_ERROR_SYSCALL)
        return judge(session, result, events_r, err);
    // It hung up; the alert that says why may lie there to be read.
    char ignored;
    const int code = errno;
    ERR_clear_error();
    const int heard = SSL_read(session->ssl, &ignored, sizeof ignored);
    return heard <= 0 && SSL_get_error(session->ssl, heard) == SSL_ERROR_SSL
               ? judge(session, heard, events_r, err)
               : fail_system(code, err);
}

extern const struct redis_tls_api MODULE_SYMBOL;
const struct redis_tls_api MODULE_SYMBOL = {
    .head = {PACKAGE_VERSION},
    .setup = set_up,
    .teardown = teardown,
    .start = start,
    .end = end,
    .handshake = handshake,
    .read = read_some,
    .write = write_some,
};
