/*
 * fuzz_config.c - any bytes as a configuration: it is either whole or every
 * fault of it has a text.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_config(const struct config *config)
{
	assert(config->relay_count && config->queue_count);
	assert((config->redis.host != NULL) != (config->redis.socket != NULL));
	for (size_t i = 0; i < config->relay_count; i++) {
		const struct config_relay *relay = &config->relays[i];
		assert(relay->name && relay->host && relay->ehlo && relay->port > 0);
		assert((relay->username != NULL) == (relay->password != NULL));
	}
	for (size_t i = 0; i < config->queue_count; i++) {
		const struct config_queue *queue = &config->queues[i];
		assert(queue->name && queue->workers > 0 && queue->relay_count > 0);
		for (size_t k = 0; k < queue->relay_count; k++)
			assert(queue->relays[k] < config->relay_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct config *config = config_parse("fuzz.yaml", (const char *)bytes, len, "host.example",
					     &faults, &warnings);

	assert((config != NULL) == (faults.count == 0));
	for (size_t i = 0; i < faults.count; i++)
		assert(*faults.list[i].text && faults.list[i].file && !strpbrk(faults.list[i].text, "\r\n\x1b"));
	if (config)
		check_config(config);
	config_free(config);
	faults_clear(&faults);
	faults_clear(&warnings);
	return 0;
}
