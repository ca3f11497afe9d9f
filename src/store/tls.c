/*
 * tls.c - TLS to Redis, where hiredis brings it (1.x with its SSL part)
 *
 * hiredis verifies the chain but never the host name, so the session is made
 * with OpenSSL here and handed to it.  The only file beside smtp/transport
 * that includes openssl/ssl.h.
 */
#include "store/private.h"

#ifdef HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"

struct tls {
	SSL_CTX *context;
};

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* The first thing that OpenSSL has to say; forgets the rest. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return text ? text : "no reason given";
}

static int use_files(SSL_CTX *context, const struct config_redis *redis, const char **file)
{
	if ((*file = redis->ca_file) && SSL_CTX_load_verify_locations(context, redis->ca_file, NULL) != 1)
		return -1;
	if (!redis->ca_file && SSL_CTX_set_default_verify_paths(context) != 1)
		return -1;
	if ((*file = redis->cert_file)
	    && SSL_CTX_use_certificate_chain_file(context, redis->cert_file) != 1)
		return -1;
	if ((*file = redis->key_file)
	    && SSL_CTX_use_PrivateKey_file(context, redis->key_file, SSL_FILETYPE_PEM) != 1)
		return -1;
	return 0;
}

static enum store_status open_context(struct store_link *link, struct error *error)
{
	const char *file = NULL;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return link_refuse(link, error, "TLS: %s", reason());
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, link->redis->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (use_files(context, link->redis, &file) < 0) {
		SSL_CTX_free(context);
		return link_refuse(link, error, "%s: %s", file ? file : "the system's certificates", reason());
	}
	link->tls = mem_alloc(sizeof *link->tls);
	link->tls->context = context;
	return STORE_OK;
}

/* The name or address that the certificate must be for (RFC 6125, RFC 9525). */
static int expect_host(SSL *ssl, const char *host)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ? 0 : -1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1 ? 0 : -1;
}

static enum store_status failed(struct store_link *link, const SSL *ssl, struct error *error)
{
	long verdict = SSL_get_verify_result(ssl);

	if (verdict != X509_V_OK && link->redis->verify)
		return link_refuse(link, error, "its certificate is not accepted: %s (see redis.ca_file)",
				   X509_verify_cert_error_string(verdict));
	unsigned long code = ERR_peek_error();
	if (!code)
		return link_down(link, error, "it closed the connection during the TLS handshake");
	return link_refuse(link, error, "TLS: %s", reason());
}

static enum store_status shake_hands(struct store_link *link, SSL *ssl, int64_t until_ms,
				     struct error *error)
{
	for (;;) {
		ERR_clear_error();
		int rc = SSL_do_handshake(ssl);
		if (rc == 1)
			return STORE_OK;
		short events;
		switch (SSL_get_error(ssl, rc)) {
		case SSL_ERROR_WANT_READ:
			events = POLLIN;
			break;
		case SSL_ERROR_WANT_WRITE:
			events = POLLOUT;
			break;
		default:
			return failed(link, ssl, error);
		}
		if (link_wait(link->context->fd, events, until_ms) < 0)
			return link_down(link, error, "the TLS handshake took longer than redis.connect_timeout");
	}
}

enum store_status tls_secure(struct store_link *link, const char *host, int64_t until_ms,
			     struct error *error)
{
	enum store_status status = link->tls ? STORE_OK : open_context(link, error);

	if (status != STORE_OK)
		return status;
	SSL *ssl = SSL_new(link->tls->context);
	if (!ssl || expect_host(ssl, host) < 0) {
		SSL_free(ssl);
		return link_refuse(link, error, "TLS: %s", reason());
	}
	/* Begins the handshake; when that went well the session is the context's. */
	if (redisInitiateSSL(link->context, ssl) == REDIS_OK)
		return shake_hands(link, ssl, until_ms, error);
	status = failed(link, ssl, error);
	SSL_free(ssl);
	return status;
}

#else

void tls_free(struct tls *tls)
{
	(void)tls;
}

/* The configuration refuses rediss:// in this case (config/check.c). */
enum store_status tls_secure(struct store_link *link, const char *host, int64_t until_ms,
			     struct error *error)
{
	(void)host;
	(void)until_ms;
	return link_refuse(link, error, "TLS to Redis needs hiredis 1.x with its SSL part:"
					" use a unix socket, or stunnel on this host");
}

#endif
