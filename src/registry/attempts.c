#include "registry/attempts.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/random.h"
#include "registry/attempt_keys.h"

#define SETS 1024
#define WAYS 8
#define HOUR_MS (UINT64_C(3600) * 1000)
#define KNOWN_MS (UINT64_C(7) * 24 * HOUR_MS)
#define WAIT_MAX_MS ((uint64_t) STA_ATTEMPTS_WAIT_MAX_S * 1000)

struct count {
	unsigned char key[STA_ATTEMPT_KEY_LEN];
	bool used;
	uint64_t failures;
	uint64_t since_ms;       /* the first failure, or the last halving since */
	uint64_t next_ms;        /* no attempt before */
	uint64_t under_way;      /* that have begun, each secret once */
	uint64_t secret;         /* that the last of these showed.. */
	uint64_t sharing;        /* ..so many times */
	uint64_t known_until_ms; /* STA_ATTEMPT_PAIR */
};

struct sta_attempts {
	pthread_mutex_t lock;
	unsigned char key[STA_ATTEMPT_KEY_LEN]; /* nobody outside can make names meet */
	uint64_t free_attempts;
	struct sta_attempts_stats stats;
	struct count table[STA_ATTEMPT_MAX_][SETS][WAYS];
};

enum sta_rc
sta_attempts_new(uint64_t free_attempts, struct sta_attempts **out, struct sta_err *err)
{
	struct sta_attempts *a = sta_malloc(sizeof(*a));
	enum sta_rc rc;

	if (!a)
		return sta_err_set(err, STA_NOMEM, 0, "attempts");
	a->free_attempts = free_attempts;
	rc = sta_random_bytes(a->key, sizeof(a->key), err);
	if (rc != STA_OK) {
		sta_free(a);
		return rc;
	}
	(void) pthread_mutex_init(&a->lock, NULL);
	*out = a;
	return STA_OK;
}

void
sta_attempts_free(struct sta_attempts *a)
{
	if (!a)
		return;
	(void) pthread_mutex_destroy(&a->lock);
	sta_free(a);
}

static void
decay(struct count *c, uint64_t now_ms)
{
	while (c->failures > 0 && c->since_ms + HOUR_MS <= now_ms) {
		c->failures /= 2;
		c->since_ms += HOUR_MS;
	}
}

static bool
known(const struct count *c, uint64_t now_ms)
{
	return c && c->known_until_ms > now_ms;
}

/* What is lost with it. */
static uint64_t
worth(struct count *c, uint64_t now_ms)
{
	if (!c->used)
		return 0;
	decay(c, now_ms);
	if (known(c, now_ms))
		return UINT64_MAX;
	return 1 + c->failures + (c->under_way > 0 ? UINT32_MAX : 0);
}

static struct count *
set_of(struct sta_attempts *a, enum sta_attempt_kind kind, const struct sta_attempt_keys *keys)
{
	return a->table[kind][(keys->of[kind][0] | keys->of[kind][1] << 8) % SETS];
}

static struct count *
find(struct sta_attempts *a, enum sta_attempt_kind kind, const struct sta_attempt_keys *keys, uint64_t now_ms)
{
	struct count *set = set_of(a, kind, keys);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].used && memcmp(set[i].key, keys->of[kind], STA_ATTEMPT_KEY_LEN) == 0) {
			decay(&set[i], now_ms);
			return &set[i];
		}
	return NULL;
}

/* NULL: it would take the place of an address that is known, and only another such may. */
static struct count *
find_or_make(struct sta_attempts *a, enum sta_attempt_kind kind, const struct sta_attempt_keys *keys,
	     bool for_known, uint64_t now_ms)
{
	struct count *set = set_of(a, kind, keys);
	struct count *c = find(a, kind, keys, now_ms);
	struct count *least = &set[0];

	if (c)
		return c;
	for (size_t i = 1; i < WAYS; i++) {
		uint64_t mine = worth(&set[i], now_ms);
		uint64_t other = worth(least, now_ms);

		if (mine < other || (mine == other && set[i].since_ms < least->since_ms))
			least = &set[i];
	}
	if (!for_known && known(least, now_ms))
		return NULL;
	*least = (struct count){ .used = true, .since_ms = now_ms };
	memcpy(least->key, keys->of[kind], STA_ATTEMPT_KEY_LEN);
	return least;
}

/* Milliseconds until the next attempt that shows this secret is looked at. */
static uint64_t
wait_of(const struct count *c, uint64_t free_attempts, bool count_under_way, uint64_t secret, uint64_t now_ms)
{
	if (!c || (count_under_way && c->sharing > 0 && c->secret == secret))
		return 0;
	if (c->failures < free_attempts)
		return count_under_way && c->failures + c->under_way >= free_attempts ? 1 : 0;
	if (now_ms < c->next_ms)
		return c->next_ms - now_ms;
	return c->under_way > 0 ? 1 : 0;
}

static uint64_t
longer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* In seconds, rounded up.  Many people may share an address and sign in at the same moment:
 * below its limit only what has failed counts. */
static uint64_t
wait_s(struct sta_attempts *a, const struct sta_attempt *t, const struct sta_attempt_keys *keys,
       bool *is_known, uint64_t now_ms)
{
	struct count *pair = t->account ? find(a, STA_ATTEMPT_PAIR, keys, now_ms) : NULL;
	uint64_t ms = 0;

	*is_known = known(pair, now_ms);
	if (*is_known)
		return (wait_of(pair, a->free_attempts, true, t->secret, now_ms) + 999) / 1000;
	if (t->account)
		ms = wait_of(find(a, STA_ATTEMPT_ACCOUNT, keys, now_ms), a->free_attempts, true, t->secret,
			     now_ms);
	if (t->peer[0] != '\0')
		ms = longer(ms,
			    wait_of(find(a, STA_ATTEMPT_ADDRESS, keys, now_ms),
				    a->free_attempts * STA_ATTEMPTS_PER_ADDRESS, false, t->secret, now_ms));
	return (ms + 999) / 1000;
}

static void
start(struct count *c, uint64_t secret)
{
	if (!c)
		return;
	if (c->sharing > 0 && c->secret == secret) {
		c->sharing++;
		return;
	}
	c->under_way++;
	c->secret = secret;
	c->sharing = 1;
}

/* False while the same secret is still being looked at for another. */
static bool
stop(struct count *c, uint64_t secret)
{
	if (c->secret == secret && c->sharing > 0 && --c->sharing > 0)
		return false;
	if (c->under_way > 0)
		c->under_way--;
	return true;
}

static void
fail(struct count *c, uint64_t free_attempts, uint64_t now_ms)
{
	uint64_t more;

	if (c->failures++ == 0)
		c->since_ms = now_ms;
	if (c->failures < free_attempts)
		return;
	more = c->failures - free_attempts + 1;
	c->next_ms = now_ms + (more < 12 ? 500 * ((UINT64_C(1) << more) - 1) : WAIT_MAX_MS);
	if (c->next_ms > now_ms + WAIT_MAX_MS)
		c->next_ms = now_ms + WAIT_MAX_MS;
}

static void
take_back(struct count *c, uint64_t failures)
{
	if (c)
		c->failures -= failures < c->failures ? failures : c->failures;
}

uint64_t
sta_attempts_wait(struct sta_attempts *a, const struct sta_attempt *t, uint64_t now_ms)
{
	struct sta_attempt_keys keys;
	bool is_known;
	uint64_t wait;

	if (a->free_attempts == 0)
		return 0;
	if (!sta_attempt_keys(a->key, t, &keys))
		return 1;
	(void) pthread_mutex_lock(&a->lock);
	wait = wait_s(a, t, &keys, &is_known, now_ms);
	a->stats.delayed += wait > 0;
	(void) pthread_mutex_unlock(&a->lock);
	return wait;
}

uint64_t
sta_attempts_begin(struct sta_attempts *a, struct sta_attempt *t, uint64_t now_ms)
{
	struct sta_attempt_keys keys;
	uint64_t wait;

	if (a->free_attempts == 0)
		return 0;
	if (!sta_attempt_keys(a->key, t, &keys))
		return 1;
	(void) pthread_mutex_lock(&a->lock);
	wait = wait_s(a, t, &keys, &t->known, now_ms);
	a->stats.delayed += wait > 0;
	if (wait == 0 && t->known) {
		start(find(a, STA_ATTEMPT_PAIR, &keys, now_ms), t->secret);
	} else if (wait == 0) {
		if (t->account)
			start(find_or_make(a, STA_ATTEMPT_ACCOUNT, &keys, false, now_ms), t->secret);
		start(find_or_make(a, STA_ATTEMPT_ADDRESS, &keys, false, now_ms), t->secret);
	}
	(void) pthread_mutex_unlock(&a->lock);
	return wait;
}

static void
end_one(struct count *c, const struct sta_attempt *t, enum sta_attempt_end how, uint64_t free_attempts,
	uint64_t now_ms)
{
	if (c && stop(c, t->secret) && how == STA_ATTEMPT_FAILED)
		fail(c, free_attempts, now_ms);
}

/* From now on the account knows the address. */
static void
succeed(struct sta_attempts *a, const struct sta_attempt *t, const struct sta_attempt_keys *keys,
	uint64_t now_ms)
{
	struct count *pair = find_or_make(a, STA_ATTEMPT_PAIR, keys, true, now_ms);

	if (!t->known) {
		take_back(find(a, STA_ATTEMPT_ACCOUNT, keys, now_ms), pair->failures);
		take_back(find(a, STA_ATTEMPT_ADDRESS, keys, now_ms), pair->failures);
	}
	pair->failures = 0;
	pair->since_ms = now_ms;
	pair->known_until_ms = now_ms + KNOWN_MS;
}

static void
end(struct sta_attempts *a, const struct sta_attempt *t, enum sta_attempt_end how,
    const struct sta_attempt_keys *keys, uint64_t now_ms)
{
	struct count *pair = t->account ? find_or_make(a, STA_ATTEMPT_PAIR, keys, false, now_ms) : NULL;

	if (t->known) {
		end_one(pair, t, how, a->free_attempts, now_ms);
	} else {
		if (t->account)
			end_one(find_or_make(a, STA_ATTEMPT_ACCOUNT, keys, false, now_ms), t, how,
				a->free_attempts, now_ms);
		end_one(find_or_make(a, STA_ATTEMPT_ADDRESS, keys, false, now_ms), t, how,
			a->free_attempts * STA_ATTEMPTS_PER_ADDRESS, now_ms);
		if (pair && how == STA_ATTEMPT_FAILED)
			fail(pair, a->free_attempts, now_ms);
	}
	if (t->account && how == STA_ATTEMPT_SUCCEEDED)
		succeed(a, t, keys, now_ms);
	a->stats.failed += how == STA_ATTEMPT_FAILED;
}

void
sta_attempts_end(struct sta_attempts *a, const struct sta_attempt *t, enum sta_attempt_end how,
		 uint64_t now_ms)
{
	struct sta_attempt_keys keys;

	if (a->free_attempts == 0 || !sta_attempt_keys(a->key, t, &keys))
		return;
	(void) pthread_mutex_lock(&a->lock);
	end(a, t, how, &keys, now_ms);
	(void) pthread_mutex_unlock(&a->lock);
}

void
sta_attempts_forgive(struct sta_attempts *a, const char *account, uint64_t now_ms)
{
	const struct sta_attempt t = { .account = account, .peer = "" };
	struct count *c;
	struct sta_attempt_keys keys;

	if (!sta_attempt_keys(a->key, &t, &keys))
		return;
	(void) pthread_mutex_lock(&a->lock);
	c = find(a, STA_ATTEMPT_ACCOUNT, &keys, now_ms);
	if (c)
		c->failures = 0;
	(void) pthread_mutex_unlock(&a->lock);
}

void
sta_attempts_stats(struct sta_attempts *a, struct sta_attempts_stats *out)
{
	(void) pthread_mutex_lock(&a->lock);
	*out = a->stats;
	(void) pthread_mutex_unlock(&a->lock);
}
