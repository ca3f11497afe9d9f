config_tests = tests/config/test_config
tests_config_test_config_SOURCES = tests/config/test_config.c

if HAVE_CMOCKA
check_PROGRAMS += $(config_tests)
TESTS += $(config_tests)
endif
