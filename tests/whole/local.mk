# The whole-way tests are Python; ./runtests runs them.  One of them needs a
# daemon that dies at named steps (base/crashpoint.h): the same sources, built
# once more with those steps alive.
check_PROGRAMS += tests/whole/postriderd-crash
tests_whole_postriderd_crash_SOURCES = src/postriderd.c src/base/crashpoint.c \
	src/delivery/delivery.c src/delivery/recovery.c src/process/retrier.c src/process/worker.c
tests_whole_postriderd_crash_CPPFLAGS = $(AM_CPPFLAGS) -DPOSTRIDER_CRASH_POINTS
tests_whole_postriderd_crash_LDADD = $(postrider_libs)

# Loaded into the daemon or Redis: fork(2) fails, clocks step.
check_PROGRAMS += tests/whole/machine.so
tests_whole_machine_so_SOURCES = tests/whole/machine.c
tests_whole_machine_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_whole_machine_so_LDFLAGS = -shared
tests_whole_machine_so_LDADD = -ldl

EXTRA_DIST += tests/whole/conftest.py tests/whole/harness.py tests/whole/redis_server.py \
	tests/whole/test_crash_points.py tests/whole/test_deaths.py tests/whole/test_failover.py tests/whole/test_faults.py tests/whole/machine.py tests/whole/test_hosts.py tests/whole/test_life.py \
	tests/whole/test_many.py tests/whole/test_postfix.py tests/whole/test_verdicts.py tests/whole/test_way.py \
	tests/chaos/chaos.py tests/chaos/kills.py tests/chaos/test_chaos.py \
	tests/bench/drain.py tests/bench/python_worker.py
