# The natives: filters, tests, methods, globals, grouped by what they work on.
libpostrider_a_SOURCES += \
	src/template/builtins/attrpath.c src/template/builtins/attrpath.h \
	src/template/builtins/cycler.c src/template/builtins/cycler.h \
	src/template/builtins/filters_html.c \
	src/template/builtins/filters_lazy.c \
	src/template/builtins/filters_number.c \
	src/template/builtins/filters_sequence.c \
	src/template/builtins/filters_text.c \
	src/template/builtins/format.c src/template/builtins/format.h \
	src/template/builtins/globals.c \
	src/template/builtins/json.c src/template/builtins/json.h \
	src/template/builtins/methods_dict.c src/template/builtins/methods_dict.h \
	src/template/builtins/methods_list.c \
	src/template/builtins/methods_number.c \
	src/template/builtins/methods_split.c src/template/builtins/methods_split.h \
	src/template/builtins/methods_str.c \
	src/template/builtins/namespace.c src/template/builtins/namespace.h \
	src/template/builtins/natives_core.c \
	src/template/builtins/pprint.c src/template/builtins/pprint.h \
	src/template/builtins/tests_kind.c \
	src/template/builtins/tests_order.c \
	src/template/builtins/text.c src/template/builtins/text.h
