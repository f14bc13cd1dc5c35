/*
 * auto - scope-bound release of locals, and moving ownership out of them.
 *
 * A variable marked STA_AUTO must be initialised where it is declared; the
 * compilers do not see that slip, so tools/check-source.py looks for it.
 *
 * Layer: base.  May include: nothing of ours.  Threads: no shared state.
 */
#ifndef STA_BASE_AUTO_H
#define STA_BASE_AUTO_H

#include <unistd.h>

#define STA_AUTO(fn) __attribute__((cleanup(fn)))
#define STA_AUTO_FD __attribute__((cleanup(sta_auto_close)))

static inline void
sta_auto_close(const int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
}

/* Give up ownership: yields the descriptor and leaves -1 behind. */
static inline int
sta_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
