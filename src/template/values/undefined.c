/* undefined.c - Undefined: how it is made, and what it says. */
#include "base/arena.h"
#include "template/values/machine.h"
#include "template/py/quote.h"

static struct value make(struct render *render, const char *hint, struct value owner, struct value name)
{
	struct undefined *undefined = arena_alloc_raw(render->arena, sizeof *undefined);

	*undefined = (struct undefined){ render->undefined, hint, owner, name };
	return (struct value){ .kind = VALUE_UNDEFINED, .undefined = undefined };
}

struct value undefined_named(struct render *render, struct value name)
{
	return make(render, NULL, value_missing(), name);
}

struct value undefined_hint(struct render *render, const char *hint)
{
	return make(render, hint, value_missing(), value_none());
}

struct value undefined_of(struct render *render, struct value owner, struct value name)
{
	return make(render, NULL, owner, name);
}

/* "dict object", "None": how messages call what lacks an attribute. */
static void add_owner(struct value owner, struct buf *out)
{
	if (owner.kind == VALUE_NONE)
		buf_puts(out, "None");
	else
		buf_printf(out, "%s object", value_type_name(owner));
}

int undefined_message(struct render *render, struct value value)
{
	const struct undefined *undefined = value.undefined;
	struct buf *out = render->out;

	if (undefined->hint) {
		buf_puts(out, undefined->hint);
		return 0;
	}
	if (undefined->owner.kind == VALUE_MISSING) {
		quote_repr(value_span(undefined->name), out);
		buf_puts(out, " is undefined");
		return 0;
	}
	bool named = undefined->name.kind == VALUE_STRING;
	buf_puts(out, named ? "'" : "");
	add_owner(undefined->owner, out);
	buf_puts(out, named ? "' has no attribute " : " has no element ");
	return value_print_repr(render, undefined->name);
}

struct value undefined_fail(struct render *render, struct value undefined)
{
	size_t capture = render_capture(render);

	if (undefined_message(render, undefined) < 0)
		return value_error();
	struct value text = render_captured(render, capture, 0);
	return value_failed(text) ? text : render_fail(render, FAIL_UNDEFINED, "%.*s", (int)text.len, text.text);
}
