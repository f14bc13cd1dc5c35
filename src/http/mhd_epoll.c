#include <sys/epoll.h>

#include "http/mhd_internal.h"

/* The library asks for up to 128 events at once, and when it gets as many it asks
 * again before it looks at any of them, ready to sleep.  So 128 requests that come
 * together wait for one more.  It never gets as many from us; what is left it finds
 * in its next round.
 *
 * It calls epoll_wait() through the dynamic linker, which takes ours as the program
 * comes before the libraries. */
__attribute__((visibility("default"))) int sta_mhd_epoll_wait(int fd, struct epoll_event *events, int max,
							      int timeout_ms) __asm__("epoll_wait");

int
sta_mhd_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	return epoll_pwait(fd, events, max > 1 ? max - 1 : max, timeout_ms, NULL);
}
