delivery_tests = tests/delivery/test_fate tests/delivery/test_gate tests/delivery/test_no_memory \
	tests/delivery/test_recovery
tests_delivery_test_fate_SOURCES = tests/delivery/test_fate.c
tests_delivery_test_gate_SOURCES = tests/delivery/test_gate.c
# Its starve.c stands in for malloc() in the whole program.
tests_delivery_test_no_memory_SOURCES = tests/delivery/test_no_memory.c tests/starve.c tests/starve.h \
	$(redis_helper)
tests_delivery_test_recovery_SOURCES = tests/delivery/test_recovery.c $(redis_helper)

if HAVE_CMOCKA
check_PROGRAMS += $(delivery_tests)
TESTS += $(delivery_tests)
endif
