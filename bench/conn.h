/*
 * conn - one connection to the server under test, plain or TLS.
 *
 * Connecting and the TLS handshake wait; afterwards a connection may be made
 * non-blocking.  Bodies that nobody looks at are dropped without a copy
 * (MSG_TRUNC), as far as TLS allows.
 *
 * May include: base.  Threads: one at a time for each connection.
 */
#ifndef STA_BENCH_CONN_H
#define STA_BENCH_CONN_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sta_target {
	struct sockaddr_in address;
	char host[64]; /* the Host header: "127.0.0.1:5000" */
	SSL_CTX *tls;  /* NULL: plain */
};

struct sta_conn {
	int fd; /* -1: not open */
	SSL *tls;
	bool blocking;
};

/* hostport is an IPv4 address and a port.  suite names the only cipher suite of TLS 1.3 to offer, or
 * is NULL.  Certificates are not checked: the server is ours. */
enum sta_rc sta_target_init(struct sta_target *t, const char *hostport, bool tls, const char *suite,
			    struct sta_err *err) STA_CHECK;
void sta_target_done(struct sta_target *t);

/* c is closed first if it is open; blocking afterwards. */
enum sta_rc sta_conn_open(struct sta_conn *c, const struct sta_target *t, struct sta_err *err) STA_CHECK;
void sta_conn_nonblocking(struct sta_conn *c);
void sta_conn_close(struct sta_conn *c);

/* Send all of it, waiting where necessary; false when the connection failed. */
bool sta_conn_send(struct sta_conn *c, const void *p, size_t len) STA_CHECK;

/* Bytes received; 0 when there are none yet; -1 when the connection ended, failed or timed out. */
ssize_t sta_conn_recv(struct sta_conn *c, void *p, size_t len) STA_CHECK;
/* The same, but the bytes are thrown away. */
ssize_t sta_conn_drop(struct sta_conn *c, uint64_t len) STA_CHECK;

#endif
