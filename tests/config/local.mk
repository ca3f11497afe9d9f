config_tests = tests/config/test_config tests/config/test_manual tests/config/test_yaml
tests_config_test_config_SOURCES = tests/config/test_config.c
tests_config_test_manual_SOURCES = tests/config/test_manual.c
tests_config_test_yaml_SOURCES = tests/config/test_yaml.c

if HAVE_CMOCKA
check_PROGRAMS += $(config_tests) tests/config/replay_config
TESTS += $(config_tests) tests/config/replay_config
endif

tests_config_replay_config_SOURCES = tests/config/fuzz_config.c tests/replay.c
tests_config_replay_config_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"config/corpus-config"'
EXTRA_DIST += tests/config/corpus-config

if FUZZERS
noinst_PROGRAMS += tests/config/fuzz_config
tests_config_fuzz_config_SOURCES = tests/config/fuzz_config.c
tests_config_fuzz_config_LDFLAGS = -fsanitize=fuzzer
endif
