/*
 * certificate.h - what is wrong with a server's certificate, in words
 */
#ifndef POSTRIDER_CERTIFICATE_H
#define POSTRIDER_CERTIFICATE_H

#include <openssl/x509.h>

#include "base/error.h"
#include "config/config.h"

/*
 * Says in `fault` which flaw a certificate has (OpenSSL's X509_V_ERR_...) and
 * what to do about it, in terms of the relay's keys.
 */
void certificate_explain(int flaw, X509 *certificate, const struct config_relay *relay,
			 struct error *fault);

#endif
