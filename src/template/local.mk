# The template engine.
EXTRA_DIST += \
	src/template/dict.h \
	src/template/native.h \
	src/template/natives_core.c \
	src/template/ops.h \
	src/template/render.h \
	src/template/template.h \
	src/template/value.h
