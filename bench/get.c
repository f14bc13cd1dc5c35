#include "bench/load.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "bench/slot.h"

#define EVENTS 256
#define TICK_MS 50

/* What a thread of a closed loop works with. */
struct loop {
	struct sta_worker *worker;
	struct sta_requests requests;
	struct sta_slot *slots;
	size_t count;
	size_t busy;
	int epoll;
	uint64_t deadline_ns;
	bool once; /* one request for each connection */
};

/* The slot's next request, if there is one. */
static void
send_next(struct loop *l, struct sta_slot *s)
{
	const struct sta_load *load = l->worker->load;
	uint64_t i = sta_team_next(l->worker);
	uint64_t now = sta_now_ns();

	if (now >= l->deadline_ns || (load->requests && i >= load->requests))
		return;
	s->start_ns = now;
	if (sta_slot_send(s, load, &l->requests, i, l->epoll, &l->worker->tally))
		l->busy++;
}

static void
work_off(struct loop *l)
{
	struct epoll_event events[EVENTS];

	for (size_t i = 0; i < l->count; i++)
		send_next(l, &l->slots[i]);
	while (l->busy && sta_now_ns() < l->deadline_ns) {
		int n = epoll_wait(l->epoll, events, EVENTS, TICK_MS);

		for (int i = 0; i < n; i++) {
			struct sta_slot *s = events[i].data.ptr;

			if (!sta_slot_read(s, &l->requests, &l->worker->tally))
				continue;
			l->busy--;
			if (!l->once)
				send_next(l, s);
		}
	}
}

/* Connections and requests; what fails is in the worker. */
static void
prepare(struct loop *l)
{
	struct sta_worker *w = l->worker;
	const struct sta_load *load = w->load;

	l->count = load->connections / w->count + (w->index < load->connections % w->count);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0 || sta_requests_init(&l->requests, load, &w->err) != STA_OK) {
		w->failed = true;
		return;
	}
	l->slots = sta_slots_new(load, l->count, l->epoll, &w->err);
	w->failed = !l->slots;
}

static void
finish(struct loop *l)
{
	sta_slots_free(l->slots, l->count);
	sta_requests_done(&l->requests);
	sta_auto_close(&l->epoll);
}

static void
work_get(struct sta_worker *w)
{
	struct loop l = { .worker = w, .epoll = -1 };

	prepare(&l);
	if (sta_team_start(w)) {
		l.deadline_ns = sta_team_began_ns(w) + w->load->seconds * 1000000000;
		work_off(&l);
	}
	finish(&l);
}

enum sta_rc
sta_mode_get(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	return sta_team_run(load, run, load->threads, work_get, err);
}

/* One request on each connection, then all are held while the server's memory is read.  The account is
 * made here and not by the team: the server's memory before it has any connection counts. */
enum sta_rc
sta_mode_idle(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	const struct timespec span = { .tv_sec = (time_t) load->seconds };
	struct sta_worker w = { .load = load, .count = 1 };
	struct loop l = { .worker = &w, .epoll = -1, .once = true };

	sta_run_begin(load, run);
	prepare(&l);
	if (w.failed) {
		*err = w.err;
		finish(&l);
		return err->rc;
	}
	for (size_t i = 0; i < l.count; i++) {
		l.slots[i].start_ns = sta_now_ns();
		if (sta_slot_send(&l.slots[i], load, &l.requests, i, l.epoll, &w.tally))
			l.busy++;
	}
	l.deadline_ns = sta_now_ns() + 60 * UINT64_C(1000000000);
	l.count = 0; /* nothing more to send */
	work_off(&l);
	l.count = load->connections;
	(void) clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
	sta_usage_read(load->pids, load->pid_count, &run->loaded);
	sta_tally_merge(&run->tally, &w.tally);
	finish(&l);
	sta_run_end(load, run);
	return STA_OK;
}
