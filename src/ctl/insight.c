/* insight.c - compares what a template uses with what is there; renders nothing. */
#include "ctl/insight.h"

#include <string.h>

#include <glib.h>

struct insight {
	struct templates *templates;
	struct faults *faults;
	GHashTable *seen;	/* names of the templates looked at */
	GHashTable *fields;	/* path without "body." -> struct place of its first use */
	bool tells_dynamic;	/* it matters that a template is named only when this one runs */
	bool all_of_body;	/* something is given the whole of `body`, or names a template when it runs */
};

struct place {
	char *template;
	unsigned line;
};

static void place_free(gpointer data)
{
	struct place *place = data;

	g_free(place->template);
	g_free(place);
}

static const char *without_body(const char *path)
{
	return g_str_has_prefix(path, "body.") ? path + strlen("body.") : path;
}

static void note_fields(struct insight *insight, const char *name, const struct template_knowledge *known)
{
	for (size_t i = 0; i < known->field_count; i++) {
		const struct template_field *field = &known->fields[i];
		const char *path = without_body(field->path);
		if (!strcmp(field->path, "body"))
			insight->all_of_body = true;
		else if (!field->own && !g_hash_table_contains(insight->fields, path))
			g_hash_table_insert(insight->fields, g_strdup(path),
					    g_memdup2(&(struct place){ g_strdup(name), field->line },
						      sizeof(struct place)));
	}
}

static void note_unknown(struct insight *insight, const char *name, const struct template_knowledge *known)
{
	for (size_t i = 0; i < known->unknown_count; i++)
		faults_add_at(insight->faults, name, known->unknown[i].line, 0, "there is no %s %s",
			      known->unknown[i].is_filter ? "filter" : "test", known->unknown[i].name);
}

static void look_at(struct insight *insight, const char *name);

static const char *const verbs[] = {
	[TEMPLATE_EXTENDS] = "extends", [TEMPLATE_INCLUDES] = "includes", [TEMPLATE_IMPORTS] = "imports",
};

static void note_dynamic(struct insight *insight, const char *name, const struct template_reference *r)
{
	insight->all_of_body = true;
	if (insight->tells_dynamic)
		faults_add_at(insight->faults, name, r->line, 0, "%s a template that only its data names: what that "
			      "one uses is not looked at", verbs[r->kind]);
}

/* The knowledge is borrowed until the set is next used: names are copied first. */
static void follow(struct insight *insight, const char *name, const struct template_knowledge *known)
{
	size_t count = known->reference_count;
	struct template_reference *references = g_new(struct template_reference, count + 1);

	for (size_t i = 0; i < count; i++) {
		references[i] = known->references[i];
		references[i].name = g_strdup(known->references[i].name);
	}
	for (size_t i = 0; i < count; i++) {
		const struct template_reference *r = &references[i];
		if (!r->name)
			note_dynamic(insight, name, r);
		else if (templates_check(insight->templates, r->name, NULL) != TEMPLATE_MISSING)
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
	note_fields(insight, name, known);
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

static void note_unused(struct insight *insight, const char *name, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count && !insight->all_of_body; i++)
		if (!is_touched(insight->fields, paths[i]))
			faults_add(insight->faults, "%s.yaml: requires %s, which no template uses", name, paths[i]);
}

static int by_path(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static void note_optional(struct insight *insight, const char *const *paths, size_t count)
{
	GList *used = g_list_sort(g_hash_table_get_keys(insight->fields), by_path);

	for (const GList *each = used; each; each = each->next) {
		const struct place *place = g_hash_table_lookup(insight->fields, each->data);
		bool required = false;
		for (size_t i = 0; i < count; i++)
			required |= touches(paths[i], each->data);
		if (!required)
			faults_add_at(insight->faults, place->template, place->line, 0,
				      "body.%s is used and not required", (const char *)each->data);
	}
	g_list_free(used);
}

void insight_add(struct templates *templates, struct required *required, const char *name,
		 bool optional, struct faults *faults)
{
	const char *const *paths = NULL;
	size_t count = 0;
	bool readable = required_list(required, name, &paths, &count, NULL) == 0;
	struct insight insight = {
		.templates = templates,
		.faults = faults,
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free),
		.tells_dynamic = optional || (readable && count > 0),
	};

	look_at(&insight, name);
	if (readable)
		note_unused(&insight, name, paths, count);
	if (readable && optional)
		note_optional(&insight, paths, count);
	g_hash_table_destroy(insight.seen);
	g_hash_table_destroy(insight.fields);
}
