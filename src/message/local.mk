# What producers push, and what is kept of it when it fails.
libpostrider_a_SOURCES += \
	src/message/address.c src/message/address.h \
	src/message/backoff.c src/message/backoff.h \
	src/message/message.c src/message/message.h \
	src/message/record.c src/message/record.h \
	src/message/required.c src/message/required.h \
	src/message/wire.c src/message/wire.h
