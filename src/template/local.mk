# The template engine: values and operations on them; template to tree to
# code; running the code; natives; the set of templates.
libpostrider_a_SOURCES += \
	src/template/dict.c src/template/dict.h \
	src/template/native.h \
	src/template/ops.h \
	src/template/ops_compare.c \
	src/template/ops_container.c \
	src/template/ops_number.c \
	src/template/ops_percent.c \
	src/template/ops_text.c \
	src/template/registry.c src/template/registry.h \
	src/template/render.c src/template/render.h \
	src/template/type.c src/template/type.h \
	src/template/undefined.c \
	src/template/value.c src/template/value.h \
	\
	src/template/lexer.c src/template/lexer.h \
	src/template/lexer_tokens.c src/template/lexer_tokens.h \
	src/template/parser.c src/template/parser.h \
	src/template/parser_expression.c \
	src/template/parser_primary.c \
	src/template/parser_statement.c \
	src/template/parser_trans.c \
	src/template/tree.c src/template/tree.h \
	src/template/code.h \
	src/template/compile.c src/template/compile.h \
	src/template/compile_block.c \
	src/template/compile_expression.c \
	src/template/compile_statement.c \
	src/template/knowledge.c src/template/knowledge.h \
	src/template/symbols.c src/template/symbols.h \
	\
	src/template/block.c \
	src/template/context.c \
	src/template/debug.c \
	src/template/eval.c src/template/eval.h \
	src/template/eval_statement.c \
	src/template/import.c \
	src/template/input.c src/template/input.h \
	src/template/loop.c \
	src/template/machine.h \
	src/template/macro.c \
	\
	src/template/catalogue.c src/template/catalogue.h \
	src/template/catalogues.c \
	src/template/i18n.c src/template/i18n.h \
	src/template/plural.c src/template/plural.h \
	\
	src/template/loader.c src/template/loader.h \
	src/template/loader_file.c \
	src/template/watch.c src/template/watch.h \
	src/template/template.h \
	src/template/templates.c

# Filters, tests, methods and globals.
libpostrider_a_SOURCES += \
	src/template/arity.c src/template/arity.h \
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
	src/template/natives_core.c \
	src/template/pprint.c src/template/pprint.h \
	src/template/tests_kind.c \
	src/template/tests_order.c \
	src/template/text.c src/template/text.h
