/* settle.c - owns the patience with Redis; decides nothing about messages. */
#include "delivery/settle.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "message/backoff.h"

static const struct backoff patience = { .base_ms = 50, .cap_ms = 5000, .factor = 2, .jitter = 0.2 };

static enum store_status try_once(struct store *store, const struct settlement *s,
				  struct error *error)
{
	switch (s->step) {
	case SETTLE_DONE:
		return store_done(store, s->job, error);
	case SETTLE_DEFER:
		return store_defer(store, s->job, s->record_id, s->record, s->record_len,
				   s->delay_ms, error);
	case SETTLE_BURY:
		return store_bury(store, s->job, s->record_id, s->record, s->record_len, error);
	case SETTLE_GIVE_BACK:
		return store_give_back(store, s->job, s->record_id, s->record, s->record_len, error);
	}
	return STORE_REFUSED;
}

enum store_status settle(struct store *store, const struct settlement *settlement,
			 const struct settle_hooks *hooks)
{
	struct error error = ERROR_INIT;
	enum store_status status;
	int64_t since = 0;

	for (int64_t tries = 1;; tries++) {
		status = try_once(store, settlement, &error);
		if (status == STORE_OK || status == STORE_NOTHING)
			break;
		if (tries == 2) {
			/* The first failure may be just a closed connection. */
			since = clock_monotonic_ms();
			log_event(LOG_ERROR, "redis away, outcome kept in memory",
				  log_str("id", settlement->record_id), log_str("cause", error.text));
		}
		if (!hooks->wait(hooks->arg, backoff_delay_ms(&patience, tries, random_unit())))
			break;
	}
	if (since && (status == STORE_OK || status == STORE_NOTHING))
		log_event(LOG_INFO, "redis back, outcome recorded",
			  log_str("id", settlement->record_id),
			  log_ms("away", clock_monotonic_ms() - since));
	error_clear(&error);
	return status;
}
