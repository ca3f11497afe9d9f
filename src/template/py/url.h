/*
 * url.h - quoting for URLs, and making links of what looks like one
 */
#ifndef POSTRIDER_TEMPLATE_PY_URL_H
#define POSTRIDER_TEMPLATE_PY_URL_H

#include <stdint.h>

#include "template/py/span.h"

/* Percent-encodes all but letters, digits and "_.-~"; in a path "/" stays,
 * in a query blanks become "+". */
void url_quote(struct span s, bool query, struct buf *out);

struct url_links {
	int64_t shown;			/* code points of a URL to show, then "..."; negative ones as
					 * in a slice; only if has_limit */
	bool has_limit;
	const char *attributes;		/* ' rel="noopener"' and the like, escaped */
	const struct span *schemes;	/* further prefixes that make a link */
	size_t scheme_count;
	bool *trims;			/* set when the limit was asked for; or NULL */
};

/* Jinja's urlize(): `s` is escaped HTML already. */
void url_link(struct span s, const struct url_links *links, struct buf *out);

/* What may be among the schemes: "ftp://", "tel:". */
bool url_is_scheme(struct span s);

#endif
