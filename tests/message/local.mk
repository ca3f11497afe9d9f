message_tests = tests/message/test_address tests/message/test_message \
	tests/message/test_record
tests_message_test_address_SOURCES = tests/message/test_address.c
tests_message_test_message_SOURCES = tests/message/test_message.c
tests_message_test_record_SOURCES = tests/message/test_record.c

if HAVE_CMOCKA
check_PROGRAMS += $(message_tests)
TESTS += $(message_tests)
endif
