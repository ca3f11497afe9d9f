EXTRA_DIST += tests/check.h tests/replay.c

base_tests = tests/base/test_units tests/base/test_memory
tests_base_test_units_SOURCES = tests/base/test_units.c
tests_base_test_memory_SOURCES = tests/base/test_memory.c

if HAVE_CMOCKA
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
endif
