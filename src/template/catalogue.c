/* catalogue.c - a .mo file in memory; knows nothing of templates. */
#include "template/catalogue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "template/dict.h"
#include "template/plural.h"

struct catalogue {
	struct arena arena;
	struct dict *messages;		/* context EOT message: all forms, NUL between them */
	struct plural *plural;		/* NULL: one, and more than one */
};

struct reader {
	struct span bytes;
	bool swapped;
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

/* The header is the translation of "": its Plural-Forms line. */
static int read_header(struct catalogue *catalogue, struct span header, struct error *error)
{
	static const char key[] = "Plural-Forms:";
	const char *found = header.len ? memmem(header.at, header.len, key, strlen(key)) : NULL;

	if (!found)
		return 0;
	found += strlen(key);
	const char *end = memchr(found, '\n', (size_t)(header.at + header.len - found));
	size_t len = (size_t)((end ? end : header.at + header.len) - found);
	catalogue->plural = plural_parse(&catalogue->arena, (struct span){ found, len });
	return catalogue->plural ? 0 : error_set(error, "the catalogue's Plural-Forms cannot be understood:%.*s",
						 (int)len, found);
}

static int read_messages(struct catalogue *catalogue, const struct reader *reader, struct error *error)
{
	uint32_t count, originals, translations;
	struct span original, translation;

	if (!read_word(reader, 8, &count) || !read_word(reader, 12, &originals) ||
	    !read_word(reader, 16, &translations))
		return error_set(error, "the catalogue is cut off");
	for (uint32_t i = 0; i < count; i++) {
		if (!read_string(reader, originals, i, &original) ||
		    !read_string(reader, translations, i, &translation))
			return error_set(error, "the catalogue is cut off at message %u", i);
		if (!original.len && read_header(catalogue, translation, error) < 0)
			return -1;
		original.len = strnlen(original.at, original.len);
		dict_set(&catalogue->arena, catalogue->messages, value_text(original.at, original.len, 0),
			 value_text(translation.at, translation.len, 0));
	}
	return 0;
}

struct catalogue *catalogue_new(struct span bytes, struct error *error)
{
	struct catalogue *catalogue = mem_alloc(sizeof *catalogue);
	struct reader reader = { .bytes = { arena_dup(&catalogue->arena, bytes.at, bytes.len), bytes.len } };
	uint32_t magic = 0;
	int rc = 0;

	read_word(&reader, 0, &magic);
	reader.swapped = magic == 0xde120495;
	if (magic != 0x950412de && !reader.swapped)
		rc = error_set(error, "the file is no GNU message catalogue (.mo)");
	catalogue->messages = dict_new(&catalogue->arena, 0);
	if (rc == 0)
		rc = read_messages(catalogue, &reader, error);
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
