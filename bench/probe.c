#include "bench/load.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "bench/slot.h"

#define EVENTS 64
#define SECOND_NS UINT64_C(1000000000)
#define GRACE_NS (20 * SECOND_NS) /* for answers after the last request was due */

/*
 * An open loop: request i is due at begin + i / rate, whatever became of those
 * before it, and its latency counts from there.  When no connection is free it
 * waits, and that waiting counts too: a server that stalls is seen as a client
 * that did not wait for it would see it.
 */
struct probe {
	struct sta_load *load;
	struct sta_tally *tally;
	struct sta_requests requests;
	struct sta_slot *slots;
	int epoll;
	int timer;
	uint64_t begin_ns;
	uint64_t total;
	uint64_t sent;
	size_t busy;
};

static uint64_t
due_ns(const struct probe *p, uint64_t i)
{
	return p->begin_ns + i * SECOND_NS / p->load->rate;
}

static struct sta_slot *
free_slot(struct probe *p)
{
	for (size_t i = 0; i < p->load->connections; i++)
		if (!p->slots[i].busy)
			return &p->slots[i];
	return NULL;
}

/* Send what is due, as far as connections are free. */
static void
send_due(struct probe *p, bool waited_for_slot)
{
	while (p->sent < p->total && p->busy < p->load->connections) {
		struct sta_slot *s = free_slot(p);
		uint64_t due = due_ns(p, p->sent);
		uint64_t now = sta_now_ns();

		if (!s || due > now)
			break;
		if (!waited_for_slot)
			sta_hist_add(&p->tally->lag, now - due);
		s->start_ns = due;
		if (sta_slot_send(s, p->load, &p->requests, p->sent, p->epoll, p->tally))
			p->busy++;
		p->sent++;
	}
}

/* Wake when the next request is due. */
static void
arm(const struct probe *p)
{
	uint64_t due = due_ns(p, p->sent);
	struct itimerspec at = { .it_value = { .tv_sec = (time_t) (due / SECOND_NS),
					       .tv_nsec = (long) (due % SECOND_NS) } };

	(void) timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void
read_answers(struct probe *p)
{
	struct epoll_event events[EVENTS];
	uint64_t ticks = 0;
	int n = epoll_wait(p->epoll, events, EVENTS, 100);

	for (int i = 0; i < n; i++) {
		struct sta_slot *s = events[i].data.ptr;

		if (!s) /* the timer */
			(void) !read(p->timer, &ticks, sizeof ticks);
		else if (sta_slot_read(s, &p->requests, p->tally))
			p->busy--;
	}
}

static void
work_off(struct probe *p)
{
	uint64_t end_ns = 0;

	p->begin_ns = sta_now_ns();
	p->total = p->load->requests ? p->load->requests : p->load->rate * p->load->seconds;
	end_ns = due_ns(p, p->total) + GRACE_NS;
	while ((p->sent < p->total || p->busy) && sta_now_ns() < end_ns) {
		bool was_full = p->busy == p->load->connections;

		if (p->sent < p->total && !was_full)
			arm(p);
		read_answers(p);
		send_due(p, was_full);
	}
	p->tally->unfinished = p->total - p->sent + p->busy;
	for (size_t i = 0; i < p->load->connections; i++)
		if (p->slots[i].busy)
			sta_hist_add(&p->tally->latency, sta_now_ns() - p->slots[i].start_ns);
	for (uint64_t i = p->sent; i < p->total; i++)
		sta_hist_add(&p->tally->latency, sta_now_ns() - due_ns(p, i));
}

enum sta_rc
sta_mode_probe(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	STA_AUTO_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
	STA_AUTO_FD int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	STA_AUTO(sta_requests_done) struct sta_requests requests = { 0 };
	enum sta_rc rc = sta_requests_init(&requests, load, err);
	struct probe p = { .load = load, .tally = &run->tally, .epoll = epoll, .timer = timer };

	if (rc != STA_OK)
		return rc;
	if (!load->rate || epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0)
		return sta_err_set(err, STA_INVALID, errno, "a probe at %llu/s",
				   (unsigned long long) load->rate);
	p.requests = requests; /* borrowed */
	p.slots = sta_slots_new(load, load->connections, epoll, err);
	if (!p.slots)
		return err->rc;
	sta_run_begin(load, run);
	work_off(&p);
	sta_run_end(load, run);
	sta_slots_free(p.slots, load->connections);
	return STA_OK;
}
