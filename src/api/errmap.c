#include <string.h>

#include "api/rest.h"
#include "base/log.h"

#define BODY_MAX 8192

struct answer {
	int status;
	enum sta_oci_code code; /* when the failure names none */
};

static const struct answer answers[STA_RC_MAX_] = {
	[STA_NOMEM] = { 503, STA_OCI_UNAVAILABLE },
	[STA_IO] = { 500, STA_OCI_UNKNOWN },
	[STA_FULL] = { 507, STA_OCI_UNAVAILABLE },
	[STA_INVALID] = { 400, STA_OCI_UNSUPPORTED },
	[STA_NOT_FOUND] = { 404, STA_OCI_UNSUPPORTED },
	[STA_UNAUTHENTICATED] = { 401, STA_OCI_UNAUTHORIZED },
	[STA_DENIED] = { 403, STA_OCI_DENIED },
	[STA_EXISTS] = { 409, STA_OCI_DENIED },
	[STA_CONFLICT] = { 409, STA_OCI_DENIED },
	[STA_PRECONDITION] = { 412, STA_OCI_PRECONDITION_FAILED },
	[STA_OUT_OF_ORDER] = { 416, STA_OCI_RANGE_INVALID },
	[STA_TOO_LARGE] = { 413, STA_OCI_SIZE_INVALID },
	[STA_TOO_MANY] = { 429, STA_OCI_TOOMANYREQUESTS },
	[STA_UNSUPPORTED] = { 405, STA_OCI_UNSUPPORTED },
	[STA_INCOMPLETE] = { 400, STA_OCI_MANIFEST_BLOB_UNKNOWN },
	[STA_DIGEST_MISMATCH] = { 400, STA_OCI_DIGEST_INVALID },
	[STA_CORRUPT] = { 500, STA_OCI_UNKNOWN },
	[STA_BACKEND] = { 503, STA_OCI_UNAVAILABLE },
	[STA_BUSY] = { 503, STA_OCI_UNAVAILABLE },
	[STA_WOULD_BLOCK] = { 503, STA_OCI_UNAVAILABLE },
	[STA_WOULD_HASH] = { 503, STA_OCI_UNAVAILABLE },
	[STA_TIMEOUT] = { 408, STA_OCI_UNAVAILABLE },
};

static struct answer
answer_for(const struct sta_err *err, const char *allow)
{
	struct answer a = err->rc > STA_OK && err->rc < STA_RC_MAX_ ? answers[err->rc]
								    : (struct answer){ 500, STA_OCI_UNKNOWN };

	if (err->rc == STA_UNSUPPORTED && !allow)
		a.status = 400;
	if (err->code >= STA_REST_STATUS)
		a.status = err->code - STA_REST_STATUS;
	else if (err->code != 0)
		a.code = (enum sta_oci_code) err->code;
	if (err->rc == STA_BUSY && a.code == STA_OCI_BLOB_UPLOAD_INVALID)
		a.status = 409;
	return a;
}

/* What went wrong inside is for the log; the client is told that it did. */
static const char *
public_message(const struct sta_err *err, int status)
{
	if (status < 500)
		return err->msg;
	return err->rc == STA_FULL ? "the registry has no space left" : "the registry could not do this now";
}

static void
log_failure(const struct sta_request *req, const struct sta_err *err)
{
	/* Nobody's fault, and anybody's to cause. */
	sta_log(err->rc == STA_BUSY ? STA_LOG_INFO : STA_LOG_ERROR, "request failed",
		(const struct sta_log_field[]){
			STA_F_STR("id", req->id), STA_F_STR("rc", sta_rc_name(err->rc)),
			STA_F_STR("error", err->msg), STA_F_STR("about", err->detail), STA_F_END });
}

static const char *
rest_message(const struct sta_request *req, const struct sta_err *err, int status)
{
	if (!req->route && status == 404)
		return "Not Found";
	if (status == 401 && req->state)
		return sta_request_header(req, "Authorization") ? "Bad credentials"
								: "Requires authentication";
	return public_message(err, status);
}

/* Of the REST interface, as GitHub's: message, where to read on, and status; and what it is about. */
static const char *
rest_error_body(const struct sta_api *api, const struct sta_request *req, const struct sta_err *err,
		int status)
{
	struct sta_buf b;
	const char *text;

	sta_buf_init(&b, BODY_MAX);
	sta_buf_str(&b, "{\"message\":");
	sta_buf_json(&b, rest_message(req, err, status));
	sta_buf_str(&b, ",\"documentation_url\":");
	sta_buf_json(&b, sta_rest_documentation(api, req));
	if (err->detail[0] && status < 500) {
		sta_buf_str(&b, ",\"detail\":");
		sta_buf_json(&b, err->detail);
	}
	sta_buf_printf(&b, ",\"status\":\"%d\"}\n", status);
	text = sta_buf_ok(&b) ? sta_arena_strdup(req->arena, b.data) : NULL;
	sta_buf_done(&b);
	return text ? text
		    : "{\"message\":\"out of memory\",\"documentation_url\":\"\",\"status\":\"503\"}\n";
}

static bool
is_rest(const struct sta_request *req)
{
	const char *at =
		req->path && *req->path ? req->path : req->target; /* which is malformed, or too long */

	return at && strncmp(at, "/api/", strlen("/api/")) == 0;
}

static const char *
error_body(const struct sta_request *req, const struct sta_err *err, const struct answer *a)
{
	struct sta_buf b;
	const char *text;

	sta_buf_init(&b, BODY_MAX);
	sta_buf_printf(&b, "{\"errors\":[{\"code\":\"%s\",\"message\":", sta_oci_code_name(a->code));
	sta_buf_json(&b, public_message(err, a->status));
	/* Never without: Docker's client drops a message that is the code's usual one
	 * when no detail follows, and then takes the answer for a fault and retries. */
	sta_buf_str(&b, ",\"detail\":");
	if (err->detail[0] && a->status < 500)
		sta_buf_json(&b, err->detail);
	else
		sta_buf_str(&b, "{}");
	sta_buf_str(&b, "}]}\n");
	text = sta_buf_ok(&b) ? sta_arena_strdup(req->arena, b.data) : NULL;
	sta_buf_done(&b);
	return text ? text
		    : "{\"errors\":[{\"code\":\"UNAVAILABLE\",\"message\":\"out of "
		      "memory\",\"detail\":{}}]}\n";
}

/* A chunk at the wrong place: say where the right one is (end-6, end-13). */
static void
add_upload_position(const struct sta_request *req, const struct sta_err *err, struct sta_response *res)
{
	struct sta_err ignored;

	if (err->rc != STA_OUT_OF_ORDER || !err->detail[0])
		return;
	(void) !sta_reply_header(res, "Location", req->path, &ignored);
	(void) !sta_reply_header(res, "Range", sta_arena_strdup(req->arena, err->detail), &ignored);
}

/* Soon, unless the failure knows when. */
static void
add_retry_after(const struct sta_request *req, const struct sta_err *err, struct sta_response *res)
{
	struct sta_err ignored;
	const char *text = err->wait_s > 1 ? sta_arena_printf(req->arena, "%u", err->wait_s) : "1";

	(void) !sta_reply_header(res, "Retry-After", text, &ignored);
}

void
sta_api_fail(void *ctx, struct sta_request *req, const struct sta_err *err, const char *allow,
	     struct sta_response *res)
{
	struct answer a = answer_for(err, allow);
	struct sta_err ignored;

	*res = (struct sta_response){
		.status = a.status,
		.kind = STA_REPLY_BYTES,
		.bytes = is_rest(req) ? rest_error_body(ctx, req, err, a.status) : error_body(req, err, &a),
		.fd = -1,
	};
	res->size = strlen(res->bytes);
	(void) !sta_reply_header(res, "Content-Type",
				 is_rest(req) ? "application/json; charset=utf-8" : "application/json",
				 &ignored);
	if (a.status == 401)
		(void) !sta_reply_header(res, "WWW-Authenticate", sta_challenge(ctx, req), &ignored);
	if (a.status == 429 || a.status == 503)
		add_retry_after(req, err, res);
	if (allow)
		(void) !sta_reply_header(res, "Allow", allow, &ignored);
	add_upload_position(req, err, res);
	if (a.status >= 500)
		log_failure(req, err);
}

void
sta_api_finish(void *ctx, struct sta_request *req, struct sta_response *res)
{
	struct sta_err ignored;

	(void) ctx;
	if (is_rest(req))
		sta_rest_finish(req, res);
	/* Docker's clients look for it on every answer, also of the token endpoint. */
	(void) !sta_reply_header(res, "Docker-Distribution-Api-Version", "registry/2.0", &ignored);
	(void) !sta_reply_header(res, "X-Content-Type-Options", "nosniff", &ignored);
	/* Who is refused does not hear whether what was shown had been good once. */
	if (req->warning && res->status != 401 && res->status != 403)
		(void) !sta_reply_header(res, "Warning", req->warning, &ignored);
	if (!sta_response_get(res, "Cache-Control") && (res->status >= 400 || req->method > STA_HEAD))
		(void) !sta_reply_header(res, "Cache-Control", "no-store", &ignored);
}
