/*
 * cache - small values by 32-byte key, forgotten after a while.
 *
 * For results that are dear to compute and cannot change: a verified
 * signature, a verified password of an epoch.  Never for rights.  A fixed
 * number of slots; a new value takes the slot of an old one.
 *
 * Layer: registry.  May include: base.  Threads: any.
 */
#ifndef STA_REGISTRY_CACHE_H
#define STA_REGISTRY_CACHE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define STA_CACHE_KEY_LEN 32
#define STA_CACHE_VALUE_MAX 16384

struct sta_cache;

enum sta_rc sta_cache_new(size_t slots, struct sta_cache **out, struct sta_err *err) STA_CHECK;
void sta_cache_free(struct sta_cache *c);

/* Copy of the value in the arena, or NULL. */
void *sta_cache_get(struct sta_cache *c, const unsigned char key[STA_CACHE_KEY_LEN], struct sta_arena *a,
		    size_t *len);

/* Out of memory or too long: not kept. */
void sta_cache_put(struct sta_cache *c, const unsigned char key[STA_CACHE_KEY_LEN], const void *value,
		   size_t len, int64_t until_unix);

#endif
