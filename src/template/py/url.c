/*
 * url.c - quoting for URLs, and making links of what looks like one
 *
 * Jinja recognises URLs with three regular expressions; the matchers below
 * accept the same language without backtracking, since every part of it ends
 * at the first character that cannot belong to it.
 */
#include "template/py/url.h"

#include <string.h>

#include "template/py/pad.h"
#include "template/py/seek.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

static bool is_ascii_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void url_quote(struct span s, bool query, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (is_ascii_alnum(c) || c == '_' || c == '.' || c == '-' || c == '~' || (c == '/' && !query))
			buf_putc(out, (char)c);
		else if (c == ' ' && query)
			buf_putc(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* ---- what is a URL: jinja2.utils._http_re ---- */

/* Python's IGNORECASE: the small letter, which four others fold to. */
static uint32_t fold(uint32_t c)
{
	switch (c) {
	case 0x130:
	case 0x131:
		return 'i';
	case 0x17F:
		return 's';
	case 0x212A:
		return 'k';
	default:
		return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
	}
}

/* The bytes of `prefix`, which is small ASCII letters, at the beginning of `s`; 0: not there. */
static size_t skip_word(struct span s, const char *prefix)
{
	size_t at = 0;

	for (; *prefix != '\0'; prefix++)
		if (at >= s.len || fold(utf8_next(s, &at)) != (unsigned char)*prefix)
			return 0;
	return at;
}

static size_t skip_scheme(struct span s)
{
	size_t secure = skip_word(s, "https://");

	return secure ? secure : skip_word(s, "http://");
}

static bool is_host_character(uint32_t c)
{
	return uni_is_word(c) || c == '%' || c == '-';
}

/* How far [\w%.-] reaches. */
static size_t host_end(struct span s)
{
	size_t at = 0, next = 0;

	for (; at < s.len; at = next) {
		uint32_t c = utf8_next(s, &next);

		if (!is_host_character(c) && c != '.')
			break;
	}
	return at;
}

/* All of `s` is a port and a path, or nothing: (?::\d{1,5})?(?:[/?#]\S*)? */
static bool is_tail(struct span s)
{
	size_t at = 0, next = 0;
	int digits = 0;

	if (s.len > 0 && s.at[0] == ':') {
		for (at = next = 1; at < s.len; at = next, digits++)
			if (uni_decimal(utf8_next(s, &next)) < 0)
				break;
		if (digits < 1 || digits > 5)
			return false;
	}
	return at == s.len || s.at[at] == '/' || s.at[at] == '?' || s.at[at] == '#';
}

/* [a-z]{2,63} or xn--[\w%]{2,59} */
static bool is_top_level(struct span s)
{
	size_t international = skip_word(s, "xn--"), count = 0;

	for (size_t i = international; i < s.len; count++) {
		uint32_t c = utf8_next(s, &i);

		if (international ? !uni_is_word(c) && c != '%' : fold(c) < 'a' || fold(c) > 'z')
			return false;
	}
	return count >= 2 && count <= (international ? 59 : 63);
}

/* Labels of `least` to `most` code points, each with a '.' behind it. */
static bool are_labels(struct span s, size_t least, size_t most)
{
	size_t points = 0;

	for (size_t i = 0; i < s.len;) {
		if (utf8_next(s, &i) != '.') {
			points++;
			continue;
		}
		if (points < least || points > most)
			return false;
		points = 0;
	}
	return points == 0;
}

static bool is_basic_top_level(struct span s)
{
	static const char *const names[] = { "com", "net", "int", "edu", "gov", "org", "info", "mil" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (s.len > 0 && skip_word(s, names[i]) == s.len)
			return true;
	return false;
}

/* The host splits at its last dot into labels and top level. */
static size_t top_level_start(struct span host)
{
	int64_t dot = seek_last(host, span_of("."));

	return dot < 0 ? 0 : (size_t)dot + 1;
}

/* https?:// or www. and a name */
static bool is_named_url(struct span s, size_t prefix)
{
	struct span rest = span_cut(s, prefix, s.len);
	struct span host = span_cut(rest, 0, host_end(rest));
	size_t top = top_level_start(host);

	return prefix > 0 && is_tail(span_cut(rest, host.len, rest.len)) &&
	       are_labels(span_cut(host, 0, top), 1, SIZE_MAX) && is_top_level(span_cut(host, top, host.len));
}

/* name.com without anything before it */
static bool is_bare_domain(struct span s)
{
	struct span host = span_cut(s, 0, host_end(s));
	size_t top = top_level_start(host);

	return top > 0 && is_tail(span_cut(s, host.len, s.len)) && are_labels(span_cut(host, 0, top), 2, 63) &&
	       is_basic_top_level(span_cut(host, top, host.len));
}

/* \d{1,3}(\.\d{1,3}){3} and a tail */
static bool is_ipv4(struct span s)
{
	size_t at = 0, next = 0;

	for (int part = 0; part < 4; part++) {
		int digits = 0;

		for (; at < s.len; at = next, digits++)
			if (uni_decimal(utf8_next(s, &next)) < 0)
				break;
		if (digits < 1 || digits > 3)
			return false;
		if (part < 3) {
			if (at >= s.len || s.at[at] != '.')
				return false;
			next = ++at;
		}
	}
	return is_tail(span_cut(s, at, s.len));
}

/* Up to four of [\da-f] from *at on. */
static void skip_hextet(struct span s, size_t *at)
{
	size_t next = *at;

	for (int digits = 0; digits < 4 && *at < s.len; digits++) {
		uint32_t c = utf8_next(s, &next);

		if (uni_decimal(c) < 0 && !(fold(c) >= 'a' && fold(c) <= 'f'))
			return;
		*at = next;
	}
}

/* \[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}] and a tail */
static bool is_ipv6(struct span s)
{
	size_t at = 1;

	if (s.len == 0 || s.at[0] != '[')
		return false;
	for (int part = 0; part < 8; part++) {
		skip_hextet(s, &at);
		if (at < s.len && s.at[at] == ':')
			at++;
		else if (part < 2)
			return false;
	}
	return at < s.len && s.at[at] == ']' && is_tail(span_cut(s, at + 1, s.len));
}

static bool is_url(struct span s)
{
	size_t scheme = skip_scheme(s);
	struct span behind = span_cut(s, scheme, s.len);

	return is_named_url(s, scheme ? scheme : skip_word(s, "www.")) || is_bare_domain(s) ||
	       (scheme > 0 && (is_ipv4(behind) || is_ipv6(behind)));
}

/* ^\S+@\w[\w.-]*\.\w+$; a word has no white space. */
static bool is_mail(struct span s)
{
	int64_t sign = seek_last(s, span_of("@"));
	struct span domain;
	size_t next = 0, top;

	if (sign < 1)
		return false;
	domain = span_cut(s, (size_t)sign + 1, s.len);
	top = top_level_start(domain);
	if (top < 2 || top == domain.len || !uni_is_word(utf8_next(domain, &next)))
		return false;
	for (size_t i = 0; i < domain.len;) {
		size_t at = i;
		uint32_t c = utf8_next(domain, &i);

		if (!uni_is_word(c) && (at >= top || (c != '.' && c != '-')))
			return false;
	}
	return true;
}

/* ---- links ---- */

static bool starts(struct span s, const char *prefix)
{
	return seek_starts(s, span_of(prefix));
}

static bool take(struct span *s, const char *prefix)
{
	if (!starts(*s, prefix))
		return false;
	*s = span_cut(*s, strlen(prefix), s->len);
	return true;
}

/* ([(<]|&lt;)+ */
static size_t head_of(struct span word)
{
	struct span s = word;

	while (take(&s, "(") || take(&s, "<") || take(&s, "&lt;"))
		;
	return word.len - s.len;
}

/* Where ([)>.,\n]|&gt;)+$ begins. */
static size_t tail_of(struct span s)
{
	size_t at = s.len;

	while (at > 0) {
		struct span left = span_cut(s, 0, at);

		if (strchr(")>.,\n", s.at[at - 1]) && s.at[at - 1] != '\0')
			at--;
		else if (seek_ends(left, span_of("&gt;")))
			at -= 4;
		else
			break;
	}
	return at;
}

/* Moves closing brackets from the tail (from `end` on) back to the middle. */
static size_t balance(struct span word, size_t end, const char *open, const char *close)
{
	struct span middle = span_cut(word, 0, end);
	size_t opened = seek_count(middle, span_of(open));

	if (opened <= seek_count(middle, span_of(close)))
		return end;
	while (opened-- > 0) {
		int64_t at = seek_first(span_cut(word, end, word.len), span_of(close));

		if (at < 0)
			break;
		end += (size_t)at + strlen(close);
	}
	return end;
}

static void add_shown(struct span url, const struct url_links *links, struct buf *out)
{
	struct pad_slice cut = { .has_stop = true, .stop = links->shown, .step = 1 };

	if (links->trims != NULL)
		*links->trims = true;
	if (!links->has_limit || (int64_t)utf8_length(url) <= links->shown) {
		span_add(url, out);
		return;
	}
	pad_slice_text(url, &cut, out);
	buf_puts(out, "...");
}

static void add_link(const char *prefix, struct span target, const char *attributes, struct buf *out)
{
	buf_puts(out, "<a href=\"");
	buf_puts(out, prefix);
	span_add(target, out);
	buf_puts(out, "\"");
	buf_puts(out, attributes);
	buf_puts(out, ">");
}

/* A link with one of the further schemes; each match wraps what is there. */
static void add_schemes(struct span middle, const struct url_links *links, struct buf *out)
{
	size_t start = out->len;

	span_add(middle, out);
	for (size_t i = 0; i < links->scheme_count; i++) {
		struct buf now = BUF_INIT;
		struct span s;

		buf_add(&now, out->data + start, out->len - start);
		s = span_buf(&now);
		if (!span_equal(s, links->schemes[i]) && seek_starts(s, links->schemes[i])) {
			buf_truncate(out, start);
			add_link("", s, links->attributes, out);
			span_add(s, out);
			buf_puts(out, "</a>");
		}
		buf_clear(&now);
	}
}

static void add_middle(struct span s, const struct url_links *links, struct buf *out)
{
	struct span address = s;

	if (is_url(s)) {
		bool whole = starts(s, "https://") || starts(s, "http://");

		add_link(whole ? "" : "https://", s, links->attributes, out);
		add_shown(s, links, out);
		buf_puts(out, "</a>");
	} else if (take(&address, "mailto:") && is_mail(address)) {
		add_link("", s, "", out);
		span_add(address, out);
		buf_puts(out, "</a>");
	} else if (!starts(s, "www.") && memchr(s.at, ':', s.len) == NULL && is_mail(s)) {
		add_link("mailto:", s, "", out);
		span_add(s, out);
		buf_puts(out, "</a>");
	} else {
		add_schemes(s, links, out);
	}
}

static void link_word(struct span word, const struct url_links *links, struct buf *out)
{
	size_t head = head_of(word), end;
	struct span rest = span_cut(word, head, word.len);

	end = tail_of(rest);
	end = balance(rest, end, "(", ")");
	end = balance(rest, end, "<", ">");
	end = balance(rest, end, "&lt;", "&gt;");
	buf_add(out, word.at, head);
	add_middle(span_cut(rest, 0, end), links, out);
	buf_add(out, rest.at + end, rest.len - end);
}

void url_link(struct span s, const struct url_links *links, struct buf *out)
{
	for (size_t i = 0, end, next; i < s.len; i = end) {
		bool space = false, first = true;

		for (end = next = i; end < s.len; end = next, first = false) {
			bool is_space = uni_is(utf8_next(s, &next), UNI_SPACE);

			if (first)
				space = is_space;
			else if (is_space != space)
				break;
		}
		if (space)
			buf_add(out, s.at + i, end - i);
		else
			link_word(span_cut(s, i, end), links, out);
	}
}

/* [\w.+-]{2,}:(/){0,2} */
bool url_is_scheme(struct span s)
{
	size_t i = 0, count = 0;
	uint32_t c = 0;

	for (; i < s.len; count++) {
		c = utf8_next(s, &i);
		if (!uni_is_word(c) && c != '.' && c != '+' && c != '-')
			break;
	}
	if (c != ':' || count < 2)
		return false;
	s = span_cut(s, i, s.len);
	return s.len <= 2 && strspn(s.at, "/") >= s.len;
}
