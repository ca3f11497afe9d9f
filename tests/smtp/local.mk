# The other side of SMTP, for every test of the project.
EXTRA_DIST += tests/smtp/scripted_server.py tests/smtp/scripted_rules.py \
	tests/smtp/scripted.py tests/smtp/certificates.py tests/smtp/ports.py

smtp_tests = tests/smtp/test_connect tests/smtp/test_fiber tests/smtp/test_reply tests/smtp/replay_reply
tests_smtp_test_connect_SOURCES = tests/smtp/test_connect.c
tests_smtp_test_fiber_SOURCES = tests/smtp/test_fiber.c
tests_smtp_test_reply_SOURCES = tests/smtp/test_reply.c
tests_smtp_replay_reply_SOURCES = tests/smtp/fuzz_reply.c tests/replay.c
tests_smtp_replay_reply_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"smtp/corpus-reply"'
EXTRA_DIST += tests/smtp/corpus-reply

# A session on a string, and the Python tests that pull it.
tests_smtp_drive_SOURCES = tests/smtp/drive.c
check_PROGRAMS += tests/smtp/drive
smtp_pytests = tests/smtp/test_verdicts.py tests/smtp/test_trust.py tests/smtp/test_life.py \
	tests/smtp/test_bytes.py tests/smtp/test_oauth.py
EXTRA_DIST += tests/smtp/conftest.py tests/smtp/driver.py tests/smtp/smuggling.py $(smtp_pytests)
# Servers that others wrote; they may be fetched, so ./runtests runs this and
# `make check`, which a package's build calls, does not.
EXTRA_DIST += tests/smtp/test_real.py tests/smtp/aiosmtpd_server.py tests/smtp/debs.py \
	tests/smtp/dovecot_auth.py tests/smtp/postfix.py tests/smtp/exim.py tests/smtp/opensmtpd.py \
	tests/smtp/namespace.py tests/smtp/sink.py tests/smtp/nodemailer.py \
	tests/smtp/nodemailer_server.js
TESTS += $(smtp_pytests)

if HAVE_CMOCKA
check_PROGRAMS += $(smtp_tests)
TESTS += $(smtp_tests)
endif
if FUZZERS
noinst_PROGRAMS += tests/smtp/fuzz_reply
tests_smtp_fuzz_reply_SOURCES = tests/smtp/fuzz_reply.c
tests_smtp_fuzz_reply_LDFLAGS = -fsanitize=fuzzer
endif
