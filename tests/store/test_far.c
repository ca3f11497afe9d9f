/*
 * test_far.c - a master that Sentinels know, a cluster's nodes, TLS
 */
#include "../check.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis.h"

#define LOOPBACK ((char *)(uintptr_t)"127.0.0.1")

static struct config_redis config;

static struct config_redis plain_config(void)
{
	return (struct config_redis){
		.host = LOOPBACK, .prefix = (char *)(uintptr_t)"postrider", .verify = true,
		.connect_timeout_ms = 2000, .command_timeout_ms = 5000, .lease_ms = 30000,
	};
}

static const char *number_text(int number)
{
	static char texts[8][16];
	static int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof texts[0], "%d", number);
	return text;
}

/* One message is pushed and taken. */
static void push_and_take(struct store *store, struct store_job *job)
{
	ok(store_register(store, &error));
	ok(store_push(store, "m", 1, &error));
	nothing(store_take_held(store, job, &error));
	enum store_status status = STORE_NOTHING;
	for (int i = 0; i < 3 && (status == STORE_NOTHING || status == STORE_DOWN); i++) {
		status = store_take_start(store, 100, &error);
		if (status == STORE_OK)
			status = store_take_finish(store, job, &error);
	}
	ok(status);
}

/* One message from its push to its end. */
static void live(struct store *store)
{
	struct store_job job;

	push_and_take(store, &job);
	ok(store_mark(store, &job, "x", 1, &error));
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	ok(store_leave(store, NULL, &error));
	ok(store_end_lease(store, &error));
}

/* ---- Sentinel ---- */

static pid_t begin_sentinel(struct redis_server *at, int port, const char *master, int master_port)
{
	char *path = mem_printf("%s/sentinel.conf", at->directory);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "port %d\nbind 127.0.0.1\ndir %s\nlogfile sentinel.log\n"
		"sentinel monitor %s 127.0.0.1 %d 1\nsentinel down-after-milliseconds %s 300\n"
		"sentinel failover-timeout %s 2000\n", port, at->directory, master, master_port,
		master, master);
	fclose(file);
	pid_t pid = redis_sentinel(path);
	free(path);
	return pid;
}

/* Repeats a step while Redis is away, as its callers do. */
static void await_register(struct store *store)
{
	enum store_status status = STORE_DOWN;

	for (int64_t until = clock_monotonic_ms() + 20000; clock_monotonic_ms() < until; usleep(20000))
		if ((status = store_register(store, &error)) == STORE_OK)
			return;
	ok(status);
}

static void test_sentinel(void **state)
{
	struct redis_server master, replica;
	int port = redis_free_port();
	struct config_address sentinels[] = { { LOOPBACK, 1 }, { LOOPBACK, port } };
	size_t count = 0;

	(void)state;
	redis_begin_tcp(&master, NULL);
	redis_begin_tcp(&replica, NULL);
	redis_run(&replica, "REPLICAOF 127.0.0.1 %d", master.port);
	while (!strstr(redis_str(&replica, "INFO replication"), "master_link_status:up"))
		usleep(10000);
	config = plain_config();
	config.sentinels = sentinels;
	config.sentinel_count = 2;
	config.master = (char *)(uintptr_t)"main";
	struct store_link *link = store_link_new(&config);
	struct store *store = store_open(link, "postrider", "default", "one", "one:w1");
	down(store_register(store, &error));
	assert_says("Sentinel 127.0.0.1");
	pid_t sentinel = begin_sentinel(&master, port, "main", master.port);
	await_register(store);
	assert_int_equal(redis_int(&master, "EXISTS {postrider:queue:default}:lease:one"), 1);
	ok(store_push(store, "precious", 8, &error));
	ok(redis_int(&master, "WAIT 1 5000") == 1 ? STORE_OK : STORE_DOWN);
	/* The Sentinel must know of the replica before it can choose it. */
	redisContext *asked = redisConnect("127.0.0.1", port);
	for (int i = 0; i < 1500 && !count; i++) {
		redisReply *reply = redisCommand(asked, "SENTINEL REPLICAS main");
		count = reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
		freeReplyObject(reply);
		usleep(10000);
	}
	redisFree(asked);
	assert_int_equal(count, 1);
	redis_end(&master, SIGKILL);
	down(store_register(store, &error));
	await_register(store);
	redis_reconnect(&replica);
	assert_string_equal(redis_str(&replica, "LINDEX postrider:queue:default 0"), "precious");
	assert_int_equal(redis_int(&replica, "EXISTS {postrider:queue:default}:lease:one"), 1);
	/* A name that it does not watch. */
	config.master = (char *)(uintptr_t)"other";
	struct store_link *lost = store_link_new(&config);
	refused(store_link_check(lost, &error));
	assert_says("knows no master \"other\"");
	store_link_free(lost);
	store_close(store);
	store_link_free(link);
	redis_fake_end(sentinel);
	redis_remove(&master);
	redis_remove(&replica);
}

/* A Sentinel taken for a Redis. */
static void test_sentinel_as_redis(void **state)
{
	struct redis_server any;
	int port = redis_free_port();
	enum store_status status = STORE_DOWN;

	(void)state;
	redis_begin_tcp(&any, NULL);
	pid_t sentinel = begin_sentinel(&any, port, "main", any.port);
	config = plain_config();
	config.port = port;
	struct store_link *link = store_link_new(&config);
	for (int i = 0; i < 200 && status == STORE_DOWN; i++, usleep(20000))
		status = store_link_check(link, &error);
	refused(status);
	assert_says("Sentinel");
	store_link_free(link);
	redis_fake_end(sentinel);
	redis_remove(&any);
}

/* ---- a cluster ---- */

static void begin_node(struct redis_server *node, int port, const char **options)
{
	const char *const all[] = { "--cluster-enabled", "yes", "--cluster-port", number_text(port), NULL };

	memcpy(options, all, sizeof all);
	redis_begin_tcp(node, options);
}

/* Two nodes, half of the slots each. */
struct cluster {
	struct redis_server node[2];
	const char *options[2][5];
};

static void begin_cluster(struct cluster *cluster)
{
	struct redis_server *node = cluster->node;
	int bus[2] = { redis_free_port(), 0 };

	bus[1] = redis_free_port();
	for (int i = 0; i < 2; i++)
		begin_node(&node[i], bus[i], cluster->options[i]);
	redis_run(&node[0], "CLUSTER ADDSLOTSRANGE 0 8191");
	redis_run(&node[1], "CLUSTER ADDSLOTSRANGE 8192 16383");
	redis_run(&node[0], "CLUSTER MEET 127.0.0.1 %d %d", node[1].port, bus[1]);
	for (int i = 0; i < 1000 && !(strstr(redis_str(&node[0], "CLUSTER INFO"), "cluster_state:ok")
		     && strstr(redis_str(&node[1], "CLUSTER INFO"), "cluster_state:ok")); i++)
		usleep(10000);
	config = plain_config();
	config.port = node[0].port;
}

static void end_cluster(struct cluster *cluster)
{
	redis_remove(&cluster->node[0]);
	redis_remove(&cluster->node[1]);
}

/* A queue whose slot is at the one node or at the other. */
static const char *queue_at(struct cluster *cluster, int node)
{
	static const char *const queues[] = { "default", "bulk", "a", "b", "c", "d" };

	for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
		if ((redis_int(&cluster->node[0], "CLUSTER KEYSLOT postrider:queue:%s", queues[i]) >= 8192) == node)
			return queues[i];
	fail_msg("no queue is at node %d", node);
	return NULL;
}

static void test_cluster(void **state)
{
	static const char *const queues[] = { "default", "bulk", "a", "b", "c", "d" };
	struct cluster cluster;

	(void)state;
	begin_cluster(&cluster);
	assert_non_null(queue_at(&cluster, 0));
	struct store_link *link = store_link_new(&config);
	/* Over one link, though that goes from node to node. */
	for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
		struct store *store = store_open(link, "postrider", queues[i], "one", "one:w1");
		live(store);
		store_close(store);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(redis_int(&cluster.node[i], "DBSIZE"), 0);
	/* A node that is gone. */
	struct store *store = store_open(link, "postrider", queue_at(&cluster, 1), "one", "one:w1");
	redis_end(&cluster.node[1], SIGKILL);
	down(store_register(store, &error));
	store_close(store);
	store_link_free(link);
	end_cluster(&cluster);
}

/* What redis-cli --cluster reshard does with a slot, in two halves. */
static void begin_move(struct cluster *cluster, int slot, char id[2][48])
{
	for (int i = 0; i < 2; i++)
		snprintf(id[i], 48, "%s", redis_str(&cluster->node[i], "CLUSTER MYID"));
	redis_run(&cluster->node[1], "CLUSTER SETSLOT %d IMPORTING %s", slot, id[0]);
	redis_run(&cluster->node[0], "CLUSTER SETSLOT %d MIGRATING %s", slot, id[1]);
}

static void move_key(struct cluster *cluster, const char *key)
{
	redis_run(&cluster->node[0], "MIGRATE 127.0.0.1 %d %s 0 5000", cluster->node[1].port, key);
}

static void end_move(struct cluster *cluster, int slot, char id[2][48])
{
	redisReply *keys = redis_do(&cluster->node[0], "CLUSTER GETKEYSINSLOT %d 100", slot);

	for (size_t i = 0; i < keys->elements; i++)
		move_key(cluster, keys->element[i]->str);
	freeReplyObject(keys);
	for (int i = 1; i >= 0; i--)
		redis_run(&cluster->node[i], "CLUSTER SETSLOT %d NODE %s", slot, id[1]);
}

/* While it moves nothing can be done (ASK, TRYAGAIN); then the step that was
 * refused acts, once, where the slot is now (MOVED). */
static void test_a_slot_that_moves(void **state)
{
	struct cluster cluster;
	struct store_job job;
	char id[2][48];

	(void)state;
	begin_cluster(&cluster);
	const char *queue = queue_at(&cluster, 0);
	int slot = (int)redis_int(&cluster.node[0], "CLUSTER KEYSLOT postrider:queue:%s", queue);
	struct store_link *link = store_link_new(&config);
	struct store *store = store_open(link, "postrider", queue, "one", "one:w1");
	push_and_take(store, &job);
	begin_move(&cluster, slot, id);
	char *lease = mem_printf("{postrider:queue:%s}:lease:one", queue);
	move_key(&cluster, lease);
	free(lease);
	down(store_mark(store, &job, "mark", 4, &error));
	end_move(&cluster, slot, id);
	ok(store_mark(store, &job, "mark", 4, &error));
	ok(store_done(store, &job, &error));
	nothing(store_done(store, &job, &error));
	store_job_clear(&job);
	assert_int_equal(redis_int(&cluster.node[0], "DBSIZE"), 0);
	store_close(store);
	store_link_free(link);
	end_cluster(&cluster);
}

/* ---- TLS ---- */

#ifdef HAVE_HIREDIS_SSL
static void run_openssl(const char *directory, const char *arguments)
{
	char *command = mem_printf("cd %s && openssl %s 2>openssl.log", directory, arguments);

	if (system(command) != 0)
		fail_msg("%s", command);
	free(command);
}

static void make_certificates(const char *directory)
{
	run_openssl(directory, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
		    " -subj /CN=test-ca -keyout ca.key -out ca.pem");
	run_openssl(directory, "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=redis"
		    " -addext subjectAltName=IP:127.0.0.1,DNS:redis.example.com -keyout redis.key -out redis.csr");
	run_openssl(directory, "x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
		    " -copy_extensions copy -out redis.pem");
}

static char *below(const char *directory, const char *name)
{
	return mem_printf("%s/%s", directory, name);
}

static void test_tls(void **state)
{
	char directory[] = "/tmp/postrider-tls-XXXXXX";
	struct redis_server server;
	struct store_link *link;

	(void)state;
	assert_non_null(mkdtemp(directory));
	make_certificates(directory);
	char *ca = below(directory, "ca.pem"), *cert = below(directory, "redis.pem");
	char *key = below(directory, "redis.key");
	int port = redis_free_port();
	const char *options[] = { "--tls-port", number_text(port), "--tls-cert-file", cert, "--tls-key-file",
				  key, "--tls-ca-cert-file", ca, NULL };
	redis_begin_tcp(&server, options);
	config = plain_config();
	config.port = port;
	config.tls = true;
	config.ca_file = ca;
	/* Redis wants the client's certificate, too; with TLS 1.3 it says so afterwards. */
	link = store_link_new(&config);
	assert_int_not_equal(store_link_check(link, &error), STORE_OK);
	store_link_free(link);
	config.cert_file = cert;
	config.key_file = key;
	link = store_link_new(&config);
	struct store *store = store_open(link, "postrider", "default", "one", "one:w1");
	live(store);
	/* A large one: more than one record, in both directions. */
	size_t len = 5u << 20;
	char *large = mem_alloc(len);
	memset(large, 'x', len);
	ok(store_push(store, large, len, &error));
	struct store_job job;
	ok(store_register(store, &error));
	ok(store_take_start(store, 1000, &error));
	ok(store_take_finish(store, &job, &error));
	assert_int_equal(job.message_len, len);
	assert_memory_equal(job.message, large, len);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	free(large);
	/* A wait that is ended by somebody else, over TLS again. */
	nothing(store_take_held(store, &job, &error));
	ok(store_take_start(store, 20000, &error));
	int64_t began = clock_monotonic_ms();
	store_take_hurry(store);
	nothing(store_take_finish(store, &job, &error));
	assert_true(clock_monotonic_ms() - began < 5000);
	store_close(store);
	store_link_free(link);
	/* Not the host that the certificate is for. */
	config.host = (char *)(uintptr_t)"localhost";
	link = store_link_new(&config);
	refused(store_link_check(link, &error));
	assert_says("certificate is not accepted: hostname mismatch");
	store_link_free(link);
	config.verify = false;
	link = store_link_new(&config);
	ok(store_link_check(link, &error));
	store_link_free(link);
	/* Not an authority that is trusted. */
	config = (struct config_redis){ .host = LOOPBACK, .port = port, .tls = true, .verify = true,
		.ca_file = (char *)(uintptr_t)"/etc/ssl/certs/ca-certificates.crt", .connect_timeout_ms = 2000,
		.command_timeout_ms = 2000, .lease_ms = 1000, .cert_file = cert, .key_file = key };
	link = store_link_new(&config);
	refused(store_link_check(link, &error));
	assert_says("certificate is not accepted");
	store_link_free(link);
	/* Nobody who speaks TLS, and nobody who speaks at all. */
	config.port = server.port;
	link = store_link_new(&config);
	assert_int_not_equal(store_link_check(link, &error), STORE_OK);
	store_link_free(link);
	kill(server.pid, SIGSTOP);
	config.port = port;
	config.connect_timeout_ms = 200;
	link = store_link_new(&config);
	began = clock_monotonic_ms();
	down(store_link_check(link, &error));
	assert_says("handshake");
	assert_true(clock_monotonic_ms() - began < 2000);
	store_link_free(link);
	redis_remove(&server);
	char *remove = mem_printf("rm -r %s", directory);
	assert_int_equal(system(remove), 0);
	free(remove);
	free(ca);
	free(cert);
	free(key);
}
#else
static void test_tls(void **state)
{
	struct redis_server server;

	(void)state;
	redis_begin_tcp(&server, NULL);
	config = plain_config();
	config.port = server.port;
	config.tls = true;
	struct store_link *link = store_link_new(&config);
	refused(store_link_check(link, &error));
	assert_says("stunnel");
	store_link_free(link);
	redis_remove(&server);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentinel),
		cmocka_unit_test(test_sentinel_as_redis),
		cmocka_unit_test(test_cluster),
		cmocka_unit_test(test_a_slot_that_moves),
		cmocka_unit_test(test_tls),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	error_clear(&error);
	return failed;
}
