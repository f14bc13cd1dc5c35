#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/clock.h"
#include "http/mhd_internal.h"

/* What the accepting thread does with a new connection.
 *
 *   accept --> waiting --> the library
 *                  \-----> answered --> leaving --> closed
 *
 * It waits for its first byte, which tells a TLS handshake from an HTTP request.
 * A client that speaks the one to a port for the other gets an answer that it can
 * read, not silence: clients that try TLS first go on with plain HTTP only when
 * they see that HTTP is spoken.  (The library may answer too, or may not,
 * depending on the random bytes of the handshake.)  It is not waited for long, nor
 * for many: whoever has nothing to say is the library's guest. */

#define SECOND_NS ((uint64_t) 1000000000)
#define WAIT_NS SECOND_NS
#define LEAVE_NS (2 * SECOND_NS)
#define LINE_MAX_LENGTH 1024
#define EVENTS 64
#define ACCEPT_BATCH 64
#define ANSWER_MAX ((size_t) 16 << 10)
#define TLS_HANDSHAKE 0x16 /* type of the first record, so the first byte of all */

enum greeting { GREETING_NONE, GREETING_OURS, GREETING_FOREIGN };

struct line;

struct visitor {
	struct visitor *prev, *next;
	struct line *line;
	uint64_t since_ns;
	uint64_t discarded;
	int fd;
	socklen_t len;
	struct sockaddr_storage sa;
};

/* The one that came first stands first. */
struct line {
	struct visitor *first, *last;
	unsigned n;
};

struct sta_mhd_lobby {
	int epoll_fd;
	struct line waiting, leaving;
};

enum sta_rc
sta_mhd_lobby_new(struct sta_mhd_lobby **out, struct sta_err *err)
{
	struct sta_mhd_lobby *l = sta_malloc(sizeof(*l));

	if (!l)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		sta_free(l);
		return sta_err_set(err, STA_IO, errno, "epoll");
	}
	*out = l;
	return STA_OK;
}

int
sta_mhd_lobby_fd(const struct sta_mhd_lobby *l)
{
	return l->epoll_fd;
}

bool
sta_mhd_lobby_empty(const struct sta_mhd_lobby *l)
{
	return l->waiting.n == 0 && l->leaving.n == 0;
}

static void
stand(struct line *line, struct visitor *v)
{
	v->line = line;
	v->since_ns = sta_now_ns();
	v->prev = line->last;
	v->next = NULL;
	if (v->prev)
		v->prev->next = v;
	else
		line->first = v;
	line->last = v;
	line->n++;
}

static void
step_out(struct visitor *v)
{
	struct line *line = v->line;

	if (v->prev)
		v->prev->next = v->next;
	else
		line->first = v->next;
	if (v->next)
		v->next->prev = v->prev;
	else
		line->last = v->prev;
	line->n--;
}

/* Put a copy of the visitor in line, and watch it.  False when there is no room. */
static bool
keep(struct sta_mhd_lobby *l, struct line *line, const struct visitor *v)
{
	struct visitor *kept = line->n < LINE_MAX_LENGTH ? sta_malloc(sizeof(*kept)) : NULL;
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = kept };

	if (!kept)
		return false;
	*kept = *v;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, kept->fd, &event) < 0) {
		sta_free(kept);
		return false;
	}
	stand(line, kept);
	return true;
}

static void
hand_over(struct sta_server *s, const struct visitor *v)
{
	/* It takes the descriptor, also when it refuses: over the limit of one address. */
	if (MHD_add_connection(s->daemon, v->fd, (const struct sockaddr *) &v->sa, v->len) == MHD_YES)
		atomic_fetch_add(&s->accepted, 1);
	else
		atomic_fetch_sub(&s->connections, 1);
}

static void
hand_over_kept(struct sta_server *s, struct visitor *v)
{
	(void) epoll_ctl(s->lobby->epoll_fd, EPOLL_CTL_DEL, v->fd, NULL);
	step_out(v);
	hand_over(s, v);
	sta_free(v);
}

static void
end(struct sta_server *s, const struct visitor *v)
{
	(void) close(v->fd);
	atomic_fetch_sub(&s->connections, 1);
}

static void
end_kept(struct sta_server *s, struct visitor *v)
{
	step_out(v);
	end(s, v);
	sta_free(v);
}

static bool
is_letter(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* What the client begins with.  What is neither HTTP nor TLS, and a connection
 * that has ended already, the library knows to deal with. */
static enum greeting
listen_to(const struct sta_server *s, const struct visitor *v)
{
	unsigned char first = 0;
	ssize_t n = recv(v->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GREETING_NONE;
	if (n == 1 && (s->tls ? is_letter(first) : first == TLS_HANDSHAKE))
		return GREETING_FOREIGN;
	return GREETING_OURS;
}

/* Read what the client sends, to no use but that closing a connection with
 * unread bytes would reset it, and the client might lose our answer.  False at its
 * end, or when it is too much. */
static bool
discard(struct visitor *v)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(v->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		v->discarded += (uint64_t) n;
		if (v->discarded > STA_BODY_SLACK)
			return false;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
observe(const struct sta_server *s, const struct sta_request *req, int status, uint64_t bytes_out)
{
	const struct sta_access_record rec = { .req = req, .status = status, .bytes_out = bytes_out };

	if (s->observer)
		s->observer(s->observer_ctx, &rec);
}

static void
auto_arena_free(struct sta_arena **a)
{
	sta_arena_free(*a);
}

/* 400 in plain HTTP, whatever the port speaks, and the end of our side. */
static void
answer(struct sta_server *s, struct visitor *v)
{
	STA_AUTO(auto_arena_free) struct sta_arena *arena = sta_arena_new(STA_REQUEST_ARENA_MAX);
	STA_AUTO(sta_buf_done) struct sta_buf b = { 0 };
	struct sta_request req = { .arena = arena, .method = STA_METHOD_OTHER, .path = "", .target = "" };
	struct sta_response res = { .fd = -1 };
	char peer[INET6_ADDRSTRLEN];
	struct sta_err err = { 0 };

	atomic_fetch_add(&s->accepted, 1);
	(void) discard(v);
	if (arena) {
		sta_mhd_peer_text((const struct sockaddr *) &v->sa, peer);
		sta_mhd_new_id(s, req.id);
		req.peer = peer;
		(void) sta_err_set(
			&err, STA_UNSUPPORTED, 0,
			s->tls ? "this port speaks TLS, and the client sent plain HTTP"
			       : "this port speaks plain HTTP, and the client sent a TLS handshake");
		s->app.fail(s->app.ctx, &req, &err, NULL, &res);
		res.status = MHD_HTTP_BAD_REQUEST;
		s->app.finish(s->app.ctx, &req, &res);
		sta_buf_init(&b, ANSWER_MAX);
		sta_mhd_write_raw(&b, &req, &res);
		if (sta_buf_ok(&b))
			(void) !send(v->fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		observe(s, &req, res.status, b.len);
	}
	(void) shutdown(v->fd, SHUT_WR);
}

static void
welcome(struct sta_server *s, struct visitor *v)
{
	switch (listen_to(s, v)) {
	case GREETING_NONE:
		if (!keep(s->lobby, &s->lobby->waiting, v))
			hand_over(s, v);
		break;
	case GREETING_OURS:
		hand_over(s, v);
		break;
	case GREETING_FOREIGN:
		answer(s, v);
		if (!keep(s->lobby, &s->lobby->leaving, v))
			end(s, v);
		break;
	}
}

/* False when there is no descriptor left for more. */
static bool
accept_one(struct sta_server *s, struct visitor *v)
{
	*v = (struct visitor){ .len = sizeof(v->sa) };
	v->fd = accept4(s->listen_fd, (struct sockaddr *) &v->sa, &v->len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (v->fd < 0)
		return errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS;
	atomic_fetch_add(&s->connections, 1);
	return true;
}

bool
sta_mhd_accept(struct sta_server *s)
{
	struct visitor batch[ACCEPT_BATCH];
	bool enough = true;
	size_t n = 0;

	while (n < ACCEPT_BATCH && !sta_mhd_is_full(s)) {
		enough = accept_one(s, &batch[n]);
		if (batch[n].fd < 0)
			break;
		n++;
	}
	/* Only now: under load the first bytes have come meanwhile, and few have to wait. */
	for (size_t i = 0; i < n; i++)
		welcome(s, &batch[i]);
	return enough;
}

/* The first byte of one that waits is in. */
static void
serve_waiting(struct sta_server *s, struct visitor *v)
{
	enum greeting greeting = listen_to(s, v);

	if (greeting == GREETING_OURS)
		hand_over_kept(s, v);
	if (greeting != GREETING_FOREIGN)
		return;
	answer(s, v);
	step_out(v);
	stand(&s->lobby->leaving, v);
}

void
sta_mhd_lobby_serve(struct sta_server *s)
{
	struct sta_mhd_lobby *l = s->lobby;
	struct epoll_event events[EVENTS];
	int n = epoll_wait(l->epoll_fd, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		struct visitor *v = events[i].data.ptr;

		if (v->line == &l->waiting)
			serve_waiting(s, v);
		else if (!discard(v))
			end_kept(s, v);
	}
}

void
sta_mhd_lobby_expire(struct sta_server *s)
{
	struct sta_mhd_lobby *l = s->lobby;
	uint64_t now = sta_now_ns();

	while (l->waiting.first && now - l->waiting.first->since_ns >= WAIT_NS)
		hand_over_kept(s, l->waiting.first);
	while (l->leaving.first &&
	       (now - l->leaving.first->since_ns >= LEAVE_NS || l->leaving.n > LINE_MAX_LENGTH))
		end_kept(s, l->leaving.first);
}

void
sta_mhd_lobby_free(struct sta_server *s)
{
	struct sta_mhd_lobby *l = s->lobby;

	if (!l)
		return;
	while (l->waiting.first)
		end_kept(s, l->waiting.first);
	while (l->leaving.first)
		end_kept(s, l->leaving.first);
	(void) close(l->epoll_fd);
	sta_free(l);
	s->lobby = NULL;
}
