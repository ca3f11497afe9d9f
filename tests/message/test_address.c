#include "../check.h"

#include "message/address.h"

static const struct {
	const char *text, *name, *spec;
} good[] = {
	{ "a@b.c", NULL, "a@b.c" },
	{ " a@b.c ", NULL, "a@b.c" },
	{ "<a@b.c>", NULL, "a@b.c" },
	{ "Ann <a@b.c>", "Ann", "a@b.c" },
	{ "Ann<a@b.c>", "Ann", "a@b.c" },
	{ "Ann B. Cee <a.b+tag@b-c.example>", "Ann B. Cee", "a.b+tag@b-c.example" },
	{ "\"Acme, Inc. (Sales)\" <a@b.c>", "Acme, Inc. (Sales)", "a@b.c" },
	{ "\"Ann \\\"Bo\\\" <x>\" <a@b.c>", "Ann \"Bo\" <x>", "a@b.c" },
	{ "a@b.c <a@b.c>", "a@b.c", "a@b.c" },
	{ "Jürgen Groß <j@example.de>", "Jürgen Groß", "j@example.de" },
	{ "김철수 <kim@example.kr>", "김철수", "kim@example.kr" },
	{ "=?UTF-8?B?6rmA7LKg7IiY?= <kim@example.kr>", "김철수", "kim@example.kr" },
	{ "\"\" <a@b.c>", NULL, "a@b.c" },
	{ "O'Neil <o'neil@example.ie>", "O'Neil", "o'neil@example.ie" },
	{ "root@localhost", NULL, "root@localhost" },
	{ "\"john doe\"@example.com", NULL, "\"john doe\"@example.com" },
	{ "J <\"a@b\"@example.com>", "J", "\"a@b\"@example.com" },
	{ "a@[192.0.2.1]", NULL, "a@[192.0.2.1]" },
	{ "a@[IPv6:2001:db8::1]", NULL, "a@[IPv6:2001:db8::1]" },
	{ "a@my_host.example", NULL, "a@my_host.example" },
	/* RFC 5891, UTS 46 non-transitional: ß stays a letter of its own. */
	{ "a@münchen.de", NULL, "a@xn--mnchen-3ya.de" },
	{ "a@MÜNCHEN.de", NULL, "a@xn--mnchen-3ya.de" },
	{ "a@straße.de", NULL, "a@xn--strae-oqa.de" },
	{ "홍 <a@한국.kr>", "홍", "a@xn--3e0b707e.kr" },
	{ "a@例え。テスト", NULL, "a@xn--r8jz45g.xn--zckzah" },
	{ "A.B@Example.COM", NULL, "A.B@Example.COM" },
};

static const struct {
	const char *text;
	size_t len;	/* 0: strlen */
	const char *why;
} bad[] = {
	{ "", 0, "is empty" },
	{ "  ", 0, "has no address" },
	{ "nobody", 0, "has no @" },
	{ "@b.c", 0, "has nothing before the @" },
	{ "a@", 0, "has nothing behind the @" },
	{ "Ann <>", 0, "has no address between < and >" },
	{ "a@b.c\r\nBcc: x@y.z", 0, "holds a line break" },
	{ "a@b.c\n", 0, "holds a line break" },
	{ "Ann\r\n <a@b.c>", 0, "holds a line break" },
	{ "=?UTF-8?Q?Ann=0D=0ABcc=3A_x=40y.z?= <a@b.c>", 0, "holds a line break" },
	{ "a\0@b.c", 6, "holds a NUL character" },
	{ "a\t@b.c", 0, "holds a control character" },
	{ "\x1b[31m@b.c", 0, "\"\\x1b[31m@b.c\" holds a control character" },
	{ "a@b.c\xc2\x85", 0, "holds a control character" },
	{ "\xff@b.c", 0, "is not UTF-8" },
	{ "a@b.c, d@e.f", 0, "each address is a string of its own" },
	{ "Cee, Ann <a@b.c>", 0, "in double quotes" },
	{ "a@b.c;", 0, "holds a , or ;" },
	{ "team: a@b.c;", 0, "groups and routes are no addresses" },
	{ "<@x.y:a@b.c>", 0, "groups and routes" },
	{ "Ann (boss) <a@b.c>", 0, "put the name in double quotes" },
	{ "a@b.c (Ann)", 0, "put the name in double quotes" },
	{ "Ann <a@b.c> x", 0, "goes on behind the >" },
	{ "Ann <a@b.c> <d@e.f>", 0, "goes on behind the >" },
	{ "Ann <a<b@c.d>", 0, "more than one <" },
	{ "Ann <a@b.c", 0, "has a < without a >" },
	{ "a@b.c>", 0, "has a > without a <" },
	{ "\"Ann <a@b.c>", 0, "has a double quote that is not closed" },
	{ "jürgen@example.de", 0, "SMTPUTF8" },
	{ "김 <김@한국.kr>", 0, "SMTPUTF8" },
	{ "a b@c.d", 0, "has a character before the @" },
	{ "a@b@c.d", 0, "character in its domain" },
	{ ".a@b.c", 0, "with a dot" },
	{ "a.@b.c", 0, "with a dot" },
	{ "a..b@b.c", 0, "two dots in a row" },
	{ "\"a\"b@c.d", 0, "has a quoted local part" },
	{ "a@b..c", 0, "dot too many" },
	{ "a@.b", 0, "dot too many" },
	{ "a@b.", 0, "dot too many" },
	{ "a@-b.c", 0, "begins or ends with -" },
	{ "a@b-.c", 0, "begins or ends with -" },
	{ "a@b c.d", 0, "character in its domain" },
	{ "a@b/c", 0, "character in its domain" },
	{ "a@[1.2.3]", 0, "no IP address" },
	{ "a@[IPv6:1.2.3.4]", 0, "no IP address" },
	{ "a@xn--\xc3\xbc.de", 0, "has no valid international domain" },
	{ "a@\xe2\x80\x8b.de", 0, "dot too many" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789@b.c", 0, "more than 64" },
	{ "a@0123456789012345678901234567890123456789012345678901234567890123456789.c", 0, "more than 63" },
};

static void test_good_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct arena arena = ARENA_INIT;
		struct error error = ERROR_INIT;
		struct address address;
		if (address_parse(good[i].text, strlen(good[i].text), &arena, &address, &error) < 0)
			fail_msg("refused: %s", error.text);
		if (good[i].name)
			assert_string_equal(address.name, good[i].name);
		else
			assert_null(address.name);
		assert_string_equal(address.spec, good[i].spec);
		assert_int_equal(address_check_spec(address.spec, strlen(address.spec), NULL), 0);
		arena_clear(&arena);
	}
}

static void test_bad_addresses_say_why(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct arena arena = ARENA_INIT;
		struct error error = ERROR_INIT;
		struct address address;
		size_t len = bad[i].len ? bad[i].len : strlen(bad[i].text);
		if (address_parse(bad[i].text, len, &arena, &address, &error) == 0 && ++wrong)
			print_error("taken: %s\n", bad[i].text);
		else if ((!strstr(error.text, bad[i].why) || strpbrk(error.text, "\r\n\x1b")) && ++wrong)
			print_error("%s\nnot: %s\n", error.text, bad[i].why);
		error_clear(&error);
		arena_clear(&arena);
	}
	assert_int_equal(wrong, 0);
}

static void test_lengths_are_bounded(void **state)
{
	struct arena arena = ARENA_INIT;
	struct address address;
	char text[2000];

	(void)state;
	/* 64 + 1 + 189 is 254: the longest path that RFC 5321 4.5.3.1.3 carries. */
	memset(text, 'a', sizeof text);
	text[64] = '@';
	for (size_t i = 64 + 60; i < 254; i += 60)
		text[i] = '.';
	text[254] = '\0';
	assert_int_equal(address_parse(text, 254, &arena, &address, NULL), 0);
	text[254] = 'a';
	assert_int_equal(address_parse(text, 255, &arena, &address, NULL), -1);
	memset(text, '"', sizeof text);
	assert_int_equal(address_parse(text, sizeof text, &arena, &address, NULL), -1);
	arena_clear(&arena);
}

static void test_specs_from_elsewhere(void **state)
{
	static const char *const specs[] = {
		"", "@", "a", "a@", "@b", "a@b>", "<a@b>", "a@b\r\nDATA", "a@b c", "a b@c", "\"<\"@b", "a@m\xc3\xbc.de",
	};

	(void)state;
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
		assert_int_equal(address_check_spec(specs[i], strlen(specs[i]), NULL), -1);
	assert_int_equal(address_check_spec("a@b", 3, NULL), 0);
	assert_int_equal(address_check_spec("a@b\0c", 5, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_addresses),
		cmocka_unit_test(test_bad_addresses_say_why),
		cmocka_unit_test(test_lengths_are_bounded),
		cmocka_unit_test(test_specs_from_elsewhere),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
