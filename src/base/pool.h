/*
 * pool - a fixed set of threads for work that may wait.
 *
 * Jobs are structs of the caller's (no allocation): the caller fills run and
 * keeps the struct alive until run() has been entered.  Jobs start in the
 * order of submission.  The queue has no limit of its own because every job
 * belongs to a connection or an upload, and those are limited.
 *
 * Layer: base.  May include: err.  Threads: submit from any.
 */
#ifndef STA_BASE_POOL_H
#define STA_BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct sta_job {
	void (*run)(struct sta_job *job); /* may free the struct that holds job */
	struct sta_job *next;             /* used by the pool */
};

struct sta_pool;

/* threads >= 1.  Owned by the caller. */
enum sta_rc sta_pool_new(size_t threads, const char *name, struct sta_pool **out,
			 struct sta_err *err) STA_CHECK;

/* Runs what is queued, then joins the threads.  NULL is allowed. */
void sta_pool_free(struct sta_pool *p);

void sta_pool_submit(struct sta_pool *p, struct sta_job *job);

/* Jobs waiting for a thread, for metrics. */
size_t sta_pool_waiting(struct sta_pool *p);
size_t sta_pool_threads(const struct sta_pool *p);

#endif
