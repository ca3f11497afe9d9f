# The SMTP edge: only includer of libesmtp; transport.c only of OpenSSL's ssl.h.
libpostrider_a_SOURCES += \
	src/smtp/auth.c \
	src/smtp/certificate.c src/smtp/certificate.h \
	src/smtp/connect.c src/smtp/connect.h \
	src/smtp/dialogue.c \
	src/smtp/ehlo.c src/smtp/ehlo.h \
	src/smtp/events.c \
	src/smtp/fiber.c src/smtp/fiber.h \
	src/smtp/prelude.c \
	src/smtp/private.h \
	src/smtp/recorder.c src/smtp/recorder.h \
	src/smtp/reply.c src/smtp/reply.h \
	src/smtp/session.c src/smtp/session.h \
	src/smtp/token.c src/smtp/token.h \
	src/smtp/transport.c src/smtp/transport.h \
	src/smtp/watch.c
