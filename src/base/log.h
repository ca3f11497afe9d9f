/*
 * log.h - one line an event, on standard error
 *
 *	log_event(LOG_INFO, "message delivered", log_str("id", id),
 *		  log_int("code", 250), log_ms("took", took_ms));
 *
 * gives, as text,
 *
 *	2026-11-23T18:13:34.123Z info worker=default/1 event="message delivered" id=... code=250 took=12ms
 *
 * and, as JSON, an object with the same names.  Under systemd (JOURNAL_STREAM
 * is set) the time is left to the journal and the level becomes its <N>
 * prefix.  Control characters and bytes that are no UTF-8 are escaped, so a
 * hostile reply cannot forge a line.  What is secret is never handed in here.
 */
#ifndef POSTRIDER_LOG_H
#define POSTRIDER_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* How much of a mail address a line may show. */
enum log_addresses { LOG_ADDRESS_FULL, LOG_ADDRESS_DOMAIN, LOG_ADDRESS_NONE };

struct log_field {
	const char *key;	/* NULL ends the list */
	enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_MS, LOG_FIELD_ADDRESS } kind;
	const char *text;	/* borrowed; a NULL text leaves the field out */
	int64_t number;
};

void log_configure(enum log_format format, enum log_level level, enum log_addresses addresses);

/* Names the process in every line of it from now on: role "worker", name
 * "default/1"; without a name ("") the line says role=... alone.  Both are
 * copied (and cut at 15 and 63 bytes). */
void log_role(const char *role, const char *name);

bool log_enabled(enum log_level level);

static inline struct log_field log_str(const char *key, const char *text)
{
	return (struct log_field){ key, LOG_FIELD_TEXT, text, 0 };
}

static inline struct log_field log_int(const char *key, int64_t number)
{
	return (struct log_field){ key, LOG_FIELD_INT, "", number };
}

static inline struct log_field log_ms(const char *key, int64_t ms)
{
	return (struct log_field){ key, LOG_FIELD_MS, "", ms };
}

/* A mail address: shown as log.addresses says. */
static inline struct log_field log_addr(const char *key, const char *address)
{
	return (struct log_field){ key, LOG_FIELD_ADDRESS, address, 0 };
}

void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_event(level, ...) LOG_EVENT_(level, __VA_ARGS__, (struct log_field){ 0 })
#define LOG_EVENT_(level, event, ...) \
	log_write((level), (event), (const struct log_field[]){ __VA_ARGS__ })

#endif
