/*
 * fuzz_template.c - any bytes as templates
 *
 * The first byte chooses options; the rest are up to three templates,
 * "main.html", "a.html" and "b.txt", separated by the byte 0xff.  Each is
 * compiled, and the first rendered under small limits.  The output must be
 * within its limit, and what fails must say where.
 */
#include <assert.h>
#include <string.h>

#include "template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char context_json[] =
	"{\"s\": \"a <b> \\u00e9\\ud83d\\ude00 z\", \"n\": 5, \"f\": 2.5, \"t\": true, \"z\": null,"
	" \"big\": 123456789012345678901234567890,"
	" \"l\": [3, 1, \"x\", [1, 2]], \"d\": {\"a\": 1, \"b\": {\"c\": \"deep\"}, \"items\": 2},"
	" \"users\": [{\"name\": \"Ann\", \"age\": 3}, {\"name\": \"bob\", \"age\": 1}]}";

enum { TEMPLATES = 3, MOST_OUTPUT = 1 << 16 };

static size_t split(const uint8_t *bytes, size_t len, struct template_text texts[TEMPLATES + 1])
{
	static const char *const names[TEMPLATES] = { "main.html", "a.html", "b.txt" };
	size_t count = 0;

	while (count < TEMPLATES) {
		const uint8_t *end = len ? memchr(bytes, 0xff, len) : NULL;
		size_t part = end && count + 1 < TEMPLATES ? (size_t)(end - bytes) : len;
		texts[count] = (struct template_text){ names[count], (const char *)bytes, part };
		count++;
		if (!end || part == len)
			break;
		bytes += part + 1;
		len -= part + 1;
	}
	texts[count] = (struct template_text){ NULL, NULL, 0 };
	return count;
}

static struct templates *open_set(uint8_t flags, const struct template_text *texts)
{
	return templates_open(&(struct template_options){
		.texts = texts,
		.trim_blocks = flags & 1,
		.lstrip_blocks = flags & 2,
		.undefined = flags & 4 ? TEMPLATE_UNDEFINED_STRICT :
			     flags & 8 ? TEMPLATE_UNDEFINED_CHAINABLE : TEMPLATE_UNDEFINED_DEFAULT,
		.line_statement_prefix = flags & 16 ? "#" : NULL,
		.line_comment_prefix = flags & 16 ? "##" : NULL,
		.newline_sequence = flags & 32 ? "\r\n" : "\n",
		.keep_trailing_newline = flags & 64,
		.ext_do = true, .ext_loopcontrols = true, .ext_i18n = true, .ext_debug = true,
		.newstyle_gettext = flags & 128,
		.limits = { .output_bytes = MOST_OUTPUT, .memory_bytes = 8 << 20, .iterations = 20000,
			    .recursion = 40, .time_ms = 2000 },
	});
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct template_text texts[TEMPLATES + 1];
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;
	json_error_t fault;

	if (!len)
		return 0;
	size_t count = split(bytes + 1, len - 1, texts);
	struct templates *set = open_set(bytes[0], texts);
	json_t *context = template_json_load(context_json, sizeof context_json - 1, 0, &fault);
	assert(context);
	for (size_t i = 0; i < count; i++)
		if (templates_check(set, texts[i].name, &error) != TEMPLATE_OK)
			assert(error.text && error.file);
		else
			assert(templates_knowledge(set, texts[i].name, &error));
	if (templates_render(set, "main.html", context, NULL, &out, &error) == TEMPLATE_OK)
		assert(out.len <= MOST_OUTPUT);
	else
		assert(error.text && error.file && !out.len);
	json_decref(context);
	error_clear(&error);
	buf_clear(&out);
	templates_close(set);
	return 0;
}
