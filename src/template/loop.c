/* loop.c - {% for %} and the `loop` that its body sees. */
#include "base/arena.h"
#include "template/eval.h"

/* ---- the condition of a loop ---- */

struct filtered {
	struct iterator iterator;
	struct cursor cursor;
	bool opened;
	struct value over;
	struct scope *scope;
	const struct loop_code *code;
};

/* What a target was given, as one value. */
static struct value target_value(struct render *render, const struct scope *scope,
				 const struct target *target)
{
	if (target->kind != TARGET_TUPLE)
		return scope->slots[target->slot];
	struct list *list = list_new(render->arena, target->count);
	for (unsigned i = 0; i < target->count; i++)
		list->items[i] = target_value(render, scope, target->items[i]);
	list->count = target->count;
	return value_tuple(list);
}

static int filter_next(struct render *render, struct iterator *self, struct value *item)
{
	struct filtered *filtered = (struct filtered *)self;
	struct value each;
	int rc;

	if (!filtered->opened) {
		filtered->opened = true;
		eval_enter(render, filtered->scope, &filtered->code->filter->scoped.loads);
		if (cursor_open(render, &filtered->cursor, filtered->over) < 0)
			return -1;
	}
	while ((rc = cursor_next(render, &filtered->cursor, &each)) > 0) {
		unsigned line = render->line;
		if (eval_assign(render, filtered->scope, filtered->code->filter_target, each) < 0)
			return -1;
		render->line = filtered->code->filter_test->line;
		struct value test = eval_expression(render, filtered->scope, filtered->code->filter_test);
		int truth = value_failed(test) ? -1 : value_truth(render, test);
		if (truth < 0)
			return -1;
		render->line = line;
		if (!truth)
			continue;
		*item = target_value(render, filtered->scope, filtered->code->filter_target);
		return 1;
	}
	return rc;
}

/* `outer` is the scope of the function that the loop stands in. */
static struct value filter_items(struct render *render, struct scope *outer,
				 const struct loop_code *code, struct value over)
{
	struct filtered *filtered = arena_alloc(render->arena, sizeof *filtered);

	filtered->iterator = (struct iterator){ filter_next, "generator", false };
	filtered->over = over;
	filtered->scope = scope_new(render, outer, outer->context, code->filter);
	filtered->code = code;
	return value_iterator(&filtered->iterator);
}

/* ---- loop ---- */

struct loop {
	struct object object;
	struct value over;
	struct cursor cursor;
	int64_t index0, length;		/* -1: not yet known */
	struct value after, current, before, last_changed;
	bool peeked;			/* `after` is the next item, or MISSING at the end */
	int64_t depth0;
	struct scope *outer;		/* of a recursive loop: where it stands */
	const struct loop_code *code;
};

static int advance(struct render *render, struct loop *loop, struct value *item)
{
	if (loop->peeked) {
		loop->peeked = false;
		*item = loop->after;
		if (!value_given(*item))
			return 0;
	} else {
		int rc = cursor_next(render, &loop->cursor, item);
		if (rc <= 0)
			return rc;
	}
	loop->index0++;
	loop->before = loop->current;
	loop->current = *item;
	return 1;
}

/* The next item without going there; MISSING at the end. */
static struct value peek(struct render *render, struct loop *loop)
{
	if (loop->peeked)
		return loop->after;
	int rc = cursor_next(render, &loop->cursor, &loop->after);
	if (rc < 0)
		return value_error();
	if (rc == 0)
		loop->after = value_missing();
	loop->peeked = true;
	return loop->after;
}

/* What has no length is gone through for it. */
static int64_t loop_length(struct render *render, struct loop *loop)
{
	if (loop->length >= 0)
		return loop->length;
	if (loop->over.kind != VALUE_ITERATOR && loop->over.kind != VALUE_OBJECT) {
		loop->length = value_length(render, loop->over);
		return loop->length;
	}
	struct list *rest = list_new(render->arena, 0);
	struct value item;
	int rc;
	while ((rc = cursor_next(render, &loop->cursor, &item)) > 0)
		list_append(render->arena, rest, item);
	if (rc < 0 || cursor_open(render, &loop->cursor, value_list(rest)) < 0)
		return -1;
	loop->length = (int64_t)rest->count + loop->index0 + 1 +
		       (loop->peeked && value_given(loop->after));
	return loop->length;
}

static struct value counted(struct render *render, struct loop *loop, int64_t less)
{
	int64_t length = loop_length(render, loop);

	return length < 0 ? value_error() : value_int(length - less);
}

static struct value is_last(struct render *render, struct loop *loop)
{
	struct value next = peek(render, loop);

	return value_failed(next) ? next : value_bool(!value_given(next));
}

static struct value next_item(struct render *render, struct loop *loop)
{
	struct value next = peek(render, loop);

	return value_given(next) ? next : undefined_hint(render, "there is no next item");
}

static struct value previous_item(struct render *render, struct loop *loop)
{
	return loop->index0 ? loop->before : undefined_hint(render, "there is no previous item");
}

/* ---- its methods ---- */

struct loop_method {
	struct object object;
	struct loop *loop;
};

static struct value call_cycle(struct render *render, struct object *self, struct arguments arguments)
{
	struct loop *loop = ((struct loop_method *)self)->loop;

	if (arguments.named_count)
		return render_fail(render, FAIL_TYPE, "LoopContext.cycle() got an unexpected keyword argument");
	if (!arguments.count)
		return render_fail(render, FAIL_TYPE, "no items for cycling given");
	return arguments.list[(size_t)loop->index0 % arguments.count];
}

static struct value call_changed(struct render *render, struct object *self, struct arguments arguments)
{
	struct loop *loop = ((struct loop_method *)self)->loop;
	struct value now = value_tuple_of(render->arena, arguments.list, arguments.count);
	int same = value_given(loop->last_changed) ? value_equal(render, loop->last_changed, now) : 0;

	if (same < 0)
		return value_error();
	if (!same)
		loop->last_changed = now;
	return value_bool(!same);
}

static const struct object_class cycle_class = { .type = "method", .call = call_cycle };
static const struct object_class changed_class = { .type = "method", .call = call_changed };

static struct value method(struct render *render, struct loop *loop, const struct object_class *class)
{
	struct loop_method *bound = arena_alloc_raw(render->arena, sizeof *bound);

	*bound = (struct loop_method){ { class }, loop };
	return value_object(&bound->object);
}

enum loop_attribute {
	LOOP_INDEX, LOOP_INDEX0, LOOP_REVINDEX, LOOP_REVINDEX0, LOOP_FIRST, LOOP_LAST, LOOP_LENGTH,
	LOOP_CYCLE, LOOP_DEPTH, LOOP_DEPTH0, LOOP_PREVITEM, LOOP_NEXTITEM, LOOP_CHANGED,
};

static struct value loop_attribute(struct render *render, struct object *self, struct value name)
{
	static const struct span names[] = {
		{ "index", 5 }, { "index0", 6 }, { "revindex", 8 }, { "revindex0", 9 }, { "first", 5 },
		{ "last", 4 }, { "length", 6 }, { "cycle", 5 }, { "depth", 5 }, { "depth0", 6 },
		{ "previtem", 8 }, { "nextitem", 8 }, { "changed", 7 },
	};
	struct loop *loop = (struct loop *)self;
	unsigned which = 0;

	while (which < sizeof names / sizeof *names && !span_equal(value_span(name), names[which]))
		which++;
	switch ((enum loop_attribute)which) {
	case LOOP_INDEX:
		return value_int(loop->index0 + 1);
	case LOOP_INDEX0:
		return value_int(loop->index0);
	case LOOP_REVINDEX:
		return counted(render, loop, loop->index0);
	case LOOP_REVINDEX0:
		return counted(render, loop, loop->index0 + 1);
	case LOOP_FIRST:
		return value_bool(loop->index0 == 0);
	case LOOP_LAST:
		return is_last(render, loop);
	case LOOP_LENGTH:
		return counted(render, loop, 0);
	case LOOP_CYCLE:
		return method(render, loop, &cycle_class);
	case LOOP_DEPTH:
		return value_int(loop->depth0 + 1);
	case LOOP_DEPTH0:
		return value_int(loop->depth0);
	case LOOP_PREVITEM:
		return previous_item(render, loop);
	case LOOP_NEXTITEM:
		return next_item(render, loop);
	case LOOP_CHANGED:
		return method(render, loop, &changed_class);
	}
	return value_missing();
}

static int print_loop(struct render *render, struct object *self, bool repr)
{
	struct loop *loop = (struct loop *)self;
	int64_t length = loop_length(render, loop);

	(void)repr;
	if (length < 0)
		return -1;
	buf_printf(render->out, "<LoopContext %lld/%lld>", (long long)loop->index0 + 1, (long long)length);
	return 0;
}

static int64_t length_of_object(struct render *render, struct object *self)
{
	return loop_length(render, (struct loop *)self);
}

/* Going on with the loop from within: pairs of an item and the loop. */
static int next_of_object(struct render *render, struct object *self, struct value *item)
{
	struct value next;
	int rc = advance(render, (struct loop *)self, &next);

	if (rc > 0)
		*item = value_tuple_of(render->arena, (struct value[]){ next, value_object(self) }, 2);
	return rc;
}

static struct value call_loop(struct render *render, struct object *self, struct arguments arguments);

static const struct object_class loop_class = {
	.type = "jinja2.runtime.LoopContext", .attribute = loop_attribute, .call = call_loop,
	.print = print_loop, .length = length_of_object, .next = next_of_object,
};

static struct loop *loop_new(struct render *render, const struct loop_code *code, struct value over,
			     struct scope *outer, int64_t depth0)
{
	struct loop *loop = arena_alloc(render->arena, sizeof *loop);

	loop->object.class = &loop_class;
	loop->over = over;
	loop->index0 = loop->length = -1;
	loop->depth0 = depth0;
	loop->outer = outer;
	loop->code = code;
	return cursor_open(render, &loop->cursor, over) < 0 ? NULL : loop;
}

/* ---- running ---- */

/* One turn; whether it came to the body's end in `finished`. */
static enum eval_end turn(struct render *render, struct scope *scope, const struct loop_code *code,
			  struct value item, bool *finished)
{
	if (eval_assign(render, scope, code->target, item) < 0)
		return EVAL_ERROR;
	eval_enter(render, scope, &code->body.loads);
	enum eval_end end = eval_body(render, scope, &code->body.body);
	*finished |= end == EVAL_DONE;
	return end;
}

static int run_plain(struct render *render, struct scope *scope, const struct loop_code *code,
		     struct value over, unsigned line, bool *finished)
{
	struct cursor cursor;
	struct value item;
	int rc;

	if (cursor_open(render, &cursor, over) < 0)
		return -1;
	while ((rc = cursor_next(render, &cursor, &item)) > 0) {
		enum eval_end end = turn(render, scope, code, item, finished);
		if (end == EVAL_ERROR)
			return -1;
		if (end == EVAL_BREAK)
			return 0;
		render->line = line;
	}
	return rc;
}

static int run_extended(struct render *render, struct scope *scope, const struct loop_code *code,
			struct loop *loop, unsigned line, bool *finished)
{
	struct value item;
	int rc;

	while ((rc = advance(render, loop, &item)) > 0) {
		scope->slots[code->loop_slot] = value_object(&loop->object);
		enum eval_end end = turn(render, scope, code, item, finished);
		if (end == EVAL_ERROR)
			return -1;
		if (end == EVAL_BREAK)
			return 0;
		render->line = line;
	}
	return rc;
}

/* The whole loop in `scope`; `outer` is where its condition looks. */
static int run(struct render *render, struct scope *scope, struct scope *outer,
	       const struct loop_code *code, struct value over, int64_t depth0)
{
	unsigned line = render->line;
	bool finished = false;
	int rc;

	if (code->filter)
		over = filter_items(render, outer, code, over);
	if (code->extended) {
		scope->slots[code->loop_slot] = value_missing();
		struct loop *loop = loop_new(render, code, over, code->recursive ? outer : NULL, depth0);
		rc = loop ? run_extended(render, scope, code, loop, line, &finished) : -1;
	} else {
		rc = run_plain(render, scope, code, over, line, &finished);
	}
	if (rc < 0)
		return -1;
	eval_leave(scope, &code->body.loads);
	if (finished || !code->has_else)
		return 0;
	return eval_scoped(render, scope, &code->otherwise) == EVAL_ERROR ? -1 : 0;
}

/* A recursive loop is a function that is called for each level. */
static int run_level(struct render *render, struct scope *outer, const struct loop_code *code,
		     struct value over, int64_t depth0)
{
	struct running before;
	struct scope *scope = scope_new(render, outer, outer->context, code->recursive);

	if (eval_begin(render, &before, outer->context, code->recursive->template) < 0)
		return -1;
	render->line = code->recursive->line;
	int rc = run(render, scope, outer, code, over, depth0);
	if (rc == 0)
		eval_end(render, &before);
	return rc;
}

static struct value call_loop(struct render *render, struct object *self, struct arguments arguments)
{
	struct loop *loop = (struct loop *)self;
	size_t capture = render_capture(render);

	if (!arguments.count && !arguments.named_count)
		return render_fail(render, FAIL_TYPE, "LoopContext.__call__() missing 1 required positional"
				   " argument: 'iterable'");
	if (arguments.count != 1 || arguments.named_count)
		return render_fail(render, FAIL_TYPE, "LoopContext.__call__() takes 2 positional arguments"
				   " but %zu were given", arguments.count + 1);
	if (!loop->outer)
		return render_fail(render, FAIL_TYPE,
				   "The loop must have the 'recursive' marker to be called recursively.");
	if (run_level(render, loop->outer, loop->code, arguments.list[0], loop->depth0 + 1) < 0)
		return value_error();
	bool markup = loop->code->escape == ESCAPE_HTML ||
		      (loop->code->escape == ESCAPE_AT_RUN_TIME && render_autoescape(render));
	return render_captured(render, capture, markup ? VALUE_MARKUP : 0);
}

int eval_for(struct render *render, struct scope *scope, const struct code *code)
{
	const struct loop_code *loop = code->loop;
	struct value over = eval_expression(render, scope, loop->iter);

	if (value_failed(over))
		return -1;
	if (loop->recursive)
		return run_level(render, scope, loop, over, 0);
	return run(render, scope, scope, loop, over, 0);
}
