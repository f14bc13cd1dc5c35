/*
 * slot - a keep-alive connection that sends small requests and drops their answers.
 *
 * May include: bench/load.  Threads: one owner.
 */
#ifndef STA_BENCH_SLOT_H
#define STA_BENCH_SLOT_H

#include "bench/load.h"

struct sta_slot {
	struct sta_conn conn;
	struct sta_answer answer;
	uint64_t start_ns; /* from here its latency counts */
	bool busy;
};

/* The requests of a run as the bytes to send, one for each path. */
struct sta_requests {
	struct sta_buf *text;
	size_t count;
	bool is_head;
};

enum sta_rc sta_requests_init(struct sta_requests *r, const struct sta_load *load,
			      struct sta_err *err) STA_CHECK;
void sta_requests_done(struct sta_requests *r);

/* n open connections in the epoll instance, event.data.ptr being the slot; owned by the caller. */
struct sta_slot *sta_slots_new(const struct sta_load *load, size_t n, int epoll,
			       struct sta_err *err) STA_CHECK;
void sta_slots_free(struct sta_slot *slots, size_t n);

/* Send request number i (the paths take turns).  Opens the connection again when the server closed it;
 * false when that failed too, which is counted. */
bool sta_slot_send(struct sta_slot *s, const struct sta_load *load, const struct sta_requests *r, uint64_t i,
		   int epoll, struct sta_tally *tally) STA_CHECK;

/* Read what is there.  True when the answer is complete or will never be: the slot is free then, and
 * everything is counted. */
bool sta_slot_read(struct sta_slot *s, const struct sta_requests *r, struct sta_tally *tally) STA_CHECK;

#endif
