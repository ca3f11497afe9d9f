/* test_reply.c - replies from bytes; what EHLO offers and what libesmtp sees of it */
#include "../check.h"

#include "smtp/ehlo.h"
#include "smtp/recorder.h"
#include "smtp/reply.h"

static const struct row {
	const char *bytes;
	enum reply_state state;
	int code;
	const char *enhanced, *text;
	size_t rest;		/* bytes left behind the first reply */
} rows[] = {
	{ "250 ok\r\n", REPLY_WHOLE, 250, "", "ok", 0 },
	{ "250 2.1.0 sender ok\r\n", REPLY_WHOLE, 250, "2.1.0", "sender ok", 0 },
	{ "250\r\n", REPLY_WHOLE, 250, "", "", 0 },
	{ "250 \r\n", REPLY_WHOLE, 250, "", "", 0 },
	{ "250 ok\n", REPLY_WHOLE, 250, "", "ok", 0 },
	{ "550-5.1.1 no such\r\n550 5.1.1 user\r\n", REPLY_WHOLE, 550, "5.1.1", "no such user", 0 },
	{ "550-5.1.1 no such\r\n550 user\r\n", REPLY_WHOLE, 550, "5.1.1", "no such user", 0 },
	{ "550-\r\n550 x\r\n", REPLY_WHOLE, 550, "", "x", 0 },
	{ "250 2.0.0\r\n", REPLY_WHOLE, 250, "2.0.0", "", 0 },
	/* Some servers mix the classes of failure; a version is no enhanced code. */
	{ "550 4.7.1 later?\r\n", REPLY_WHOLE, 550, "4.7.1", "later?", 0 },
	{ "451 5.7.3 TLS first\r\n", REPLY_WHOLE, 451, "5.7.3", "TLS first", 0 },
	{ "550 2.0.0 odd\r\n", REPLY_WHOLE, 550, "", "2.0.0 odd", 0 },
	{ "250 4.7.1 odd\r\n", REPLY_WHOLE, 250, "", "4.7.1 odd", 0 },
	{ "250 2.0 beta\r\n", REPLY_WHOLE, 250, "", "2.0 beta", 0 },
	{ "250 2.0.0.1 x\r\n", REPLY_WHOLE, 250, "", "2.0.0.1 x", 0 },
	{ "250 2.1000.1 x\r\n", REPLY_WHOLE, 250, "", "2.1000.1 x", 0 },
	{ "220 2.0.0 hello\r\n", REPLY_WHOLE, 220, "2.0.0", "hello", 0 },
	{ "354 2.0.0 x\r\n", REPLY_WHOLE, 354, "", "2.0.0 x", 0 },
	{ "250 ok\r\n421 bye\r\n", REPLY_WHOLE, 250, "", "ok", 9 },
	{ "250 ok\r\n2", REPLY_WHOLE, 250, "", "ok", 1 },
	{ "250 a\tb\x07" "c\r\n", REPLY_WHOLE, 250, "", "a b c", 0 },
	{ "250 \xc3\xa4 \xe4 \xed\xa0\x80 \xc2\x9b[31m\r\n", REPLY_WHOLE, 250, "", "\xc3\xa4 ? ???  [31m", 0 },
	{ "250-ok", REPLY_PART, 0, NULL, NULL, 0 },
	{ "250-ok\r\n", REPLY_PART, 0, NULL, NULL, 0 },
	{ "", REPLY_PART, 0, NULL, NULL, 0 },
	{ "\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "hello\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "25\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "2500 x\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "250_x\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "650 x\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "150 x\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ " 250 x\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "250-a\r\n251 b\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ "250-a\r\nb\r\n", REPLY_BROKEN, 0, NULL, NULL, 0 },
};

static void check(const struct row *row, size_t piece)
{
	struct reply_reader reader;
	struct arena arena = ARENA_INIT;
	enum reply_state state = REPLY_PART;
	size_t len = strlen(row->bytes), at = 0;

	reply_reader_init(&reader);
	while (at < len && state == REPLY_PART) {
		size_t used, take = len - at < piece ? len - at : piece;

		state = reply_read(&reader, row->bytes + at, take, &used);
		assert_true(used <= take);
		at += used;
	}
	assert_int_equal(state, row->state);
	if (state == REPLY_WHOLE) {
		struct session_reply reply = reply_make(reader.code, buf_str(&reader.text),
							reader.text.len, &arena);
		assert_int_equal(reply.code, row->code);
		assert_string_equal(reply.enhanced, row->enhanced);
		assert_string_equal(reply.text, row->text);
		assert_int_equal(len - at, row->rest);
		assert_false(reply_pending(&reader));
	}
	if (state == REPLY_BROKEN)
		assert_non_null(reader.fault);
	reply_reader_clear(&reader);
	arena_clear(&arena);
}

static void replies_are_read_however_they_are_cut(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t piece = 1; piece < 40; piece += piece < 4 ? 1 : 7)
			check(&rows[i], piece);
}

static void lengths_are_bounded(void **unused)
{
	struct reply_reader reader;
	static char line[1000];
	size_t used, fed = 0;

	(void)unused;
	memset(line, 'x', sizeof line);
	reply_reader_init(&reader);
	while (reply_read(&reader, line, sizeof line, &used) == REPLY_PART)
		fed += used;
	assert_true(fed <= REPLY_LINE_MAX);
	reply_reader_reset(&reader);
	memcpy(line, "250-", 4);
	memcpy(line + sizeof line - 2, "\r\n", 2);
	for (fed = 0; reply_read(&reader, line, sizeof line, &used) == REPLY_PART;)
		fed += used;
	assert_true(fed <= REPLY_TEXT_MAX + 1000);
	reply_reader_clear(&reader);
}

static void ehlo_is_understood(void **unused)
{
	static const char text[] = "mx.example greets STARTTLS\r\nPIPELINING\nSIZE 52428800\n"
		"AUTH PLAIN login XOAUTH2 SCRAM-SHA-256\n8BITMIME\nSTARTTLS\nENHANCEDSTATUSCODES";
	struct ehlo ehlo;

	(void)unused;
	ehlo_parse(&ehlo, text, sizeof text - 1);
	assert_true(ehlo.starttls && ehlo.pipelining && ehlo.eightbit && ehlo.size);
	assert_int_equal(ehlo.size_limit, 52428800);
	assert_int_equal(ehlo.auth, EHLO_PLAIN | EHLO_LOGIN | EHLO_XOAUTH2);
	assert_string_equal(ehlo.mechanisms, "PLAIN login XOAUTH2 SCRAM-SHA-256");
	ehlo_parse(&ehlo, "STARTTLS", 8);
	assert_false(ehlo.starttls);	/* the first line is the server's name */
	ehlo_parse(&ehlo, "x\nSIZE\nAUTH=PLAIN LOGIN", 24);
	assert_int_equal(ehlo.size_limit, 0);
	assert_int_equal(ehlo.auth, EHLO_PLAIN | EHLO_LOGIN);
}

static void libesmtp_sees_less(void **unused)
{
	static const char before[] = "250-mx.example\r\n250-PIPELINING\r\n250-chunking\r\n250-SIZE 1\r\n"
		"250-AUTH NTLM LOGIN PLAIN CRAM-MD5\r\n250-AUTH=NTLM PLAIN\r\n250-8BITMIME\r\n"
		"250-XUSR\r\n250 ENHANCEDSTATUSCODES\r\n250 CHUNKING\r\n";
	static const char after[] = "250-mx.example\r\n250-PIPELINING\r\n250-chunkinX\r\n250-SIZE 1\r\n"
		"250-AUTH ---- ----- PLAIN --------\r\n250-AUTH-NTLM PLAIN\r\n250-8BITMIME\r\n"
		"250-XUSX\r\n250 ENHANCEDSTATUSCODEX\r\n250 CHUNKING\r\n";
	char bytes[sizeof before];

	(void)unused;
	for (size_t piece = 1; piece < sizeof before; piece += 3) {
		struct ehlo_mask mask;

		ehlo_mask_init(&mask, EHLO_PLAIN);
		memcpy(bytes, before, sizeof bytes);
		for (size_t at = 0; at < sizeof bytes - 1; at += piece)
			ehlo_mask_bytes(&mask, bytes + at,
					sizeof bytes - 1 - at < piece ? sizeof bytes - 1 - at : piece);
		assert_true(mask.over);
		assert_string_equal(bytes, after);
	}
}

static void the_recorder_keeps_the_last_lines(void **unused)
{
	static struct recorder recorder;
	struct buf out = BUF_INIT;
	char line[400];

	(void)unused;
	recorder_init(&recorder);
	for (int i = 0; i < RECORDER_LINES + 5; i++) {
		int len = snprintf(line, sizeof line, "line %d\n\x1b[0m%0300d", i, 7);
		recorder_add(&recorder, 'S', line, (size_t)len);
	}
	recorder_print(&recorder, &out);
	assert_null(strstr(buf_str(&out), "S: line 4 "));
	assert_non_null(strstr(buf_str(&out), "S: line 5 "));
	assert_null(strchr(buf_str(&out), '\x1b'));
	size_t lines = 0;
	for (const char *s = buf_str(&out); (s = strchr(s, '\n')); s++)
		lines++;
	assert_int_equal(lines, RECORDER_LINES);
	assert_true(out.len < RECORDER_LINES * (RECORDER_WIDTH + 32));
	buf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_read_however_they_are_cut),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(ehlo_is_understood),
		cmocka_unit_test(libesmtp_sees_less),
		cmocka_unit_test(the_recorder_keeps_the_last_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
