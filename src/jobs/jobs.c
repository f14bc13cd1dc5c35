#include "jobs/jobs.h"

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "registry/gc.h"
#include "registry/pulls.h"
#include "registry/search.h"
#include "registry/token.h"

#define JOB_MEMORY_MAX ((size_t) 64 << 20)
#define FLUSH_INTERVAL_S 60
#define INDEX_INTERVAL_S 1
#define NS_PER_S UINT64_C(1000000000)

struct sta_jobs {
	struct sta_registry *registry;
	uint64_t gc_interval_s;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

static void
log_failure(const char *what, const struct sta_err *err)
{
	const struct sta_log_field fields[] = { STA_F_STR("error", sta_rc_name(err->rc)),
						STA_F_STR("why", err->msg), STA_F_END };

	sta_log(STA_LOG_ERROR, what, fields);
}

static void
collect(struct sta_registry *r)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(JOB_MEMORY_MAX);
	struct sta_gc_result sum = { 0 };
	struct sta_err err = { 0 };
	struct sta_call call;
	uint64_t begun = sta_now_ns();

	if (!a)
		return; /* next time there may be memory */
	call = sta_call_system(a);
	if (sta_gc_run(r, &call, false, &sum, &err) != STA_OK) {
		if (err.rc != STA_BUSY) /* stopping: the next start goes on */
			log_failure("collection failed", &err);
		return;
	}
	if (sum.uploads_expired + sum.versions_removed + sum.memberships_removed + sum.blobs_removed +
		    sum.packages_removed ==
	    0)
		return;
	sta_log(STA_LOG_INFO, "collected",
		(const struct sta_log_field[]){
			STA_F_INT("blobs", sum.blobs_removed), STA_F_INT("bytes", sum.bytes_freed),
			STA_F_INT("memberships", sum.memberships_removed),
			STA_F_INT("uploads", sum.uploads_expired),
			STA_F_INT("versions", sum.versions_removed),
			STA_F_INT("packages", sum.packages_removed), STA_F_INT("waiting", sum.waiting),
			STA_F_INT("ms", (sta_now_ns() - begun) / 1000000), STA_F_END });
}

static void
flush_counts(struct sta_registry *r)
{
	struct sta_err err = { 0 };

	if (sta_pat_flush_used(r, &err) != STA_OK)
		log_failure("last use of tokens not written", &err);
	if (sta_pulls_flush(r, &err) != STA_OK)
		log_failure("pulls not written", &err);
}

static void
index_words(struct sta_registry *r)
{
	struct sta_err err = { 0 };

	if (sta_search_catch_up(r, &err) != STA_OK && err.rc != STA_BUSY)
		log_failure("words of packages not written", &err);
}

/* Sleep until then, or until the stop; false: stop. */
static bool
sleep_until(struct sta_jobs *j, uint64_t then_ns)
{
	struct timespec t = { .tv_sec = (time_t) (then_ns / NS_PER_S),
			      .tv_nsec = (long) (then_ns % NS_PER_S) };
	bool stop;

	(void) pthread_mutex_lock(&j->lock);
	while (!j->stop && sta_now_ns() < then_ns)
		(void) pthread_cond_timedwait(&j->wake, &j->lock, &t);
	stop = j->stop;
	(void) pthread_mutex_unlock(&j->lock);
	return !stop;
}

static uint64_t
earliest(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t first = a < b ? a : b;

	return first < c ? first : c;
}

static void *
run(void *arg)
{
	struct sta_jobs *j = arg;
	uint64_t gc_ns = sta_now_ns() + j->gc_interval_s * NS_PER_S;
	uint64_t flush_ns = sta_now_ns() + FLUSH_INTERVAL_S * NS_PER_S;
	uint64_t index_ns = sta_now_ns();

	while (sleep_until(j, earliest(gc_ns, flush_ns, index_ns))) {
		if (sta_now_ns() >= index_ns) {
			index_words(j->registry);
			index_ns = sta_now_ns() + INDEX_INTERVAL_S * NS_PER_S;
		}
		if (sta_now_ns() >= gc_ns) {
			collect(j->registry);
			gc_ns = sta_now_ns() + j->gc_interval_s * NS_PER_S;
		}
		if (sta_now_ns() >= flush_ns) {
			flush_counts(j->registry);
			flush_ns = sta_now_ns() + FLUSH_INTERVAL_S * NS_PER_S;
		}
	}
	flush_counts(j->registry);
	return NULL;
}

/* A condition that waits by the clock of sta_now_ns(). */
static void
init_wake(struct sta_jobs *j)
{
	pthread_condattr_t monotonic;

	(void) pthread_condattr_init(&monotonic);
	(void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void) pthread_cond_init(&j->wake, &monotonic);
	(void) pthread_condattr_destroy(&monotonic);
	(void) pthread_mutex_init(&j->lock, NULL);
}

static void
destroy(struct sta_jobs *j)
{
	(void) pthread_cond_destroy(&j->wake);
	(void) pthread_mutex_destroy(&j->lock);
	sta_free(j);
}

enum sta_rc
sta_jobs_start(struct sta_registry *r, uint64_t gc_interval_s, struct sta_jobs **out, struct sta_err *err)
{
	struct sta_jobs *j = sta_malloc(sizeof(*j));
	int failed;

	if (!j)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the background jobs");
	*j = (struct sta_jobs){ .registry = r, .gc_interval_s = gc_interval_s };
	init_wake(j);
	failed = pthread_create(&j->thread, NULL, run, j);
	if (failed != 0) {
		destroy(j);
		return sta_err_set(err, STA_IO, failed, "start the thread of the background jobs");
	}
	*out = j;
	return STA_OK;
}

void
sta_jobs_stop(struct sta_jobs *j)
{
	if (!j)
		return;
	(void) pthread_mutex_lock(&j->lock);
	j->stop = true;
	(void) pthread_cond_signal(&j->wake);
	(void) pthread_mutex_unlock(&j->lock);
	(void) pthread_join(j->thread, NULL);
	destroy(j);
}
