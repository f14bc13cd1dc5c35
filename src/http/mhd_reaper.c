#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "http/mhd_internal.h"

/* One thread accepts connections (mhd_accept.c) and, each second, ends those that
 * are too slow.  A deadline runs from the start of a phase, so
 * a client that sends a byte now and then gains nothing; the library's own
 * timeout (MHD_OPTION_CONNECTION_TIMEOUT) covers only silence.
 *
 * On a kept connection a request counts as begun when its first line is in;
 * until then the idle deadline holds. */

#define SECOND_NS ((uint64_t) 1000000000)
#define LINGER_NS (2 * SECOND_NS)
#define RATE_WINDOW_NS (30 * SECOND_NS)
#define MS_NS ((uint64_t) 1000000)
#define SHORT_TICK_MS 100

/* Split "host:port" or "[host]:port". */
static bool
split_listen(const char *listen, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(listen, ':');
	size_t len = colon ? (size_t) (colon - listen) : 0;

	if (!colon || colon[1] == '\0')
		return false;
	if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
		listen++;
		len -= 2;
	}
	if (len == 0 || len >= size)
		return false;
	memcpy(host, listen, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

static void
name_address(struct sta_server *s, const struct sockaddr *sa, socklen_t len)
{
	char host[INET6_ADDRSTRLEN] = "";
	char port[sizeof("65535")] = "";

	(void) getnameinfo(sa, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	(void) snprintf(s->address, sizeof(s->address), sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
			port);
}

static void
auto_freeaddrinfo(struct addrinfo **ai)
{
	if (*ai)
		freeaddrinfo(*ai);
}

enum sta_rc
sta_mhd_listen(struct sta_server *s, const char *listen_at, struct sta_err *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	STA_AUTO(auto_freeaddrinfo) struct addrinfo *ai = NULL;
	STA_AUTO_FD int fd = -1;
	struct sockaddr_storage bound = { 0 };
	socklen_t len = sizeof(bound);
	char host[INET6_ADDRSTRLEN];
	const char *port;
	int one = 1;

	if (!split_listen(listen_at, host, sizeof(host), &port) || getaddrinfo(host, port, &hints, &ai) != 0)
		return sta_err_set(err, STA_INVALID, 0, "listen address '%s' is not ADDRESS:PORT", listen_at);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "socket for '%s'", listen_at);
	(void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *) &bound, &len) < 0)
		return sta_err_set(err, STA_IO, errno, "listen on '%s'", listen_at);
	name_address(s, (const struct sockaddr *) &bound, len);
	s->listen_fd = sta_take_fd(&fd);
	return STA_OK;
}

bool
sta_mhd_is_full(const struct sta_server *s)
{
	return atomic_load(&s->connections) >= s->connections_max;
}

/* Wake the library's loop with the end of the connection; it does the rest. */
static void
cut(struct sta_mhd_conn *conn)
{
	atomic_store(&conn->cut, true);
	(void) shutdown(conn->fd, SHUT_RDWR);
	if (conn->paused)
		sta_mhd_body_wake(conn->paused);
}

void
sta_mhd_cut_all(struct sta_server *s)
{
	(void) pthread_mutex_lock(&s->lock);
	for (struct sta_mhd_conn *conn = s->conns; conn; conn = conn->next)
		cut(conn);
	(void) pthread_mutex_unlock(&s->lock);
}

/* Has the body run out of time, or fallen below the least rate?  Time in which
 * its sink was full does not count for the rate. */
static bool
body_is_slow(struct sta_mhd_conn *conn, uint64_t since, uint64_t now)
{
	uint64_t bytes = atomic_load(&conn->bytes);

	if (now - since > conn->server->body_ns)
		return true;
	if (conn->mark_since_ns != since || conn->paused) {
		conn->mark_since_ns = since;
		conn->mark_ns = now;
		conn->mark_bytes = bytes;
	}
	if (now - conn->mark_ns < RATE_WINDOW_NS)
		return false;
	if (bytes - conn->mark_bytes < STA_RATE_MIN * (RATE_WINDOW_NS / SECOND_NS))
		return true;
	conn->mark_ns = now;
	conn->mark_bytes = bytes;
	return false;
}

/* A slow body is first told so, with its next byte, or at once if that waits for
 * the sink; and cut a little later. */
static bool
body_is_over(struct sta_mhd_conn *conn, uint64_t since, uint64_t now)
{
	if (atomic_load(&conn->expired))
		return now - conn->expired_ns > LINGER_NS;
	if (body_is_slow(conn, since, now)) {
		conn->expired_ns = now;
		atomic_store(&conn->expired, true);
		atomic_fetch_add(&conn->server->timed_out, 1);
		if (conn->paused)
			sta_mhd_body_wake(conn->paused);
	}
	return false;
}

/* All that the client sent has been read; and a sweep ago, too, as what was read last may
 * have been on its way to the sink. */
static bool
has_run_dry(struct sta_mhd_conn *conn)
{
	uint64_t bytes = atomic_load(&conn->bytes);
	bool before = conn->ended && conn->ended_bytes == bytes;
	char byte;

	conn->ended = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
	conn->ended_bytes = bytes;
	return conn->ended && before;
}

/* The client went away in the middle of a body.  The library does not see this
 * when the end came while it was reading or suspended: its edge of the socket is
 * past.  A client that ended only its side has sent all of the body, and waits for
 * the answer; of one that reset the connection nothing is left. */
static bool
client_is_gone(struct sta_mhd_conn *conn)
{
	struct pollfd fd = { .fd = conn->fd, .events = POLLRDHUP };

	if (poll(&fd, 1, 0) <= 0)
		return false;
	if (fd.revents & (POLLHUP | POLLERR))
		return true;
	return conn->paused ? !sta_mhd_body_may_end(conn->paused) : has_run_dry(conn);
}

static void
check(struct sta_mhd_conn *conn, uint64_t now, uint64_t idle_ns)
{
	struct sta_server *s = conn->server;
	enum sta_mhd_phase phase = atomic_load(&conn->phase);
	uint64_t since = atomic_load(&conn->since_ns);
	bool slow = false;

	if (now < since || atomic_load(&conn->cut))
		return;
	switch (phase) {
	case STA_PHASE_HEADER:
		slow = now - since > (atomic_load(&s->draining) ? SECOND_NS : s->header_ns);
		break;
	case STA_PHASE_IDLE:
		if (now - since >= idle_ns)
			cut(conn);
		break;
	case STA_PHASE_BODY:
		if (body_is_over(conn, since, now) || client_is_gone(conn))
			cut(conn);
		break;
	case STA_PHASE_LINGER:
		if (now - since > LINGER_NS)
			cut(conn);
		break;
	case STA_PHASE_WORK:
	case STA_PHASE_REPLY:
		break;
	}
	if (slow) {
		atomic_fetch_add(&s->timed_out, 1);
		cut(conn);
	}
}

static void
sweep(struct sta_server *s)
{
	uint64_t now = sta_now_ns();
	uint64_t idle_ns = s->idle_ns;

	/* When there are too many, those that do nothing go first. */
	if (sta_mhd_is_full(s))
		idle_ns = SECOND_NS < idle_ns ? SECOND_NS : idle_ns;
	if (atomic_load(&s->draining))
		idle_ns = 0;
	(void) pthread_mutex_lock(&s->lock);
	for (struct sta_mhd_conn *conn = s->conns; conn; conn = conn->next)
		check(conn, now, idle_ns);
	(void) pthread_mutex_unlock(&s->lock);
}

/* So that a client that comes now is refused, and may go to another server. */
static void
stop_listening(struct sta_server *s)
{
	if (s->listen_fd >= 0)
		(void) close(s->listen_fd);
	s->listen_fd = -1;
}

/* Wait for something to do, at most until the next sweep.  False when there is no descriptor left for a new
 * connection. */
static bool
attend(struct sta_server *s, bool full, uint64_t sweep_ns, bool *woken)
{
	struct pollfd fds[3] = { { .fd = s->wake_fd, .events = POLLIN },
				 { .fd = sta_mhd_lobby_fd(s->lobby), .events = POLLIN },
				 { .fd = -1, .events = POLLIN } };
	bool hurry = full || !sta_mhd_lobby_empty(s->lobby);
	uint64_t now = sta_now_ns();
	uint64_t rest_ms = sweep_ns > now ? (sweep_ns - now) / MS_NS + 1 : 0;
	uint64_t wakes;

	if (!full && atomic_load(&s->accepting))
		fds[2].fd = s->listen_fd; /* -1 is ignored */
	(void) poll(fds, 3, hurry && rest_ms > SHORT_TICK_MS ? SHORT_TICK_MS : (int) rest_ms);
	*woken = fds[0].revents && read(s->wake_fd, &wakes, sizeof(wakes)) > 0;
	if (fds[1].revents)
		sta_mhd_lobby_serve(s);
	return !fds[2].revents || sta_mhd_accept(s);
}

static void *
reap(void *arg)
{
	struct sta_server *s = arg;
	uint64_t sweep_ns = sta_now_ns() + SECOND_NS;
	bool starved = false, woken = false;

	while (!atomic_load(&s->reaper_ends)) {
		if (atomic_load(&s->draining))
			stop_listening(s);
		starved = !attend(s, starved || sta_mhd_is_full(s), sweep_ns, &woken);
		sta_mhd_lobby_expire(s);
		if (woken || sta_now_ns() >= sweep_ns) {
			sweep_ns = sta_now_ns() + SECOND_NS;
			sweep(s);
		}
	}
	return NULL;
}

enum sta_rc
sta_mhd_reaper_start(struct sta_server *s, struct sta_err *err)
{
	sigset_t all, old;
	enum sta_rc rc;
	int sys;

	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake_fd < 0)
		return sta_err_set(err, STA_IO, errno, "eventfd");
	rc = sta_mhd_lobby_new(&s->lobby, err);
	if (rc != STA_OK)
		return rc;
	(void) sigfillset(&all); /* signals belong to the main thread */
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	sys = pthread_create(&s->reaper, NULL, reap, s);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (sys != 0)
		return sta_err_set(err, STA_IO, sys, "start the accepting thread");
	s->reaper_runs = true;
	(void) pthread_setname_np(s->reaper, "http-accept");
	return STA_OK;
}

void
sta_mhd_reaper_wake(struct sta_server *s)
{
	const uint64_t one = 1;

	(void) !write(s->wake_fd, &one, sizeof(one));
}

void
sta_mhd_reaper_stop(struct sta_server *s)
{
	if (!s->reaper_runs)
		return;
	atomic_store(&s->reaper_ends, true);
	sta_mhd_reaper_wake(s);
	(void) pthread_join(s->reaper, NULL);
	s->reaper_runs = false;
}
