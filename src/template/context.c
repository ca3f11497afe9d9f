/* context.c - the variables and blocks of a running template. */
#include "base/arena.h"
#include "template/code.h"
#include "template/i18n.h"
#include "template/loader.h"
#include "template/values/machine.h"

static struct value find(const struct context *context, struct value name, uint32_t hash)
{
	struct value found = value_missing();

	for (; context && !value_given(found); context = context->outer) {
		if (context->vars)
			found = dict_get_hashed(context->vars, name, hash);
		if (!value_given(found) && context->own)
			found = dict_get_hashed(context->own, name, hash);
	}
	return found;
}

struct value context_resolve(struct render *render, const struct context *context,
			     struct value name, uint32_t hash)
{
	struct value found = find(context, name, hash);

	if (!value_given(found))
		found = registry_global(name, hash);
	if (!value_given(found))
		found = i18n_global(render, name, hash);
	return found;
}

struct context *context_new(struct render *render, const struct template *template, struct dict *own,
			    const struct context *outer)
{
	struct context *context = arena_alloc(render->arena, sizeof *context);

	context->own = own;
	context->outer = outer;
	context->template = template;
	context->eval = arena_alloc(render->arena, sizeof *context->eval);
	context->eval->autoescape = loader_autoescape(template);
	context_add_blocks(render, context, template);
	return context;
}

void context_set(struct render *render, struct context *context, const struct name *name,
		 struct value value, bool exports)
{
	if (!context->vars)
		context->vars = dict_new(render->arena, 0);
	dict_set_hashed(render->arena, context->vars, name->text, name->hash, value);
	if (!exports)
		return;
	if (!context->exported)
		context->exported = dict_new(render->arena, 0);
	dict_set_hashed(render->arena, context->exported, name->text, name->hash, value_none());
}

static void add_all(struct render *render, struct dict *into, const struct dict *from)
{
	uint32_t at = 0;

	for (const struct dict_entry *e; from && (e = dict_next(from, &at));)
		dict_set_hashed(render->arena, into, e->key, e->hash, e->value);
}

struct dict *context_snapshot(struct render *render, const struct context *context)
{
	struct dict *all = context->outer ? context_snapshot(render, context->outer)
					  : dict_new(render->arena, 0);

	add_all(render, all, context->own);
	add_all(render, all, context->vars);
	return all;
}

/* ---- blocks ---- */

struct block_list *context_block(const struct context *context, struct value name)
{
	for (struct block_list *block = context->blocks; block; block = block->next)
		if (dict_same_key(block->name->text, name))
			return block;
	return NULL;
}

static void append(struct render *render, struct block_list *block, const struct function *function)
{
	if (block->count == block->room) {
		unsigned room = block->room ? block->room * 2 : 2;
		const struct function **functions = arena_alloc_raw(render->arena,
								    room * sizeof *functions);
		if (block->count)
			memcpy(functions, block->functions, block->count * sizeof *functions);
		block->functions = functions;
		block->room = room;
	}
	block->functions[block->count++] = function;
}

void context_add_blocks(struct render *render, struct context *context, const struct template *template)
{
	const struct program *program = loader_program(template);

	for (unsigned i = 0; i < program->block_count; i++) {
		const struct block_code *code = &program->blocks[i];
		struct block_list *block = context_block(context, code->name->text);
		if (!block) {
			block = arena_alloc(render->arena, sizeof *block);
			block->name = code->name;
			block->next = context->blocks;
			context->blocks = block;
		}
		append(render, block, code->function);
	}
}
