#include "t.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "jobs/jobs.h"
#include "registry/gc.h"
#include "registry/pulls.h"
#include "registry/search.h"
#include "registry/token.h"

#define NS_PER_S UINT64_C(1000000000)

static sem_t collected;
static sem_t flushed;
static sem_t counted;
static sem_t indexed;
static _Atomic uint64_t skew_ns; /* how far the clock of the jobs is ahead */
static _Atomic bool fails;
static char *const registry = (char[]){ "registry" };

enum sta_rc __wrap_sta_gc_run(struct sta_registry *r, const struct sta_call *call, bool now,
			      struct sta_gc_result *out, struct sta_err *err);
enum sta_rc __wrap_sta_pat_flush_used(struct sta_registry *r, struct sta_err *err);
enum sta_rc __wrap_sta_pulls_flush(struct sta_registry *r, struct sta_err *err);
enum sta_rc __wrap_sta_search_catch_up(struct sta_registry *r, struct sta_err *err);
uint64_t __wrap_sta_now_ns(void);
uint64_t __real_sta_now_ns(void);

enum sta_rc
__wrap_sta_gc_run(struct sta_registry *r, const struct sta_call *call, bool now, struct sta_gc_result *out,
		  struct sta_err *err)
{
	bool right =
		(void *) r == registry && call->caller.kind == STA_CALLER_SYSTEM && call->may_wait && !now;

	out->blobs_removed = 1;
	(void) sem_post(&collected);
	return right && !fails ? STA_OK : sta_err_set(err, STA_BACKEND, 0, "no");
}

enum sta_rc
__wrap_sta_pat_flush_used(struct sta_registry *r, struct sta_err *err)
{
	(void) r;
	(void) sem_post(&flushed);
	return fails ? sta_err_set(err, STA_BACKEND, 0, "no") : STA_OK;
}

enum sta_rc
__wrap_sta_pulls_flush(struct sta_registry *r, struct sta_err *err)
{
	(void) r;
	(void) sem_post(&counted);
	return fails ? sta_err_set(err, STA_BACKEND, 0, "no") : STA_OK;
}

enum sta_rc
__wrap_sta_search_catch_up(struct sta_registry *r, struct sta_err *err)
{
	(void) r;
	(void) sem_post(&indexed);
	return fails ? sta_err_set(err, STA_BACKEND, 0, "no") : STA_OK;
}

uint64_t
__wrap_sta_now_ns(void)
{
	return __real_sta_now_ns() + skew_ns;
}

static int
setup(void **state)
{
	(void) state;
	skew_ns = 0;
	fails = false;
	return sem_init(&collected, 0, 0) == 0 && sem_init(&flushed, 0, 0) == 0 &&
			       sem_init(&counted, 0, 0) == 0 && sem_init(&indexed, 0, 0) == 0
		       ? 0
		       : -1;
}

static struct sta_jobs *
start(uint64_t gc_interval_s)
{
	struct sta_jobs *j = NULL;
	struct sta_err err;

	assert_int_equal(sta_jobs_start((void *) registry, gc_interval_s, &j, &err), STA_OK);
	return j;
}

/* Within five seconds. */
static void
expect(sem_t *s)
{
	struct timespec until;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_sec += 5;
	assert_int_equal(sem_timedwait(s, &until), 0);
}

static void
a_stop_is_at_once_and_writes_the_last_use_and_pulls(void **state)
{
	struct sta_jobs *j = start(3600);
	uint64_t begun = __real_sta_now_ns();

	(void) state;
	sta_jobs_stop(j);
	assert_true(__real_sta_now_ns() - begun < 5 * NS_PER_S);
	assert_int_equal(sem_trywait(&flushed), 0);
	assert_int_equal(sem_trywait(&counted), 0);
	assert_int_equal(sem_trywait(&collected), -1);
	sta_jobs_stop(NULL);
}

static void
collection_comes_at_every_interval(void **state)
{
	struct sta_jobs *j = start(0);

	(void) state;
	expect(&collected);
	expect(&collected);
	sta_jobs_stop(j);
}

static void
a_failure_does_not_end_the_jobs(void **state)
{
	struct sta_jobs *j;

	(void) state;
	fails = true;
	j = start(0);
	expect(&collected);
	expect(&collected);
	skew_ns = 61 * NS_PER_S;
	expect(&flushed);
	expect(&counted);
	sta_jobs_stop(j);
}

static void
the_last_use_and_pulls_are_written_every_minute(void **state)
{
	struct sta_jobs *j = start(0);

	(void) state;
	expect(&collected);
	assert_int_equal(sem_trywait(&flushed), -1);
	assert_int_equal(sem_trywait(&counted), -1);
	skew_ns = 61 * NS_PER_S;
	expect(&flushed);
	expect(&counted);
	sta_jobs_stop(j);
}

static void
words_are_written_at_the_start_and_every_second(void **state)
{
	struct sta_jobs *j = start(3600);

	(void) state;
	expect(&indexed);
	skew_ns = 2 * NS_PER_S;
	expect(&indexed);
	sta_jobs_stop(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_stop_is_at_once_and_writes_the_last_use_and_pulls, setup),
		cmocka_unit_test_setup(collection_comes_at_every_interval, setup),
		cmocka_unit_test_setup(a_failure_does_not_end_the_jobs, setup),
		cmocka_unit_test_setup(the_last_use_and_pulls_are_written_every_minute, setup),
		cmocka_unit_test_setup(words_are_written_at_the_start_and_every_second, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
