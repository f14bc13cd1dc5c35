#include "registry/cache.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/parse.h"

struct slot {
	unsigned char key[STA_CACHE_KEY_LEN];
	int64_t until_unix; /* 0: empty */
	size_t len;
	void *value;
};

struct sta_cache {
	pthread_rwlock_t lock;
	size_t slots;
	struct slot slot[];
};

enum sta_rc
sta_cache_new(size_t slots, struct sta_cache **out, struct sta_err *err)
{
	struct sta_cache *c = sta_malloc(sizeof(*c) + slots * sizeof(c->slot[0]));

	if (!c)
		return sta_err_set(err, STA_NOMEM, 0, "cache");
	c->slots = slots;
	(void) pthread_rwlock_init(&c->lock, NULL);
	*out = c;
	return STA_OK;
}

void
sta_cache_free(struct sta_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->slots; i++)
		sta_free(c->slot[i].value);
	(void) pthread_rwlock_destroy(&c->lock);
	sta_free(c);
}

/* Keys are hashes: any eight bytes of them are as good as all. */
static struct slot *
slot_of(struct sta_cache *c, const unsigned char key[STA_CACHE_KEY_LEN])
{
	uint64_t h;

	memcpy(&h, key, sizeof(h));
	return &c->slot[h % c->slots];
}

void *
sta_cache_get(struct sta_cache *c, const unsigned char key[STA_CACHE_KEY_LEN], struct sta_arena *a,
	      size_t *len)
{
	struct slot *s = slot_of(c, key);
	void *copy = NULL;

	(void) pthread_rwlock_rdlock(&c->lock);
	if (s->until_unix > sta_now_unix() && sta_equal_secret(s->key, key, STA_CACHE_KEY_LEN)) {
		copy = sta_arena_memdup(a, s->value, s->len);
		*len = s->len;
	}
	(void) pthread_rwlock_unlock(&c->lock);
	return copy;
}

void
sta_cache_put(struct sta_cache *c, const unsigned char key[STA_CACHE_KEY_LEN], const void *value, size_t len,
	      int64_t until_unix)
{
	struct slot *s = slot_of(c, key);
	void *copy = len <= STA_CACHE_VALUE_MAX ? sta_malloc(len + 1) : NULL;
	void *old;

	if (!copy)
		return;
	memcpy(copy, value, len);
	(void) pthread_rwlock_wrlock(&c->lock);
	old = s->value;
	memcpy(s->key, key, STA_CACHE_KEY_LEN);
	s->until_unix = until_unix;
	s->len = len;
	s->value = copy;
	(void) pthread_rwlock_unlock(&c->lock);
	sta_free(old);
}
