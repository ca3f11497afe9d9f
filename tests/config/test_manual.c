/*
 * test_manual.c - the table of keys against what people read: the sample
 * configuration and postrider.yaml(5)
 */
#include "../check.h"

#include <ctype.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "config/config.h"
#include "config/keys.h"

static struct buf read_top(const char *name)
{
	char *path = mem_printf("%s/../%s", tests_path(""), name);
	struct buf text = BUF_INIT;
	struct error error = ERROR_INIT;

	if (file_read(path, 1 << 20, &text, &error) < 0)
		fail_msg("%s", error.text);
	free(path);
	return text;
}

/* "    #key: value" becomes "    key: value"; prose has a space behind its #. */
static struct buf uncomment(const struct buf *sample, const char *only_below)
{
	struct buf out = BUF_INIT;
	bool on = !only_below;

	for (const char *line = sample->data; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n"), indent = strspn(line, " ");
		const char *text = line + indent;
		bool setting = *text == '#' && text[1] != ' ' && text[1] != '\n' && text[1] != '#';
		/* Another section begins where something stands in the first column. */
		if (only_below && !indent && (setting || isalpha((unsigned char)*text)))
			on = setting && !strncmp(text + 1, only_below, strlen(only_below));
		if (setting && on) {
			buf_add(&out, line, indent);
			buf_add(&out, text + 1, len - indent - 1);
		} else {
			buf_add(&out, line, len);
		}
		buf_putc(&out, '\n');
	}
	return out;
}

/* Files named in the sample are looked for in a directory of the test. */
static struct buf relocate(const struct buf *text, const char *directory)
{
	static const char from[] = "/etc/postrider/";
	struct buf out = BUF_INIT;

	for (const char *p = text->data; *p;) {
		if (!strncmp(p, from, sizeof from - 1)) {
			buf_printf(&out, "%s/", directory);
			p += sizeof from - 1;
		} else {
			buf_putc(&out, *p++);
		}
	}
	return out;
}

/* A relay has a password or a token: the lines that show the latter are left out. */
static void drop_tokens(struct buf *text)
{
	struct buf out = BUF_INIT;

	for (const char *line = text->data; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n") + 1;

		if (strncmp(line + strspn(line, " #"), "token_", 6))
			buf_add(&out, line, len);
	}
	buf_clear(text);
	*text = out;
}

static struct config *parse(const struct buf *text, struct buf *said)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct config *config = config_parse("sample", text->data, text->len, "host.example.com", &faults, &warnings);

	faults_print(&faults, "\n", said);
	faults_clear(&faults);
	faults_clear(&warnings);
	return config;
}

static void test_the_sample_as_it_ships_lacks_only_a_relay(void **state)
{
	struct buf sample = read_top("etc/postrider.yaml"), said = BUF_INIT;

	(void)state;
	assert_null(parse(&sample, &said));
	assert_null(strchr(said.data, '\n'));
	assert_non_null(strstr(said.data, "no relay is configured"));
	buf_clear(&sample);
	buf_clear(&said);
}

static void assert_same_templates(const struct config_templates *shown, const struct config_templates *bare)
{
	assert_int_equal(shown->undefined, bare->undefined);
	assert_int_equal(shown->autoescape, bare->autoescape);
	assert_int_equal(shown->newstyle_gettext, bare->newstyle_gettext);
	assert_int_equal(shown->trimmed, bare->trimmed);
	assert_int_equal(shown->trim_blocks, bare->trim_blocks);
	assert_int_equal(shown->lstrip_blocks, bare->lstrip_blocks);
	assert_int_equal(shown->keep_trailing_newline, bare->keep_trailing_newline);
	assert_int_equal(shown->newline_sequence, bare->newline_sequence);
	assert_string_equal(shown->block_start, bare->block_start);
	assert_string_equal(shown->block_end, bare->block_end);
	assert_string_equal(shown->variable_start, bare->variable_start);
	assert_string_equal(shown->variable_end, bare->variable_end);
	assert_string_equal(shown->comment_start, bare->comment_start);
	assert_string_equal(shown->comment_end, bare->comment_end);
	assert_memory_equal(&shown->limits, &bare->limits, sizeof bare->limits);
}

/* What the sample shows is the default, but for what has none. */
static void assert_same(const struct config *shown, const struct config *bare)
{
	const struct config_relay *a = shown->relays, *b = bare->relays;

	assert_string_equal(shown->redis.url, bare->redis.url);
	assert_string_equal(shown->redis.prefix, bare->redis.prefix);
	assert_int_equal(shown->redis.connect_timeout_ms, bare->redis.connect_timeout_ms);
	assert_int_equal(shown->redis.command_timeout_ms, bare->redis.command_timeout_ms);
	assert_int_equal(shown->redis.lease_ms, bare->redis.lease_ms);
	assert_int_equal(shown->queue_count, bare->queue_count);
	assert_string_equal(shown->queues->name, bare->queues->name);
	assert_int_equal(shown->queues->workers, bare->queues->workers);
	assert_int_equal(shown->queues->relay_count, bare->queues->relay_count);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->tls, b->tls);
	assert_int_equal(a->verify, b->verify);
	assert_int_equal(a->auth, b->auth);
	assert_int_equal(a->idle_timeout_ms, b->idle_timeout_ms);
	assert_int_equal(a->max_messages, b->max_messages);
	assert_int_equal(a->max_age_ms, b->max_age_ms);
	assert_memory_equal(&a->timeouts, &b->timeouts, sizeof a->timeouts);
	assert_same_templates(&shown->templates, &bare->templates);
	assert_int_equal(shown->message.refuse_unknown_fields, bare->message.refuse_unknown_fields);
	assert_int_equal(shown->message.max_size, bare->message.max_size);
	assert_int_equal(shown->message.max_recipients, bare->message.max_recipients);
	assert_int_equal(shown->message.max_depth, bare->message.max_depth);
	assert_memory_equal(&shown->retry, &bare->retry, sizeof bare->retry);
	assert_memory_equal(&shown->dead, &bare->dead, sizeof bare->dead);
	assert_int_equal(shown->in_doubt, bare->in_doubt);
	assert_int_equal(shown->stop_timeout_ms, bare->stop_timeout_ms);
	assert_memory_equal(&shown->log, &bare->log, sizeof bare->log);
}

static void test_the_sample_shows_the_defaults(void **state)
{
	char directory[] = "/tmp/postrider-sample-XXXXXX";
	static const char *const names[] = { "main.password", "main.crt", "main.key", "redis.password" };
	struct buf sample = read_top("etc/postrider.yaml"), said = BUF_INIT;

	(void)state;
	drop_tokens(&sample);
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = mem_printf("%s/%s", directory, names[i]);
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs("secret\n", file);
		fclose(file);
		free(path);
	}
	struct buf all = uncomment(&sample, NULL), moved = relocate(&all, directory);
	struct buf relays = uncomment(&sample, "relays:"), little = relocate(&relays, directory);
	struct config *shown = parse(&moved, &said), *bare = parse(&little, &said);
	if (!shown || !bare)
		fail_msg("%s", buf_str(&said));
	assert_same(shown, bare);
	config_free(shown);
	config_free(bare);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = mem_printf("%s/%s", directory, names[i]);
		unlink(path);
		free(path);
	}
	rmdir(directory);
	struct buf *bufs[] = { &sample, &all, &moved, &relays, &little, &said };
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_clear(bufs[i]);
}

/* ---- every key has its place ---- */

static size_t seen, lost;

static void look_in_sample(const struct key *keys, const struct yaml *mapping, const char *path)
{
	for (const struct key *key = keys; key->name; key++) {
		const struct yaml *node = mapping && mapping->kind == YAML_MAPPING ? yaml_get(mapping, key->name) : NULL;
		char *below = mem_printf("%s.%s", path, key->name);
		seen++;
		if (!node && ++lost)
			print_error("etc/postrider.yaml does not show %s\n", below + 1);
		else if (key->kind == KEY_MAP)
			look_in_sample(key->section, node->first, below);
		else if (key->kind == KEY_SECTION)
			look_in_sample(key->section, node, below);
		free(below);
	}
}

static void test_the_sample_shows_every_key(void **state)
{
	struct buf sample = read_top("etc/postrider.yaml"), all = uncomment(&sample, NULL);
	struct arena arena = ARENA_INIT;
	struct faults faults = FAULTS_INIT;
	const struct yaml *root = yaml_parse(all.data, all.len, "sample", &arena, &faults);

	(void)state;
	seen = lost = 0;
	assert_non_null(root);
	look_in_sample(keys_config, root, "");
	assert_int_equal(lost, 0);
	assert_true(seen > 50);
	faults_clear(&faults);
	arena_clear(&arena);
	buf_clear(&sample);
	buf_clear(&all);
}

/* The line ".It Cm KEY" of a section's part of the page, or NULL. */
static const char *find_item(const char *part, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = part; line && strncmp(line, ".Ss ", 4) != 0 && strncmp(line, ".Sh ", 4) != 0;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, ".It Cm ", 7) && !strncmp(line + 7, key, len) && !isalnum((unsigned char)line[7 + len]) &&
		    line[7 + len] != '_')
			return line;
	return NULL;
}

static const char *find_part(const char *page, const char *section)
{
	char *head = mem_printf("\n.Ss %s\n", section);
	const char *found = strstr(page, head);
	const char *part = found ? found + strlen(head) : NULL;

	free(head);
	return part;
}

static void assert_item(const char *part, const char *section, const struct key *key)
{
	const char *item = part ? find_item(part, key->name) : NULL;
	const char *end = item ? strchr(item, '\n') : NULL;

	seen++;
	if (!item && ++lost)
		print_error("postrider.yaml(5) does not describe %s in %s\n", key->name, section);
	/* A default that depends on ./configure is shown as Debian has it. */
	if (!item || !key->fallback || *key->fallback == '/')
		return;
	const char *fallback = strstr(item, key->fallback);
	if ((!fallback || fallback > end) && ++lost)
		print_error("postrider.yaml(5) does not show %s as the default of %s\n", key->fallback, key->name);
}

static void look_in_page(const char *page, const struct key *keys, const char *section)
{
	const char *part = find_part(page, section);

	for (const struct key *key = keys; key->name; key++) {
		if (key->section && keys == keys_config) {
			look_in_page(page, key->section, key->name);
			continue;
		}
		assert_item(part, section, key);
		/* Nested lists stand in the same part. */
		for (const struct key *below = key->section; below && below->name; below++)
			assert_item(part, section, below);
	}
}

static void test_the_manual_describes_every_key(void **state)
{
	struct buf page = read_top("man/postrider.yaml.5");

	(void)state;
	seen = lost = 0;
	look_in_page(page.data, keys_config, "Keys at the top level");
	assert_int_equal(lost, 0);
	assert_true(seen > 45);
	buf_clear(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sample_as_it_ships_lacks_only_a_relay),
		cmocka_unit_test(test_the_sample_shows_the_defaults),
		cmocka_unit_test(test_the_sample_shows_every_key),
		cmocka_unit_test(test_the_manual_describes_every_key),
	};
	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
