// SPDX-License-Identifier: MIT
// The module backstop-tls.so: TLS 1.2 or later (RFC 8446) with a server, over OpenSSL.
//
// Design rationale
// - The server has to prove by its certificate that it is the one that was named: a ledger answered
//   by anybody would make backscatter genuine and genuine reports backscatter.
// - No key file is asked a passphrase for: nobody sits there.
// - An error says which of our settings has to do with it. Alerts are the server's own words
//   (RFC 8446 6.2); with TLS 1.3 one that refuses our certificate comes after the handshake.
#include "base/tls.h"

#include "base/error.h"
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

struct tls_setup {
    SSL_CTX *context;
    bool has_certificate;
    struct tls_wanted wanted; // its paths are not there any more
};

struct tls_session {
    SSL *ssl;
    const struct tls_setup *setup;
};

// The reason of OpenSSL's oldest error, which is the cause of the others.
static const char *openssl_reason(void)
{
    const unsigned long code = ERR_peek_error();
    const char *reason = ERR_GET_LIB(code) == ERR_LIB_SYS ? g_strerror(ERR_GET_REASON(code))
                                                          : ERR_reason_error_string(code);
    return reason ? reason : "no reason given";
}

static bool fail_file(const struct tls_file *file, GError **err)
{
    return mda_fail(err, MDA_ERROR_CONFIG, "%s: %s: %s", file->setting, file->path,
                    openssl_reason());
}

static int no_passphrase(char *buffer, int size, int writing, void *data)
{
    (void)buffer, (void)size, (void)writing, (void)data;
    return -1;
}

static bool load_authorities(SSL_CTX *context, const struct tls_file *file, GError **err)
{
    const bool directory = g_file_test(file->path, G_FILE_TEST_IS_DIR);
    const bool loaded = *file->path
                            ? SSL_CTX_load_verify_locations(context, directory ? NULL : file->path,
                                                            directory ? file->path : NULL) == 1
                            : SSL_CTX_set_default_verify_paths(context) == 1;
    return loaded || fail_file(file, err);
}

static bool load_certificate(SSL_CTX *context, const struct tls_wanted *wanted, GError **err)
{
    const struct tls_file *certificate = &wanted->certificate;
    const struct tls_file *key = *wanted->key.path ? &wanted->key : certificate;
    if (!*certificate->path)
        return key == certificate || mda_fail(err, MDA_ERROR_CONFIG,
                                              "%s: %s: a key alone is of no use; name its "
                                              "certificate in %s",
                                              key->setting, key->path, certificate->setting);
    if (SSL_CTX_use_certificate_chain_file(context, certificate->path) != 1)
        return fail_file(certificate, err);
    if (SSL_CTX_use_PrivateKey_file(context, key->path, SSL_FILETYPE_PEM) != 1)
        return fail_file(key, err);
    return true;
}

static void teardown(gpointer data)
{
    struct tls_setup *setup = data;
    SSL_CTX_free(setup->context);
    g_free(setup);
}

static struct tls_setup *new_setup(const struct tls_wanted *wanted)
{
    struct tls_setup *setup = g_new0(struct tls_setup, 1);
    setup->context = SSL_CTX_new(TLS_client_method());
    setup->has_certificate = *wanted->certificate.path != '\0';
    setup->wanted = *wanted;
    return setup;
}

static bool set_up(const struct tls_wanted *wanted, gpointer *setup_r, GError **err)
{
    ERR_clear_error();
    struct tls_setup *setup = new_setup(wanted);
    if (!setup->context || SSL_CTX_set_min_proto_version(setup->context, TLS1_2_VERSION) != 1) {
        teardown(setup);
        return mda_fail(err, MDA_ERROR_TEMP, "OpenSSL: %s", openssl_reason());
    }
    SSL_CTX_set_default_passwd_cb(setup->context, no_passphrase);
    SSL_CTX_set_verify(setup->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(setup->context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (load_authorities(setup->context, &wanted->authorities, err) &&
        load_certificate(setup->context, wanted, err)) {
        *setup_r = setup;
        return true;
    }
    teardown(setup);
    return false;
}

// Who has to be there: a name goes over the wire as well (SNI, RFC 6066 3), an address does not.
static bool expect_host(const struct tls_session *session, const char *host)
{
    struct in6_addr ignored;
    const bool check = session->setup->wanted.check_name;
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
    struct tls_session *session = data;
    if (sound)
        (void)SSL_shutdown(session->ssl); // as far as that goes without waiting
    SSL_free(session->ssl);
    ERR_clear_error();
    g_free(session);
}

static bool start(gpointer setup, int fd, const char *host, gpointer *session_r, GError **err)
{
    ERR_clear_error();
    struct tls_session *session = g_new0(struct tls_session, 1);
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

static const char *refused_by_us(const struct tls_setup *setup, long verified)
{
    switch (verified) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return setup->wanted.name_remedy;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "the server needs a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "is the clock right?";
    default:
        return setup->wanted.authorities_remedy;
    }
}

static const char *refused_by_them(const struct tls_setup *setup, int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        return setup->wanted.plain_remedy;
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return setup->has_certificate ? "" : setup->wanted.certificate_remedy;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return setup->wanted.refused_remedy;
    default:
        return "";
    }
}

static void fail_tls(const char *reason, const char *remedy, GError **err)
{
    mda_fail(err, MDA_ERROR_TEMP, "TLS: %s%s%s", reason, *remedy ? "; " : "", remedy);
}

// The connection broke with CODE of errno. Returns -1.
static int fail_system(int code, GError **err)
{
    mda_fail(err, MDA_ERROR_TEMP, "%s",
             code ? g_strerror(code) : "the server closed the connection");
    return -1;
}

// What a call that returned RESULT means.
static int judge(const struct tls_session *session, int result, short *events_r, GError **err)
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
    if (verified != X509_V_OK) {
        g_autofree char *reason = g_strdup_printf("the server's certificate is not accepted: %s",
                                                  X509_verify_cert_error_string(verified));
        fail_tls(reason, refused_by_us(session->setup, verified), err);
    } else {
        fail_tls(openssl_reason(),
                 refused_by_them(session->setup, ERR_GET_REASON(ERR_peek_error())), err);
    }
    return -1;
}

static int handshake(gpointer data, short *events_r, GError **err)
{
    const struct tls_session *session = data;
    ERR_clear_error();
    errno = 0;
    return judge(session, SSL_connect(session->ssl), events_r, err);
}

static int read_some(gpointer data, char *buffer, int size, short *events_r, GError **err)
{
    const struct tls_session *session = data;
    ERR_clear_error();
    errno = 0;
    return judge(session, SSL_read(session->ssl, buffer, size), events_r, err);
}

static int write_some(gpointer data, const char *text, int size, short *events_r, GError **err)
{
    const struct tls_session *session = data;
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

extern const struct tls_api MODULE_SYMBOL;
const struct tls_api MODULE_SYMBOL = {
    .head = {PACKAGE_VERSION},
    .setup = set_up,
    .teardown = teardown,
    .start = start,
    .end = end,
    .handshake = handshake,
    .read = read_some,
    .write = write_some,
};
