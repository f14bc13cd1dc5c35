/*
 * attempt_keys - under which names the attempts of attempts.c are counted.
 *
 * Of a fixed length, whatever was sent, and made with a secret, so that nobody outside can make
 * two of them meet.  An address of IPv4 counts whole, one of IPv6 by its /64, as who has one has
 * 2^64 of them.
 *
 * Layer: registry.  May include: crypto, base.  Threads: no shared state.
 */
#ifndef STA_REGISTRY_ATTEMPT_KEYS_H
#define STA_REGISTRY_ATTEMPT_KEYS_H

#include "registry/attempts.h"

#define STA_ATTEMPT_KEY_LEN 16

enum sta_attempt_kind {
	STA_ATTEMPT_ACCOUNT,
	STA_ATTEMPT_ADDRESS,
	STA_ATTEMPT_PAIR, /* both */
	STA_ATTEMPT_MAX_
};

struct sta_attempt_keys {
	unsigned char of[STA_ATTEMPT_MAX_][STA_ATTEMPT_KEY_LEN];
};

/* False: out of memory. */
bool sta_attempt_keys(const unsigned char key[STA_ATTEMPT_KEY_LEN], const struct sta_attempt *t,
		      struct sta_attempt_keys *out) STA_CHECK;

#endif
