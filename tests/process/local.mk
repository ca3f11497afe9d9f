process_tests = tests/process/test_policy
tests_process_test_policy_SOURCES = tests/process/test_policy.c

if HAVE_CMOCKA
check_PROGRAMS += $(process_tests)
TESTS += $(process_tests)
endif
