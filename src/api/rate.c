#include "api/rate.h"

#include <pthread.h>
#include <stddef.h>

#include "base/alloc.h"

#define SLOTS 4096
#define PROBES 16
#define WINDOW_S 3600

struct slot {
	uint64_t key;
	uint64_t used;
	int64_t reset_unix; /* 0: free */
};

struct sta_rate {
	uint64_t limit;
	pthread_mutex_t lock;
	struct slot slots[SLOTS];
};

enum sta_rc
sta_rate_new(uint64_t limit, struct sta_rate **out, struct sta_err *err)
{
	struct sta_rate *r = sta_malloc(sizeof(*r)); /* zeroed */

	if (!r)
		return sta_err_set(err, STA_NOMEM, 0, "rate");
	r->limit = limit;
	(void) pthread_mutex_init(&r->lock, NULL); /* cannot fail without attributes */
	*out = r;
	return STA_OK;
}

void
sta_rate_free(struct sta_rate *r)
{
	if (!r)
		return;
	(void) pthread_mutex_destroy(&r->lock);
	sta_free(r);
}

/* Neighbours must not share a place. */
static size_t
place_of(uint64_t key)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t) (key >> 32);
}

/* Also when the clock was set back by more than an hour: nobody waits for days. */
static bool
is_over(const struct slot *s, int64_t now_unix)
{
	return s->reset_unix <= now_unix || s->reset_unix > now_unix + INT64_C(2) * WINDOW_S;
}

/* The caller's, else the one that is missed least. */
static struct slot *
find(struct sta_rate *r, uint64_t key, int64_t now_unix)
{
	struct slot *least = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		struct slot *s = &r->slots[(place_of(key) + i) % SLOTS];

		if (!is_over(s, now_unix) && s->key == key)
			return s;
		if (!least || (!is_over(least, now_unix) && (is_over(s, now_unix) || s->used < least->used)))
			least = s;
	}
	*least = (struct slot){ .key = key, .reset_unix = now_unix + WINDOW_S };
	return least;
}

bool
sta_rate_take(struct sta_rate *r, uint64_t key, unsigned n, int64_t now_unix, struct sta_rate_state *out)
{
	struct slot *s;
	bool good;

	(void) pthread_mutex_lock(&r->lock);
	s = find(r, key, now_unix);
	good = s->used + n <= r->limit;
	if (good)
		s->used += n;
	*out = (struct sta_rate_state){ .limit = r->limit, .used = s->used, .reset_unix = s->reset_unix };
	(void) pthread_mutex_unlock(&r->lock);
	return good;
}
