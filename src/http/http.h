/*
 * http - requests and responses as the rest of the program sees them.
 *
 * Library-neutral: only mhd_internal.h includes the HTTP library's header, so
 * handlers run in a unit test with no socket and the engine can be replaced.
 *
 * Where code runs.  Event-loop threads never wait.  A handler is first called
 * on the event loop; when it would have to wait (a commit, Argon2, a slow
 * read) it answers STA_WOULD_BLOCK, and the engine suspends the connection and
 * calls the same handler again, from the start, on a worker thread, where
 * sta_request_may_wait() is true.  A route marked STA_ROUTE_WAITS goes to a
 * worker at once.
 *
 * Bodies.  STA_BODY_NONE: a body, if any, is read and thrown away up to 64 KiB,
 * above that 413.  STA_BODY_MEMORY: gathered (at most body_max bytes, else
 * 413, before more than body_max + 64 KiB have been read), then the handler is
 * called.  STA_BODY_STREAM: begin() is called as soon as the headers are in
 * and fills req->sink or fails; then the sink gets the bytes on the event loop
 * thread; when all have arrived handler() is called on a worker.
 *
 * Layer: http.  May include: base.  Threads: a request is in one thread at a
 * time.
 */
#ifndef STA_HTTP_HTTP_H
#define STA_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"

enum sta_method {
	STA_GET,
	STA_HEAD,
	STA_POST,
	STA_PUT,
	STA_PATCH,
	STA_DELETE,
	STA_OPTIONS,
	STA_METHOD_OTHER,
	STA_METHOD_MAX_
};
const char *sta_method_name(enum sta_method m);

#define STA_REQUEST_ID_MAX 33
#define STA_PARAMS_MAX 4
#define STA_REQUEST_ARENA_MAX ((size_t) 16 << 20) /* manifest of 4 MiB, its parsed form, the answer */

/* Takes a body's bytes as they arrive; see STA_BODY_STREAM. */
struct sta_sink {
	/* Event-loop thread.  Take up to len bytes, say how many in *taken.  Fewer
	 * than len: the engine stops reading from the client until
	 * sta_request_resume(req) is called (which may happen before write
	 * returns).  A failure ends the request with that error. */
	enum sta_rc (*write)(void *ctx, const void *p, size_t len, size_t *taken, struct sta_err *err);
	void *ctx;
};

struct sta_engine_request; /* the engine's own part */

struct sta_request {
	struct sta_arena *arena; /* lives until the response has been sent */
	char id[STA_REQUEST_ID_MAX];
	enum sta_method method;
	const char *path;   /* decoded once, canonical: see sta_path_canonical() */
	const char *target; /* as sent, for logs; without the query */
	const char *peer;   /* client address without port; from a trusted proxy's header if configured */
	bool tls;
	const struct sta_route *route;
	const char *param[STA_PARAMS_MAX]; /* values of the route's {...}, in order */
	const char *body;                  /* STA_BODY_MEMORY */
	size_t body_len;
	bool has_length;      /* the client announced Content-Length */
	uint64_t length;      /* that many bytes */
	struct sta_sink sink; /* STA_BODY_STREAM: filled by begin() */
	void *state;          /* for the handler, from begin() to handler() */
	const char *log_user; /* set by the api layer: who, for the log line; or NULL */
	const char *warning;  /* set by the api layer for its end: value of a Warning header, or NULL */
	uint64_t t_wait_ns;   /* filled by the engine: time in line for a worker */
	uint64_t t_work_ns;   /* filled by the engine: time in handlers */
	struct sta_engine_request *engine;
};

/* Value of the first header of that name (any case), or NULL.  Borrowed. */
const char *sta_request_header(const struct sta_request *req, const char *name);

/* The n-th (from 0) query parameter of that name, percent-decoded, '+' as
 * space; NULL when there are no more.  Borrowed from the arena. */
const char *sta_request_query(const struct sta_request *req, const char *name, size_t n);

/* The same in a body of type application/x-www-form-urlencoded. */
const char *sta_form_value(struct sta_arena *a, const char *form, const char *name, size_t n);

bool sta_request_may_wait(const struct sta_request *req);

/* May this thread hash passwords?  Else the handler answers STA_WOULD_HASH, and is
 * called again, from the start, on one that may; or the answer is 429, as too many wait. */
bool sta_request_may_hash(const struct sta_request *req);

/* From any thread: the sink has room again. */
void sta_request_resume(struct sta_request *req);

/* Call fn(arg) when the request is over, however it ends (also when the client
 * went away): where an unfinished upload is let go.  As sta_arena_defer().  On a
 * worker if the route's body is STA_BODY_STREAM, else perhaps on the event loop. */
enum sta_rc sta_request_defer(struct sta_request *req, void (*fn)(void *), void *arg) STA_CHECK;

enum sta_body_kind { STA_REPLY_EMPTY, STA_REPLY_BYTES, STA_REPLY_FILE };

#define STA_RESPONSE_HEADERS 40

struct sta_response {
	int status;
	size_t n_headers;
	struct {
		const char *name;
		const char *value; /* borrowed from the request's arena, or static */
	} header[STA_RESPONSE_HEADERS];
	enum sta_body_kind kind;
	const void *bytes; /* STA_REPLY_BYTES: borrowed from the arena, or static */
	int fd;            /* STA_REPLY_FILE: consumed by the engine */
	uint64_t size;     /* of bytes or file */
	bool close;        /* end the connection after this response */
	bool ranges;       /* honour Range, If-Range, If-None-Match against "etag" (RFC 9110 13, 14) */
	const char *etag;  /* with its quotes, or NULL; sent as ETag */
};

/* A header; name static, value borrowed from the arena or static.  STA_INVALID when a
 * value holds CR, LF, NUL or another control byte: nothing that was stored can
 * split a response.  STA_NOMEM when there are too many. */
enum sta_rc sta_response_header(struct sta_response *res, const char *name, const char *value,
				struct sta_err *err) STA_CHECK;
/* Value of a header already added, or NULL. */
const char *sta_response_get(const struct sta_response *res, const char *name);

enum sta_body_mode { STA_BODY_NONE, STA_BODY_MEMORY, STA_BODY_STREAM };

typedef enum sta_rc sta_handler_fn(void *app, struct sta_request *req, struct sta_response *res,
				   struct sta_err *err);

/* One line of the route table.
 *
 * pattern  literal segments, {x} for exactly one segment, {name} for one or
 *          more; at most one {name}.  Matched from both ends, so that
 *          "/v2/{name}/blobs/{digest}" is unambiguous though names hold '/'.
 * label    name of the route in logs and metrics. */
struct sta_route {
	enum sta_method method; /* STA_GET also serves HEAD unless a HEAD route exists */
	const char *pattern;
	const char *label;
	enum sta_body_mode body;
	size_t body_max;       /* STA_BODY_MEMORY */
	bool waits;            /* go to a worker at once */
	sta_handler_fn *begin; /* STA_BODY_STREAM: required; STA_BODY_MEMORY: optional, to refuse before the
				  body is read */
	sta_handler_fn *handler;
};

struct sta_app {
	void *ctx;
	const struct sta_route *routes;
	size_t n_routes;

	/* Turn a failure into a response.  req->route may be NULL (no such route;
	 * err->rc is then STA_NOT_FOUND, or STA_UNSUPPORTED for a known path with
	 * another method, where allow lists the methods).  Must not fail. */
	void (*fail)(void *ctx, struct sta_request *req, const struct sta_err *err, const char *allow,
		     struct sta_response *res);

	/* Called on every response before it is sent (API-version header, security
	 * headers).  Must not fail. */
	void (*finish)(void *ctx, struct sta_request *req, struct sta_response *res);
};

/* One line of the access log and the metrics, given to the observer. */
struct sta_access_record {
	const struct sta_request *req;
	int status;
	uint64_t bytes_in, bytes_out;
	uint64_t total_ns, wait_ns, work_ns; /* wait: in line for a worker; work: in handlers */
	bool aborted;                        /* the connection ended before the response did */
};

#endif
