#include <assert.h>
#include <strings.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "http/mhd_internal.h"

#define TLS_BUFFERED_MAX ((uint64_t) 64 << 10) /* more than a session keeps of what it has read */

enum sta_rc
sta_mhd_body_admit(const struct sta_mhd_request *er, struct sta_err *err)
{
	const struct sta_route *route = er->req.route;
	uint64_t max = route->body == STA_BODY_MEMORY ? route->body_max : STA_BODY_SLACK;

	if (route->body == STA_BODY_STREAM || !er->req.has_length || er->req.length <= max)
		return STA_OK;
	return sta_err_set(err, STA_TOO_LARGE, 0, "request body larger than %llu bytes",
			   (unsigned long long) max);
}

static bool
expects_continue(const struct sta_request *req)
{
	const char *expect = sta_request_header(req, "Expect");

	return expect && strcasecmp(expect, "100-continue") == 0;
}

/* Take the rest of a short body so that the connection can be kept.  Of a long
 * one take nothing: answer now, and let the client read the answer before the
 * connection goes (closing with unread bytes would reset it). */
enum MHD_Result
sta_mhd_answer_early(struct sta_mhd_request *er)
{
	const struct sta_request *req = &er->req;

	if (er->bytes_in == 0 && expects_continue(req))
		return sta_mhd_reply(er);
	if (er->refusal == 0 && req->has_length && req->length - er->bytes_in <= STA_BODY_SLACK) {
		sta_mhd_phase(er->conn, STA_PHASE_BODY);
		return MHD_YES;
	}
	sta_mhd_reply_raw(er);
	er->stage = STA_STAGE_LINGER;
	sta_mhd_phase(er->conn, STA_PHASE_LINGER);
	return MHD_YES;
}

static enum MHD_Result
refuse(struct sta_mhd_request *er, const struct sta_err *err, size_t *len)
{
	*len = 0;
	sta_mhd_fail(er, err);
	return sta_mhd_answer_early(er);
}

static void
free_gathered(void *arg)
{
	sta_buf_done(arg);
}

static enum sta_rc
gather(struct sta_mhd_request *er, const char *data, size_t len, struct sta_err *err)
{
	size_t max = er->req.route->body_max;

	if (!er->gathered.data) {
		sta_buf_init(&er->gathered, max);
		if (sta_request_defer(&er->req, free_gathered, &er->gathered) != STA_OK)
			return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	}
	if (len > max - er->gathered.len)
		return sta_err_set(err, STA_TOO_LARGE, 0, "request body larger than %zu bytes", max);
	sta_buf_append(&er->gathered, data, len);
	return sta_buf_ok(&er->gathered) ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "out of memory");
}

static enum sta_rc
discard(const struct sta_mhd_request *er, struct sta_err *err)
{
	if (er->bytes_in <= STA_BODY_SLACK)
		return STA_OK;
	return sta_err_set(err, STA_TOO_LARGE, 0, "a request body is not expected here");
}

/* The sink is full: read nothing more until it, or the end of the server, wakes us. */
static void
hold(struct sta_mhd_request *er, uint64_t left)
{
	struct sta_server *s = er->server;
	enum sta_mhd_flow running = STA_FLOW_RUNNING;

	MHD_suspend_connection(er->mhd);
	(void) pthread_mutex_lock(&s->lock);
	er->conn->paused = er;
	er->left = left;
	(void) pthread_mutex_unlock(&s->lock);
	if (!atomic_compare_exchange_strong(&er->flow, &running, STA_FLOW_PAUSED))
		sta_mhd_resume(er); /* woken before it slept */
	else if (atomic_load(&s->cutting))
		sta_mhd_body_wake(er);
}

void
sta_mhd_body_wake(struct sta_mhd_request *er)
{
	if (atomic_exchange(&er->flow, STA_FLOW_WOKEN) == STA_FLOW_PAUSED)
		sta_mhd_resume(er);
}

bool
sta_mhd_body_may_end(const struct sta_mhd_request *er)
{
	uint64_t missing = er->req.length - er->bytes_in;
	uint64_t here = er->left + (er->server->tls ? TLS_BUFFERED_MAX : 0);
	int unread = 0;

	if (!er->req.has_length || ioctl(er->conn->fd, FIONREAD, &unread) < 0)
		return true; /* who knows */
	/* The flow last: while it is this, the library has read nothing that we counted as unread. */
	return missing <= here + (uint64_t) unread || atomic_load(&er->flow) != STA_FLOW_PAUSED;
}

static void
end_hold(struct sta_mhd_request *er)
{
	struct sta_server *s = er->server;

	if (!er->conn->paused) /* only this thread writes it */
		return;
	(void) pthread_mutex_lock(&s->lock);
	er->conn->paused = NULL;
	(void) pthread_mutex_unlock(&s->lock);
	sta_mhd_phase(er->conn, STA_PHASE_BODY);
}

/* Offer the bytes to the sink; *len becomes what it left. */
static enum sta_rc
stream(struct sta_mhd_request *er, const char *data, size_t *len, struct sta_err *err)
{
	uint64_t start = sta_now_ns();
	size_t taken = 0;
	enum sta_rc rc;

	end_hold(er);
	atomic_store(&er->flow, STA_FLOW_RUNNING);
	rc = er->req.sink.write(er->req.sink.ctx, data, *len, &taken, err);
	er->req.t_work_ns += sta_now_ns() - start;
	if (rc != STA_OK)
		return rc;
	assert(taken <= *len);
	er->bytes_in += taken;
	atomic_fetch_add(&er->conn->bytes, taken);
	*len -= taken;
	if (*len > 0)
		hold(er, *len);
	return STA_OK;
}

enum MHD_Result
sta_mhd_body_feed(struct sta_mhd_request *er, const char *data, size_t *len)
{
	struct sta_err err = { 0 };
	bool stream_it = er->stage == STA_STAGE_BODY && er->req.route->body == STA_BODY_STREAM;
	enum sta_rc rc = STA_OK;

	if (er->stage == STA_STAGE_BODY && atomic_load(&er->conn->expired)) {
		er->refusal = MHD_HTTP_REQUEST_TIMEOUT;
		(void) sta_err_set(&err, STA_TIMEOUT, 0, "the request body came too slowly");
		return refuse(er, &err, len);
	}
	if (!stream_it) {
		er->bytes_in += *len;
		atomic_fetch_add(&er->conn->bytes, *len);
	}
	if (stream_it)
		rc = stream(er, data, len, &err);
	else if (er->stage == STA_STAGE_BODY && er->req.route->body == STA_BODY_MEMORY)
		rc = gather(er, data, *len, &err);
	else if (er->stage == STA_STAGE_BODY)
		rc = discard(er, &err);
	if (rc != STA_OK) {
		err.rc = rc;
		return refuse(er, &err, len);
	}
	if (!stream_it)
		*len = 0;
	return MHD_YES;
}
