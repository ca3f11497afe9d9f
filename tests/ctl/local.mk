ctl_tests = tests/ctl/test_text
tests_ctl_test_text_SOURCES = tests/ctl/test_text.c
EXTRA_DIST += tests/ctl/conftest.py tests/ctl/test_ctl.py tests/ctl/test_locale.py

if HAVE_CMOCKA
check_PROGRAMS += $(ctl_tests)
TESTS += $(ctl_tests)
endif
