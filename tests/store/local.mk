# The store against a real redis-server, and its pure parts without one.
EXTRA_DIST += tests/whole/redis_server.py tests/store/corpus-reply

store_tests = tests/store/test_deathwatch tests/store/test_reply \
	tests/store/test_far tests/store/test_link tests/store/test_race tests/store/test_steps \
	tests/store/replay_reply
redis_helper = tests/store/redis.c tests/store/redis.h
tests_store_test_deathwatch_SOURCES = tests/store/test_deathwatch.c
tests_store_test_reply_SOURCES = tests/store/test_reply.c
tests_store_test_far_SOURCES = tests/store/test_far.c $(redis_helper)
tests_store_test_link_SOURCES = tests/store/test_link.c $(redis_helper)
tests_store_test_race_SOURCES = tests/store/test_race.c $(redis_helper)
tests_store_test_steps_SOURCES = tests/store/test_steps.c $(redis_helper)
tests_store_replay_reply_SOURCES = tests/store/fuzz_reply.c tests/replay.c
tests_store_replay_reply_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"store/corpus-reply"'

if HAVE_CMOCKA
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
endif

if FUZZERS
noinst_PROGRAMS += tests/store/fuzz_reply
tests_store_fuzz_reply_SOURCES = tests/store/fuzz_reply.c
tests_store_fuzz_reply_LDFLAGS = -fsanitize=fuzzer
endif
