# The story: what happens to one message, from the queue to its end.
libpostrider_a_SOURCES += \
	src/delivery/delivery.c src/delivery/delivery.h \
	src/delivery/fate.c src/delivery/fate.h \
	src/delivery/gate.c src/delivery/gate.h \
	src/delivery/prepare.c src/delivery/prepare.h \
	src/delivery/recovery.c src/delivery/recovery.h \
	src/delivery/relays.c src/delivery/relays.h \
	src/delivery/settle.c src/delivery/settle.h
