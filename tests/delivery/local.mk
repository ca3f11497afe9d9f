delivery_tests = tests/delivery/test_fate tests/delivery/test_gate
tests_delivery_test_fate_SOURCES = tests/delivery/test_fate.c
tests_delivery_test_gate_SOURCES = tests/delivery/test_gate.c

if HAVE_CMOCKA
check_PROGRAMS += $(delivery_tests)
TESTS += $(delivery_tests)
endif
