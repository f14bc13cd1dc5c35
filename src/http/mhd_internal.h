/*
 * mhd_internal - what the files of the libmicrohttpd engine share.
 *
 * The one place that includes <microhttpd.h>; only mhd_*.c and http_mhd.c
 * include this.
 *
 *   http_mhd.c    start, stop, the handler the library calls
 *   mhd_request.c the stages of one request, and the way to a worker and back
 *   mhd_head.c    from the library's view of the request head to ours
 *   mhd_epoll.c   events: a round of them is never full
 *   mhd_rest.h    connections at rest give back memory
 *   mhd_guard.c   framing: what could be read in two ways is refused
 *   mhd_wire.c    the same for chunks, on the bytes that the library reads
 *   mhd_body.c    request bodies: thrown away, gathered, streamed
 *   mhd_reply.c   responses
 *   mhd_range.c   their bodies: whole, a part, several parts
 *   mhd_accept.c  takes new connections; answers those in another protocol
 *   mhd_reaper.c  the thread that accepts connections and ends the slow ones
 *   mhd_tls.h     certificates, small answers in one record; mhd_tls.c alone includes <gnutls/...>
 *
 * Threads.  A request belongs to the loop of its connection, except while it is
 * suspended with a job on a worker: then to that worker until it calls
 * sta_mhd_resume(), its last touch.  The list of connections belongs to
 * server->lock.
 *
 * Layer: http.  May include: base.
 */
#ifndef STA_HTTP_MHD_INTERNAL_H
#define STA_HTTP_MHD_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "http/chunks.h"
#include "http/engine.h"
#include "http/http_mhd.h"
#include "http/mhd_rest.h"
#include "http/mhd_tls.h"
#include "http/router.h"

#define STA_BODY_SLACK ((uint64_t) 64 << 10) /* read and thrown away at most */
#define STA_POOL_BYTES ((size_t) 32 << 10)   /* the library's, for each connection; larger ones cost speed */
#define STA_HASH_QUEUE_MAX 64                /* requests whose password waits to be hashed */
#define STA_RATE_MIN 1024                    /* bytes in a second, over the rate window */

/* What a connection is busy with; decides which deadline counts. */
enum sta_mhd_phase {
	STA_PHASE_HEADER, /* waiting for the end of a request head (or the TLS handshake) */
	STA_PHASE_IDLE,   /* kept alive; nothing of the next request seen */
	STA_PHASE_BODY,
	STA_PHASE_WORK, /* a worker or the loop prepares the answer */
	STA_PHASE_REPLY,
	STA_PHASE_LINGER, /* answered in the middle of a body; the client may still be sending */
};

struct sta_mhd_request;

/* What mhd_wire.c knows of the bytes that came; the loop's own. */
struct sta_mhd_wire {
	char *base;                      /* where the library puts the first byte of each request */
	uint64_t received, consumed;     /* consumed: by requests so far, with all of their bodies */
	struct sta_mhd_request *chunked; /* its body is under way */
	struct sta_chunks chunks;
	bool deaf; /* it was malformed: what comes now is read and thrown away */
};

struct sta_mhd_conn {
	struct sta_server *server;
	struct sta_mhd_conn *prev, *next;
	struct sta_mhd_request *paused; /* server->lock: its sink is full */
	int fd;
	char peer[INET6_ADDRSTRLEN];
	_Atomic enum sta_mhd_phase phase;
	_Atomic uint64_t since_ns;
	_Atomic uint64_t bytes; /* of request bodies, ever */
	_Atomic bool expired;   /* the body is too slow: 408 at the next byte of it */
	_Atomic bool cut;       /* over: its request goes no further */
	struct sta_mhd_wire wire;
	struct sta_mhd_rest rest;
	enum sta_tls_join join;

	/* The reaper's own. */
	bool ended; /* the client's side had, when bytes was ended_bytes */
	uint64_t ended_bytes;
	uint64_t expired_ns;
	uint64_t mark_since_ns; /* since_ns when the mark was made */
	uint64_t mark_ns, mark_bytes;
};

/* How far a request is; see mhd_request.c. */
enum sta_mhd_stage {
	STA_STAGE_HEAD,    /* nothing looked at yet */
	STA_STAGE_BEGIN,   /* begin() runs on a worker */
	STA_STAGE_BODY,    /* reading the body, if there is one */
	STA_STAGE_HANDLER, /* handler() runs on a worker */
	STA_STAGE_READY,   /* the response is made, not yet queued */
	STA_STAGE_SENT,
	STA_STAGE_LINGER,
};

enum sta_mhd_flow { STA_FLOW_RUNNING, STA_FLOW_WOKEN, STA_FLOW_PAUSED };

struct sta_mhd_request {
	struct sta_engine_request base; /* first: see sta_mhd_request_of() */
	struct sta_request req;
	struct sta_server *server;
	struct sta_mhd_conn *conn;
	struct MHD_Connection *mhd;
	enum sta_mhd_stage stage;
	bool head_done; /* the library's first call has been answered */
	bool announced; /* the client has a body to send */
	bool may_wait;
	bool may_hash;
	bool must_hash; /* the handler answered STA_WOULD_HASH */
	bool target_too_long;
	int refusal; /* status in place of the one that the app gives, or 0 */
	struct sta_match match;
	struct sta_buf gathered; /* STA_BODY_MEMORY */
	_Atomic enum sta_mhd_flow flow;
	uint64_t left; /* server->lock: bytes that the library has and the sink would not take */
	struct sta_job job;
	uint64_t submitted_ns, started_ns;
	struct sta_response res;
	uint64_t bytes_in, bytes_out;
};

struct sta_mhd_lobby;

struct sta_server {
	struct MHD_Daemon *daemon;
	struct sta_app app;
	struct sta_pool *workers;
	struct sta_pool *hashers; /* one for each core, and no more than STA_HASH_QUEUE_MAX wait */
	sta_observer_fn *observer;
	void *observer_ctx;
	char address[INET6_ADDRSTRLEN + sizeof("[]:65535")];

	unsigned connections_max;
	uint64_t header_ns, idle_ns, body_ns;
	struct in6_addr *trusted; /* IPv4 ones mapped */
	size_t n_trusted;
	uint64_t id_seed;
	_Atomic uint64_t id_next;
	struct sta_tls *tls; /* NULL: plain */
	char *tls_certificate, *tls_key;

	int listen_fd, wake_fd; /* the reaper's */
	struct sta_mhd_lobby *lobby;
	pthread_t reaper;
	bool reaper_runs;
	pthread_mutex_t lock;
	pthread_cond_t quiet; /* requests_active went to 0 while stopping */
	struct sta_mhd_conn *conns;

	_Atomic bool accepting;
	_Atomic bool draining; /* no new connections; answers end theirs */
	_Atomic bool cutting;  /* the grace is over: no new requests, bodies end */
	_Atomic bool reaper_ends;
	_Atomic unsigned resuming; /* threads inside MHD_resume_connection() */
	_Atomic uint64_t connections, requests_active, accepted, refused_framing, timed_out;
};

/* mhd_request.c */
struct sta_mhd_request *sta_mhd_request_of(const struct sta_request *req);
struct sta_mhd_request *sta_mhd_request_new(struct sta_mhd_conn *conn, struct MHD_Connection *mhd,
					    const char *uri);
enum MHD_Result sta_mhd_request_step(struct sta_mhd_request *er, const char *method, const char *version,
				     const char *data, size_t *len);
void sta_mhd_request_over(struct sta_mhd_request *er, enum MHD_RequestTerminationCode why);
void sta_mhd_fail(struct sta_mhd_request *er,
		  const struct sta_err *err); /* er->res is made, the stage READY */
void sta_mhd_resume(struct sta_mhd_request *er);
void sta_mhd_phase(struct sta_mhd_conn *conn, enum sta_mhd_phase phase);

/* mhd_head.c: fill er->req.  STA_OK or the reason to refuse. */
enum sta_rc sta_mhd_head(struct sta_mhd_request *er, const char *method, struct sta_err *err) STA_CHECK;
void sta_mhd_new_id(struct sta_server *s, char out[STA_REQUEST_ID_MAX]);
void sta_mhd_peer_text(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN]);
bool sta_mhd_address_parse(const char *text, struct in6_addr *out);

/* mhd_guard.c: STA_INVALID when the head could be read in two ways. */
enum sta_rc sta_mhd_guard(struct sta_mhd_request *er, const char *method, const char *version,
			  struct sta_err *err) STA_CHECK;

/* mhd_wire.c: connections by descriptor. */
void sta_mhd_wire_open(struct sta_mhd_conn *conn);
void sta_mhd_wire_close(struct sta_mhd_conn *conn);
struct sta_mhd_conn *sta_mhd_wire_find(int fd); /* or NULL */
/* A head is in, and well-formed.  False when what is here of its body is not, or what
 * stands before it. */
bool sta_mhd_wire_head(struct sta_mhd_request *er, const char *method, size_t head_size) STA_CHECK;
void sta_mhd_wire_over(struct sta_mhd_request *er);
/* The library has read these bytes.  False when it must not see them. */
bool sta_mhd_wire_read(struct sta_mhd_conn *conn, char *p, size_t len) STA_CHECK;

/* mhd_body.c */
enum sta_rc sta_mhd_body_admit(const struct sta_mhd_request *er, struct sta_err *err) STA_CHECK;
enum MHD_Result sta_mhd_body_feed(struct sta_mhd_request *er, const char *data, size_t *len);
void sta_mhd_body_wake(struct sta_mhd_request *er);
/* With server->lock, of a paused request whose client sends nothing more: may what
 * has come be all? */
bool sta_mhd_body_may_end(const struct sta_mhd_request *er);
/* READY while (more of) a body is on its way. */
enum MHD_Result sta_mhd_answer_early(struct sta_mhd_request *er);

/* mhd_reply.c */
enum MHD_Result sta_mhd_reply(struct sta_mhd_request *er);
/* Answer past the library, which takes no response in the middle of a body. */
void sta_mhd_reply_raw(struct sta_mhd_request *er);
/* The response as bytes, the last on its connection.  Only such with a body in memory come
 * here whole. */
void sta_mhd_write_raw(struct sta_buf *b, const struct sta_request *req, const struct sta_response *res);

/* mhd_range.c: the response to a request that may ask for parts, or NULL when out
 * of memory; er->res.status and .size become those of the answer.  A file
 * descriptor in er->res is consumed. */
struct MHD_Response *sta_mhd_body_response(struct sta_mhd_request *er);

/* mhd_accept.c: all on the reaper's thread. */
enum sta_rc sta_mhd_lobby_new(struct sta_mhd_lobby **out, struct sta_err *err) STA_CHECK;
int sta_mhd_lobby_fd(const struct sta_mhd_lobby *l); /* readable: sta_mhd_lobby_serve() has to do */
bool sta_mhd_lobby_empty(const struct sta_mhd_lobby *l);
void sta_mhd_lobby_serve(struct sta_server *s);
void sta_mhd_lobby_expire(struct sta_server *s);
void sta_mhd_lobby_free(struct sta_server *s); /* closes what is in it */
/* False when there is no descriptor left for more. */
bool sta_mhd_accept(struct sta_server *s);

/* mhd_reaper.c */
bool sta_mhd_is_full(const struct sta_server *s);
enum sta_rc sta_mhd_listen(struct sta_server *s, const char *listen_at, struct sta_err *err) STA_CHECK;
enum sta_rc sta_mhd_reaper_start(struct sta_server *s, struct sta_err *err) STA_CHECK;
void sta_mhd_reaper_wake(struct sta_server *s);
void sta_mhd_reaper_stop(struct sta_server *s);
void sta_mhd_cut_all(struct sta_server *s);

#endif
