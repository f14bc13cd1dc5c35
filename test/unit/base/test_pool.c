#include "t.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/oom.h"
#include "base/pool.h"

static int create_fails_at; /* 0: never */
static int n_created;

int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	if (++n_created == create_fails_at)
		return EAGAIN;
	return __real_pthread_create(t, attr, fn, arg);
}

struct numbered {
	struct sta_job job; /* first: run() casts back */
	int number;
};

static int order[100];
static int n_run; /* read after the pool is gone, or by its one thread */
static sem_t gate;

static void
run_number(struct sta_job *job)
{
	order[n_run++] = ((struct numbered *) job)->number;
	sta_free(job); /* the job may free itself */
}

static void
run_gate(struct sta_job *job)
{
	(void) job;
	(void) sem_wait(&gate);
}

static void
jobs_start_in_order_and_free_drains(void **state)
{
	struct sta_job blocker = { .run = run_gate };
	struct sta_pool *p = NULL;
	struct sta_err err;

	(void) state;
	n_run = 0;
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	assert_int_equal(sta_pool_new(1, "test", &p, &err), STA_OK);
	sta_pool_submit(p, &blocker);
	for (int i = 0; i < 100; i++) {
		struct numbered *n = sta_malloc(sizeof(*n));

		assert_non_null(n);
		*n = (struct numbered){ .job = { .run = run_number }, .number = i };
		sta_pool_submit(p, &n->job);
	}
	assert_in_range(sta_pool_waiting(p), 100, 101); /* with or without the blocker */
	assert_int_equal(sem_post(&gate), 0);
	sta_pool_free(p);
	assert_int_equal(n_run, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(order[i], i);
	(void) sem_destroy(&gate);
}

static pthread_barrier_t meeting;

static void
run_meet(struct sta_job *job)
{
	(void) job;
	(void) pthread_barrier_wait(&meeting);
}

/* Ends only if four jobs run at the same time. */
static void
all_threads_work_at_once(void **state)
{
	struct sta_job jobs[4] = {
		{ .run = run_meet }, { .run = run_meet }, { .run = run_meet }, { .run = run_meet }
	};
	struct sta_pool *p = NULL;
	struct sta_err err;

	(void) state;
	assert_int_equal(pthread_barrier_init(&meeting, NULL, 4), 0);
	assert_int_equal(sta_pool_new(4, "meet", &p, &err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		sta_pool_submit(p, &jobs[i]);
	sta_pool_free(p);
	(void) pthread_barrier_destroy(&meeting);
}

/* ThreadSanitizer makes every stack larger, to hold what it knows of the thread. */
#ifdef __has_feature /* clang's */
#if __has_feature(thread_sanitizer)
#define STACKS_GROW
#endif
#endif
#ifdef __SANITIZE_THREAD__ /* gcc's */
#define STACKS_GROW
#endif

static char seen_name[16];
static sigset_t seen_mask;
static size_t seen_stack;

static void
run_look(struct sta_job *job)
{
	pthread_attr_t attr;

	(void) job;
	(void) pthread_getname_np(pthread_self(), seen_name, sizeof(seen_name));
	(void) pthread_sigmask(SIG_SETMASK, NULL, &seen_mask);
	(void) pthread_getattr_np(pthread_self(), &attr);
	(void) pthread_attr_getstacksize(&attr, &seen_stack);
	(void) pthread_attr_destroy(&attr);
}

static void
threads_have_names_small_stacks_and_no_signals(void **state)
{
	struct sta_job job = { .run = run_look };
	struct sta_pool *p = NULL;
	struct sta_err err;
	sigset_t mine;

	(void) state;
	assert_int_equal(sta_pool_new(1, "a-very-long-name", &p, &err), STA_OK);
	(void) pthread_sigmask(SIG_SETMASK, NULL, &mine);
	assert_int_equal(sigismember(&mine, SIGTERM), 0); /* the caller's mask is back */
	sta_pool_submit(p, &job);
	sta_pool_free(p);
	assert_string_equal(seen_name, "a-very-lon-0");
	assert_int_equal(sigismember(&seen_mask, SIGTERM), 1);
	assert_int_equal(sigismember(&seen_mask, SIGINT), 1);
#ifdef STACKS_GROW
	assert_in_range(seen_stack, 512 * 1024, 8 * 1024 * 1024 - 1); /* not the system's default */
#else
	assert_int_equal(seen_stack, 512 * 1024);
#endif
}

static void
failed_creation_leaves_nothing_behind(void **state)
{
	struct sta_pool *p = NULL;
	struct sta_err err;
	enum sta_rc rc;

	(void) state;
	assert_int_equal(sta_pool_new(0, "none", &p, &err), STA_INVALID);
	oom_budget = 0;
	rc = sta_pool_new(1, "none", &p, &err);
	oom_budget = -1;
	assert_int_equal(rc, STA_NOMEM);
	for (int i = 1; i <= 3; i++) {
		n_created = 0;
		create_fails_at = i;
		rc = sta_pool_new(3, "none", &p, &err);
		create_fails_at = 0;
		assert_int_equal(rc, STA_IO);
		assert_int_equal(err.sys, EAGAIN);
		assert_int_equal(n_created, i);
	}
	assert_null(p);
	sta_pool_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_start_in_order_and_free_drains),
		cmocka_unit_test(all_threads_work_at_once),
		cmocka_unit_test(threads_have_names_small_stacks_and_no_signals),
		cmocka_unit_test(failed_creation_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
