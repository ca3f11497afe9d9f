/*
 * suggest.h - the known word that was probably meant
 *
 *	struct suggest suggest = suggest_for("worker");
 *	suggest_try(&suggest, "workers");
 *	suggest_try(&suggest, "relays");
 *	suggest_best(&suggest)	-> "workers"
 */
#ifndef POSTRIDER_SUGGEST_H
#define POSTRIDER_SUGGEST_H

struct suggest {
	const char *word;	/* what was written; borrowed */
	const char *best;	/* the nearest so far; borrowed from suggest_try(); NULL: none */
	unsigned distance;	/* of `best` */
};

struct suggest suggest_for(const char *word);

void suggest_try(struct suggest *suggest, const char *known);

/* NULL when nothing that was tried is near enough to be worth a suggestion. */
const char *suggest_best(const struct suggest *suggest);

#endif
