# The configuration: YAML -> one const structure.
libpostrider_a_SOURCES += \
	src/config/check.c src/config/check.h \
	src/config/check_redis.c \
	src/config/check_templates.c \
	src/config/config.c src/config/config.h \
	src/config/hostname.c src/config/hostname.h \
	src/config/keys.c src/config/keys.h \
	src/config/reader.c src/config/reader.h
