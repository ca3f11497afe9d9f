/* i18n.c - gettext and its kin, over the catalogue of the rendering. */
#include "template/i18n.h"

#include "template/catalogue.h"
#include "template/loader.h"

/* The translation of a message (for `n` things, or NULL); MISSING: there is none. */
static struct value find_translation(struct render *render, const struct value *context, struct value message,
				     const int64_t *n)
{
	struct span at = context ? value_span(*context) : (struct span){ NULL, 0 }, found;

	for (unsigned i = 0; i < 2 && message.kind == VALUE_STRING; i++) {
		const struct catalogue *catalogue = render->catalogues[i];
		if (catalogue && catalogue_find(catalogue, at, value_span(message),
						n ? catalogue_form(catalogue, *n) : 0, &found))
			return value_text(found.at, found.len, 0);
	}
	return value_missing();
}

/* A message's translation, or the message. */
static struct value translate(struct render *render, const struct value *context, struct value message)
{
	struct value found = find_translation(render, context, message, NULL);

	return value_given(found) ? found : message;
}

static struct value translate_plural(struct render *render, const struct value *context,
				     struct value singular, struct value plural, struct value n)
{
	int one = value_equal(render, n, value_int(1));
	int64_t count = value_is_int(n) && !(n.flags & VALUE_BIG) ? n.number : 0;
	struct value found = find_translation(render, context, singular, &count);

	if (one < 0)
		return value_error();
	return value_given(found) ? found : one ? singular : plural;
}

static struct value plain_gettext(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	return translate(render, NULL, args[0]);
}

static struct value plain_ngettext(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	return translate_plural(render, NULL, args[0], args[1], args[2]);
}

/* Context and message are joined by U+0004 in a catalogue. */
static struct value plain_pgettext(struct render *render, struct value self, const struct value *args)
{
	struct value context = value_str(render, args[0]);

	(void)self;
	return value_failed(context) ? context : translate(render, &context, args[1]);
}

static struct value plain_npgettext(struct render *render, struct value self, const struct value *args)
{
	struct value context = value_str(render, args[0]);

	(void)self;
	return value_failed(context) ? context : translate_plural(render, &context, args[1], args[2], args[3]);
}

/* ---- new style: the translation is a format string for the named arguments ---- */

static void set_default(struct render *render, struct value variables, const char *name, struct value value)
{
	if (!value_given(dict_get_text(variables.dict, name)))
		dict_set_text(render->arena, variables.dict, name, value);
}

static struct value format(struct render *render, struct value text, struct value variables)
{
	if (!value_failed(text))
		text = value_str(render, text);
	if (value_failed(text))
		return text;
	return value_percent(render, render_autoescape(render) ? value_markup(text) : text, variables);
}

static struct value new_gettext(struct render *render, struct value self, const struct value *args)
{
	return format(render, plain_gettext(render, self, args), args[1]);
}

static struct value new_ngettext(struct render *render, struct value self, const struct value *args)
{
	set_default(render, args[3], "num", args[2]);
	return format(render, plain_ngettext(render, self, args), args[3]);
}

static struct value new_pgettext(struct render *render, struct value self, const struct value *args)
{
	set_default(render, args[2], "context", args[0]);
	return format(render, plain_pgettext(render, self, args), args[2]);
}

static struct value new_npgettext(struct render *render, struct value self, const struct value *args)
{
	set_default(render, args[4], "context", args[0]);
	set_default(render, args[4], "num", args[3]);
	return format(render, plain_npgettext(render, self, args), args[4]);
}

/* Whatever the template knows as gettext. */
static struct value global_alias(struct render *render, struct value self, const struct value *args)
{
	static const char name[] = "gettext";
	uint32_t hash = dict_hash_bytes(name, strlen(name)), at = 0;
	struct value gettext = context_resolve(render, render->context, value_literal(name), hash);
	struct keyword *named = arena_alloc(render->arena, (args[1].dict->count + 1) * sizeof *named);
	struct arguments arguments = { args[0].list->items, args[0].list->count, named, 0 };

	(void)self;
	for (const struct dict_entry *e; (e = dict_next(args[1].dict, &at));)
		named[arguments.named_count++] = (struct keyword){ e->key, e->value };
	if (!value_given(gettext))
		gettext = undefined_named(render, value_literal(name));
	return render_call(render, gettext, arguments);
}

/* Of Python's gettext.NullTranslations ... */
const struct native globals_i18n[] = {
	{ "gettext", "message", plain_gettext, NATIVE_CONTEXT | NATIVE_PASSED, "NullTranslations.gettext" },
	{ "ngettext", "msgid1 msgid2 n", plain_ngettext, NATIVE_CONTEXT | NATIVE_PASSED, "NullTranslations.ngettext" },
	{ "pgettext", "context message", plain_pgettext, NATIVE_CONTEXT | NATIVE_PASSED, "NullTranslations.pgettext" },
	{ "npgettext", "context msgid1 msgid2 n", plain_npgettext, NATIVE_CONTEXT | NATIVE_PASSED,
	  "NullTranslations.npgettext" },
	{ "_", "*args **kwargs", global_alias, NATIVE_CONTEXT, "_gettext_alias" },
	{ 0 },
};

/* ... and of Jinja2. */
#define NEW_STYLE(name) "_make_new_" name ".<locals>." name

const struct native globals_i18n_new[] = {
	{ "gettext", "__string **variables", new_gettext, NATIVE_CONTEXT | NATIVE_PASSED, NEW_STYLE("gettext") },
	{ "ngettext", "__singular __plural __num **variables", new_ngettext, NATIVE_CONTEXT | NATIVE_PASSED,
	  NEW_STYLE("ngettext") },
	{ "pgettext", "__string_ctx __string **variables", new_pgettext, NATIVE_CONTEXT | NATIVE_PASSED,
	  NEW_STYLE("pgettext") },
	{ "npgettext", "__string_ctx __singular __plural __num **variables", new_npgettext,
	  NATIVE_CONTEXT | NATIVE_PASSED, NEW_STYLE("npgettext") },
	{ "_", "*args **kwargs", global_alias, NATIVE_CONTEXT, "_gettext_alias" },
	{ 0 },
};

struct value i18n_global(struct render *render, struct value name, uint32_t hash)
{
	if (!render->set->grammar.ext_i18n)
		return value_missing();
	return registry_i18n(name, hash, render->set->grammar.newstyle_gettext);
}
