# From a template's text to its tree.
libpostrider_a_SOURCES += \
	src/template/syntax/lexer.c src/template/syntax/lexer.h \
	src/template/syntax/lexer_tokens.c src/template/syntax/lexer_tokens.h \
	src/template/syntax/parser.c src/template/syntax/parser.h \
	src/template/syntax/parser_expression.c \
	src/template/syntax/parser_primary.c \
	src/template/syntax/parser_statement.c \
	src/template/syntax/parser_trans.c \
	src/template/syntax/tree.c src/template/syntax/tree.h
