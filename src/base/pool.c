#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"

#define STACK_BYTES ((size_t) 512 * 1024)

struct sta_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct sta_job *first;
	struct sta_job *last;
	size_t waiting;
	bool closing;
	size_t n_threads;
	pthread_t threads[];
};

/* The next job; NULL when the pool is closing and nothing is queued. */
static struct sta_job *
take(struct sta_pool *p)
{
	struct sta_job *job;

	(void) pthread_mutex_lock(&p->lock);
	while (!p->first && !p->closing)
		(void) pthread_cond_wait(&p->wake, &p->lock);
	job = p->first;
	if (job) {
		p->first = job->next;
		p->waiting--;
	}
	(void) pthread_mutex_unlock(&p->lock);
	return job;
}

static void *
work(void *arg)
{
	struct sta_job *job;

	while ((job = take(arg)))
		job->run(job); /* job may be gone from here on */
	return NULL;
}

/* All signals are blocked while the threads are made, and so in them for
 * ever: the main thread is the one that handles signals. */
static int
start(struct sta_pool *p, size_t threads, const char *name)
{
	pthread_attr_t attr;
	sigset_t all;
	sigset_t old;
	int sys = pthread_attr_init(&attr);

	if (sys != 0)
		return sys;
	(void) sigfillset(&all);
	sys = pthread_attr_setstacksize(&attr, STACK_BYTES);
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	while (sys == 0 && p->n_threads < threads) {
		char text[16]; /* the kernel's limit */

		sys = pthread_create(&p->threads[p->n_threads], &attr, work, p);
		if (sys != 0)
			break;
		(void) snprintf(text, sizeof(text), "%.10s-%u", name, (unsigned int) (p->n_threads % 1000));
		(void) pthread_setname_np(p->threads[p->n_threads], text);
		p->n_threads++;
	}
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void) pthread_attr_destroy(&attr);
	return sys;
}

enum sta_rc
sta_pool_new(size_t threads, const char *name, struct sta_pool **out, struct sta_err *err)
{
	struct sta_pool *p = NULL;
	int sys;

	if (threads == 0 || threads > UINT16_MAX)
		return sta_err_set(err, STA_INVALID, 0, "a pool of %zu threads", threads);
	p = sta_malloc(sizeof(*p) + threads * sizeof(p->threads[0]));
	if (!p)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the pool '%s'", name);
	(void) pthread_mutex_init(&p->lock, NULL); /* cannot fail with default attributes */
	(void) pthread_cond_init(&p->wake, NULL);
	sys = start(p, threads, name);
	if (sys != 0) {
		sta_pool_free(p);
		return sta_err_set(err, STA_IO, sys, "start a thread of the pool '%s'", name);
	}
	*out = p;
	return STA_OK;
}

void
sta_pool_free(struct sta_pool *p)
{
	if (!p)
		return;
	(void) pthread_mutex_lock(&p->lock);
	p->closing = true;
	(void) pthread_cond_broadcast(&p->wake);
	(void) pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_threads; i++)
		(void) pthread_join(p->threads[i], NULL);
	(void) pthread_cond_destroy(&p->wake);
	(void) pthread_mutex_destroy(&p->lock);
	sta_free(p);
}

void
sta_pool_submit(struct sta_pool *p, struct sta_job *job)
{
	job->next = NULL;
	(void) pthread_mutex_lock(&p->lock);
	if (p->first)
		p->last->next = job;
	else
		p->first = job;
	p->last = job;
	p->waiting++;
	(void) pthread_cond_signal(&p->wake);
	(void) pthread_mutex_unlock(&p->lock);
}

size_t
sta_pool_waiting(struct sta_pool *p)
{
	size_t n;

	(void) pthread_mutex_lock(&p->lock);
	n = p->waiting;
	(void) pthread_mutex_unlock(&p->lock);
	return n;
}

size_t
sta_pool_threads(const struct sta_pool *p)
{
	return p->n_threads;
}
