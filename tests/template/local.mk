# What comparisons with Jinja2 talk to.
noinst_PROGRAMS += tests/jinja_batch
tests_jinja_batch_SOURCES = tests/template/jinja_batch.c
