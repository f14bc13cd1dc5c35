#include "bench/load.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"

#define WORKERS_MAX 512

struct sta_team {
	pthread_barrier_t barrier;
	struct sta_run *run;
	void (*work)(struct sta_worker *);
	atomic_uint_fast64_t next;
	atomic_bool failed;
};

struct member {
	pthread_t thread;
	struct sta_worker worker;
};

void
sta_tally_merge(struct sta_tally *into, const struct sta_tally *from)
{
	sta_hist_merge(&into->latency, &from->latency);
	sta_hist_merge(&into->lag, &from->lag);
	into->done += from->done;
	into->bytes += from->bytes;
	into->reopened += from->reopened;
	into->broken += from->broken;
	into->unfinished += from->unfinished;
	for (size_t i = 0; i < sizeof into->status / sizeof *into->status; i++)
		into->status[i] += from->status[i];
}

bool
sta_tally_status(struct sta_tally *t, int status)
{
	if (status >= 200 && status < 300)
		return true;
	t->status[status]++;
	return false;
}

void
sta_run_begin(const struct sta_load *load, struct sta_run *run)
{
	sta_usage_reset_peak(load->pids, load->pid_count);
	sta_usage_read(load->pids, load->pid_count, &run->before);
	run->own_s = sta_usage_own_s();
	run->begin_ns = sta_now_ns();
}

void
sta_run_end(const struct sta_load *load, struct sta_run *run)
{
	run->end_ns = sta_now_ns();
	run->own_s = sta_usage_own_s() - run->own_s;
	sta_usage_read(load->pids, load->pid_count, &run->after);
	if (!run->loaded.processes)
		run->loaded = run->after;
}

static void *
run_member(void *arg)
{
	struct member *m = arg;

	m->worker.team->work(&m->worker);
	return NULL;
}

bool
sta_team_start(struct sta_worker *w)
{
	if (w->failed)
		atomic_store(&w->team->failed, true);
	(void) pthread_barrier_wait(&w->team->barrier); /* all are prepared */
	(void) pthread_barrier_wait(&w->team->barrier); /* the run has begun */
	return !atomic_load(&w->team->failed);
}

uint64_t
sta_team_next(struct sta_worker *w)
{
	return atomic_fetch_add(&w->team->next, 1);
}

uint64_t
sta_team_began_ns(const struct sta_worker *w)
{
	return w->team->run->begin_ns;
}

enum sta_rc
sta_team_run(struct sta_load *load, struct sta_run *run, size_t n, void (*work)(struct sta_worker *),
	     struct sta_err *err)
{
	struct sta_team team = { .run = run, .work = work };
	struct member *members = n && n <= WORKERS_MAX ? sta_malloc(n * sizeof *members) : NULL;
	enum sta_rc rc = STA_OK;

	if (!members)
		return sta_err_set(err, STA_INVALID, 0, "%zu threads: 1 to %d are possible", n, WORKERS_MAX);
	(void) pthread_barrier_init(&team.barrier, NULL, (unsigned) n + 1);
	for (size_t i = 0; i < n; i++) {
		members[i].worker =
			(struct sta_worker){ .load = load, .team = &team, .index = i, .count = n };
		if (pthread_create(&members[i].thread, NULL, run_member, &members[i]) != 0)
			return sta_err_set(err, STA_NOMEM, 0, "a thread"); /* the program ends */
	}
	(void) pthread_barrier_wait(&team.barrier);
	sta_run_begin(load, run);
	(void) pthread_barrier_wait(&team.barrier);
	for (size_t i = 0; i < n; i++)
		(void) pthread_join(members[i].thread, NULL);
	sta_run_end(load, run);
	for (size_t i = 0; i < n; i++) {
		sta_tally_merge(&run->tally, &members[i].worker.tally);
		if (members[i].worker.failed && rc == STA_OK) {
			*err = members[i].worker.err;
			rc = err->rc;
		}
	}
	(void) pthread_barrier_destroy(&team.barrier);
	sta_free(members);
	return rc;
}
