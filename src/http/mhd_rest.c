#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/mhd_internal.h"

/* A connection at rest gives back memory.
 *
 * The library clears the whole pool of a connection after each request, and so has
 * all of it in memory, however long nothing comes.  Of a connection that has waited
 * for a second for a request, or for the rest of a head or body, these pages go back to the
 * kernel, and read as zeros from then on:
 *
 *   - those that a recv() was asked to fill and had nothing for;
 *   - those that hold nothing but zeros, which is what they hold afterwards.
 *
 * When is a pool alive, and is nobody at work in it?  While the library reads
 * from its connection, into it.  So it is made to do that: among the events that it
 * waits for (mhd_epoll.c) it finds one that says there is something to read.  There is
 * not, it finds out, and mhd_wire.c or mhd_tls.c, where that call passes, gives the
 * pages back.  A request or the end of the connection may come before, as ever.
 *
 * The read finds one more thing: that the client has ended the connection.  When the end comes
 * together with bytes, the library hears of both in one event, reads the bytes, and waits for the next
 * event, which does not come.
 *
 * A line for each loop, which alone is in it: the one that rests longest stands first.
 * Who was asked has left the line until its next rest begins. */

#define REST_NS ((uint64_t) 1000000000)
#define MS_NS ((uint64_t) 1000000)
#define ASK_MAX 16 /* in one round: so many cost others some 50 µs */
#define PAGE_MIN ((size_t) 4096)

static _Thread_local struct {
	struct sta_mhd_conn *first, *last;
} line;

static void
step_out(struct sta_mhd_conn *conn)
{
	struct sta_mhd_rest *r = &conn->rest;

	if (r->before)
		r->before->rest.after = r->after;
	else
		line.first = r->after;
	if (r->after)
		r->after->rest.before = r->before;
	else
		line.last = r->before;
	r->before = r->after = NULL;
	r->in_line = false;
}

void
sta_mhd_rest_begin(struct sta_mhd_conn *conn, uint64_t now)
{
	struct sta_mhd_rest *r = &conn->rest;

	r->asked = false;
	r->since_ns = now;
	if (line.last == conn)
		return;
	if (r->in_line)
		step_out(conn);
	r->in_line = true;
	r->before = line.last;
	if (r->before)
		r->before->rest.after = conn;
	else
		line.first = conn;
	line.last = conn;
}

void
sta_mhd_rest_end(struct sta_mhd_conn *conn)
{
	if (conn->rest.in_line)
		step_out(conn);
}

int
sta_mhd_rest_timeout(int timeout_ms, uint64_t *now)
{
	uint64_t due, ms;

	if (!line.first)
		return timeout_ms;
	*now = sta_now_ns();
	due = line.first->rest.since_ns + REST_NS;
	ms = due > *now ? (due - *now) / MS_NS + 1 : 0;
	return timeout_ms >= 0 && (uint64_t) timeout_ms < ms ? timeout_ms : (int) ms;
}

static bool
rests(const struct sta_mhd_conn *conn)
{
	enum sta_mhd_phase phase = atomic_load(&conn->phase);

	return conn->rest.watched &&
	       (phase == STA_PHASE_HEADER || phase == STA_PHASE_IDLE || phase == STA_PHASE_BODY);
}

int
sta_mhd_rest_ask(struct epoll_event *events, int max, uint64_t now)
{
	int n = 0;

	while (n < max && n < ASK_MAX && line.first && now >= line.first->rest.since_ns + REST_NS) {
		struct sta_mhd_conn *conn = line.first;

		step_out(conn);
		if (!rests(conn))
			continue;
		conn->rest.asked = true;
		events[n] = conn->rest.event;
		events[n++].events = EPOLLIN;
	}
	return n;
}

static bool
is_zero(const char *p, size_t len)
{
	static const char zeros[PAGE_MIN];

	for (size_t i = 0; i < len; i += PAGE_MIN)
		if (memcmp(p + i, zeros, PAGE_MIN) != 0)
			return false;
	return true;
}

static void
give_back(char *from, const char *end)
{
	if (from < end)
		(void) madvise(from, (size_t) (end - from), MADV_DONTNEED);
}

static char *
page_from(char *p, size_t page)
{
	return p + (page - (uintptr_t) p % page) % page;
}

void
sta_mhd_rest_unread(struct sta_mhd_conn *conn, char *buf, size_t len)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	char *pool = conn->wire.base;
	char *from;

	conn->rest.asked = false;
	if (!pool || buf < pool || buf + len > pool + STA_POOL_BYTES)
		return;
	from = page_from(pool, page);
	for (char *p = from; p + page <= pool + STA_POOL_BYTES; p += page) {
		bool unread = p >= buf && p + page <= buf + len;

		if (unread || is_zero(p, page))
			continue;
		give_back(from, p);
		from = p + page;
	}
	give_back(from, page_from(pool + STA_POOL_BYTES - page + 1, page));
}
