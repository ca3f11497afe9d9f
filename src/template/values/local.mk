# What a template computes with: values and what operators do to them, a rendering
# in progress, and how natives (filters, tests, methods, globals) are found and called.
libpostrider_a_SOURCES += \
	src/template/values/arity.c src/template/values/arity.h \
	src/template/values/dict.c src/template/values/dict.h \
	src/template/values/machine.h \
	src/template/values/native.h \
	src/template/values/ops.h \
	src/template/values/ops_compare.c \
	src/template/values/ops_container.c \
	src/template/values/ops_number.c \
	src/template/values/ops_percent.c \
	src/template/values/ops_text.c \
	src/template/values/registry.c src/template/values/registry.h \
	src/template/values/render.c src/template/values/render.h \
	src/template/values/type.c src/template/values/type.h \
	src/template/values/undefined.c \
	src/template/values/value.c src/template/values/value.h
