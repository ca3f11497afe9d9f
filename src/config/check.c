/*
 * check.c - the rules between keys.  Reads the secrets that the configuration
 * names and whether named files are there; connects to nothing.
 */
#include "config/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "config/hostname.h"
#include "message/address.h"

const struct yaml *check_get(const struct yaml *mapping, const char *key)
{
	return mapping && mapping->kind == YAML_MAPPING ? yaml_get(mapping, key) : NULL;
}

void check_warn(struct check *check, const struct yaml *node, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	faults_add_at(check->warnings, check->reader.file, node ? node->line : 0,
		      node ? node->column : 0, "%s", buf_str(&text));
	buf_clear(&text);
}

/* ---- secrets ---- */

static void warn_if_readable(struct check *check, const struct yaml *node, const char *path)
{
	const char *directory = *path == '/' ? NULL : getenv("CREDENTIALS_DIRECTORY");
	char *full = directory ? mem_printf("%s/%s", directory, path) : mem_strdup(path);
	struct stat st;

	if (stat(full, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)))
		check_warn(check, node, "%s can be %s by every user of this host: chmod 0640 it", full,
		     st.st_mode & S_IROTH ? "read" : "changed");
	free(full);
}

char *check_secret(struct check *check, const struct yaml *section, const char *section_path,
		   const char *key, const char *file)
{
	const struct yaml *node = check_get(section, key);
	struct error error = ERROR_INIT;

	if (!file)
		return NULL;
	char *secret = file_read_secret(file, &error);
	if (!secret)
		reader_fault(&check->reader, node, "%s.%s: %s%s", section_path, key, error.text,
			     *file == '/' || getenv("CREDENTIALS_DIRECTORY") ? "" :
			     " (a name without / is a systemd credential: write an absolute path)");
	else
		warn_if_readable(check, node, file);
	error_clear(&error);
	return secret;
}

void check_file(struct check *check, const struct yaml *section, const char *section_path,
		const char *key, const char *file)
{
	if (file && access(file, R_OK) < 0)
		reader_fault(&check->reader, check_get(section, key), "%s.%s: %s cannot be read: %s",
			     section_path, key, file, strerror(errno));
}

void check_client_certificate(struct check *check, const struct yaml *section, const char *section_path,
			      const char *cert_file, const char *key_file)
{
	const struct yaml *key = check_get(section, "key_file");

	check_file(check, section, section_path, "cert_file", cert_file);
	check_file(check, section, section_path, "key_file", key_file);
	if (!cert_file != !key_file)
		reader_fault(&check->reader, cert_file ? check_get(section, "cert_file") : key,
			     "%s: a client certificate needs cert_file and key_file", section_path);
	else if (key_file)
		warn_if_readable(check, key, key_file);
}

/* ---- relays ---- */

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return !strcasecmp(host, "localhost");
}

static bool is_host(const char *host)
{
	struct in6_addr six;

	if (strchr(host, ':'))
		return inet_pton(AF_INET6, host, &six) == 1;
	return *host != '.' && *host != '-' && !strstr(host, "..");
}

static bool takes_token(const struct config_relay *relay)
{
	return relay->auth == CONFIG_AUTH_XOAUTH2 || relay->auth == CONFIG_AUTH_OAUTHBEARER;
}

/* OAuth: one source of tokens, no password beside it, and a mechanism that takes one. */
static void check_token(struct check *check, const struct config_relay *relay,
			const struct yaml *section, const char *path)
{
	bool bearer = takes_token(relay);
	const char *key = relay->token_command ? "token_command" : "token_file";
	const struct yaml *node = check_get(section, key);

	if (!relay->token_file && !relay->token_command) {
		if (bearer)
			reader_fault(&check->reader, check_get(section, "auth"), "%s.auth: this mechanism takes a token, "
				     "not a password: add %s.token_file or %s.token_command", path, path, path);
		return;
	}
	if (relay->token_file && relay->token_command)
		reader_fault(&check->reader, node, "%s.token_command: there is %s.token_file too: keep one of them",
			     path, path);
	if (relay->password_file)
		reader_fault(&check->reader, node, "%s.%s: there is %s.password_file too: keep one of them", path,
			     key, path);
	if (!relay->username)
		reader_fault(&check->reader, node, "%s.%s: a token needs a user: add %s.username", path, key, path);
	if (!bearer && relay->auth != CONFIG_AUTH_AUTO)
		reader_fault(&check->reader, check_get(section, "auth"), "%s.auth: this mechanism takes a password, "
			     "not a token: use auto, xoauth2 or oauthbearer", path);
}

static void check_credentials(struct check *check, struct config_relay *relay,
			      const struct yaml *section, const char *path)
{
	const struct yaml *user = check_get(section, "username");

	relay->password = check_secret(check, section, path, "password_file", relay->password_file);
	check_token(check, relay, section, path);
	if (relay->username && !relay->password_file && !relay->token_file && !relay->token_command &&
	    !takes_token(relay))
		reader_fault(&check->reader, user, "%s.username: a user needs a password: add %s.password_file "
			     "(or token_file or token_command for OAuth)", path, path);
	if (relay->password_file && !relay->username)
		reader_fault(&check->reader, check_get(section, "password_file"),
			     "%s.password_file: a password needs a user: add %s.username", path, path);
	if (relay->username && relay->tls == CONFIG_TLS_NONE && relay->host && !is_loopback(relay->host))
		reader_fault(&check->reader, user, "%s.username: with `tls: none` the password would cross the "
			     "network in clear: use `tls: starttls` or `tls: implicit` (none is for loopback)", path);
}

static void check_ehlo(struct check *check, struct config_relay *relay,
		       const struct yaml *section, const char *path)
{
	const struct yaml *node = check_get(section, "ehlo");

	if (!relay->ehlo) {
		if (!check->fqdn)
			check->fqdn = hostname_fqdn(&check->config->arena);
		relay->ehlo = arena_strdup(&check->config->arena, check->fqdn);
	}
	if (!strchr(relay->ehlo, '.') && *relay->ehlo != '[')
		check_warn(check, node ? node : section, "%s.ehlo: \"%s\" has no dot%s: many servers refuse mail from "
		     "such a name; write this host's full name, such as mail.example.com", path, relay->ehlo,
		     node ? "" : " (it is this host's name)");
}

static void check_tls(struct check *check, const struct config_relay *relay,
		      const struct yaml *section, const char *path)
{
	check_file(check, section, path, "ca_file", relay->ca_file);
	check_client_certificate(check, section, path, relay->cert_file, relay->key_file);
	if (relay->cert_file && relay->tls == CONFIG_TLS_NONE)
		check_warn(check, check_get(section, "cert_file"), "%s.cert_file: with `tls: none` no certificate is "
			   "shown to the server", path);
	if (!relay->verify && relay->tls != CONFIG_TLS_NONE)
		check_warn(check, check_get(section, "verify"), "%s.verify: the server's certificate is not verified: "
		     "anybody on the way can read the password and the mail", path);
}

static void check_relay(struct check *check, struct config_relay *relay, const struct yaml *section)
{
	static const int ports[] = {
		[CONFIG_TLS_NONE] = 25, [CONFIG_TLS_STARTTLS] = 587, [CONFIG_TLS_IMPLICIT] = 465,
	};
	const char *path = arena_printf(check->reader.arena, "relays.%s", relay->name);

	relay->line = section->key_line;
	if (!relay->port)
		relay->port = ports[relay->tls];
	if (!relay->host && !check_get(section, "host") && (section->kind == YAML_MAPPING || section->empty))
		faults_add_at(check->reader.faults, check->reader.file, section->key_line, section->key_column,
			      "%s has no host: name the server that takes the mail, such as "
			      "`host: smtp.example.com`", path);
	else if (relay->host && !is_host(relay->host))
		reader_fault(&check->reader, check_get(section, "host"), "%s.host: \"%s\" is no host name and no IP address",
			     path, relay->host);
	check_credentials(check, relay, section, path);
	check_ehlo(check, relay, section, path);
	check_tls(check, relay, section, path);
}

static void check_relays(struct check *check)
{
	const struct yaml *map = check_get(check->root, "relays");
	struct config *config = check->config;

	/* Of what is no mapping the reader has said so. */
	if ((map && map->kind != YAML_MAPPING && !map->empty) ||
	    (check->root->kind != YAML_MAPPING && !check->root->empty))
		return;
	if (!config->relay_count) {
		reader_fault(&check->reader, map, "no relay is configured: name the server that takes the mail "
			     "under relays, such as `relays: {main: {host: smtp.example.com}}`");
		return;
	}
	const struct yaml *section = map->first;
	for (size_t i = 0; i < config->relay_count; i++, section = section->next)
		check_relay(check, &config->relays[i], section);
}

/* ---- queues ---- */

static void all_relays(struct config *config, struct config_queue *queue)
{
	queue->relays = arena_alloc(&config->arena, (config->relay_count + 1) * sizeof *queue->relays);
	queue->relay_count = config->relay_count;
	for (size_t i = 0; i < config->relay_count; i++)
		queue->relays[i] = i;
}

static void refuse_relay(struct check *check, const struct yaml *item, const char *path)
{
	struct suggest suggest = suggest_for(item->text);
	const struct config *config = check->config;

	for (size_t i = 0; i < config->relay_count; i++)
		suggest_try(&suggest, config->relays[i].name);
	const char *best = suggest_best(&suggest);
	reader_fault(&check->reader, item, "%s: there is no relay \"%s\"%s%s%s", path, item->text,
		     best ? "; did you mean " : " under relays", best ? best : "", best ? "?" : "");
}

static bool has_relay(const struct config_queue *queue, size_t relay)
{
	for (size_t i = 0; i < queue->relay_count; i++)
		if (queue->relays[i] == relay)
			return true;
	return false;
}

static void add_relay(struct check *check, struct config_queue *queue, const struct yaml *item,
		      const char *path)
{
	const struct config *config = check->config;
	size_t i = 0;

	while (i < config->relay_count && strcmp(config->relays[i].name, item->text) != 0)
		i++;
	if (i == config->relay_count)
		refuse_relay(check, item, path);
	else if (has_relay(queue, i))
		reader_fault(&check->reader, item, "%s: %s is named twice", path, item->text);
	else
		queue->relays[queue->relay_count++] = i;
}

static void check_queue(struct check *check, struct config_queue *queue, const struct yaml *section)
{
	const struct yaml *list = check_get(section, "relays");
	struct config *config = check->config;
	const char *path = arena_printf(check->reader.arena, "queues.%s.relays", queue->name);

	if (!list) {
		all_relays(config, queue);
		return;
	}
	queue->relays = arena_alloc(&config->arena, (config->relay_count + 1) * sizeof *queue->relays);
	/* Without any relay there is one fault already, and that one is enough. */
	if (list->kind != YAML_SEQUENCE || !config->relay_count)
		return;
	for (const struct yaml *item = list->first; item; item = item->next)
		if (item->kind == YAML_SCALAR && !item->empty)
			add_relay(check, queue, item, path);
}

static void check_queues(struct check *check)
{
	const struct yaml *map = check_get(check->root, "queues");
	struct config *config = check->config;

	if (!config->queue_count) {
		/* Filled by the same table as a queue that was written. */
		config->queues = arena_alloc(&config->arena, sizeof *config->queues);
		config->queue_count = 1;
		reader_section(&check->reader, keys_queue, "queues.default", NULL, config->queues);
		config->queues->name = arena_strdup(&config->arena, "default");
		all_relays(config, config->queues);
		return;
	}
	const struct yaml *section = map->first;
	for (size_t i = 0; i < config->queue_count; i++, section = section->next)
		check_queue(check, &config->queues[i], section);
}

static void warn_of_idle_relays(struct check *check)
{
	const struct config *config = check->config;

	for (size_t i = 0; i < config->relay_count; i++) {
		bool used = false;
		for (size_t k = 0; k < config->queue_count && !used; k++)
			used = has_relay(&config->queues[k], i);
		const struct yaml *section = check_get(check_get(check->root, "relays"), config->relays[i].name);
		if (!used)
			faults_add_at(check->warnings, check->reader.file, section->key_line,
				      section->key_column, "relays.%s: no queue uses this relay",
				      config->relays[i].name);
	}
}

/* ---- the rest ---- */

static void check_from(struct check *check)
{
	const char *from = check->config->message.from;
	struct error error = ERROR_INIT;
	struct arena scratch = ARENA_INIT;
	struct address address;

	if (from && address_parse(from, strlen(from), &scratch, &address, &error) < 0)
		reader_fault(&check->reader, check_get(check_get(check->root, "message"), "from"),
			     "message.from: %s", error.text);
	error_clear(&error);
	arena_clear(&scratch);
}

static void check_retry(struct check *check)
{
	const struct config_retry *retry = &check->config->retry;
	const struct yaml *section = check_get(check->root, "retry");

	if (retry->cap_ms < retry->base_ms)
		reader_fault(&check->reader, check_get(section, "cap") ? check_get(section, "cap") : check_get(section, "base"),
			     "retry.cap is below retry.base: the longest delay cannot be shorter than the first");
}

void check_config(struct check *check)
{
	check_redis(check);
	check_relays(check);
	check_queues(check);
	if (!check->reader.faults->count)
		warn_of_idle_relays(check);
	check_from(check);
	check_retry(check);
	check_templates(check);
}
