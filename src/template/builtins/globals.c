/*
 * globals.c - what every template can call: range, dict, lipsum, cycler, joiner, namespace
 */
#include "base/random.h"
#include "template/builtins/cycler.h"
#include "template/builtins/methods_dict.h"
#include "template/builtins/namespace.h"
#include "template/values/native.h"
#include "template/py/casing.h"

/* ---- range ---- */

/* How many numbers there are from start to stop. */
static uint64_t range_count(int64_t start, int64_t stop, int64_t step)
{
	uint64_t span, width;

	if (step > 0 ? start >= stop : start <= stop)
		return 0;
	span = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
	width = step > 0 ? (uint64_t)step : -(uint64_t)step;
	return (span - 1) / width + 1;
}

static struct value global_range(struct render *render, struct value self, const struct value *args)
{
	const struct list *given = args[0].list;
	struct range *range = arena_alloc(render->arena, sizeof *range);
	int64_t numbers[3] = { 0, 0, 1 };

	(void)self;
	if (given->count == 0)
		return render_fail(render, FAIL_TYPE, "range expected at least 1 argument, got 0");
	if (given->count > 3)
		return render_fail(render, FAIL_TYPE, "range expected at most 3 arguments, got %zu", given->count);
	for (size_t i = 0; i < given->count; i++)
		if (value_index(render, given->items[i], &numbers[given->count == 1 ? 1 : i]) < 0)
			return value_error();
	if (numbers[2] == 0)
		return render_fail(render, FAIL_VALUE, "range() arg 3 must not be zero");
	*range = (struct range){ numbers[0], numbers[1], numbers[2], range_count(numbers[0], numbers[1], numbers[2]) };
	return (struct value){ .kind = VALUE_RANGE, .range = range };
}

/* ---- dict, namespace ---- */

static struct value global_dict(struct render *render, struct value self, const struct value *args)
{
	struct dict *dict = dict_new(render->arena, args[1].dict->count);

	(void)self;
	return methods_dict_fill(render, dict, "dict", args[0], args[1]) < 0 ? value_error() : value_dict(dict);
}

static struct value global_namespace(struct render *render, struct value self, const struct value *args)
{
	struct dict *dict = dict_new(render->arena, args[1].dict->count);

	(void)self;
	if (methods_dict_fill(render, dict, "dict", args[0], args[1]) < 0)
		return value_error();
	return namespace_new(render, dict);
}

/* ---- cycler, joiner ---- */

static struct value global_cycler(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	if (args[0].list->count == 0)
		return render_fail(render, FAIL_RUNTIME, "at least one item has to be provided");
	return cycler_new(render, args[0].list);
}

static struct value global_joiner(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	return joiner_new(render, value_given(args[0]) ? args[0] : value_literal(", "));
}

/* ---- lipsum ---- */

static const char *const words[] = {
	"ab", "ac", "aestas", "alba", "amicus", "anima", "annus", "aqua", "arbor", "ars", "aura", "aurum", "bene",
	"brevis", "caelum", "campus", "cantus", "caput", "carmen", "casa", "civis", "clarus", "cor", "corona", "cras",
	"cum", "cura", "de", "dies", "domus", "dum", "ego", "equus", "et", "etiam", "ex", "fabula", "fama", "flos",
	"flumen", "fons", "forma", "fortis", "frater", "gratia", "herba", "hiems", "hodie", "homo", "hora", "hortus",
	"ignis", "imber", "in", "insula", "inter", "iter", "labor", "lac", "lapis", "lex", "liber", "lumen", "luna",
	"lux", "magnus", "mane", "manus", "mare", "mater", "mel", "mens", "mons", "mundus", "musa", "navis", "nec",
	"nemus", "nihil", "nix", "nox", "nubes", "nunc", "oculus", "omnis", "opus", "orbis", "otium", "panis", "pars",
	"pater", "pax", "per", "pons", "porta", "prope", "puer", "quis", "radix", "regio", "res", "ripa", "rosa",
	"sal", "saxum", "sed", "semper", "sensus", "silva", "sol", "somnus", "soror", "spes", "stella", "sub", "super",
	"tempus", "terra", "umbra", "unda", "urbs", "vallis", "ventus", "ver", "verbum", "vesper", "via", "vinum",
	"vita", "vox",
};

enum { WORDS = sizeof words / sizeof *words };

static int64_t draw(int64_t least, int64_t below)
{
	return least + (int64_t)(random_unit() * (double)(below - least));
}

/* A word that is not the one before. */
static size_t draw_word(size_t last)
{
	size_t word = (size_t)draw(0, WORDS - 1);

	return word >= last ? word + 1 : word;
}

/* Sentences with commas now and then; ends with a full stop. */
static int add_paragraph(struct render *render, int64_t count)
{
	int64_t last_comma = 0, last_stop = 0;
	size_t word = WORDS - 1;
	bool capital = true;

	for (int64_t i = 0; i < count; i++) {
		bool stop = i + 1 == count, comma = false;

		if (render_steps(render, 1) < 0)
			return -1;
		word = draw_word(word);
		if (i > 0)
			buf_putc(render->out, ' ');
		if (capital)
			casing_capitalize(span_of(words[word]), render->out);
		else
			buf_puts(render->out, words[word]);
		if (i - draw(3, 8) > last_comma) {
			last_comma = i;
			last_stop += 2;
			comma = true;
		}
		if (i - draw(10, 20) > last_stop) {
			last_comma = last_stop = i;
			stop = true;
		}
		if (stop || comma)
			buf_putc(render->out, stop ? '.' : ',');
		capital = stop;
	}
	return 0;
}

static struct value global_lipsum(struct render *render, struct value self, const struct value *args)
{
	int64_t paragraphs, least, most;
	int html = value_truth(render, args[1]);
	size_t capture;

	(void)self;
	if (html < 0 || value_index(render, args[0], &paragraphs) < 0 || value_index(render, args[2], &least) < 0 ||
	    value_index(render, args[3], &most) < 0)
		return value_error();
	if (paragraphs > 0 && least >= most)
		return render_fail(render, FAIL_VALUE, "empty range for randrange() (%lld, %lld, %lld)",
				   (long long)least, (long long)most, (long long)(most - least));
	capture = render_capture(render);
	for (int64_t i = 0; i < paragraphs; i++) {
		if (render_steps(render, 1) < 0)
			return value_error();
		if (i > 0)
			buf_puts(render->out, html ? "\n" : "\n\n");
		buf_puts(render->out, html ? "<p>" : "");
		if (add_paragraph(render, draw(least, most)) < 0)
			return value_error();
		buf_puts(render->out, html ? "</p>" : "");
	}
	return render_captured(render, capture, html ? VALUE_MARKUP : 0);
}

const struct native globals_core[] = {
	{ "cycler", "*items", global_cycler, NATIVE_CONTEXT | NATIVE_TYPE, "Cycler.__init__" },
	{ "dict", "*args **kwargs", global_dict, NATIVE_BUILTIN | NATIVE_TYPE, NULL },
	{ "joiner", "sep=-", global_joiner, NATIVE_CONTEXT | NATIVE_PASSED | NATIVE_TYPE, "Joiner.__init__" },
	{ "lipsum", "n=5 html=True min=20 max=100", global_lipsum, NATIVE_CONTEXT, "generate_lorem_ipsum" },
	{ "namespace", "*args **kwargs", global_namespace, NATIVE_CONTEXT | NATIVE_TYPE, NULL },
	{ "range", "*args", global_range, NATIVE_BUILTIN | NATIVE_TYPE, NULL },
	{ 0 },
};
