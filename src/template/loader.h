/*
 * loader.h - a set's templates: read, compiled, kept, and read again
 *
 * Between templates.c, which is the public side, and the engine.
 */
#ifndef POSTRIDER_TEMPLATE_LOADER_H
#define POSTRIDER_TEMPLATE_LOADER_H

#include <sys/stat.h>

#include "base/arena.h"
#include "template/code.h"
#include "template/values/machine.h"
#include "template/syntax/parser.h"
#include "template/template.h"
#include "template/watch.h"

/* A file as it was when it was read; `exists` false: it is a text. */
struct stamp {
	bool is_file;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed, modified;
};

struct template {
	char *name;
	struct templates *set;
	struct arena arena;		/* holds all of it but this struct */
	struct stamp stamp;
	bool autoescape;
	const struct program *program;
	const struct template_knowledge *knowledge;
	uint64_t checked;		/* the rendering that last asked whether it changed */
	uint64_t watched;		/* the watch's generation in which it stays as stamped; 0: none, */
	uint64_t unwatched;		/* and the one in which it cannot be watched */
	struct template *retired;	/* the next that is waiting to be freed */
};

struct templates {
	struct arena arena;		/* options and texts */
	struct template_options options;
	struct grammar grammar;
	enum undefined_kind undefined;
	int directory;			/* descriptor, or -1 */
	dev_t directory_dev;		/* which one that is */
	ino_t directory_ino;
	int64_t path_looked_ms;		/* coarse clock: when its path was last looked at */
	struct watch watch;		/* over the files of cached templates */
	struct dict *texts;		/* name: place in options.texts */
	struct dict *cache;		/* name: struct template, in `number` */
	struct template *retired;	/* replaced while a rendering may still run them */
	size_t stack;			/* bytes of it that a rendering may use */
	unsigned running;		/* renderings in progress */
	uint64_t serial;		/* of renderings and checks */
	struct buf out;			/* reused from rendering to rendering */
	struct arena work;
	struct catalogues *catalogues;	/* catalogues.c */
};

const char *loader_template_name(const struct template *template);
const struct program *loader_program(const struct template *template);
bool loader_autoescape(const struct template *template);
enum undefined_kind loader_undefined(const struct template *template);

/* The template that a name evaluated to; NULL and a failure. */
const struct template *loader_get(struct render *render, struct value name);

/* The same outside of a rendering. */
enum template_status loader_find(struct templates *set, const char *name,
				 const struct template **template, struct error *error);

/*
 * Reads a file below the set's directory, whole and unchanged while it was
 * read.  0; 1 when there is none; -1 and the reason.
 */
int loader_read(struct templates *set, const char *name, struct buf *out, struct stamp *stamp,
		struct error *error);

/* Whether a file is still the one that was read, and unchanged. */
bool loader_is_same(const struct stat *st, const struct stamp *stamp);

/* The catalogues of a locale ("pt_BR") and of its language ("pt"), or NULL;
 * borrowed during a rendering. */
void catalogues_find(struct templates *set, const char *locale, const struct catalogue *found[2]);
void catalogues_free(struct templates *set);

/* Frees what was replaced, when no rendering runs. */
void loader_collect(struct templates *set);

#endif
