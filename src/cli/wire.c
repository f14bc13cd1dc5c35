#include "cli/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define NS_PER_MS 1000000

void
sta_wire_init(struct sta_wire *w, int fd, size_t line_max)
{
	int flags = fcntl(fd, F_GETFL);

	(void) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	*w = (struct sta_wire){ .fd = fd };
	sta_buf_init(&w->in, line_max + 1);
}

void
sta_wire_done(struct sta_wire *w)
{
	if (w->in.data)
		explicit_bzero(w->in.data, w->in.cap);
	sta_buf_done(&w->in);
	(void) close(w->fd);
	w->fd = -1;
}

/* Wait until events come or the deadline (0: none) has passed. */
static enum sta_rc
wait_for(int fd, short events, uint64_t deadline_ns, struct sta_err *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = sta_now_ns();
		int left_ms = -1;
		int n;

		if (deadline_ns != 0)
			left_ms = deadline_ns > now ? (int) ((deadline_ns - now) / NS_PER_MS) + 1 : 0;
		n = poll(&p, 1, left_ms);
		if (n > 0)
			return STA_OK;
		if (n == 0)
			return sta_err_set(err, STA_TIMEOUT, 0,
					   "the other side of the control socket is too slow");
		if (errno != EINTR)
			return sta_err_set(err, STA_IO, errno, "control socket");
	}
}

static uint64_t
deadline(int timeout_ms)
{
	return timeout_ms < 0 ? 0 : sta_now_ns() + (uint64_t) timeout_ms * NS_PER_MS;
}

static enum sta_rc
send_all(int fd, const char *p, size_t len, uint64_t deadline_ns, struct sta_err *err)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		enum sta_rc rc = STA_OK;

		if (n >= 0) {
			p += n;
			len -= (size_t) n;
		} else if (errno == EAGAIN) {
			rc = wait_for(fd, POLLOUT, deadline_ns, err);
		} else if (errno != EINTR) {
			rc = sta_err_set(err, STA_IO, errno, "control socket");
		}
		if (rc != STA_OK)
			return rc;
	}
	return STA_OK;
}

enum sta_rc
sta_wire_send(struct sta_wire *w, const json_t *j, int timeout_ms, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(4 * STA_WIRE_ANSWER_MAX);
	char *text = a ? sta_json_dump(a, j) : NULL;
	uint64_t until = deadline(timeout_ms);
	size_t len;
	enum sta_rc rc;

	if (!text)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a control message");
	len = strlen(text);
	if (len > STA_WIRE_ANSWER_MAX)
		return sta_err_set(err, STA_TOO_LARGE, 0, "a control message is too long");
	text[len] = '\n'; /* in place of the NUL: one message, one write */
	rc = send_all(w->fd, text, len + 1, until, err);
	explicit_bzero(text, len + 1);
	return rc;
}

/* Read what is there into w->in. */
static enum sta_rc
fill(struct sta_wire *w, uint64_t deadline_ns, struct sta_err *err)
{
	char chunk[4096];
	enum sta_rc rc = wait_for(w->fd, POLLIN, deadline_ns, err);
	ssize_t n;

	if (rc != STA_OK)
		return rc;
	n = read(w->fd, chunk, sizeof(chunk));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? STA_OK
							 : sta_err_set(err, STA_IO, errno, "control socket");
	if (n == 0)
		return sta_err_set(err, STA_INCOMPLETE, 0, "the other side closed the control socket");
	sta_buf_append(&w->in, chunk, (size_t) n);
	explicit_bzero(chunk, (size_t) n);
	if (!sta_buf_ok(&w->in))
		return sta_err_set(err, STA_TOO_LARGE, 0, "a control message is too long");
	return STA_OK;
}

/* Forget the lines that were given out, so that the limit is one of each line. */
static void
compact(struct sta_wire *w)
{
	if (w->used == 0 || !w->in.data)
		return;
	memmove(w->in.data, w->in.data + w->used, w->in.len - w->used);
	w->in.len -= w->used;
	w->used = 0;
}

enum sta_rc
sta_wire_receive(struct sta_wire *w, struct sta_arena *a, int timeout_ms, json_t **out, struct sta_err *err)
{
	uint64_t until = deadline(timeout_ms);
	const char *end = NULL;
	const char *line;

	for (;;) {
		enum sta_rc rc;

		line = w->in.len > 0 ? w->in.data + w->used : NULL;
		end = line ? memchr(line, '\n', w->in.len - w->used) : NULL;
		if (end)
			break;
		compact(w);
		rc = fill(w, until, err);
		if (rc != STA_OK)
			return rc;
	}
	w->used += (size_t) (end - line) + 1;
	return sta_json_load(a, line, (size_t) (end - line), out, err);
}
