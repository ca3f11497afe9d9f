/* i18n.c - gettext and its kin, over the catalogue of the rendering. */
#include "template/i18n.h"

#include "template/catalogue.h"
#include "template/loader.h"

/* A message's translation, or the message. */
static struct value translate(struct render *render, const struct value *context, struct value message)
{
	struct span found;

	if (message.kind != VALUE_STRING || !render->catalogue ||
	    !catalogue_find(render->catalogue, context ? value_span(*context) : (struct span){ NULL, 0 },
			    value_span(message), 0, &found))
		return message;
	return value_text(found.at, found.len, 0);
}

static struct value translate_plural(struct render *render, const struct value *context,
				     struct value singular, struct value plural, struct value n)
{
	struct span found;
	int one = value_equal(render, n, value_int(1));
	int64_t count = value_is_int(n) && !(n.flags & VALUE_BIG) ? n.number : 0;

	if (one < 0)
		return value_error();
	if (singular.kind == VALUE_STRING && render->catalogue &&
	    catalogue_find(render->catalogue, context ? value_span(*context) : (struct span){ NULL, 0 },
			   value_span(singular), catalogue_form(render->catalogue, count), &found))
		return value_text(found.at, found.len, 0);
	return one ? singular : plural;
}

/* New style: the translation is a format string for the named arguments. */
static struct value finish(struct render *render, struct value text, struct value variables,
			   const struct value *context, const struct value *n)
{
	if (!value_failed(text) && !render->set->grammar.newstyle_gettext && variables.dict->count)
		return render_fail(render, FAIL_TYPE, "gettext() got an unexpected keyword argument");
	if (value_failed(text) || !render->set->grammar.newstyle_gettext)
		return text;
	if (n && !value_given(dict_get_text(variables.dict, "num")))
		dict_set_text(render->arena, variables.dict, "num", *n);
	if (context && !value_given(dict_get_text(variables.dict, "context")))
		dict_set_text(render->arena, variables.dict, "context", *context);
	text = value_str(render, text);
	if (value_failed(text))
		return text;
	return value_percent(render, render_autoescape(render) ? value_markup(text) : text, variables);
}

static struct value global_gettext(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	return finish(render, translate(render, NULL, args[0]), args[1], NULL, NULL);
}

static struct value global_ngettext(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	return finish(render, translate_plural(render, NULL, args[0], args[1], args[2]), args[3], NULL,
		      &args[2]);
}

/* Context and message are joined by U+0004 in a catalogue. */
static struct value global_pgettext(struct render *render, struct value self, const struct value *args)
{
	struct value context = value_str(render, args[0]);

	(void)self;
	if (value_failed(context))
		return context;
	return finish(render, translate(render, &context, args[1]), args[2], &args[0], NULL);
}

static struct value global_npgettext(struct render *render, struct value self, const struct value *args)
{
	struct value context = value_str(render, args[0]);

	(void)self;
	if (value_failed(context))
		return context;
	return finish(render, translate_plural(render, &context, args[1], args[2], args[3]), args[4],
		      &args[0], &args[3]);
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

const struct native globals_i18n[] = {
	{ "gettext", "message **variables", global_gettext, NATIVE_CONTEXT, NULL },
	{ "ngettext", "singular plural n **variables", global_ngettext, NATIVE_CONTEXT, NULL },
	{ "pgettext", "context message **variables", global_pgettext, NATIVE_CONTEXT, NULL },
	{ "npgettext", "context singular plural n **variables", global_npgettext, NATIVE_CONTEXT, NULL },
	{ "_", "*args **kwargs", global_alias, NATIVE_CONTEXT, "_gettext_alias" },
	{ 0 },
};

struct value i18n_global(struct render *render, struct value name, uint32_t hash)
{
	return render->set->grammar.ext_i18n ? registry_i18n(name, hash) : value_missing();
}
