check_PROGRAMS += tests/mime/build_mail
tests_mime_build_mail_SOURCES = tests/mime/build_mail.c
TESTS += tests/mime/test_mime.py
EXTRA_DIST += tests/mime/test_mime.py
