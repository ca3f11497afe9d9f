/*
 * cycler.c - cycler() and joiner()
 */
#include "template/builtins/cycler.h"

struct cycler {
	struct object object;
	struct list *items;
	size_t at;
};

/* cycler.next and cycler.reset, which are called behind a dot. */
struct bound {
	struct object object;
	struct cycler *cycler;
};

static struct value call_next(struct render *render, struct object *self, struct arguments arguments)
{
	struct cycler *cycler = ((struct bound *)self)->cycler;
	struct value item = cycler->items->items[cycler->at];

	if (arguments.count + arguments.named_count > 0)
		return render_fail(render, FAIL_TYPE, "Cycler.next() takes 1 positional argument but %zu were given",
				   arguments.count + 1);
	cycler->at = (cycler->at + 1) % cycler->items->count;
	return item;
}

static struct value call_reset(struct render *render, struct object *self, struct arguments arguments)
{
	if (arguments.count + arguments.named_count > 0)
		return render_fail(render, FAIL_TYPE, "Cycler.reset() takes 1 positional argument but %zu were given",
				   arguments.count + 1);
	((struct bound *)self)->cycler->at = 0;
	return value_none();
}

static const struct object_class next_class = { .type = "method", .call = call_next };
static const struct object_class reset_class = { .type = "method", .call = call_reset };

static struct value bind(struct render *render, struct cycler *cycler, const struct object_class *class)
{
	struct bound *bound = arena_alloc(render->arena, sizeof *bound);

	bound->object.class = class;
	bound->cycler = cycler;
	return value_object(&bound->object);
}

static struct value cycler_attribute(struct render *render, struct object *self, struct value name)
{
	struct cycler *cycler = (struct cycler *)self;

	if (value_is_text(name, "next"))
		return bind(render, cycler, &next_class);
	if (value_is_text(name, "reset"))
		return bind(render, cycler, &reset_class);
	if (value_is_text(name, "current"))
		return cycler->items->items[cycler->at];
	if (value_is_text(name, "items"))
		return value_tuple(cycler->items);
	if (value_is_text(name, "pos"))
		return value_int((int64_t)cycler->at);
	return value_missing();
}

static const struct object_class cycler_class = {
	.type = "jinja2.utils.Cycler",
	.attribute = cycler_attribute,
};

struct value cycler_new(struct render *render, struct list *items)
{
	struct cycler *cycler = arena_alloc(render->arena, sizeof *cycler);

	cycler->object.class = &cycler_class;
	cycler->items = items;
	return value_object(&cycler->object);
}

/* ---- joiner ---- */

struct joiner {
	struct object object;
	struct value separator;
	bool used;
};

static struct value joiner_call(struct render *render, struct object *self, struct arguments arguments)
{
	struct joiner *joiner = (struct joiner *)self;

	if (arguments.count + arguments.named_count > 0)
		return render_fail(render, FAIL_TYPE, "Joiner.__call__() takes 1 positional argument but %zu were given",
				   arguments.count + 1);
	if (joiner->used)
		return joiner->separator;
	joiner->used = true;
	return value_literal("");
}

static struct value joiner_attribute(struct render *render, struct object *self, struct value name)
{
	struct joiner *joiner = (struct joiner *)self;

	(void)render;
	if (value_is_text(name, "sep"))
		return joiner->separator;
	if (value_is_text(name, "used"))
		return value_bool(joiner->used);
	return value_missing();
}

static const struct object_class joiner_class = {
	.type = "jinja2.utils.Joiner",
	.attribute = joiner_attribute,
	.call = joiner_call,
};

struct value joiner_new(struct render *render, struct value separator)
{
	struct joiner *joiner = arena_alloc(render->arena, sizeof *joiner);

	joiner->object.class = &joiner_class;
	joiner->separator = separator;
	return value_object(&joiner->object);
}
