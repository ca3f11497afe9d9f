message_tests = tests/message/test_address tests/message/test_message \
	tests/message/test_record tests/message/test_required
tests_message_test_address_SOURCES = tests/message/test_address.c
tests_message_test_message_SOURCES = tests/message/test_message.c
tests_message_test_record_SOURCES = tests/message/test_record.c
tests_message_test_required_SOURCES = tests/message/test_required.c

if HAVE_CMOCKA
check_PROGRAMS += $(message_tests)
TESTS += $(message_tests)
endif
