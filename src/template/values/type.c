/* type.c - the class of a value, which templates ask for its name. */
#include "template/values/type.h"

#include "base/arena.h"
#include "template/values/registry.h"

struct type {
	struct object object;
	const char *name;
};

void type_print(const char *class_name, struct buf *out)
{
	buf_printf(out, "<class '%s'>", class_name);
}

struct value type_attribute(const char *class_name, struct value attribute)
{
	const char *dot = strrchr(class_name, '.');

	if (value_is_text(attribute, "__name__") || value_is_text(attribute, "__qualname__"))
		return value_literal(dot ? dot + 1 : class_name);
	if (value_is_text(attribute, "__module__"))
		return dot ? value_text(class_name, (size_t)(dot - class_name), 0) : value_literal("builtins");
	return value_missing();
}

static struct value attribute_of_type(struct render *render, struct object *self, struct value name)
{
	(void)render;
	return type_attribute(((struct type *)self)->name, name);
}

static int print_type(struct render *render, struct object *self, bool repr)
{
	(void)repr;
	type_print(((struct type *)self)->name, render->out);
	return 0;
}

static const struct object_class type_class = {
	.type = "type", .attribute = attribute_of_type, .print = print_type,
};

struct value type_of(struct render *render, struct value v)
{
	const char *name = value_type_name(v);
	struct value known = registry_global(value_literal(name), dict_hash_bytes(name, strlen(name)));

	if (value_given(known))
		return known;	/* dict and range are globals */
	if (v.kind == VALUE_UNDEFINED)
		name = arena_printf(render->arena, "jinja2.runtime.%s", name);
	if (!render->types)
		render->types = dict_new(render->arena, 0);
	known = dict_get_text(render->types, name);
	if (value_given(known))
		return known;
	struct type *type = arena_alloc(render->arena, sizeof *type);
	*type = (struct type){ { &type_class }, name };
	dict_set_text(render->arena, render->types, name, value_object(&type->object));
	return value_object(&type->object);
}

static struct value class_of_self(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return type_of(render, self);
}

const struct native methods_any[] = {
	{ "__class__", "", class_of_self, NATIVE_PROPERTY, NULL },
	{ 0 },
};
