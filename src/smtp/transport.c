/*
 * transport.c - socket and TLS of an SMTP session
 *
 * Owns the descriptor, the TLS context and what went wrong with either.  Never
 * speaks SMTP.  How to reach a host with several addresses is in connect.c.
 */
#include "smtp/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <auth-client.h>
#include <libesmtp.h>

#include "base/clock.h"
#include "base/mem.h"
#include "smtp/certificate.h"
#include "smtp/connect.h"

struct transport {
	const struct config_relay *relay;
	int fd;				/* -1: none */
	struct connect_peer peer;
	SSL_CTX *context;		/* NULL until first needed */
	SSL *ssl;			/* libesmtp's; NULL when TLS is not up */
	struct error fault;		/* of the last handshake */
	int64_t handshake_until_ms;
	bool certificate_wanted;	/* the server has asked for one of ours */
	bool heard;			/* something came through TLS: what is refused later is not the handshake */
};

struct transport *transport_new(const struct config_relay *relay)
{
	struct transport *transport = mem_alloc(sizeof *transport);

	transport->relay = relay;
	transport->fd = -1;
	return transport;
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	transport_close(transport);
	SSL_CTX_free(transport->context);
	error_clear(&transport->fault);
	free(transport);
}

int transport_connect(struct transport *transport, struct error *error)
{
	const struct config_relay *relay = transport->relay;

	transport_close(transport);
	error_clear(&transport->fault);
	transport->fd = connect_to(relay->host, relay->port, relay->timeouts.connect_ms,
				   &transport->peer, error);
	return transport->fd < 0 ? -1 : 0;
}

int transport_fd(const struct transport *transport)
{
	return transport->fd;
}

const char *transport_peer(const struct transport *transport)
{
	return transport->peer.text;
}

bool transport_is_loopback(const struct transport *transport)
{
	return transport->peer.loopback;
}

bool transport_is_tls(const struct transport *transport)
{
	return transport->ssl;
}

/* Waits for what the last operation lacked; 0 to try again, else -1 with errno. */
static int wait_for(const struct transport *transport, short events, int64_t until_ms)
{
	struct pollfd pollfd = { transport->fd, events, 0 };
	int64_t left = until_ms - clock_monotonic_ms();

	if (left <= 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	int n = poll(&pollfd, 1, left > 60000 ? 60000 : (int)left);
	return n < 0 && errno != EINTR ? -1 : 0;
}

/* What an operation on the SSL object wants: events to poll for, 0 when it is over. */
static short ssl_wants(const struct transport *transport, int result)
{
	switch (SSL_get_error(transport->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		ERR_clear_error();
		return 0;
	}
}

ssize_t transport_read(struct transport *transport, char *bytes, size_t size, int64_t until_ms)
{
	for (;;) {
		short events = POLLIN;
		ssize_t n;

		if (transport->ssl) {
			ERR_clear_error();
			n = SSL_read(transport->ssl, bytes, size > INT32_MAX ? INT32_MAX : (int)size);
			if (n <= 0 && !(events = ssl_wants(transport, (int)n)))
				return 0;
		} else {
			n = recv(transport->fd, bytes, size, 0);
			if (n == 0 || (n < 0 && (errno == ECONNRESET || errno == EPIPE)))
				return 0;
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return -1;
		}
		if (n > 0) {
			transport->heard = true;
			return n;
		}
		if (wait_for(transport, events, until_ms) < 0)
			return -1;
	}
}

int transport_write(struct transport *transport, const char *bytes, size_t len, int64_t until_ms)
{
	while (len) {
		short events = POLLOUT;
		ssize_t n;

		if (transport->ssl) {
			ERR_clear_error();
			n = SSL_write(transport->ssl, bytes, len > INT32_MAX ? INT32_MAX : (int)len);
			if (n <= 0 && !(events = ssl_wants(transport, (int)n))) {
				errno = EPIPE;
				return -1;
			}
		} else {
			n = send(transport->fd, bytes, len, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return -1;
		}
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (wait_for(transport, events, until_ms) < 0) {
			return -1;
		}
	}
	return 0;
}

enum transport_state transport_look(struct transport *transport)
{
	char byte;

	if (transport->fd < 0)
		return TRANSPORT_CLOSED;
	if (transport->ssl) {
		ERR_clear_error();
		int n = SSL_peek(transport->ssl, &byte, 1);
		if (n > 0)
			return TRANSPORT_SPOKE;
		return ssl_wants(transport, n) ? TRANSPORT_QUIET : TRANSPORT_CLOSED;
	}
	ssize_t n = recv(transport->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n > 0)
		return TRANSPORT_SPOKE;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? TRANSPORT_QUIET : TRANSPORT_CLOSED;
}

void transport_cut(struct transport *transport)
{
	if (transport->fd >= 0)
		shutdown(transport->fd, SHUT_RDWR);
}

void transport_close_notify(struct transport *transport)
{
	if (!transport->ssl)
		return;
	ERR_clear_error();
	SSL_shutdown(transport->ssl);
	ERR_clear_error();
}

void transport_close(struct transport *transport)
{
	transport->ssl = NULL;
	if (transport->fd >= 0)
		close(transport->fd);
	transport->fd = -1;
	transport->peer = (struct connect_peer){ 0 };
}

/* --- TLS ------------------------------------------------------------------ */

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void blame_version(struct transport *transport)
{
	error_set(&transport->fault, "the TLS handshake failed: the server has nothing newer than TLS 1.1, "
		  "which is not safe; it must be brought up to date");
}

static bool is_about_certificates(int alert)
{
	return (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
	       alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_ACCESS_DENIED ||
	       alert == SSL_AD_CERTIFICATE_REQUIRED;
}

static void blame_client(struct transport *transport, const char *says)
{
	const struct config_relay *relay = transport->relay;

	if (relay->cert_file)
		error_set(&transport->fault, "the server refused the client certificate in relays.%s.cert_file%s",
			  relay->name, says);
	else
		error_set(&transport->fault, "the server wants a client certificate: set relays.%s.cert_file and "
			  "relays.%s.key_file%s", relay->name, relay->name, says);
}

static void blame_alert(struct transport *transport, int result)
{
	const char *alert = SSL_alert_desc_string_long(result);

	if ((result & 0xff) == SSL_AD_PROTOCOL_VERSION) {
		blame_version(transport);
	} else if (transport->certificate_wanted && is_about_certificates(result & 0xff)) {
		char *says = mem_printf("; it says \"%s\"", alert);
		blame_client(transport, says);
		free(says);
	} else {
		error_set(&transport->fault, "the TLS handshake failed: the server says \"%s\"", alert);
	}
}

static struct transport *transport_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static int on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct transport *transport = transport_of(ssl);

	if (good)
		return 1;
	if (!transport->relay->verify) {
		/* Asked for in writing: as if it were good, for libesmtp too. */
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	certificate_explain(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store),
			    transport->relay, &transport->fault);
	return 0;
}

/* Each read of the handshake looks at the clock: a server that sends a byte a
 * minute would otherwise never run into libesmtp's timeout, which is per byte. */
static long on_bio(BIO *bio, int operation, const char *arg, size_t len, int argi, long argl,
		   int result, size_t *processed)
{
	struct transport *transport = (struct transport *)BIO_get_callback_arg(bio);

	(void)arg;
	(void)len;
	(void)argi;
	(void)argl;
	(void)processed;
	if (operation == BIO_CB_READ && !transport->ssl && transport->handshake_until_ms &&
	    clock_monotonic_ms() > transport->handshake_until_ms)
		transport_cut(transport);
	return result;
}

static void on_info(const SSL *ssl, int where, int result)
{
	struct transport *transport = transport_of(ssl);

	if (where & SSL_CB_HANDSHAKE_START && !SSL_is_init_finished(ssl)) {
		BIO *bio = SSL_get_rbio(ssl);

		/* libesmtp makes the SSL object itself, so this is the only moment
		 * before the ClientHello to put a server name into it. */
		if (!is_address(transport->relay->host))
			SSL_set_tlsext_host_name((SSL *)ssl, transport->relay->host);
		BIO_set_callback_arg(bio, (char *)transport);
		BIO_set_callback_ex(bio, on_bio);
	}
	/* TLS 1.3 tells a client that its certificate is refused when the handshake
	 * is over for it already. */
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && !transport->heard && !transport->fault.text &&
	    !strcmp(SSL_alert_type_string(result), "F"))
		blame_alert(transport, result);
}

static int on_certificate_wanted(SSL *ssl, void *arg)
{
	(void)ssl;
	((struct transport *)arg)->certificate_wanted = true;
	return 1;
}

static int can_read(const struct config_relay *relay, const char *key, const char *file,
		    struct error *error)
{
	if (access(file, R_OK) == 0)
		return 0;
	return error_set(error, "relays.%s.%s: %s: %s", relay->name, key, file, strerror(errno));
}

static int trust(SSL_CTX *context, const struct config_relay *relay, struct error *error)
{
	if (!relay->verify)
		return 0;
	if (!relay->ca_file) {
		SSL_CTX_set_default_verify_paths(context);
		return 0;
	}
	if (can_read(relay, "ca_file", relay->ca_file, error) < 0)
		return -1;
	if (SSL_CTX_load_verify_file(context, relay->ca_file) == 1)
		return 0;
	ERR_clear_error();
	return error_set(error, "relays.%s.ca_file: %s holds no certificates in PEM form", relay->name,
			 relay->ca_file);
}

/* OpenSSL would ask the terminal, which a daemon does not have. */
static int refuse_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return 0;
}

static int load_key(SSL_CTX *context, const struct config_relay *relay, struct error *error)
{
	const char *name = relay->name, *file = relay->key_file;
	bool asked = false;

	SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
	bool loaded = SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1;
	SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
	if (loaded)
		return 0;
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	ERR_clear_error();
	if (asked)
		return error_set(error, "relays.%s.key_file: %s is protected by a passphrase, which nobody is there "
				 "to type; `openssl pkey` removes it", name, file);
	if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)
		return error_set(error, "relays.%s.key_file: %s is not the key of the certificate in %s", name, file,
				 relay->cert_file);
	return error_set(error, "relays.%s.key_file: %s holds no private key in PEM form", name, file);
}

/* The client certificate.  libesmtp would look for one in a home directory, where
 * it finds none (session_init()), and leaves that of the context alone. */
static int introduce(SSL_CTX *context, const struct config_relay *relay, struct error *error)
{
	if (!relay->cert_file)
		return 0;
	if (can_read(relay, "cert_file", relay->cert_file, error) < 0 ||
	    can_read(relay, "key_file", relay->key_file, error) < 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(context, relay->cert_file) == 1)
		return load_key(context, relay, error);
	ERR_clear_error();
	return error_set(error, "relays.%s.cert_file: %s holds no certificate in PEM form", relay->name,
			 relay->cert_file);
}

static int make_context(struct transport *transport, struct error *error)
{
	const struct config_relay *relay = transport->relay;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return error_set(error, "OpenSSL cannot make a TLS context");
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_info_callback(context, on_info);
	SSL_CTX_set_cert_cb(context, on_certificate_wanted, transport);
	SSL_CTX_set_app_data(context, transport);
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
	if (is_address(relay->host)) {
		X509_VERIFY_PARAM_set1_ip_asc(param, relay->host);
	} else {
		X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		X509_VERIFY_PARAM_set1_host(param, relay->host, 0);
	}
	if (trust(context, relay, error) < 0 || introduce(context, relay, error) < 0) {
		SSL_CTX_free(context);
		return -1;
	}
	transport->context = context;
	return 0;
}

int transport_load_tls(struct transport *transport, struct error *error)
{
	if (transport->context || transport->relay->tls == CONFIG_TLS_NONE)
		return 0;
	return make_context(transport, error);
}

int transport_give_tls(struct transport *transport, struct smtp_session *session,
		       struct error *error)
{
	/* Each session takes a reference of its own and drops it.  Without a
	 * context libesmtp makes a static one, which its second session frees again. */
	if (!smtp_starttls_set_ctx(session, transport->context))
		return error_set(error, "libesmtp does not take a TLS context");
	return 0;
}

void transport_expect_tls(struct transport *transport, int64_t until_ms)
{
	ERR_clear_error();
	error_clear(&transport->fault);
	transport->certificate_wanted = transport->heard = false;
	transport->handshake_until_ms = until_ms;
}

void transport_tls_up(struct transport *transport, void *ssl)
{
	transport->ssl = ssl;
	/* Shown, or not asked for.  libesmtp looks for one next, for SASL EXTERNAL,
	 * and frees what it finds, which is the context's. */
	SSL_certs_clear(ssl);
}

void transport_tls_over(struct transport *transport)
{
	if (!transport->ssl)
		transport_tls_fault(transport);	/* while OpenSSL still knows */
	transport->ssl = NULL;
}

const char *transport_tls_fault(struct transport *transport)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);

	/* Closed without a word, at least to us: the alert may have been overtaken. */
	if (!transport->fault.text && transport->certificate_wanted && !transport->heard &&
	    !transport->relay->cert_file)
		blame_client(transport, "");
	if (transport->fault.text || !code || ERR_GET_LIB(code) != ERR_LIB_SSL)
		return transport->fault.text;
	if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
		blame_version(transport);
	else if (reason == SSL_R_WRONG_VERSION_NUMBER)
		error_set(&transport->fault, "the TLS handshake failed: what the server sends is not TLS; "
			  "check relays.%s.port and relays.%s.tls", transport->relay->name,
			  transport->relay->name);
	else if (reason != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		error_set(&transport->fault, "the TLS handshake failed: %s", ERR_reason_error_string(code));
	return transport->fault.text;
}

void transport_forget_errors(void)
{
	ERR_clear_error();
}
