/*
 * mime.c - the fields of a mail, in their order.  Checks what would break a
 * header once more, whoever should have done so before.
 */
#include "mime/mime.h"

#include <string.h>

#include <gmime/gmime.h>

#include "mime/body.h"
#include "mime/header.h"

void mime_init(void)
{
	g_mime_init();
}

/* ---- checks ---- */

/* NULL, or what is wrong with a text that goes into a header. */
static const char *check_text(const char *text)
{
	for (const char *c = text; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return "holds a line break or control character";
	return g_utf8_validate(text, -1, NULL) ? NULL : "is not UTF-8";
}

/* RFC 5322 3.6.4, without white space and comments. */
static const char *check_message_id(const char *id)
{
	for (const char *c = id; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("<>(),;:\\\"", *c))
			return "holds a character that may not stand there";
	return strchr(id, '@') && strlen(id) <= 250 ? NULL : "has no @ or is too long";
}

static int check_addresses(const char *field, const struct address *list, size_t count,
			   struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		const char *wrong = list[i].name ? check_text(list[i].name) : NULL;
		if (wrong)
			return error_set(error, "a display name in %s %s", field, wrong);
		if (address_check_spec(list[i].spec, strlen(list[i].spec), error) < 0)
			return -1;
	}
	return 0;
}

static int check(const struct mime_mail *mail, struct error *error)
{
	const char *wrong = check_text(mail->subject), *end;

	if (wrong)
		return error_set(error, "the subject %s", wrong);
	wrong = check_message_id(mail->message_id);
	if (wrong)
		return error_set(error, "the Message-ID %s", wrong);
	if (check_addresses("From", &mail->from, 1, error) < 0 ||
	    check_addresses("To", mail->to, mail->to_count, error) < 0 ||
	    check_addresses("Cc", mail->cc, mail->cc_count, error) < 0)
		return -1;
	if (!g_utf8_validate_len(mail->content, mail->content_len, &end))
		return error_set(error, *end ? "the content is not UTF-8 at byte %zu"
					     : "the content holds a NUL character at byte %zu",
				 (size_t)(end - mail->content));
	return 0;
}

/* ---- fields ---- */

static void add_mailboxes(struct buf *out, const char *name, const struct address *list, size_t count)
{
	if (!count)
		return;
	struct header header = header_begin(out, name);
	header_mailboxes(&header, list, count);
	header_end(&header);
}

/* A tab is a space here: it would be one after folding anyway. */
static void add_subject(struct buf *out, const char *subject)
{
	struct header header = header_begin(out, "Subject");
	char *text = g_strdup(subject);

	header_text(&header, g_strdelimit(text, "\t", ' '));
	header_end(&header);
	g_free(text);
}

static int add_date(struct buf *out, int64_t unix_s, struct error *error)
{
	GDateTime *date = g_date_time_new_from_unix_utc(unix_s);

	if (!date)
		return error_set(error, "the date is outside the calendar");
	char *text = g_mime_utils_header_format_date(date);
	buf_printf(out, "Date: %s\r\n", text);
	g_free(text);
	g_date_time_unref(date);
	return 0;
}

/*
 * The one part that there is.  Where a text beside it or attachments come,
 * this is called for each, between the boundaries of multipart/alternative
 * within multipart/mixed.
 */
static void add_part(struct buf *out, const struct mime_mail *mail)
{
	buf_printf(out, "Content-Type: %s; charset=utf-8\r\n", mail->content_type);
	body_add(mail->content, mail->content_len, out);
}

int mime_build(const struct mime_mail *mail, struct buf *out, struct error *error)
{
	size_t start = out->len;

	if (check(mail, error) < 0)
		return -1;
	add_mailboxes(out, "From", &mail->from, 1);
	add_mailboxes(out, "To", mail->to, mail->to_count);
	add_mailboxes(out, "Cc", mail->cc, mail->cc_count);
	add_subject(out, mail->subject);
	if (add_date(out, mail->date_unix_s, error) < 0) {
		buf_truncate(out, start);
		return -1;
	}
	buf_printf(out, "Message-ID: <%s>\r\n", mail->message_id);
	buf_puts(out, "MIME-Version: 1.0\r\n");
	add_part(out, mail);
	return 0;
}
