#include "interleave.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "db/db.h"
#include "registry/core.h"

static _Thread_local struct act *self; /* NULL: not a thread of an act */
static struct world *world;            /* the one whose store is wrapped */

/* --- an act's side --- */

/* Give the turn back, and wait for the next one. */
static void
give_back(struct act *a)
{
	struct world *w = a->w;

	(void) pthread_mutex_lock(&w->lock);
	w->running = NULL;
	(void) pthread_cond_signal(&w->turn);
	while (w->running != a)
		(void) pthread_cond_wait(&a->go, &w->lock);
	(void) pthread_mutex_unlock(&w->lock);
}

static void
stop(const char *where)
{
	struct act *a = self;

	if (!a || a->inside > 0)
		return;
	a->inside++; /* the scheduler's own mutex is no stop */
	a->points++;
	a->last = where;
	a->state = ACT_STOPPED;
	give_back(a);
	a->inside--;
}

static void
enter(void)
{
	if (self)
		self->inside++;
}

static void
leave(void)
{
	if (self)
		self->inside--;
}

void *
act_thread(void *arg)
{
	struct act *a = arg;
	struct world *w = a->w;

	self = a;
	a->inside = 1;
	(void) pthread_mutex_lock(&w->lock);
	while (true) {
		while (w->running != a)
			(void) pthread_cond_wait(&a->go, &w->lock);
		if (a->quit)
			break;
		(void) pthread_mutex_unlock(&w->lock);
		a->inside = 0;
		a->rc = a->run(w, a);
		a->inside = 1;
		a->code = a->rc == STA_OK ? 0 : a->err.code;
		(void) pthread_mutex_lock(&w->lock);
		a->state = ACT_OVER;
		a->to = w->turns;
		w->running = NULL;
		(void) pthread_cond_signal(&w->turn);
	}
	(void) pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- where it stops --- */

enum sta_rc __real_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);
enum sta_rc __wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);
enum sta_rc __real_sta_db_reader(struct sta_db *db, struct sta_db_conn **out, struct sta_err *err);
enum sta_rc __wrap_sta_db_reader(struct sta_db *db, struct sta_db_conn **out, struct sta_err *err);
enum sta_rc __real_sta_db_prepare(struct sta_db_conn *c, const char *literal, struct sta_db_stmt **out,
				  struct sta_err *err);
enum sta_rc __wrap_sta_db_prepare(struct sta_db_conn *c, const char *literal, struct sta_db_stmt **out,
				  struct sta_err *err);
int __real_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
int __real_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
void __real_sta_pool_submit(struct sta_pool *p, struct sta_job *job);
void __wrap_sta_pool_submit(struct sta_pool *p, struct sta_job *job);
void __real_sta_sessions_count(struct sta_sessions *s, int64_t buffer_bytes);
void __wrap_sta_sessions_count(struct sta_sessions *s, int64_t buffer_bytes);
size_t __real_sta_sessions_active(struct sta_sessions *s);
size_t __wrap_sta_sessions_active(struct sta_sessions *s);

enum sta_rc
__wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err)
{
	enum sta_rc rc;

	stop("before a transaction");
	enter();
	rc = __real_sta_db_write(db, fn, arg, err);
	leave();
	return rc;
}

enum sta_rc
__wrap_sta_db_reader(struct sta_db *db, struct sta_db_conn **out, struct sta_err *err)
{
	enum sta_rc rc;

	enter();
	rc = __real_sta_db_reader(db, out, err);
	leave();
	return rc;
}

enum sta_rc
__wrap_sta_db_prepare(struct sta_db_conn *c, const char *literal, struct sta_db_stmt **out,
		      struct sta_err *err)
{
	enum sta_rc rc;

	stop("before a read");
	enter();
	rc = __real_sta_db_prepare(c, literal, out, err);
	leave();
	return rc;
}

/* A mutex that another act holds: that one has to go on first. */
int
__wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
	struct act *a = self;

	if (!a || a->inside > 0)
		return __real_pthread_mutex_lock(m);
	stop("before a mutex");
	while (pthread_mutex_trylock(m) == EBUSY) {
		a->inside++;
		a->state = ACT_WAITS;
		give_back(a);
		a->inside--;
	}
	return 0;
}

/* What is waited for would have to come from a thread that does not run. */
int
__wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (self && self->inside == 0) {
		(void) fputs("an act waits for a condition, which the schedule does not know\n", stderr);
		abort();
	}
	return __real_pthread_cond_wait(c, m);
}

void
__wrap_sta_pool_submit(struct sta_pool *p, struct sta_job *job)
{
	if (self)
		job->run(job);
	else
		__real_sta_pool_submit(p, job);
}

/* Figures only. */
void
__wrap_sta_sessions_count(struct sta_sessions *s, int64_t buffer_bytes)
{
	enter();
	__real_sta_sessions_count(s, buffer_bytes);
	leave();
}

size_t
__wrap_sta_sessions_active(struct sta_sessions *s)
{
	size_t n;

	enter();
	n = __real_sta_sessions_active(s);
	leave();
	return n;
}

/* --- the store: each operation is one step --- */

static struct sta_store *
store_begin(const char *where)
{
	stop(where);
	enter();
	return world->h->shell.real;
}

static enum sta_rc
store_end(enum sta_rc rc)
{
	leave();
	return rc;
}

static enum sta_rc
stage_create(struct sta_store *s, const char *id, struct sta_err *err)
{
	s = store_begin("before stage_create");
	return store_end(s->ops->stage_create(s, id, err));
}

static enum sta_rc
stage_begin(struct sta_store *s, const char *id, struct sta_stage **out, struct sta_err *err)
{
	enum sta_rc rc;

	s = store_begin("before stage_begin");
	rc = s->ops->stage_begin(s, id, out, err);
	if (rc == STA_OK && strcmp(id, world->session) == 0)
		world->stage = *out;
	return store_end(rc);
}

static void
stage_end(struct sta_store *s, struct sta_stage *stage)
{
	(void) s;
	enter();
	if (world->stage == stage)
		world->stage = NULL;
	world->h->shell.real->ops->stage_end(world->h->shell.real, stage);
	leave();
}

static enum sta_rc
stage_write(struct sta_store *s, struct sta_stage *stage, uint64_t offset, const void *p, size_t len,
	    struct sta_err *err)
{
	s = store_begin("before stage_write");
	if (stage == world->stage)
		world->written = sta_now_unix();
	return store_end(s->ops->stage_write(s, stage, offset, p, len, err));
}

/* The store has the time from the system; here the test's clock counts. */
static enum sta_rc
stage_stat(struct sta_store *s, const char *id, uint64_t *size, int64_t *written_unix, struct sta_err *err)
{
	enum sta_rc rc;

	s = store_begin("before stage_stat");
	rc = s->ops->stage_stat(s, id, size, written_unix, err);
	if (rc == STA_OK)
		*written_unix = strcmp(id, world->session) == 0 ? world->written : sta_now_unix();
	return store_end(rc);
}

static enum sta_rc
stage_open(struct sta_store *s, const char *id, struct sta_blob_file *out, struct sta_err *err)
{
	s = store_begin("before stage_open");
	return store_end(s->ops->stage_open(s, id, out, err));
}

static enum sta_rc
stage_remove(struct sta_store *s, const char *id, struct sta_err *err)
{
	s = store_begin("before stage_remove");
	return store_end(s->ops->stage_remove(s, id, err));
}

static enum sta_rc
publish(struct sta_store *s, struct sta_stage *stage, const struct sta_digest *digest, struct sta_err *err)
{
	s = store_begin("before publish");
	return store_end(s->ops->publish(s, stage, digest, err));
}

static enum sta_rc
open_blob(struct sta_store *s, const struct sta_digest *digest, struct sta_blob_file *out,
	  struct sta_err *err)
{
	s = store_begin("before open");
	return store_end(s->ops->open(s, digest, out, err));
}

static enum sta_rc
remove_blob(struct sta_store *s, const struct sta_digest *digest, struct sta_err *err)
{
	s = store_begin("before remove");
	return store_end(s->ops->remove(s, digest, err));
}

void
wrap_store(struct world *w)
{
	static struct sta_store_ops ops;

	ops = *w->h->shell.base.ops;
	ops.stage_create = stage_create;
	ops.stage_begin = stage_begin;
	ops.stage_end = stage_end;
	ops.stage_write = stage_write;
	ops.stage_stat = stage_stat;
	ops.stage_open = stage_open;
	ops.stage_remove = stage_remove;
	ops.publish = publish;
	ops.open = open_blob;
	ops.remove = remove_blob;
	w->h->shell.base.ops = &ops;
	world = w;
}
