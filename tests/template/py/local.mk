# Python's types and text functions against Python's own answers.
EXTRA_DIST += tests/template/py/cases.jsonl tests/template/py/cases.py tests/template/py/test_random
tests_template_py_test_py_SOURCES = tests/template/py/test_py.c

if HAVE_CMOCKA
check_PROGRAMS += tests/template/py/test_py
TESTS += tests/template/py/test_py tests/template/py/test_random
endif
