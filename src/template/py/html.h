/*
 * html.h - escaping, unescaping, tags
 */
#ifndef POSTRIDER_TEMPLATE_PY_HTML_H
#define POSTRIDER_TEMPLATE_PY_HTML_H

#include "template/py/span.h"

/* & < > " ' as MarkupSafe escapes them: &amp; &lt; &gt; &#34; &#39; */
void html_escape(struct span s, struct buf *out);

/* Whether html_escape() would change anything. */
bool html_needs_escape(struct span s);

/* Python's html.unescape(): all named and numeric references. */
void html_unescape(struct span s, struct buf *out);

/* Markup.striptags(): without comments and tags, white space made single
 * blanks, unescaped. */
void html_strip_tags(struct span s, struct buf *out);

#endif
