/*
 * cache - what was dear to find out, for as long as it is true.
 *
 * A value is kept under a key, a version and a time.  It is found again only
 * with that version and before that time.  Facts from the database are kept
 * with sta_db_version(), taken before they were read: the next commit ends
 * them.  What cannot change (a verified signature) has version 0.  Never for a
 * decision: access/ decides anew each time.
 *
 * A fixed number of slots; a new value takes the slot of an old one.  Values
 * are shared, not copied: nobody changes them.
 *
 * Layer: registry.  May include: base.  Threads: any.
 */
#ifndef STA_REGISTRY_CACHE_H
#define STA_REGISTRY_CACHE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct sta_cache;

/* Borrowed; secrets come as their hash. */
struct sta_cache_key {
	const void *bytes;
	size_t len;
	uint64_t version;
};

enum sta_rc sta_cache_new(size_t slots, struct sta_cache **out, struct sta_err *err) STA_CHECK;
void sta_cache_free(struct sta_cache *c);

/* The value, borrowed until a is freed, or NULL. */
const void *sta_cache_get(struct sta_cache *c, const struct sta_cache_key *key, struct sta_arena *a);

/* value and all it points to lives in memory, which is consumed: a small arena,
 * some hundred bytes larger than the value.  Out of memory, also when memory is
 * NULL: not kept. */
void sta_cache_put(struct sta_cache *c, const struct sta_cache_key *key, int64_t until_unix,
		   struct sta_arena *memory, const void *value);

#endif
