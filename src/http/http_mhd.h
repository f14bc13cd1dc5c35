/*
 * http_mhd - libmicrohttpd behind http.h.
 *
 * epoll loops, one per core; suspend and resume for everything that waits; a
 * framing guard (Content-Length together with
 * Transfer-Encoding, several or malformed lengths, unknown encodings, several or
 * no Host, control bytes, versions other than 1.0 and 1.1: 400 and close);
 * deadlines for slow headers (10 s in all), slow bodies (1 KiB/s over 30 s, and
 * body_timeout_s in all) and stalled readers, kept by a reaper of its own,
 * because the library's are too lenient; per-address connection limit.
 *
 * Early refusals (401, 403, 404, 413 before the body has been read): with
 * "Expect: 100-continue" the answer takes the place of the 100.  Else a body
 * announced with at most 64 KiB is read and thrown away, so that the connection
 * can be kept; before a longer or a chunked one the answer is sent at once, and the
 * connection closed when the client has had two seconds to read it.  A sink
 * that fails in the middle of a body is answered in the same way.
 *
 * A TLS handshake on a plain port, and a plain request on one that speaks TLS,
 * are answered 400 in plain HTTP by app->fail with STA_UNSUPPORTED, on the
 * accepting thread; the request that fail, finish and the observer see has no
 * headers and STA_METHOD_OTHER.
 *
 * What stays lenient, because the library reads it before we can: bare LF for
 * the ends of chunks.  Heads that it cannot parse at all it answers itself.
 *
 * Layer: http.  May include: base.  Threads: owns its loops and the reaper, and
 * blocks all signals in them.
 */
#ifndef STA_HTTP_HTTP_MHD_H
#define STA_HTTP_HTTP_MHD_H

#include "base/pool.h"
#include "http/http.h"

struct sta_server;

struct sta_server_options {
	const char *listen;            /* "127.0.0.1:5000", "[::1]:5000"; port 0: any free one */
	unsigned loops;                /* event-loop threads; 0: one per core */
	unsigned connections_max;      /* in all; default 10,000 when 0 */
	unsigned connections_per_peer; /* 0: no limit */
	unsigned header_timeout_s;     /* 10 when 0 */
	unsigned idle_timeout_s;       /* keep-alive and stalled transfers; 60 when 0 */
	unsigned body_timeout_s;       /* one request body in all; 600 when 0; over it 408 */
	const char *tls_certificate;   /* PEM files; both or none */
	const char *tls_key;
	/* Addresses whose X-Forwarded-For and -Proto count; NULL-terminated, or NULL.  All
	 * lines of a name are one list, in order of arrival, and its end counts: the last
	 * address that is not one of these, the last scheme. */
	const char *const *trusted_proxies;
};

struct sta_server_stats {
	uint64_t connections;     /* open now */
	uint64_t requests_active; /* now */
	uint64_t accepted;        /* ever */
	uint64_t refused_framing; /* answered 400 by the guard */
	uint64_t timed_out;       /* closed by the reaper */
};

/* Called once for each finished request, on any thread; must not wait. */
typedef void sta_observer_fn(void *ctx, const struct sta_access_record *rec);

enum sta_rc sta_server_start(const struct sta_server_options *o, const struct sta_app *app,
			     struct sta_pool *workers, sta_observer_fn *observer, void *observer_ctx,
			     struct sta_server **out, struct sta_err *err) STA_CHECK;

/* "127.0.0.1:5000", with the real port.  Borrowed. */
const char *sta_server_address(const struct sta_server *s);

void sta_server_stats(struct sta_server *s, struct sta_server_stats *out);

/* Read certificate and key again; on failure the old ones stay.  Connections that
 * are open keep theirs. */
enum sta_rc sta_server_reload_tls(struct sta_server *s, struct sta_err *err) STA_CHECK;

/* Stop accepting, let requests under way finish for at most grace_s, then close
 * and free.  NULL is allowed. */
void sta_server_stop(struct sta_server *s, unsigned grace_s);

#endif
