# Rendering, beside Jinja2 and nunjucks: `make bench-template`.
noinst_PROGRAMS += tests/bench/template/render
tests_bench_template_render_SOURCES = tests/bench/template/render.c
EXTRA_DIST += tests/bench/template/run tests/bench/template/jinja.py \
	tests/bench/template/nunjucks.js tests/bench/template/nunjucks

.PHONY: bench-template
bench-template: tests/bench/template/render
	top_builddir='$(abs_top_builddir)' $(srcdir)/tests/bench/template/run
