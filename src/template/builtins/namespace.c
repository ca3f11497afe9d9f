/*
 * namespace.c - namespace(): the one object whose attributes a template sets
 */
#include "template/builtins/namespace.h"

struct namespace {
	struct object object;
	struct dict *attributes;
};

static struct value get_attribute(struct render *render, struct object *self, struct value name)
{
	(void)render;
	return dict_get(((struct namespace *)self)->attributes, name);
}

static int print(struct render *render, struct object *self, bool repr)
{
	(void)repr;
	buf_puts(render->out, "<Namespace ");
	if (value_print_repr(render, value_dict(((struct namespace *)self)->attributes)) < 0)
		return -1;
	buf_putc(render->out, '>');
	return 0;
}

static const struct object_class namespace_class = {
	.type = "jinja2.utils.Namespace",
	.attribute = get_attribute,
	.print = print,
};

struct value namespace_new(struct render *render, struct dict *attributes)
{
	struct namespace *namespace = arena_alloc(render->arena, sizeof *namespace);

	namespace->object.class = &namespace_class;
	namespace->attributes = attributes;
	return value_object(&namespace->object);
}

bool value_is_namespace(struct value v)
{
	return v.kind == VALUE_OBJECT && v.object->class == &namespace_class;
}

void namespace_set(struct render *render, struct value v, struct value name, struct value value)
{
	dict_set(render->arena, ((struct namespace *)v.object)->attributes, name, value);
}
