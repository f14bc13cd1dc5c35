#include "bench/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/parse.h"

#define PATIENCE_S 120
#define DROP_MAX (1U << 30)
#define SCRATCH (64 * 1024)

enum sta_rc
sta_target_init(struct sta_target *t, const char *hostport, bool tls, const char *suite, struct sta_err *err)
{
	char host[INET_ADDRSTRLEN] = "";
	const char *colon = strrchr(hostport, ':');
	uint64_t port = 0;

	*t = (struct sta_target){ .address.sin_family = AF_INET };
	if (colon && (size_t) (colon - hostport) < sizeof host)
		memcpy(host, hostport, (size_t) (colon - hostport));
	if (!colon || !sta_parse_u64(colon + 1, strlen(colon + 1), &port) || port > 65535 ||
	    inet_pton(AF_INET, host, &t->address.sin_addr) != 1)
		return sta_err_set(err, STA_INVALID, 0, "'%s' is not an IPv4 address and a port", hostport);
	t->address.sin_port = htons((uint16_t) port);
	(void) snprintf(t->host, sizeof t->host, "%s", hostport);
	if (!tls)
		return STA_OK;
	t->tls = SSL_CTX_new(TLS_client_method());
	if (!t->tls || (suite && (SSL_CTX_set_ciphersuites(t->tls, suite) != 1 ||
				  SSL_CTX_set_min_proto_version(t->tls, TLS1_3_VERSION) != 1)))
		return sta_err_set(err, STA_INVALID, 0, "TLS with the cipher suite '%s'", suite ? suite : "");
	(void) SSL_CTX_set_mode(t->tls, SSL_MODE_AUTO_RETRY | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return STA_OK;
}

void
sta_target_done(struct sta_target *t)
{
	SSL_CTX_free(t->tls);
	t->tls = NULL;
}

static bool
handshake(struct sta_conn *c, const struct sta_target *t)
{
	if (!t->tls)
		return true;
	c->tls = SSL_new(t->tls);
	return c->tls && SSL_set_fd(c->tls, c->fd) == 1 && SSL_connect(c->tls) == 1;
}

enum sta_rc
sta_conn_open(struct sta_conn *c, const struct sta_target *t, struct sta_err *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	const int on = 1;

	sta_conn_close(c);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return sta_err_set(err, STA_IO, errno, "socket");
	c->blocking = true;
	(void) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void) setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void) setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(c->fd, (const struct sockaddr *) (const void *) &t->address, sizeof t->address) < 0) {
		int saved = errno;

		sta_conn_close(c);
		return sta_err_set(err, STA_IO, saved, "connect to %s", t->host);
	}
	if (!handshake(c, t)) {
		sta_conn_close(c);
		return sta_err_set(err, STA_IO, 0, "TLS handshake with %s", t->host);
	}
	return STA_OK;
}

void
sta_conn_nonblocking(struct sta_conn *c)
{
	(void) fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
	c->blocking = false;
}

void
sta_conn_close(struct sta_conn *c)
{
	SSL_free(c->tls);
	c->tls = NULL;
	if (c->fd >= 0)
		(void) close(c->fd);
	c->fd = -1;
}

/* One attempt: bytes sent, 0 when the socket is full, -1. */
static ssize_t
send_some(struct sta_conn *c, const void *p, size_t len)
{
	ssize_t n = 0;

	if (c->tls) {
		int got = SSL_write(c->tls, p, len < INT32_MAX ? (int) len : INT32_MAX);
		int why = got > 0 ? SSL_ERROR_NONE : SSL_get_error(c->tls, got);

		return got > 0 ? got : (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) ? 0 : -1;
	}
	n = send(c->fd, p, len, MSG_NOSIGNAL);
	return n >= 0 ? n : errno == EINTR || (errno == EAGAIN && !c->blocking) ? 0 : -1;
}

bool
sta_conn_send(struct sta_conn *c, const void *p, size_t len)
{
	const char *at = p;
	struct pollfd full = { .fd = c->fd, .events = POLLOUT };

	while (len) {
		ssize_t n = send_some(c, at, len);

		if (n < 0 || (n == 0 && poll(&full, 1, PATIENCE_S * 1000) == 0))
			return false;
		at += n;
		len -= (size_t) n;
	}
	return true;
}

static ssize_t
recv_tls(struct sta_conn *c, void *p, size_t len)
{
	int got = SSL_read(c->tls, p, len < INT32_MAX ? (int) len : INT32_MAX);

	if (got > 0)
		return got;
	return SSL_get_error(c->tls, got) == SSL_ERROR_WANT_READ && !c->blocking ? 0 : -1;
}

static ssize_t
recv_plain(struct sta_conn *c, void *p, size_t len, int flags)
{
	ssize_t n = recv(c->fd, p, len, flags);

	if (n > 0)
		return n;
	return n < 0 && (errno == EINTR || (errno == EAGAIN && !c->blocking)) ? 0 : -1;
}

ssize_t
sta_conn_recv(struct sta_conn *c, void *p, size_t len)
{
	return c->tls ? recv_tls(c, p, len) : recv_plain(c, p, len, 0);
}

ssize_t
sta_conn_drop(struct sta_conn *c, uint64_t len)
{
	static _Thread_local char scratch[SCRATCH];

	if (c->tls)
		return recv_tls(c, scratch, len < SCRATCH ? (size_t) len : SCRATCH);
	return recv_plain(c, NULL, len < DROP_MAX ? (size_t) len : DROP_MAX, MSG_TRUNC);
}
