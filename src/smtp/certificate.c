/*
 * certificate.c - reads of a certificate what a person wants to know of it
 */
#include "smtp/certificate.h"

#include <stdlib.h>

#include <openssl/x509v3.h>

#include "base/mem.h"

/* The names a certificate is for, as "DNS:a, DNS:b" in one line; to be freed. */
static char *names_of(X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	BIO *out = BIO_new(BIO_s_mem());
	char *data;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < 10; i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (i)
			BIO_puts(out, ", ");
		if (name->type == GEN_DNS)
			BIO_write(out, ASN1_STRING_get0_data(name->d.dNSName),
				  ASN1_STRING_length(name->d.dNSName));
		else
			GENERAL_NAME_print(out, name);
	}
	if (sk_GENERAL_NAME_num(names) <= 0)
		X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
	long len = BIO_get_mem_data(out, &data);
	char *text = mem_dup(data, (size_t)len);
	BIO_free(out);
	GENERAL_NAMES_free(names);
	return text;
}

static char *issuer_of(X509 *certificate)
{
	char *line = X509_NAME_oneline(X509_get_issuer_name(certificate), NULL, 0);
	char *text = mem_strdup(line ? line : "?");

	OPENSSL_free(line);
	return text;
}

static char *time_text(const ASN1_TIME *when)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *data;

	ASN1_TIME_print(out, when);
	long len = BIO_get_mem_data(out, &data);
	char *text = mem_dup(data, (size_t)len);
	BIO_free(out);
	return text;
}

static void blame_name(X509 *certificate, const struct config_relay *relay, struct error *fault)
{
	char *names = names_of(certificate);

	error_set(fault, "the certificate is for another host: %s, expected %s; correct relays.%s.host", names,
		  relay->host, relay->name);
	free(names);
}

static void blame_date(X509 *certificate, bool expired, struct error *fault)
{
	char *when = time_text(expired ? X509_get0_notAfter(certificate)
				       : X509_get0_notBefore(certificate));

	error_set(fault, "the certificate %s %s; %s", expired ? "expired on" : "is not valid before",
		  when, expired ? "the relay must renew it" : "check this host's clock");
	free(when);
}

static void blame_issuer(X509 *certificate, bool self_signed, const struct config_relay *relay,
			 struct error *fault)
{
	const char *where = relay->ca_file ? relay->ca_file : "the system's CAs";

	if (self_signed) {
		error_set(fault, "the certificate is self-signed and not in %s; set relays.%s.ca_file to a file "
			  "that holds it if it is the right one", where, relay->name);
		return;
	}
	char *issuer = issuer_of(certificate);
	error_set(fault, "the certificate was issued by an unknown CA: %s is not in %s; set relays.%s.ca_file "
		  "to a file that holds this CA", issuer, where, relay->name);
	free(issuer);
}

void certificate_explain(int flaw, X509 *certificate, const struct config_relay *relay, struct error *fault)
{
	switch (flaw) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		blame_name(certificate, relay, fault);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		blame_date(certificate, flaw == X509_V_ERR_CERT_HAS_EXPIRED, fault);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		blame_issuer(certificate, true, relay, fault);
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		blame_issuer(certificate, false, relay, fault);
		break;
	default:
		error_set(fault, "the certificate was refused: %s", X509_verify_cert_error_string(flaw));
	}
}
