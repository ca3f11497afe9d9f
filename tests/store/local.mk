# The store against a real redis-server, and its pure parts without one.
EXTRA_DIST += tests/whole/redis_server.py

store_tests = tests/store/test_link tests/store/test_steps
redis_helper = tests/store/redis.c tests/store/redis.h
tests_store_test_link_SOURCES = tests/store/test_link.c $(redis_helper)
tests_store_test_steps_SOURCES = tests/store/test_steps.c $(redis_helper)

if HAVE_CMOCKA
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
endif
