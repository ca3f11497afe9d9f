/* import.c - other templates' output and exports: include, import, from. */
#include "base/arena.h"
#include "template/eval.h"
#include "template/loader.h"
#include "template/py/quote.h"

/* ---- modules ---- */

struct module {
	struct object object;
	const struct template *template;
	struct dict *exports;
	struct value body;
};

static struct value module_attribute(struct render *render, struct object *self, struct value name)
{
	struct module *module = (struct module *)self;

	(void)render;
	if (value_is_text(name, "__name__"))
		return value_literal(loader_template_name(module->template));
	return dict_get(module->exports, name);
}

static int print_module(struct render *render, struct object *self, bool repr)
{
	struct module *module = (struct module *)self;

	if (!repr)
		return value_print(render, module->body);
	buf_puts(render->out, "<TemplateModule ");
	quote_repr(span_of(loader_template_name(module->template)), render->out);
	buf_putc(render->out, '>');
	return 0;
}

static const struct object_class module_class = {
	.type = "jinja2.environment.TemplateModule", .attribute = module_attribute,
	.print = print_module, .html = true,
};

static struct dict *exports_of(struct render *render, const struct context *context)
{
	struct dict *exports = dict_new(render->arena, 0);
	uint32_t at = 0;

	for (const struct dict_entry *e; context->exported && (e = dict_next(context->exported, &at));)
		dict_set_hashed(render->arena, exports, e->key, e->hash,
				dict_get_hashed(context->vars, e->key, e->hash));
	return exports;
}

/* Runs the template for what it exports; NULL on failure. */
static struct module *make_module(struct render *render, const struct template *template, struct dict *own)
{
	struct context *context = context_new(render, template, own, NULL);
	size_t capture = render_capture(render);

	if (eval_root(render, context, template) < 0)
		return NULL;
	struct module *module = arena_alloc(render->arena, sizeof *module);
	module->object.class = &module_class;
	module->template = template;
	module->body = render_captured(render, capture, 0);
	module->exports = exports_of(render, context);
	return value_failed(module->body) ? NULL : module;
}

/* Without context a template is run once in a rendering. */
static struct module *default_module(struct render *render, const struct template *template)
{
	struct value key = value_int((intptr_t)template);

	if (!render->modules)
		render->modules = dict_new(render->arena, 0);
	struct value known = dict_get(render->modules, key);
	if (value_given(known))
		return (struct module *)known.object;
	struct module *module = make_module(render, template, NULL);
	if (module)
		dict_set(render->arena, render->modules, key, value_object(&module->object));
	return module;
}

/* ---- what is handed over ---- */

static struct scope *out_to(struct scope *scope, unsigned depth)
{
	while (depth--)
		scope = scope->outer;
	return scope;
}

static struct dict *add_locals(struct render *render, struct scope *scope, const struct locals *locals,
			       struct dict *dict)
{
	for (unsigned i = 0; i < locals->count; i++) {
		const struct local *local = &locals->items[i];
		struct value v = out_to(scope, local->place.depth)->slots[local->place.slot];
		if (!value_given(v))
			continue;
		if (!dict)
			dict = dict_new(render->arena, 0);
		dict_set_hashed(render->arena, dict, local->name->text, local->name->hash, v);
	}
	return dict;
}

struct dict *eval_locals(struct render *render, struct scope *scope, const struct locals *locals)
{
	return add_locals(render, scope, locals, NULL);
}

/* ---- which template ---- */

static void fail_none_found(struct render *render, const struct list *names)
{
	size_t capture = render_capture(render);

	if (!names->count) {
		render_fail(render, FAIL_NOT_FOUND, "Tried to select from an empty list of templates.");
		return;
	}
	for (size_t i = 0; i < names->count; i++) {
		if (i)
			buf_puts(render->out, ", ");
		if ((names->items[i].kind == VALUE_UNDEFINED ? undefined_message(render, names->items[i])
							      : value_print(render, names->items[i])) < 0)
			return;
	}
	struct value text = render_captured(render, capture, 0);
	if (!value_failed(text))
		render_fail(render, FAIL_NOT_FOUND, "none of the templates given were found: %.*s",
			    (int)text.len, text.text);
}

/* The first of several that there is. */
static const struct template *select_template(struct render *render, struct value names)
{
	int any = value_truth(render, names);
	struct value list = any == 0 ? value_list(list_new(render->arena, 0))
				     : value_to_list(render, names);

	if (any < 0 || value_failed(list))
		return NULL;
	for (size_t i = 0; i < list.list->count; i++) {
		const struct template *template = loader_get(render, list.list->items[i]);
		if (template || (render->fail != FAIL_NOT_FOUND && render->fail != FAIL_UNDEFINED))
			return template;
		error_clear(&render->error);
	}
	fail_none_found(render, list.list);
	return NULL;
}

static const struct template *find_template(struct render *render, struct scope *scope,
					    const struct import_code *import)
{
	struct value name = eval_expression(render, scope, import->template);

	if (value_failed(name))
		return NULL;
	if (!import->select || name.kind == VALUE_STRING || name.kind == VALUE_UNDEFINED)
		return loader_get(render, name);
	return select_template(render, name);
}

/* ---- statements ---- */

int eval_include(struct render *render, struct scope *scope, const struct import_code *import)
{
	const struct template *template = find_template(render, scope, import);

	if (!template) {
		if (!import->ignore_missing || render->fail != FAIL_NOT_FOUND)
			return -1;
		error_clear(&render->error);
		return 0;
	}
	if (!import->with_context) {
		struct module *module = default_module(render, template);
		return module ? value_print(render, module->body) : -1;
	}
	struct dict *own = eval_locals(render, scope, &import->locals);
	return eval_root(render, context_new(render, template, own, scope->context), template);
}

static struct module *import_module(struct render *render, struct scope *scope,
				    const struct import_code *import)
{
	const struct template *template = find_template(render, scope, import);

	if (!template)
		return NULL;
	if (!import->with_context)
		return default_module(render, template);
	struct dict *own = context_snapshot(render, scope->context);
	return make_module(render, template, add_locals(render, scope, &import->locals, own));
}

static void bind_name(struct render *render, struct scope *scope, const struct import_name *name,
		      struct value value)
{
	struct context *context = scope->context;

	scope->slots[name->slot] = value;
	if (!name->sets_context)
		return;
	context_set(render, context, name->alias, value, false);
	if (context->exported)
		dict_remove(context->exported, name->alias->text);
}

static struct value not_exported(struct render *render, const struct module *module,
				 const struct import_name *name)
{
	struct value hint = render_printf(render, "the template '%s' (imported on line %u in '%s') does not"
					  " export the requested name '%s'",
					  loader_template_name(module->template), render->line,
					  loader_template_name(render->template), name->name->text.text);

	return value_failed(hint) ? hint : undefined_hint(render, hint.text);
}

int eval_import(struct render *render, struct scope *scope, const struct code *code)
{
	const struct import_code *import = code->import;
	struct module *module = import_module(render, scope, import);

	if (!module)
		return -1;
	for (unsigned i = 0; i < import->count; i++) {
		const struct import_name *name = &import->names[i];
		struct value value = value_object(&module->object);
		if (code->op == CODE_FROM_IMPORT)
			value = dict_get_hashed(module->exports, name->name->text, name->name->hash);
		if (!value_given(value))
			value = not_exported(render, module, name);
		if (value_failed(value))
			return -1;
		bind_name(render, scope, name, value);
	}
	return 0;
}
