/*
 * yaml.c - the only includer of libyaml.  Builds the tree from its events,
 * so that nothing is expanded and the bounds hold while it reads.
 */
#include "base/yaml.h"

#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/mem.h"

struct builder {
	yaml_parser_t parser;
	const char *file;
	struct arena *arena;
	struct faults *faults;
	size_t nodes;
	bool stop;		/* a fault after which reading on makes no sense */
};

static void fault_at(struct builder *b, const yaml_mark_t *mark, const char *text)
{
	faults_add_at(b->faults, b->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1,
		      "%s", text);
}

static void stop_at(struct builder *b, const yaml_mark_t *mark, const char *text)
{
	fault_at(b, mark, text);
	b->stop = true;
}

/* What libyaml itself refuses.  Its reader knows the offset, not the line. */
static void stop_at_syntax(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;

	b->stop = true;
	if (p->error == YAML_MEMORY_ERROR)
		fatal("out of memory for %s", b->file);	/* no fault of the file's */
	if (p->error == YAML_READER_ERROR) {
		faults_add_at(b->faults, b->file, (unsigned)p->mark.line + 1, 0,
			      "%s at byte %zu: the file must be UTF-8 text",
			      p->problem ? p->problem : "unreadable", p->problem_offset);
		return;
	}
	bool tab = p->problem && strstr(p->problem, "cannot start any token");
	faults_add_at(b->faults, b->file, (unsigned)p->problem_mark.line + 1,
		      (unsigned)p->problem_mark.column + 1, "%s%s%s%s",
		      p->problem ? p->problem : "no YAML",
		      p->context ? " " : "", p->context ? p->context : "",
		      tab ? " (YAML indents with spaces, never with tabs)" : "");
}

static bool next_event(struct builder *b, yaml_event_t *event)
{
	if (b->stop)
		return false;
	if (!yaml_parser_parse(&b->parser, event)) {
		stop_at_syntax(b);
		return false;
	}
	return true;
}

static struct yaml *node_new(struct builder *b, enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct yaml *node = arena_alloc(b->arena, sizeof *node);

	node->kind = kind;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	if (++b->nodes > YAML_NODES_MAX && !b->stop)
		stop_at(b, mark, "more values than anybody writes by hand: the file is refused");
	return node;
}

static void refuse_decoration(struct builder *b, const yaml_mark_t *mark, const void *anchor,
			      const void *tag)
{
	if (anchor)
		fault_at(b, mark, "anchors (&name) are not supported: write the value out");
	if (tag)
		fault_at(b, mark, "tags (!name) are not supported: leave it out");
}

static struct yaml *scalar(struct builder *b, const yaml_event_t *event)
{
	struct yaml *node = node_new(b, YAML_SCALAR, &event->start_mark);
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	refuse_decoration(b, &event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
	if (memchr(text, '\0', len))
		fault_at(b, &event->start_mark, "a NUL character cannot be part of a value");
	node->text = arena_dup(b->arena, text, len);
	node->empty = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		      (!len || !strcmp(text, "~") || !strcasecmp(text, "null"));
	return node;
}

static struct yaml *nothing(struct builder *b, const yaml_mark_t *mark)
{
	struct yaml *node = node_new(b, YAML_SCALAR, mark);

	node->text = "";
	node->empty = true;
	return node;
}

static struct yaml *value(struct builder *b, yaml_event_t *event, unsigned depth);

static void add_member(struct yaml *parent, const struct yaml ***last, struct yaml *member)
{
	**last = member;
	*last = &member->next;
	parent->count++;
}

static struct yaml *sequence(struct builder *b, const yaml_event_t *start, unsigned depth)
{
	struct yaml *node = node_new(b, YAML_SEQUENCE, &start->start_mark);
	const struct yaml **last = &node->first;
	yaml_event_t event;

	refuse_decoration(b, &start->start_mark, start->data.sequence_start.anchor,
			  start->data.sequence_start.tag);
	while (next_event(b, &event)) {
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		struct yaml *member = end ? NULL : value(b, &event, depth);
		yaml_event_delete(&event);
		if (end)
			break;
		if (member)
			add_member(node, &last, member);
	}
	return node;
}

/* Reads the value that belongs to a key; NULL when there is none to keep. */
static struct yaml *member_value(struct builder *b, unsigned depth)
{
	yaml_event_t event;

	if (!next_event(b, &event))
		return NULL;
	struct yaml *member = value(b, &event, depth);
	yaml_event_delete(&event);
	return member;
}

static void check_key(struct builder *b, const struct yaml *mapping, const struct yaml *key)
{
	const struct yaml *twin = yaml_get(mapping, key->text);

	if (twin)
		faults_add_at(b->faults, b->file, key->line, key->column,
			      "%s stands here a second time (first in line %u): remove one of them",
			      key->text, twin->key_line);
}

static struct yaml *mapping(struct builder *b, const yaml_event_t *start, unsigned depth)
{
	struct yaml *node = node_new(b, YAML_MAPPING, &start->start_mark);
	const struct yaml **last = &node->first;
	yaml_event_t event;

	refuse_decoration(b, &start->start_mark, start->data.mapping_start.anchor,
			  start->data.mapping_start.tag);
	while (next_event(b, &event)) {
		bool end = event.type == YAML_MAPPING_END_EVENT;
		if (!end && event.type != YAML_SCALAR_EVENT && event.type != YAML_ALIAS_EVENT)
			stop_at(b, &event.start_mark, "a key is one word of text, never a list or a mapping");
		struct yaml *key = end || b->stop ? NULL : value(b, &event, depth);
		yaml_event_delete(&event);
		if (end)
			break;
		struct yaml *member = key ? member_value(b, depth) : NULL;
		if (!member)
			continue;
		check_key(b, node, key);
		member->key = key->text;
		member->key_line = key->line;
		member->key_column = key->column;
		add_member(node, &last, member);
	}
	return node;
}

/* The value that begins with `event`; NULL when the document cannot be read on. */
static struct yaml *value(struct builder *b, yaml_event_t *event, unsigned depth)
{
	if (depth >= YAML_DEPTH_MAX) {
		stop_at(b, &event->start_mark, "nested more deeply than anybody writes by hand");
		return NULL;
	}
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(b, event, depth + 1);
	case YAML_MAPPING_START_EVENT:
		return mapping(b, event, depth + 1);
	case YAML_ALIAS_EVENT:
		fault_at(b, &event->start_mark, "aliases (*name) are not supported: write the value out");
		return nothing(b, &event->start_mark);
	default:
		stop_at(b, &event->start_mark, "no value stands where one is expected");
		return NULL;
	}
}

/* Everything between the start and the end of the stream. */
static struct yaml *stream(struct builder *b)
{
	struct yaml *root = NULL;
	yaml_event_t event;

	while (next_event(b, &event)) {
		bool end = event.type == YAML_STREAM_END_EVENT;
		bool outside = end || event.type == YAML_STREAM_START_EVENT ||
			       event.type == YAML_DOCUMENT_START_EVENT ||
			       event.type == YAML_DOCUMENT_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && root)
			stop_at(b, &event.start_mark, "a second document begins here: the file holds one");
		else if (!outside)
			root = value(b, &event, 0);
		yaml_event_delete(&event);
		if (end)
			break;
	}
	return root;
}

const struct yaml *yaml_parse(const char *bytes, size_t len, const char *file,
			      struct arena *arena, struct faults *faults)
{
	struct builder b = { .file = file, .arena = arena, .faults = faults };

	if (!yaml_parser_initialize(&b.parser))
		fatal("out of memory for %s", file);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)bytes, len);
	const struct yaml *root = stream(&b);
	yaml_parser_delete(&b.parser);
	if (b.stop)
		return NULL;
	return root ? root : nothing(&b, &(yaml_mark_t){ 0 });
}

const struct yaml *yaml_get(const struct yaml *mapping, const char *key)
{
	for (const struct yaml *member = mapping->first; member; member = member->next)
		if (member->key && !strcmp(member->key, key))
			return member;
	return NULL;
}

const char *yaml_describe(const struct yaml *node)
{
	switch (node->kind) {
	case YAML_SEQUENCE:
		return "a list";
	case YAML_MAPPING:
		return "a mapping";
	case YAML_SCALAR:
		break;
	}
	return node->empty ? "nothing" : "a single value";
}
