/* insight.c - compares what a template uses with what is there; renders nothing. */
#include "ctl/insight.h"

#include <string.h>

#include <glib.h>

struct insight {
	struct templates *templates;
	struct faults *faults;
	GHashTable *seen;	/* names of the templates looked at */
	GHashTable *fields;	/* path without "body." -> itself */
	bool all_of_body;	/* something is given the whole of `body`, or names a template when it runs */
};

static const char *without_body(const char *path)
{
	return g_str_has_prefix(path, "body.") ? path + strlen("body.") : path;
}

static void note_fields(struct insight *insight, const struct template_knowledge *known)
{
	insight->all_of_body |= known->dynamic_references;
	for (size_t i = 0; i < known->field_count; i++) {
		if (!strcmp(known->fields[i].path, "body"))
			insight->all_of_body = true;
		else
			g_hash_table_add(insight->fields, g_strdup(without_body(known->fields[i].path)));
	}
}

static void note_unknown(struct insight *insight, const char *name, const struct template_knowledge *known)
{
	for (size_t i = 0; i < known->unknown_count; i++)
		faults_add_at(insight->faults, name, known->unknown[i].line, 0, "there is no %s %s",
			      known->unknown[i].is_filter ? "filter" : "test", known->unknown[i].name);
}

static void look_at(struct insight *insight, const char *name);

/* The knowledge is borrowed until the set is next used: names are copied first. */
static void follow(struct insight *insight, const char *name, const struct template_knowledge *known)
{
	static const char *const verbs[] = {
		[TEMPLATE_EXTENDS] = "extends", [TEMPLATE_INCLUDES] = "includes", [TEMPLATE_IMPORTS] = "imports",
	};
	size_t count = known->reference_count;
	struct template_reference *references = g_new(struct template_reference, count + 1);

	for (size_t i = 0; i < count; i++) {
		references[i] = known->references[i];
		references[i].name = g_strdup(known->references[i].name);
	}
	for (size_t i = 0; i < count; i++) {
		const struct template_reference *r = &references[i];
		if (templates_check(insight->templates, r->name, NULL) != TEMPLATE_MISSING)
			look_at(insight, r->name);
		else if (!r->optional)
			faults_add_at(insight->faults, name, r->line, 0, "%s %s, which is not there",
				      verbs[r->kind], r->name);
		g_free((char *)references[i].name);
	}
	g_free(references);
}

static void look_at(struct insight *insight, const char *name)
{
	bool first = g_hash_table_size(insight->seen) == 0;

	if (!g_hash_table_add(insight->seen, g_strdup(name)))
		return;
	const struct template_knowledge *known = templates_knowledge(insight->templates, name, NULL);
	if (!known)
		return;
	note_fields(insight, known);
	if (first)	/* the others are looked at for their own sake, too */
		note_unknown(insight, name, known);
	follow(insight, name, known);
}

/* "order" and "order.id.x" both use, or may use, "order.id". */
static bool touches(const char *one, const char *other)
{
	size_t len = MIN(strlen(one), strlen(other));

	return !strncmp(one, other, len) && (!one[len] || one[len] == '.') && (!other[len] || other[len] == '.');
}

static bool is_touched(GHashTable *fields, const char *path)
{
	GHashTableIter iter;
	gpointer field;

	g_hash_table_iter_init(&iter, fields);
	while (g_hash_table_iter_next(&iter, &field, NULL))
		if (touches(field, path))
			return true;
	return false;
}

static void compare_required(struct insight *insight, struct required *required, const char *name,
			     bool optional)
{
	const char *const *paths;
	size_t count;

	if (required_list(required, name, &paths, &count, NULL) != 0)
		return;
	for (size_t i = 0; i < count && !insight->all_of_body; i++)
		if (!is_touched(insight->fields, paths[i]))
			faults_add(insight->faults, "%s.yaml: requires %s, which no template uses", name, paths[i]);
	if (!optional)
		return;
	const struct template_knowledge *known = templates_knowledge(insight->templates, name, NULL);
	for (size_t i = 0; known && i < known->field_count; i++) {
		const char *path = known->fields[i].path;
		bool required_too = false;
		for (size_t k = 0; k < count; k++)
			required_too |= touches(paths[k], without_body(path));
		if (g_str_has_prefix(path, "body.") && !required_too)
			faults_add_at(insight->faults, name, known->fields[i].line, 0,
				      "%s is used and not required", path);
	}
}

void insight_add(struct templates *templates, struct required *required, const char *name,
		 bool optional, struct faults *faults)
{
	struct insight insight = {
		.templates = templates,
		.faults = faults,
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};

	look_at(&insight, name);
	compare_required(&insight, required, name, optional);
	g_hash_table_destroy(insight.seen);
	g_hash_table_destroy(insight.fields);
}
