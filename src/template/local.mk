# The engine: from the tree to code, running the code, translations, the set of templates.
libpostrider_a_SOURCES += \
	src/template/block.c \
	src/template/catalogue.c src/template/catalogue.h \
	src/template/catalogues.c \
	src/template/code.h \
	src/template/compile.c src/template/compile.h \
	src/template/compile_block.c \
	src/template/compile_expression.c \
	src/template/compile_statement.c \
	src/template/context.c \
	src/template/debug.c \
	src/template/eval.c src/template/eval.h \
	src/template/eval_statement.c \
	src/template/i18n.c src/template/i18n.h \
	src/template/import.c \
	src/template/input.c src/template/input.h \
	src/template/knowledge.c src/template/knowledge.h \
	src/template/loader.c src/template/loader.h \
	src/template/loader_file.c \
	src/template/loop.c \
	src/template/macro.c \
	src/template/plural.c src/template/plural.h \
	src/template/symbols.c src/template/symbols.h \
	src/template/template.h \
	src/template/templates.c \
	src/template/watch.c src/template/watch.h
