# Python's types and text functions on plain C types, for the template engine.
libpostrider_a_SOURCES += \
	src/template/py/casing.c src/template/py/casing.h \
	src/template/py/entity.h src/template/py/entity_table.c \
	src/template/py/html.c src/template/py/html.h \
	src/template/py/pad.c src/template/py/pad.h \
	src/template/py/percent.c src/template/py/percent.h \
	src/template/py/pyfloat.c src/template/py/pyfloat.h \
	src/template/py/pyint.c src/template/py/pyint.h \
	src/template/py/pyint_bn.h src/template/py/pyint_text.c \
	src/template/py/quote.c src/template/py/quote.h \
	src/template/py/seek.c src/template/py/seek.h \
	src/template/py/span.h \
	src/template/py/spec.c src/template/py/spec.h \
	src/template/py/split.c src/template/py/split.h \
	src/template/py/strip.c src/template/py/strip.h \
	src/template/py/uni.c src/template/py/uni.h \
	src/template/py/uni_table.c src/template/py/uni_table.h \
	src/template/py/url.c src/template/py/url.h \
	src/template/py/utf8.c src/template/py/utf8.h \
	src/template/py/words.c src/template/py/words.h \
	src/template/py/wrap.c src/template/py/wrap.h
EXTRA_DIST += src/template/py/tables.py
