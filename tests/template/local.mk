# What comparisons with Jinja2 talk to.
noinst_PROGRAMS += tests/jinja_batch
tests_jinja_batch_SOURCES = tests/template/jinja_batch.c

template_tests = tests/template/test_templates tests/template/test_watch
tests_template_test_templates_SOURCES = tests/template/test_templates.c
tests_template_test_watch_SOURCES = tests/template/test_watch.c

template_replays = tests/template/replay_template
tests_template_replay_template_SOURCES = tests/template/fuzz_template.c tests/replay.c
tests_template_replay_template_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"template/corpus-template"'
EXTRA_DIST += tests/template/corpus-template

if HAVE_CMOCKA
check_PROGRAMS += $(template_tests) $(template_replays)
TESTS += $(template_tests) $(template_replays)
endif

if FUZZERS
noinst_PROGRAMS += tests/template/fuzz_template
tests_template_fuzz_template_SOURCES = tests/template/fuzz_template.c
tests_template_fuzz_template_LDFLAGS = -fsanitize=fuzzer
endif
