# A mail as bytes.
libpostrider_a_SOURCES += \
	src/mime/body.c src/mime/body.h \
	src/mime/header.c src/mime/header.h \
	src/mime/mime.c src/mime/mime.h
