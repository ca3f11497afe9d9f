/* undefined.c - Undefined: how it is made, and what it says. */
#include "base/arena.h"
#include "template/machine.h"
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

/* Element names are what was between the brackets: repr() of simple kinds. */
static void add_element(struct value name, struct buf *out)
{
	struct error error = ERROR_INIT;

	if (value_is_int(name) && name.kind == VALUE_BOOL)
		buf_puts(out, name.number ? "True" : "False");
	else if (name.kind == VALUE_INT && pyint_print(value_to_pyint(name), out, &error) < 0)
		error_clear(&error);
	else if (name.kind == VALUE_NONE)
		buf_puts(out, "None");
	else if (name.kind == VALUE_UNDEFINED)
		buf_puts(out, "Undefined");
	else if (name.kind == VALUE_FLOAT)
		buf_printf(out, "%g", name.real);
	else if (name.kind != VALUE_INT)
		buf_printf(out, "<%s>", value_type_name(name));
}

void undefined_message(struct value value, struct buf *out)
{
	const struct undefined *undefined = value.undefined;

	if (undefined->hint) {
		buf_puts(out, undefined->hint);
	} else if (undefined->owner.kind == VALUE_MISSING) {
		quote_repr(value_span(undefined->name), out);
		buf_puts(out, " is undefined");
	} else if (undefined->name.kind != VALUE_STRING) {
		add_owner(undefined->owner, out);
		buf_puts(out, " has no element ");
		add_element(undefined->name, out);
	} else {
		buf_putc(out, '\'');
		add_owner(undefined->owner, out);
		buf_puts(out, "' has no attribute ");
		quote_repr(value_span(undefined->name), out);
	}
}

struct value undefined_fail(struct render *render, struct value undefined)
{
	struct buf text = BUF_INIT;

	undefined_message(undefined, &text);
	struct value failed = render_fail(render, FAIL_UNDEFINED, "%s", buf_str(&text));
	buf_clear(&text);
	return failed;
}
