/*
 * build_mail.c - builds mails from JSON for test_mime.py
 *
 * Reads one JSON object a line from standard input: {"from": {...}, "to":
 * [...], "cc": [...], "subject", "message_id", "date", "type", "content"};
 * writes for each a line "ok LENGTH" or "error TEXT" and, after ok, the mail.
 * With --time N it builds each N times and prints microseconds a mail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/arena.h"
#include "mime/mime.h"

static const char *text(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static struct address address(json_t *object)
{
	return (struct address){ text(object, "name"), text(object, "spec") };
}

static struct address *addresses(json_t *list, size_t *count, struct arena *arena)
{
	struct address *out;

	*count = json_array_size(list);
	out = arena_alloc(arena, (*count + 1) * sizeof *out);
	for (size_t i = 0; i < *count; i++)
		out[i] = address(json_array_get(list, i));
	return out;
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(const struct mime_mail *mail, long times)
{
	struct buf out = BUF_INIT;
	double start = now_us();

	for (long i = 0; i < times; i++) {
		buf_reset(&out);
		mime_build(mail, &out, NULL);
	}
	printf("%.1f us a mail of %zu bytes from %zu\n", (now_us() - start) / (double)times, out.len,
	       mail->content_len);
	buf_clear(&out);
}

static void build(json_t *input, long times)
{
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;
	json_t *content = json_object_get(input, "content");
	struct mime_mail mail = {
		.from = address(json_object_get(input, "from")),
		.subject = text(input, "subject"),
		.message_id = text(input, "message_id"),
		.date_unix_s = json_integer_value(json_object_get(input, "date")),
		.content_type = text(input, "type"),
		.content = json_string_value(content),
		.content_len = json_string_length(content),
	};

	mail.to = addresses(json_object_get(input, "to"), &mail.to_count, &arena);
	mail.cc = addresses(json_object_get(input, "cc"), &mail.cc_count, &arena);
	if (times)
		measure(&mail, times);
	else if (mime_build(&mail, &out, &error) < 0)
		printf("error %s\n", error.text);
	else
		printf("ok %zu\n%s", out.len, buf_str(&out));
	error_clear(&error);
	buf_clear(&out);
	arena_clear(&arena);
}

int main(int argc, char **argv)
{
	long times = argc == 3 && !strcmp(argv[1], "--time") ? atol(argv[2]) : 0;
	char *line = NULL;
	size_t room = 0;

	mime_init();
	while (getline(&line, &room, stdin) > 0) {
		json_t *input = json_loads(line, JSON_ALLOW_NUL, NULL);
		if (!input)
			return 1;
		build(input, times);
		json_decref(input);
	}
	free(line);
	return 0;
}
