/* catalogue.c - a .mo file in memory; knows nothing of templates. */
#include "template/catalogue.h"

#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/mem.h"
#include "template/values/dict.h"
#include "template/plural.h"
#include "template/py/utf8.h"

struct catalogue {
	struct arena arena;
	struct dict *messages;		/* context EOT message: all forms, NUL between them */
	struct plural *plural;		/* NULL: one, and more than one */
};

struct reader {
	struct span bytes;
	bool swapped;
	iconv_t to_utf8;		/* (iconv_t)-1: it is UTF-8 */
};

static bool read_word(const struct reader *reader, size_t at, uint32_t *word)
{
	if (at > reader->bytes.len || reader->bytes.len - at < sizeof *word)
		return false;
	memcpy(word, reader->bytes.at + at, sizeof *word);
	if (reader->swapped)
		*word = __builtin_bswap32(*word);
	return true;
}

/* Entry `i` of a table of lengths and offsets. */
static bool read_string(const struct reader *reader, size_t table, uint32_t i, struct span *text)
{
	uint32_t len, at;

	if (!read_word(reader, table + (size_t)i * 8, &len) || !read_word(reader, table + (size_t)i * 8 + 4, &at))
		return false;
	if (at > reader->bytes.len || reader->bytes.len - at < len)
		return false;
	*text = (struct span){ reader->bytes.at + at, len };
	return true;
}

/* What stands behind `key` in the header, to the end of its line. */
static struct span header_field(struct span header, const char *key)
{
	const char *found = header.len ? memmem(header.at, header.len, key, strlen(key)) : NULL;

	if (!found)
		return (struct span){ NULL, 0 };
	found += strlen(key);
	size_t left = (size_t)(header.at + header.len - found);
	const char *end = memchr(found, '\n', left);
	return (struct span){ found, end ? (size_t)(end - found) : left };
}

static int read_charset(struct reader *reader, struct span charset, struct error *error)
{
	char name[32];

	/* CHARSET is what msginit leaves where nobody has filled it in. */
	if (charset.len >= sizeof name)
		return error_set(error, "the catalogue's charset has too long a name");
	memcpy(name, charset.len ? charset.at : "", charset.len);
	name[charset.len] = '\0';
	if (!*name || !strcasecmp(name, "UTF-8") || !strcasecmp(name, "utf8") || !strcmp(name, "CHARSET"))
		return 0;
	reader->to_utf8 = iconv_open("UTF-8", name);
	return reader->to_utf8 != (iconv_t)-1 ? 0
	     : error_set(error, "the catalogue's charset %s is not known", name);
}

/* The header is the translation of "". */
static int read_header(struct catalogue *catalogue, struct reader *reader, struct span header,
		       struct error *error)
{
	struct span charset = header_field(header, "charset="), plural = header_field(header, "Plural-Forms:");

	if (read_charset(reader, charset, error) < 0)
		return -1;
	if (!plural.at)
		return 0;
	catalogue->plural = plural_parse(&catalogue->arena, plural);
	return catalogue->plural ? 0 : error_set(error, "the catalogue's Plural-Forms cannot be understood:%.*s",
						 (int)plural.len, plural.at);
}

/* A string of the file as UTF-8, in the arena. */
static int to_utf8(struct catalogue *catalogue, const struct reader *reader, struct span *text)
{
	if (reader->to_utf8 == (iconv_t)-1)
		return utf8_valid(*text) == text->len ? 0 : -1;
	size_t room = text->len * 4 + 1, left = text->len;
	char *out = arena_alloc(&catalogue->arena, room), *end = out, *in = (char *)text->at;
	if (iconv(reader->to_utf8, &in, &left, &end, &room) == (size_t)-1)
		return -1;
	*text = (struct span){ out, (size_t)(end - out) };
	return utf8_valid(*text) == text->len ? 0 : -1;
}

static int read_messages(struct catalogue *catalogue, struct reader *reader, struct error *error)
{
	uint32_t revision, count, originals, translations;
	struct span original, translation;

	if (!read_word(reader, 4, &revision) || !read_word(reader, 8, &count) ||
	    !read_word(reader, 12, &originals) || !read_word(reader, 16, &translations))
		return error_set(error, "the catalogue is cut off");
	if (revision >> 16 > 1)
		return error_set(error, "the catalogue has an unknown format (%u)", revision >> 16);
	for (uint32_t i = 0; i < count; i++) {
		if (!read_string(reader, originals, i, &original) ||
		    !read_string(reader, translations, i, &translation))
			return error_set(error, "the catalogue is cut off at message %u", i);
		/* Sorted, so that the header comes first. */
		if (!original.len && read_header(catalogue, reader, translation, error) < 0)
			return -1;
		if (to_utf8(catalogue, reader, &original) < 0 || to_utf8(catalogue, reader, &translation) < 0)
			return error_set(error, "message %u of the catalogue is not in its charset", i);
		original.len = strnlen(original.at, original.len);
		dict_set(&catalogue->arena, catalogue->messages, value_text(original.at, original.len, 0),
			 value_text(translation.at, translation.len, 0));
	}
	return 0;
}

struct catalogue *catalogue_new(struct span bytes, struct error *error)
{
	struct catalogue *catalogue = mem_alloc(sizeof *catalogue);
	struct reader reader = { .bytes = { arena_dup(&catalogue->arena, bytes.at, bytes.len), bytes.len },
				 .to_utf8 = (iconv_t)-1 };
	uint32_t magic = 0;
	int rc = 0;

	read_word(&reader, 0, &magic);
	reader.swapped = magic == 0xde120495;
	if (magic != 0x950412de && !reader.swapped)
		rc = error_set(error, "the file is no GNU message catalogue (.mo)");
	catalogue->messages = dict_new(&catalogue->arena, 0);
	if (rc == 0)
		rc = read_messages(catalogue, &reader, error);
	if (reader.to_utf8 != (iconv_t)-1)
		iconv_close(reader.to_utf8);
	if (rc == 0)
		return catalogue;
	catalogue_free(catalogue);
	return NULL;
}

void catalogue_free(struct catalogue *catalogue)
{
	if (!catalogue)
		return;
	arena_clear(&catalogue->arena);
	free(catalogue);
}

unsigned catalogue_form(const struct catalogue *catalogue, long long n)
{
	return catalogue->plural ? plural_form(catalogue->plural, n) : n != 1;
}

static struct span nth_form(struct span forms, unsigned form)
{
	while (form--) {
		const char *nul = forms.len ? memchr(forms.at, '\0', forms.len) : NULL;
		if (!nul)
			return (struct span){ NULL, 0 };
		forms = span_cut(forms, (size_t)(nul - forms.at) + 1, forms.len);
	}
	forms.len = strnlen(forms.at, forms.len);
	return forms;
}

bool catalogue_find(const struct catalogue *catalogue, struct span context, struct span message,
		    unsigned form, struct span *found)
{
	struct buf key = BUF_INIT;

	if (context.at) {
		buf_add(&key, context.at, context.len);
		buf_putc(&key, '\4');
	}
	buf_add(&key, message.at, message.len);
	struct value forms = dict_get(catalogue->messages, value_text(buf_str(&key), key.len, 0));
	buf_clear(&key);
	if (!value_given(forms))
		return false;
	*found = nth_form(value_span(forms), form);
	return found->at != NULL;
}
