/*
 * render.c - renders one shipped template over and over, for run.py and for
 * callgrind:
 *
 *	render DIRECTORY TEMPLATE BODY.json COUNT [OUTPUT]
 *
 * prints the seconds that COUNT renderings took, after one that is not
 * counted; OUTPUT gets the rendered text, for the comparison with the others.
 * As in the daemon, the template is compiled once and each rendering looks
 * whether the file has changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "template/template.h"

/* The body's keys as variables, and the whole of it as `body`. */
static json_t *context_read(const char *path)
{
	json_error_t error;
	json_t *body = json_load_file(path, 0, &error);
	json_t *context;

	if (body == NULL) {
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
		exit(1);
	}
	context = json_copy(body);
	json_object_set_new(context, "body", body);
	return context;
}

static void render(struct templates *templates, const char *name, json_t *context, struct buf *out)
{
	struct error error;

	error_init(&error);
	buf_reset(out);
	if (templates_render(templates, name, context, NULL, out, &error) != TEMPLATE_OK) {
		error_print(&error, out);
		fprintf(stderr, "%s\n", buf_str(out));
		exit(1);
	}
	error_clear(&error);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void keep(const char *path, const struct buf *out)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(out->data, 1, out->len, file) != out->len || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct template_options options = { 0 };
	struct templates *templates;
	struct buf out;
	json_t *context;
	double start;

	if (argc < 5) {
		fprintf(stderr, "usage: render DIRECTORY TEMPLATE BODY.json COUNT [OUTPUT]\n");
		return 2;
	}
	options.directory = argv[1];
	buf_init(&out);
	templates = templates_open(&options);
	context = context_read(argv[3]);
	render(templates, argv[2], context, &out);
	if (argc > 5)
		keep(argv[5], &out);
	start = seconds();
	for (long left = atol(argv[4]); left > 0; left--)
		render(templates, argv[2], context, &out);
	printf("%.6f\n", seconds() - start);
	json_decref(context);
	buf_clear(&out);
	templates_close(templates);
	return 0;
}
