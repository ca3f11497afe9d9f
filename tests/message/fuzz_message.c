/*
 * fuzz_message.c - any bytes as a message.  What is taken is built as a mail,
 * which must be one: CRLF only, no line above 998 bytes, one header block
 * with exactly the fields that were asked for.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message/message.h"
#include "mime/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_lines(const char *mail, size_t len)
{
	assert(len >= 2 && !memcmp(mail + len - 2, "\r\n", 2));
	for (size_t i = 0, start = 0; i < len; i++) {
		assert(mail[i] != '\0' && (unsigned char)mail[i] < 0x80);
		assert(mail[i] != '\n' || (i > 0 && mail[i - 1] == '\r'));
		assert(mail[i] != '\r' || (i + 1 < len && mail[i + 1] == '\n'));
		if (mail[i] == '\n') {
			assert(i - 1 - start <= 998);
			start = i + 1;
		}
	}
}

/* Of the header: no field but those that mime.c writes, each at most once. */
static void check_fields(const char *mail)
{
	static const char *const known[] = {
		"From:", "To:", "Cc:", "Subject:", "Date:", "Message-ID:", "MIME-Version:", "Content-Type:",
		"Content-Transfer-Encoding:",
	};
	size_t next = 0;

	for (const char *line = mail; strncmp(line, "\r\n", 2) != 0; line = strchr(line, '\n') + 1) {
		if (*line == ' ')
			continue;
		while (next < 9 && strncmp(line, known[next], strlen(known[next])) != 0)
			next++;
		assert(next < 9);
		next++;
	}
}

static void check_mail(const struct message *message, struct arena *arena)
{
	static const struct address nobody = { NULL, "nobody@example.com" };
	char *content = json_dumps(message->body, JSON_INDENT(1));
	struct error error = ERROR_INIT;
	struct buf out = BUF_INIT;
	size_t count;
	const char **envelope = message_envelope(message, arena, &count);
	struct mime_mail mail = {
		.from = message->from.spec ? message->from : nobody,
		.to = message->to, .to_count = message->to_count,
		.cc = message->cc, .cc_count = message->cc_count,
		.subject = message->title, .message_id = "x@example.com", .date_unix_s = 1,
		.content_type = "text/html", .content = content, .content_len = strlen(content),
	};

	assert(count > 0 && envelope[0]);
	assert(mime_build(&mail, &out, &error) == 0);
	check_lines(out.data, out.len);
	check_fields(out.data);
	buf_clear(&out);
	free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct message_limits limits = { 100000, 20, 20, true };
	struct faults faults = FAULTS_INIT;
	struct arena arena = ARENA_INIT;
	struct message *message;
	int rc = message_parse((const char *)bytes, len, &limits, &arena, &message, &faults);

	assert((rc == 0) == (faults.count == 0));
	for (size_t i = 0; i < faults.count; i++)
		assert(*faults.list[i].text && !strpbrk(faults.list[i].text, "\r\n\x1b"));
	if (rc == 0) {
		json_t *variables = message_variables(message);
		check_mail(message, &arena);
		json_decref(variables);
	}
	message_free(message);
	arena_clear(&arena);
	faults_clear(&faults);
	return 0;
}
