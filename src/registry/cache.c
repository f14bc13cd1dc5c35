#include "registry/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/parse.h"

#define SHARDS 16 /* loops that look at the same time seldom meet */

/* Lives in its own memory; gone with the last reference. */
struct entry {
	atomic_size_t refs;
	uint64_t version;
	int64_t until_unix;
	struct sta_arena *memory;
	const void *value;
	size_t key_len;
	const void *key;
};

struct sta_cache {
	pthread_mutex_t shard[SHARDS];
	size_t slots;
	struct entry *slot[];
};

enum sta_rc
sta_cache_new(size_t slots, struct sta_cache **out, struct sta_err *err)
{
	struct sta_cache *c = sta_malloc(sizeof(*c) + slots * sizeof(struct entry *));

	if (!c)
		return sta_err_set(err, STA_NOMEM, 0, "cache");
	c->slots = slots;
	for (size_t i = 0; i < SHARDS; i++)
		(void) pthread_mutex_init(&c->shard[i], NULL);
	*out = c;
	return STA_OK;
}

static void
unref(void *arg)
{
	struct entry *e = arg;

	if (e && atomic_fetch_sub(&e->refs, 1) == 1)
		sta_arena_free(e->memory); /* and with it the entry */
}

void
sta_cache_free(struct sta_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->slots; i++)
		unref(c->slot[i]);
	for (size_t i = 0; i < SHARDS; i++)
		(void) pthread_mutex_destroy(&c->shard[i]);
	sta_free(c);
}

/* FNV-1a: who makes keys meet only costs himself the hit. */
static size_t
slot_of(const struct sta_cache *c, const struct sta_cache_key *key)
{
	const unsigned char *p = key->bytes;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return (size_t) ((h ^ h >> 32) % c->slots);
}

static bool
holds(const struct entry *e, const struct sta_cache_key *key)
{
	return e && e->version == key->version && e->until_unix > sta_now_unix() && e->key_len == key->len &&
	       sta_equal_secret(e->key, key->bytes, key->len);
}

const void *
sta_cache_get(struct sta_cache *c, const struct sta_cache_key *key, struct sta_arena *a)
{
	size_t i = slot_of(c, key);
	struct entry *e;

	(void) pthread_mutex_lock(&c->shard[i % SHARDS]);
	e = holds(c->slot[i], key) ? c->slot[i] : NULL;
	if (e)
		atomic_fetch_add(&e->refs, 1);
	(void) pthread_mutex_unlock(&c->shard[i % SHARDS]);
	return e && sta_arena_defer(a, unref, e) == STA_OK ? e->value : NULL;
}

void
sta_cache_put(struct sta_cache *c, const struct sta_cache_key *key, int64_t until_unix,
	      struct sta_arena *memory, const void *value)
{
	struct entry *e = memory ? sta_arena_alloc(memory, sizeof(*e)) : NULL;
	void *copy = e ? sta_arena_memdup(memory, key->bytes, key->len) : NULL;
	size_t i = slot_of(c, key);
	struct entry *old;

	if (!copy) {
		sta_arena_free(memory);
		return;
	}
	e->version = key->version;
	e->until_unix = until_unix;
	e->memory = memory;
	e->value = value;
	e->key_len = key->len;
	e->key = copy;
	atomic_init(&e->refs, 1); /* the slot's */
	(void) pthread_mutex_lock(&c->shard[i % SHARDS]);
	old = c->slot[i];
	c->slot[i] = e;
	(void) pthread_mutex_unlock(&c->shard[i % SHARDS]);
	unref(old);
}
