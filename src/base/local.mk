# The lowest floor: memory, bytes, error texts, log, clocks, units.
libpostrider_a_SOURCES += \
	src/base/arena.c src/base/arena.h \
	src/base/buf.c src/base/buf.h \
	src/base/clock.c src/base/clock.h \
	src/base/crashpoint.h \
	src/base/error.c src/base/error.h \
	src/base/file.c src/base/file.h \
	src/base/log.c src/base/log.h \
	src/base/mem.c src/base/mem.h \
	src/base/random.c src/base/random.h \
	src/base/suggest.c src/base/suggest.h \
	src/base/units.c src/base/units.h \
	src/base/yaml.c src/base/yaml.h
