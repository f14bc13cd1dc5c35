#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/mhd_internal.h"

/* The library calls us for one request: once when its head is in (only then
 * does it take an answer without the body), then for each piece of the body,
 * then, without data, until a response is queued.  A suspended connection gets
 * the same call again when it is resumed, the first one too.
 *
 *   HEAD --> BEGIN --> BODY --> HANDLER --> READY --> SENT
 *      \________\________\__________________/  \----> LINGER
 *
 * An answer that the library takes in the first call ends the connection; so
 * an answer that is ready then waits for the second call, unless a body would
 * follow: see sta_mhd_answer_early(). */

struct sta_mhd_request *
sta_mhd_request_of(const struct sta_request *req)
{
	return (struct sta_mhd_request *) (void *) req->engine;
}

static const char *
header(const struct sta_request *req, const char *name)
{
	struct MHD_Connection *mhd = sta_mhd_request_of(req)->mhd;

	return mhd ? MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name) : NULL;
}

static bool
may_wait(const struct sta_request *req)
{
	return sta_mhd_request_of(req)->may_wait;
}

static bool
may_hash(const struct sta_request *req)
{
	return sta_mhd_request_of(req)->may_hash;
}

static void
resume(struct sta_request *req)
{
	sta_mhd_body_wake(sta_mhd_request_of(req));
}

static const struct sta_engine_ops ops = {
	.header = header, .may_wait = may_wait, .may_hash = may_hash, .resume = resume
};

/* Split the target as it was sent; the library will overwrite its copy. */
static bool
keep_target(struct sta_mhd_request *er, const char *uri)
{
	const char *query = strchr(uri, '?');
	size_t len = query ? (size_t) (query - uri) : strlen(uri);

	er->target_too_long = strlen(uri) > STA_TARGET_MAX;
	er->req.target = sta_arena_strndup(er->req.arena, uri, len);
	er->base.query = query ? sta_arena_strdup(er->req.arena, query + 1) : NULL;
	return er->req.target && (!query || er->base.query);
}

struct sta_mhd_request *
sta_mhd_request_new(struct sta_mhd_conn *conn, struct MHD_Connection *mhd, const char *uri)
{
	struct sta_arena *arena = sta_arena_new(STA_REQUEST_ARENA_MAX);
	struct sta_mhd_request *er = arena ? sta_arena_alloc(arena, sizeof(*er)) : NULL;

	if (!er) {
		sta_arena_free(arena);
		return NULL;
	}
	*er = (struct sta_mhd_request){
		.base = { .ops = &ops }, .server = conn->server, .conn = conn, .mhd = mhd
	};
	er->req.arena = arena;
	er->req.engine = &er->base;
	er->req.peer = sta_arena_strdup(arena, conn->peer);
	er->res.fd = -1;
	er->started_ns = sta_now_ns();
	if (!er->req.peer || !keep_target(er, uri)) {
		sta_arena_free(arena);
		return NULL;
	}
	atomic_fetch_add(&er->server->requests_active, 1);
	return er;
}

void
sta_mhd_phase(struct sta_mhd_conn *conn, enum sta_mhd_phase phase)
{
	/* The time first: the reaper must never see a new phase with an old time. */
	atomic_store(&conn->since_ns, sta_now_ns());
	atomic_store(&conn->phase, phase);
}

void
sta_mhd_resume(struct sta_mhd_request *er)
{
	struct sta_server *s = er->server;

	/* As soon as the library knows, the loop may end the request, and with the
	 * last request the server may go: the count keeps the server here. */
	atomic_fetch_add(&s->resuming, 1);
	MHD_resume_connection(er->mhd);
	atomic_fetch_sub(&s->resuming, 1);
}

void
sta_mhd_fail(struct sta_mhd_request *er, const struct sta_err *err)
{
	const struct sta_app *app = &er->server->app;

	er->res = (struct sta_response){ .fd = -1 };
	app->fail(app->ctx, &er->req, err, er->match.allow[0] ? er->match.allow : NULL, &er->res);
	if (er->refusal != 0)
		er->res.status = er->refusal;
	app->finish(app->ctx, &er->req, &er->res);
	er->stage = STA_STAGE_READY;
}

/* Call one of the route's functions.  False when it would have to wait and may
 * not here.  Else its response, or that of its failure, is in er->res and the
 * stage READY; or, as begin() let the body in, the stage is BODY. */
static bool
call(struct sta_mhd_request *er, sta_handler_fn *fn)
{
	const struct sta_app *app = &er->server->app;
	struct sta_response res = { .fd = -1 };
	struct sta_err err = { 0 };
	uint64_t start = sta_now_ns();
	enum sta_rc rc = fn(app->ctx, &er->req, &res, &err);

	er->req.t_work_ns += sta_now_ns() - start;
	if (rc != STA_OK && res.fd >= 0)
		(void) close(res.fd);
	er->must_hash = rc == STA_WOULD_HASH && !er->may_hash;
	if (er->must_hash || (rc == STA_WOULD_BLOCK && !er->may_wait))
		return false;
	if (rc != STA_OK) {
		err.rc = rc;
		sta_mhd_fail(er, &err);
	} else if (er->stage == STA_STAGE_BEGIN && res.status == 0) {
		er->stage = STA_STAGE_BODY;
	} else {
		er->res = res;
		app->finish(app->ctx, &er->req, &er->res);
		er->stage = STA_STAGE_READY;
	}
	return true;
}

static bool
run_stage(struct sta_mhd_request *er)
{
	const struct sta_route *route = er->req.route;

	return call(er, er->stage == STA_STAGE_BEGIN ? route->begin : route->handler);
}

static struct sta_mhd_request *
of_job(struct sta_job *job)
{
	return (struct sta_mhd_request *) (void *) ((char *) job - offsetof(struct sta_mhd_request, job));
}

static void on_worker(struct sta_job *job);

/* Passwords have threads and a line of their own: many of them would take all
 * workers from those who wait for the disk.  The request is refused when the line is full. */
static bool
hashers_are_busy(struct sta_mhd_request *er)
{
	struct sta_err err = { 0 };

	if (sta_pool_waiting(er->server->hashers) < STA_HASH_QUEUE_MAX)
		return false;
	err.rc = sta_err_set(&err, STA_TOO_MANY, 0, "too many passwords are being checked");
	sta_mhd_fail(er, &err);
	return true;
}

static void
submit_to_hashers(struct sta_mhd_request *er)
{
	er->submitted_ns = sta_now_ns();
	er->may_hash = true;
	er->job.run = on_worker;
	sta_pool_submit(er->server->hashers, &er->job);
}

static void
on_worker(struct sta_job *job)
{
	struct sta_mhd_request *er = of_job(job);

	er->req.t_wait_ns += sta_now_ns() - er->submitted_ns;
	er->may_wait = true;
	if (!run_stage(er) && !hashers_are_busy(er)) {
		submit_to_hashers(er);
		return;
	}
	er->may_wait = er->may_hash = false;
	sta_mhd_resume(er);
}

/* Run begin() or handler(), here or on a worker.  True when suspended. */
static bool
enter(struct sta_mhd_request *er, enum sta_mhd_stage stage, bool on_worker_at_once)
{
	er->stage = stage;
	if (!on_worker_at_once && (run_stage(er) || (er->must_hash && hashers_are_busy(er))))
		return false;
	/* Suspend first: the worker may be done before submit returns. */
	er->submitted_ns = sta_now_ns();
	er->job.run = on_worker;
	MHD_suspend_connection(er->mhd);
	if (er->must_hash) {
		submit_to_hashers(er);
		return true;
	}
	sta_pool_submit(er->server->workers, &er->job);
	return true;
}

/* Everything that can be decided on the head alone. */
static enum sta_rc
admit(struct sta_mhd_request *er, const char *method, const char *version, struct sta_err *err)
{
	enum sta_rc rc = sta_mhd_head(er, method, err);

	/* The guard counts what it lets pass, so it sees each head after which the connection may go on. */
	if (er->refusal == 0 && sta_mhd_guard(er, method, version, err) != STA_OK)
		rc = STA_INVALID;
	if (rc != STA_OK) {
		er->announced = true; /* who knows what follows */
		return rc;
	}
	if (!er->req.route)
		return er->match.allow[0] ? sta_err_set(err, STA_UNSUPPORTED, 0, "method not allowed here")
					  : sta_err_set(err, STA_NOT_FOUND, 0, "no such page");
	return sta_mhd_body_admit(er, err);
}

/* The first call; and again after begin() ran on a worker. */
static enum MHD_Result
on_head(struct sta_mhd_request *er, const char *method, const char *version)
{
	struct sta_err err = { 0 };

	if (er->stage == STA_STAGE_HEAD) {
		sta_mhd_phase(er->conn, STA_PHASE_WORK);
		er->stage = STA_STAGE_BODY;
		if (admit(er, method, version, &err) != STA_OK)
			sta_mhd_fail(er, &err);
		else if (er->req.route->begin && enter(er, STA_STAGE_BEGIN, er->req.route->waits))
			return MHD_YES;
	}
	er->head_done = true;
	if (!er->announced)
		return MHD_YES;
	if (er->stage == STA_STAGE_READY)
		return sta_mhd_answer_early(er);
	sta_mhd_phase(er->conn, STA_PHASE_BODY);
	sta_mhd_rest_begin(er->conn, atomic_load(&er->conn->since_ns));
	return MHD_YES;
}

/* The whole body is here. */
static enum MHD_Result
on_body_end(struct sta_mhd_request *er)
{
	const struct sta_route *route = er->req.route;

	if (route->body == STA_BODY_MEMORY) {
		er->req.body = er->gathered.data ? er->gathered.data : "";
		er->req.body_len = er->gathered.len;
	}
	sta_mhd_phase(er->conn, STA_PHASE_WORK);
	if (enter(er, STA_STAGE_HANDLER, route->waits || route->body == STA_BODY_STREAM))
		return MHD_YES;
	return sta_mhd_reply(er);
}

enum MHD_Result
sta_mhd_request_step(struct sta_mhd_request *er, const char *method, const char *version, const char *data,
		     size_t *len)
{
	bool over = atomic_load(&er->server->cutting) || atomic_load(&er->conn->cut);

	if (over && er->stage != STA_STAGE_READY)
		return MHD_NO;
	if (!er->head_done)
		return on_head(er, method, version);
	if (*len > 0)
		return sta_mhd_body_feed(er, data, len);
	if (er->stage == STA_STAGE_BODY)
		return on_body_end(er);
	return er->stage == STA_STAGE_READY ? sta_mhd_reply(er) : MHD_NO;
}

/* Release what the request holds; its clean-ups run here. */
static void
release(struct sta_mhd_request *er)
{
	struct sta_server *s = er->server;

	sta_arena_free(er->req.arena); /* er is gone */
	(void) pthread_mutex_lock(&s->lock);
	if (atomic_fetch_sub(&s->requests_active, 1) == 1)
		(void) pthread_cond_broadcast(&s->quiet);
	(void) pthread_mutex_unlock(&s->lock);
}

static void
release_on_worker(struct sta_job *job)
{
	release(of_job(job));
}

static void
observe(struct sta_mhd_request *er, bool aborted)
{
	struct sta_access_record rec = {
		.req = &er->req,
		.status = er->res.status,
		.bytes_in = er->bytes_in,
		.bytes_out = er->bytes_out,
		.total_ns = sta_now_ns() - er->started_ns,
		.wait_ns = er->req.t_wait_ns,
		.work_ns = er->req.t_work_ns,
		.aborted = aborted,
	};

	if (er->server->observer)
		er->server->observer(er->server->observer_ctx, &rec);
}

void
sta_mhd_request_over(struct sta_mhd_request *er, enum MHD_RequestTerminationCode why)
{
	struct sta_mhd_conn *conn = er->conn;
	bool aborted = why != MHD_REQUEST_TERMINATED_COMPLETED_OK && er->stage != STA_STAGE_LINGER;

	(void) pthread_mutex_lock(&conn->server->lock);
	conn->paused = NULL;
	(void) pthread_mutex_unlock(&conn->server->lock);
	sta_mhd_wire_over(er);
	sta_mhd_phase(conn, STA_PHASE_IDLE);
	sta_mhd_rest_begin(conn, atomic_load(&conn->since_ns));
	if (er->head_done || er->stage != STA_STAGE_HEAD)
		observe(er, aborted);
	er->mhd = NULL;
	er->conn = NULL;
	if (er->res.fd >= 0)
		(void) close(er->res.fd);
	/* Letting an upload go may wait for a disk. */
	if (er->req.route && er->req.route->body == STA_BODY_STREAM) {
		er->job.run = release_on_worker;
		er->may_wait = true;
		sta_pool_submit(er->server->workers, &er->job);
	} else {
		release(er);
	}
}
