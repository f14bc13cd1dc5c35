#include <string.h>

#include "base/alloc.h"
#include "registry/upload_session.h"

#define BUCKETS 1024
#define IDLE_MAX 4096 /* of about 1 KiB each */

struct sta_sessions {
	pthread_mutex_t lock;
	struct sta_upload *bucket[BUCKETS];
	struct sta_upload *oldest, *newest; /* idle ones */
	size_t n_idle;
	size_t n_held;
	uint64_t buffer_bytes;
};

enum sta_rc
sta_sessions_new(struct sta_sessions **out, struct sta_err *err)
{
	struct sta_sessions *s = sta_malloc(sizeof(*s));

	if (!s)
		return sta_err_set(err, STA_NOMEM, 0, "upload sessions");
	(void) pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return STA_OK;
}

void
sta_sessions_free(struct sta_sessions *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->bucket[i]) {
			struct sta_upload *u = s->bucket[i];

			s->bucket[i] = u->next_in_bucket;
			sta_upload_destroy(u);
		}
	}
	(void) pthread_mutex_destroy(&s->lock);
	sta_free(s);
}

/* FNV-1a; ids are random, and made by us. */
static size_t
bucket_of(const char *id)
{
	uint32_t h = 2166136261U;

	for (; *id; id++)
		h = (h ^ (unsigned char) *id) * 16777619U;
	return h % BUCKETS;
}

static struct sta_upload *
find(const struct sta_sessions *s, const char *id)
{
	struct sta_upload *u = s->bucket[bucket_of(id)];

	while (u && strcmp(u->id, id) != 0)
		u = u->next_in_bucket;
	return u;
}

static void
unlink_from_bucket(struct sta_sessions *s, const struct sta_upload *u)
{
	struct sta_upload **at = &s->bucket[bucket_of(u->id)];

	while (*at && *at != u)
		at = &(*at)->next_in_bucket;
	if (*at)
		*at = u->next_in_bucket;
}

static void
unlink_from_idle(struct sta_sessions *s, struct sta_upload *u)
{
	*(u->older ? &u->older->newer : &s->oldest) = u->newer;
	*(u->newer ? &u->newer->older : &s->newest) = u->older;
	u->older = NULL;
	u->newer = NULL;
	s->n_idle--;
}

bool
sta_sessions_add(struct sta_sessions *s, struct sta_upload *u)
{
	size_t i = bucket_of(u->id);
	bool fresh;

	(void) pthread_mutex_lock(&s->lock);
	fresh = !find(s, u->id);
	if (fresh) {
		u->held = true;
		u->next_in_bucket = s->bucket[i];
		s->bucket[i] = u;
		s->n_held++;
	}
	(void) pthread_mutex_unlock(&s->lock);
	return fresh;
}

static bool
belongs_to(const struct sta_upload *u, int64_t account_id, const char *package)
{
	return u->account_id == account_id && strcmp(u->name.full, package) == 0;
}

static enum sta_hold
state_of(const struct sta_upload *u, int64_t account_id, const char *package)
{
	if (!u || !belongs_to(u, account_id, package))
		return STA_HOLD_NONE;
	if (u->over)
		return STA_HOLD_OVER;
	return u->held ? STA_HOLD_BUSY : STA_HOLD_TAKEN;
}

enum sta_hold
sta_sessions_hold(struct sta_sessions *s, const char *id, int64_t account_id, const char *package,
		  struct sta_upload **out)
{
	enum sta_hold how;
	struct sta_upload *u;

	(void) pthread_mutex_lock(&s->lock);
	u = find(s, id);
	how = state_of(u, account_id, package);
	if (how == STA_HOLD_TAKEN) {
		unlink_from_idle(s, u);
		u->held = true;
		s->n_held++;
		*out = u;
	}
	(void) pthread_mutex_unlock(&s->lock);
	return how;
}

enum sta_hold
sta_sessions_look(struct sta_sessions *s, const char *id, int64_t account_id, const char *package,
		  uint64_t *staged)
{
	enum sta_hold how;
	struct sta_upload *u;

	(void) pthread_mutex_lock(&s->lock);
	u = find(s, id);
	how = state_of(u, account_id, package);
	if (how == STA_HOLD_TAKEN || how == STA_HOLD_BUSY) {
		(void) pthread_mutex_lock(&u->io.lock);
		*staged = u->io.staged;
		(void) pthread_mutex_unlock(&u->io.lock);
	}
	(void) pthread_mutex_unlock(&s->lock);
	return how;
}

void
sta_sessions_end(struct sta_sessions *s, struct sta_upload *u)
{
	(void) pthread_mutex_lock(&s->lock);
	u->over = true;
	(void) pthread_mutex_unlock(&s->lock);
}

struct sta_upload *
sta_sessions_end_all(struct sta_sessions *s, int64_t account_id)
{
	struct sta_upload *ended = NULL;

	(void) pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct sta_upload **at = &s->bucket[i]; *at;) {
			struct sta_upload *u = *at;

			if (u->account_id != account_id) {
				at = &u->next_in_bucket;
				continue;
			}
			u->over = true;
			u->refused = true;
			if (u->held) {
				at = &u->next_in_bucket;
				continue;
			}
			unlink_from_idle(s, u);
			*at = u->next_in_bucket;
			u->next_in_bucket = ended;
			ended = u;
		}
	}
	(void) pthread_mutex_unlock(&s->lock);
	return ended;
}

bool
sta_sessions_idle(struct sta_sessions *s, struct sta_upload *u)
{
	struct sta_upload *evicted = NULL;

	(void) pthread_mutex_lock(&s->lock);
	if (u->over) {
		(void) pthread_mutex_unlock(&s->lock);
		return false;
	}
	u->held = false;
	s->n_held--;
	u->older = s->newest;
	u->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = u;
	s->newest = u;
	s->n_idle++;
	if (s->n_idle > IDLE_MAX) {
		evicted = s->oldest;
		unlink_from_idle(s, evicted);
		unlink_from_bucket(s, evicted);
	}
	(void) pthread_mutex_unlock(&s->lock);
	sta_upload_destroy(evicted);
	return true;
}

void
sta_sessions_forget(struct sta_sessions *s, struct sta_upload *u)
{
	(void) pthread_mutex_lock(&s->lock);
	unlink_from_bucket(s, u);
	s->n_held--;
	(void) pthread_mutex_unlock(&s->lock);
	sta_upload_destroy(u);
}

bool
sta_sessions_has(struct sta_sessions *s, const char *id)
{
	bool found;

	(void) pthread_mutex_lock(&s->lock);
	found = find(s, id);
	(void) pthread_mutex_unlock(&s->lock);
	return found;
}

size_t
sta_sessions_active(struct sta_sessions *s)
{
	size_t n;

	(void) pthread_mutex_lock(&s->lock);
	n = s->n_held;
	(void) pthread_mutex_unlock(&s->lock);
	return n;
}

void
sta_sessions_count(struct sta_sessions *s, int64_t buffer_bytes)
{
	(void) pthread_mutex_lock(&s->lock);
	s->buffer_bytes += (uint64_t) buffer_bytes;
	(void) pthread_mutex_unlock(&s->lock);
}

void
sta_upload_stats(struct sta_registry *r, struct sta_upload_stats *out)
{
	struct sta_sessions *s = r->sessions;

	(void) pthread_mutex_lock(&s->lock);
	*out = (struct sta_upload_stats){
		.held = s->n_held,
		.cached = s->n_idle,
		.buffer_bytes = s->buffer_bytes,
	};
	(void) pthread_mutex_unlock(&s->lock);
}
