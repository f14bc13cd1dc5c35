#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/mhd_internal.h"

/* The library calls epoll_wait() and epoll_ctl() through the dynamic linker, which
 * takes ours as the program comes before the libraries. */

/* The library asks for up to 128 events at once, and when it gets as many it asks
 * again before it looks at any of them, ready to sleep.  So 128 requests that come
 * together wait for one more.  It never gets as many from us; what is left it finds
 * in its next round.  Where there is room, mhd_rest.c has events of its own. */
__attribute__((visibility("default"))) int sta_mhd_epoll_wait(int fd, struct epoll_event *events, int max,
							      int timeout_ms) __asm__("epoll_wait");

int
sta_mhd_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int room = max > 1 ? max - 1 : max;
	uint64_t now = 0;
	int n = epoll_pwait(fd, events, room, sta_mhd_rest_timeout(timeout_ms, &now), NULL);

	return n < 0 ? n : n + sta_mhd_rest_ask(events + n, room - n, now);
}

/* What the library calls a connection, and whether it wants its events: not while that is
 * suspended. */
__attribute__((visibility("default"))) int sta_mhd_epoll_ctl(int epoll_fd, int op, int fd,
							     struct epoll_event *event) __asm__("epoll_ctl");

int
sta_mhd_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event)
{
	int rc = (int) syscall(SYS_epoll_ctl, epoll_fd, op, fd, event);
	struct sta_mhd_conn *conn = rc == 0 ? sta_mhd_wire_find(fd) : NULL;

	if (!conn)
		return rc;
	conn->rest.watched = op != EPOLL_CTL_DEL;
	if (event)
		conn->rest.event = *event;
	return rc;
}
