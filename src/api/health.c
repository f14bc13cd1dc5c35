#include <string.h>

#include "api/handlers.h"

#define METRICS_MAX ((size_t) 1 << 20)

enum sta_rc
sta_get_health(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) ctx;
	(void) req;
	(void) err;
	sta_reply_text(res, 200, "ok\n");
	return STA_OK;
}

static bool
database_answers(struct sta_db *db)
{
	struct sta_db_conn *c = NULL;
	struct sta_err ignored;

	if (!db || sta_db_reader(db, &c, &ignored) != STA_OK || sta_db_read_begin(c, &ignored) != STA_OK)
		return false;
	sta_db_read_end(c);
	return true;
}

/* Ready: not stopping, and the database answers. */
enum sta_rc
sta_get_ready(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;

	(void) req;
	(void) err;
	if (atomic_load(&api->stopping))
		sta_reply_text(res, 503, "stopping\n");
	else if (!database_answers(api->db))
		sta_reply_text(res, 503, "the database does not answer\n");
	else
		sta_reply_text(res, 200, "ready\n");
	return STA_OK;
}

/* A request of this machine itself, not one that a proxy on it hands on. */
static bool
is_local(const struct sta_request *req)
{
	static const char *const marks[] = { "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded",
					     "Via" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (sta_request_header(req, marks[i]))
			return false;
	return strncmp(req->peer, "127.", 4) == 0 || strcmp(req->peer, "::1") == 0;
}

/* Numbers tell about use and users: for the machine itself, and for site administrators. */
static enum sta_rc
may_see_metrics(struct sta_api *api, struct sta_request *req, struct sta_err *err)
{
	struct sta_call call;
	enum sta_rc rc;

	if (is_local(req))
		return STA_OK;
	rc = sta_api_caller(api, req, &call, err);
	if (rc != STA_OK)
		return rc;
	if (call.caller.kind == STA_CALLER_ANONYMOUS)
		return sta_oci_unauthorized(err);
	if (!sta_call_by_site_admin(&call))
		return sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED,
				    "permission_denied: for site administrators");
	return STA_OK;
}

enum sta_rc
sta_get_metrics(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_buf b;
	const char *text;
	enum sta_rc rc = may_see_metrics(api, req, err);

	if (rc != STA_OK)
		return rc;
	sta_buf_init(&b, METRICS_MAX);
	sta_metrics_write(api, &b);
	text = sta_buf_ok(&b) ? sta_arena_strndup(req->arena, b.data, b.len) : NULL;
	sta_buf_done(&b);
	if (!text)
		return sta_err_set(err, STA_NOMEM, 0, "metrics");
	res->status = 200;
	res->kind = STA_REPLY_BYTES;
	res->bytes = text;
	res->size = strlen(text);
	return sta_reply_header(res, "Content-Type", "text/plain; version=0.0.4; charset=utf-8", err);
}
