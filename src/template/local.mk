# The template engine.
EXTRA_DIST += \
	src/template/dict.h \
	src/template/native.h \
	src/template/natives_core.c \
	src/template/ops.h \
	src/template/render.h \
	src/template/template.h \
	src/template/value.h

# Filters, tests, methods and globals.
EXTRA_DIST += \
	src/template/attrpath.c src/template/attrpath.h \
	src/template/cycler.c src/template/cycler.h \
	src/template/filters_html.c \
	src/template/filters_lazy.c \
	src/template/filters_number.c \
	src/template/filters_sequence.c \
	src/template/filters_text.c \
	src/template/format.c src/template/format.h \
	src/template/globals.c \
	src/template/json.c src/template/json.h \
	src/template/methods_dict.c src/template/methods_dict.h \
	src/template/methods_list.c \
	src/template/methods_number.c \
	src/template/methods_split.c src/template/methods_split.h \
	src/template/methods_str.c \
	src/template/namespace.c src/template/namespace.h \
	src/template/pprint.c src/template/pprint.h \
	src/template/tests_kind.c \
	src/template/tests_order.c \
	src/template/text.c src/template/text.h
