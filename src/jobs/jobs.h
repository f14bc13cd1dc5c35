/*
 * jobs - what the server does by itself from time to time.
 *
 * One thread: collection every gc.interval, and the last use of tokens written
 * down every minute and at the end.  A failure is logged and tried again next
 * time.
 *
 * Layer: jobs.  May include: registry, base.  Threads: has its own; start and
 * stop from one.
 */
#ifndef STA_JOBS_JOBS_H
#define STA_JOBS_JOBS_H

#include "registry/registry.h"

struct sta_jobs;

/* r is borrowed until the stop. */
enum sta_rc sta_jobs_start(struct sta_registry *r, uint64_t gc_interval_s, struct sta_jobs **out,
			   struct sta_err *err) STA_CHECK;

/* Wakes the thread; returns when what it was doing is done.  NULL is allowed. */
void sta_jobs_stop(struct sta_jobs *j);

#endif
