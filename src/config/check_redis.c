/*
 * check_redis.c - where Redis is: a URL, or Sentinels that know
 */
#include "config/check.h"

#include <string.h>
#include <sys/un.h>

#include <glib.h>

#include "base/units.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379 };

/* Without it the store cannot speak TLS (store/tls.c). */
#ifdef HAVE_HIREDIS_SSL
static const bool has_tls = true;
#else
static const bool has_tls = false;
#endif

static bool parse_digits(const char *text, int64_t most, int *out)
{
	int64_t number = 0;

	if (units_integer(text, 0, most, &number, NULL) < 0)
		return false;
	*out = (int)number;
	return true;
}

/* redis://host:port/database; -1: it is none. */
static int parse_tcp(struct check *check, GUri *uri)
{
	struct config_redis *redis = &check->config->redis;
	const char *path = g_uri_get_path(uri);

	if (!g_uri_get_host(uri) || !*g_uri_get_host(uri) || g_uri_get_query(uri))
		return -1;
	redis->host = arena_strdup(&check->config->arena, g_uri_get_host(uri));
	redis->port = g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : REDIS_PORT;
	if (!strcmp(path, "") || !strcmp(path, "/"))
		return 0;
	return parse_digits(path + 1, 65535, &redis->database) ? 0 : -1;
}

/* unix:///path or unix:///path?db=1; -1: it is none. */
static int parse_unix(struct check *check, GUri *uri)
{
	struct config_redis *redis = &check->config->redis;
	const char *host = g_uri_get_host(uri), *path = g_uri_get_path(uri), *query = g_uri_get_query(uri);

	if ((host && *host) || *path != '/' || strlen(path) >= sizeof ((struct sockaddr_un *)0)->sun_path)
		return -1;
	redis->socket = arena_strdup(&check->config->arena, path);
	if (!query)
		return 0;
	return !strncmp(query, "db=", 3) && parse_digits(query + 3, 65535, &redis->database) ? 0 : -1;
}

/* A URL is never shown in a fault: people write passwords into it. */
static void check_url(struct check *check, const struct yaml *node)
{
	struct config_redis *redis = &check->config->redis;
	GUri *uri = g_uri_parse(redis->url, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";
	int rc = -1;

	redis->tls = !strcmp(scheme, "rediss");
	if (uri && g_uri_get_userinfo(uri))
		reader_fault(&check->reader, node, "redis.url: a user or password does not belong here: "
			     "use redis.username and redis.password_file");
	else if (redis->tls && !has_tls)
		reader_fault(&check->reader, node, "redis.url: TLS to Redis (rediss://) needs hiredis 1.x with its "
			     "SSL part, which this postrider was built without: use a unix socket, or stunnel "
			     "on this host");
	else {
		if (!strcmp(scheme, "redis") || redis->tls)
			rc = parse_tcp(check, uri);
		else if (!strcmp(scheme, "unix"))
			rc = parse_unix(check, uri);
		if (rc < 0)
			reader_fault(&check->reader, node, "redis.url: this is no address of a Redis server: "
				     "write redis://127.0.0.1:6379/0 or unix:///run/redis/redis-server.sock");
	}
	if (uri)
		g_uri_unref(uri);
}

/* ---- Sentinels ---- */

/* "host", "host:port", "[2001:db8::1]:26379"; the text is kept in the arena. */
static int parse_address(struct check *check, const char *text, struct config_address *address)
{
	char *host = arena_strdup(&check->config->arena, text + (*text == '['));
	char *end = *text == '[' ? strchr(host, ']') : strchr(host, ':');

	address->host = host;
	address->port = SENTINEL_PORT;
	if (*text == '[') {
		if (!end)
			return -1;
		*end++ = '\0';
		if (!*end)
			return 0;
		if (*end != ':')
			return -1;
	}
	if (!end)
		return *host ? 0 : -1;
	*end = '\0';
	return *host && parse_digits(end + 1, 65535, &address->port) && address->port ? 0 : -1;
}

static void read_sentinels(struct check *check, const struct yaml *list)
{
	struct config_redis *redis = &check->config->redis;

	redis->sentinels = arena_alloc(&check->config->arena, list->count * sizeof *redis->sentinels);
	for (const struct yaml *item = list->first; item; item = item->next) {
		if (item->kind != YAML_SCALAR || item->empty)
			continue;	/* the reader has said so */
		if (parse_address(check, item->text, &redis->sentinels[redis->sentinel_count]) == 0)
			redis->sentinel_count++;
		else
			reader_fault(&check->reader, item, "redis.sentinels: \"%s\" is no address of a Sentinel: "
				     "write host:port, such as redis1.example.com:26379", item->text);
	}
}

static void check_sentinels(struct check *check, const struct yaml *section)
{
	struct config_redis *redis = &check->config->redis;
	const struct yaml *list = check_get(section, "sentinels"), *master = check_get(section, "master");

	if (list && list->kind == YAML_SEQUENCE && list->count)
		read_sentinels(check, list);
	if (list && !redis->master)
		reader_fault(&check->reader, list, "redis.sentinels: which master do they watch? add redis.master");
	if (master && !list)
		reader_fault(&check->reader, master, "redis.master: a master is found through Sentinels: "
			     "add redis.sentinels");
	if (list && redis->socket)
		reader_fault(&check->reader, check_get(section, "url"), "redis.url: with redis.sentinels the server "
			     "is reached over the network, not by a socket: remove this or write redis://");
	redis->sentinel_password = check_secret(check, section, "redis", "sentinel_password_file",
						redis->sentinel_password_file);
}

/* ---- TLS ---- */

static void check_tls(struct check *check, const struct yaml *section)
{
	const struct config_redis *redis = &check->config->redis;

	if (!redis->tls)
		return;
	check_file(check, section, "redis", "ca_file", redis->ca_file);
	check_client_certificate(check, section, "redis", redis->cert_file, redis->key_file);
	if (!redis->verify)
		check_warn(check, check_get(section, "verify"), "redis.verify: the server's certificate is not "
			   "verified: anybody on the way can read the password and the messages");
}

void check_redis(struct check *check)
{
	struct config_redis *redis = &check->config->redis;
	const struct yaml *section = check_get(check->root, "redis");

	check_url(check, check_get(section, "url"));
	check_sentinels(check, section);
	check_tls(check, section);
	redis->password = check_secret(check, section, "redis", "password_file", redis->password_file);
	if (redis->username && !redis->password_file)
		reader_fault(&check->reader, check_get(section, "username"),
			     "redis.username: a user needs a password: add redis.password_file");
}
