#include "registry/pulls.h"

#include <string.h>

#include "base/alloc.h"
#include "model/statistics.h"
#include "oci/ref.h"
#include "registry/core.h"

#define SHARDS 32
#define KEYS_WITH_TAG (STA_PULLS_KEYS / 4 * 3)
#define FIRST 32  /* entries of a table */
#define BATCH 100 /* keys that a transaction writes, with three rows each */
#define DAY_S 86400

struct entry {
	int64_t version_id;
	int32_t day;
	uint32_t hash;
	uint64_t pulls, heads;
	char tag[STA_TAG_MAX + 1]; /* empty: by digest */
};

/* Entries in the order in which they came, and twice as many places, by hash: the number of an entry, from 1.
 */
struct table {
	struct entry *entries;
	uint32_t *places; /* in the same memory */
	uint32_t n, cap;
};

/* A key has a shard to begin with, and the next ones while that one is held: nobody waits. */
struct shard {
	pthread_mutex_t lock;
	struct table table;
};

struct sta_pulls {
	struct shard shards[SHARDS];
	_Atomic size_t keys;
	_Atomic uint64_t lost;
	pthread_mutex_t flushing; /* who reads after a flush must not miss what another one has in hand */
};

enum sta_rc
sta_pulls_new(struct sta_pulls **out, struct sta_err *err)
{
	struct sta_pulls *p = sta_malloc(sizeof(*p));

	if (!p)
		return sta_err_set(err, STA_NOMEM, 0, "pulls");
	for (size_t i = 0; i < SHARDS; i++)
		(void) pthread_mutex_init(&p->shards[i].lock, NULL);
	(void) pthread_mutex_init(&p->flushing, NULL);
	*out = p;
	return STA_OK;
}

void
sta_pulls_free(struct sta_pulls *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		sta_free(p->shards[i].table.entries);
		(void) pthread_mutex_destroy(&p->shards[i].lock);
	}
	(void) pthread_mutex_destroy(&p->flushing);
	sta_free(p);
}

/* --- a table --- */

static uint32_t
hash_of(const struct entry *e)
{
	uint64_t h = (uint64_t) e->version_id * UINT64_C(0x9e3779b97f4a7c15) ^ (uint32_t) e->day;

	for (const char *p = e->tag; *p; p++)
		h = (h ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
	return (uint32_t) (h ^ h >> 32);
}

static bool
same_key(const struct entry *a, const struct entry *b)
{
	return a->hash == b->hash && a->version_id == b->version_id && a->day == b->day &&
	       strcmp(a->tag, b->tag) == 0;
}

/* The place of the key's entry, or the free one where it belongs. */
static uint32_t *
place_of(const struct table *t, const struct entry *key)
{
	uint32_t mask = 2 * t->cap - 1;
	uint32_t i = key->hash / SHARDS & mask;

	while (t->places[i] != 0 && !same_key(&t->entries[t->places[i] - 1], key))
		i = (i + 1) & mask;
	return &t->places[i];
}

static bool
grow(struct table *t)
{
	uint32_t cap = t->cap > 0 ? 2 * t->cap : FIRST;
	struct table bigger = { .n = t->n, .cap = cap };

	bigger.entries = sta_malloc(cap * (sizeof(*bigger.entries) + 2 * sizeof(*bigger.places)));
	if (!bigger.entries)
		return false;
	bigger.places = (uint32_t *) (bigger.entries + cap);
	if (t->n > 0)
		memcpy(bigger.entries, t->entries, t->n * sizeof(*t->entries));
	for (uint32_t i = 0; i < t->n; i++)
		*place_of(&bigger, &bigger.entries[i]) = i + 1;
	sta_free(t->entries);
	*t = bigger;
	return true;
}

/* A new entry for one more key, unless there are too many. */
static struct entry *
insert(struct sta_pulls *p, struct table *t, const struct entry *key, size_t keys_max)
{
	if (atomic_load_explicit(&p->keys, memory_order_relaxed) >= keys_max)
		return NULL;
	if (t->n == t->cap && !grow(t))
		return NULL;
	(void) atomic_fetch_add_explicit(&p->keys, 1, memory_order_relaxed);
	*place_of(t, key) = t->n + 1;
	t->entries[t->n] = *key;
	t->entries[t->n].pulls = t->entries[t->n].heads = 0;
	return &t->entries[t->n++];
}

static bool
add_to(struct sta_pulls *p, struct table *t, const struct entry *more, size_t keys_max)
{
	uint32_t number = t->cap > 0 ? *place_of(t, more) : 0;
	struct entry *e = number > 0 ? &t->entries[number - 1] : insert(p, t, more, keys_max);

	if (!e)
		return false;
	e->pulls += more->pulls;
	e->heads += more->heads;
	return true;
}

/* --- counting --- */

/* A thread holds one shard at most, and for some hundred instructions: there is a free one, as long as fewer
 * threads than shards count.  Twice, as it may have been behind the one that looks. */
static bool
put(struct sta_pulls *p, const struct entry *more, size_t keys_max)
{
	for (size_t i = 0; i < (size_t) 2 * SHARDS; i++) {
		struct shard *s = &p->shards[(more->hash + i) % SHARDS];
		bool done;

		if (pthread_mutex_trylock(&s->lock) != 0)
			continue;
		done = add_to(p, &s->table, more, keys_max);
		(void) pthread_mutex_unlock(&s->lock);
		return done;
	}
	return false;
}

static void
add(struct sta_pulls *p, struct entry *more)
{
	more->hash = hash_of(more);
	if (put(p, more, *more->tag ? KEYS_WITH_TAG : STA_PULLS_KEYS))
		return;
	if (*more->tag) {
		*more->tag = '\0';
		more->hash = hash_of(more);
		if (put(p, more, STA_PULLS_KEYS))
			return;
	}
	(void) atomic_fetch_add_explicit(&p->lost, more->pulls + more->heads, memory_order_relaxed);
}

void
sta_pull_count(struct sta_registry *r, int64_t version_id, const char *tag, enum sta_pull_kind kind)
{
	struct entry e;
	size_t len = tag ? strnlen(tag, STA_TAG_MAX) : 0;

	e.version_id = version_id;
	e.day = (int32_t) (sta_now_unix() / DAY_S);
	e.pulls = kind == STA_PULLED;
	e.heads = kind == STA_PULL_HEAD;
	if (len > 0)
		memcpy(e.tag, tag, len);
	e.tag[len] = '\0';
	add(r->pulls, &e);
}

uint64_t
sta_pulls_lost(struct sta_registry *r)
{
	return atomic_load_explicit(&r->pulls->lost, memory_order_relaxed);
}

/* --- writing down --- */

/* Tables that were taken away, and the next entry of them. */
struct taken {
	struct table tables[SHARDS];
	size_t table;
	uint32_t entry;
};

struct batch {
	struct entry *items[BATCH];
	size_t n;
};

static void
take(struct sta_pulls *p, struct taken *t)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &p->shards[i];

		(void) pthread_mutex_lock(&s->lock);
		t->tables[i] = s->table;
		s->table = (struct table){ .n = 0 };
		(void) pthread_mutex_unlock(&s->lock);
		(void) atomic_fetch_sub_explicit(&p->keys, t->tables[i].n, memory_order_relaxed);
	}
}

static struct entry *
next(struct taken *t)
{
	while (t->table < SHARDS && t->entry == t->tables[t->table].n) {
		t->table++;
		t->entry = 0;
	}
	return t->table < SHARDS ? &t->tables[t->table].entries[t->entry++] : NULL;
}

static void
fill(struct taken *t, struct batch *out)
{
	struct entry *e;

	out->n = 0;
	while (out->n < BATCH && (e = next(t)) != NULL)
		out->items[out->n++] = e;
}

static enum sta_rc
write_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct batch *b = arg;
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < b->n; i++) {
		const struct entry *e = b->items[i];
		const struct sta_pull_count count = {
			.version_id = e->version_id,
			.day = e->day,
			.tag = e->tag,
			.pulls = e->pulls,
			.heads = e->heads,
		};

		rc = sta_pull_day_add(c, &count, err);
	}
	return rc;
}

/* Of a batch nothing was written. */
static void
put_back(struct sta_pulls *p, const struct batch *b, struct taken *t)
{
	struct entry *e;

	for (size_t i = 0; i < b->n; i++)
		add(p, b->items[i]);
	while ((e = next(t)) != NULL)
		add(p, e);
}

enum sta_rc
sta_pulls_flush(struct sta_registry *r, struct sta_err *err)
{
	struct taken t = { .table = 0 };
	struct batch b;
	enum sta_rc rc = STA_OK;

	(void) pthread_mutex_lock(&r->pulls->flushing);
	take(r->pulls, &t);
	fill(&t, &b);
	while (rc == STA_OK && b.n > 0) {
		rc = sta_db_write(r->db, write_tx, &b, err);
		if (rc == STA_OK)
			fill(&t, &b);
	}
	put_back(r->pulls, &b, &t);
	(void) pthread_mutex_unlock(&r->pulls->flushing);
	for (size_t i = 0; i < SHARDS; i++)
		sta_free(t.tables[i].entries);
	return rc;
}
