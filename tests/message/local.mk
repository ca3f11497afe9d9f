message_tests = tests/message/test_address tests/message/test_message \
	tests/message/test_record tests/message/test_required
tests_message_test_address_SOURCES = tests/message/test_address.c
tests_message_test_message_SOURCES = tests/message/test_message.c
tests_message_test_record_SOURCES = tests/message/test_record.c
tests_message_test_required_SOURCES = tests/message/test_required.c

message_replays = tests/message/replay_message tests/message/replay_record
tests_message_replay_message_SOURCES = tests/message/fuzz_message.c tests/replay.c
tests_message_replay_message_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"message/corpus-message"'
tests_message_replay_record_SOURCES = tests/message/fuzz_record.c tests/replay.c
tests_message_replay_record_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"message/corpus-record"'
EXTRA_DIST += tests/message/corpus-message tests/message/corpus-record

if HAVE_CMOCKA
check_PROGRAMS += $(message_tests) $(message_replays)
TESTS += $(message_tests) $(message_replays)
endif

if FUZZERS
noinst_PROGRAMS += tests/message/fuzz_message tests/message/fuzz_record
tests_message_fuzz_message_SOURCES = tests/message/fuzz_message.c
tests_message_fuzz_message_LDFLAGS = -fsanitize=fuzzer
tests_message_fuzz_record_SOURCES = tests/message/fuzz_record.c
tests_message_fuzz_record_LDFLAGS = -fsanitize=fuzzer
endif
