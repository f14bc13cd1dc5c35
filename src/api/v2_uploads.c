#include <string.h>

#include "api/handlers.h"
#include "http/range.h"
#include "registry/push.h"
#include "registry/upload.h"

#define IGNORED_MAX 65536 /* bytes of a body that a POST without a digest may have */

/* What begin() found out and handler() goes on with; in the request's arena. */
struct transfer {
	struct sta_request *req;
	struct sta_call call;
	struct sta_name name;
	struct sta_upload *upload; /* NULL: none, or let go */
	struct sta_digest digest;
	bool has_digest;
	uint64_t ignored;
};

static void
let_go(void *arg)
{
	struct transfer *t = arg;
	struct sta_upload *u = t->upload;

	t->upload = NULL;
	sta_upload_release(u);
}

static void
wake(void *arg)
{
	sta_request_resume(arg);
}

static enum sta_rc
take(void *ctx, const void *p, size_t len, size_t *taken, struct sta_err *err)
{
	return sta_upload_append(((struct transfer *) ctx)->upload, p, len, taken, err);
}

static enum sta_rc
ignore(void *ctx, const void *p, size_t len, size_t *taken, struct sta_err *err)
{
	struct transfer *t = ctx;

	(void) p;
	t->ignored += len;
	if (t->ignored > IGNORED_MAX)
		return sta_oci_fail(err, STA_TOO_LARGE, STA_OCI_SIZE_INVALID,
				    "a body needs the parameter digest, or an upload session");
	*taken = len;
	return STA_OK;
}

static enum sta_rc
new_transfer(struct sta_api *api, struct sta_request *req, struct transfer **out, struct sta_err *err)
{
	struct transfer *t = sta_arena_alloc(req->arena, sizeof(*t));

	if (!t)
		return sta_err_set(err, STA_NOMEM, 0, "upload");
	t->req = req;
	*out = t;
	return sta_v2_enter_package(api, req, &t->call, &t->name, err);
}

/* What the client announced can be refused before it comes. */
static enum sta_rc
open_upload(struct sta_api *api, struct transfer *t, const char *id, struct sta_err *err)
{
	struct sta_upload_waker waker = { .wake = wake, .arg = t->req };
	enum sta_digest_alg alg = t->has_digest ? t->digest.alg : STA_SHA256;
	enum sta_rc rc = sta_upload_open(api->r, &t->call, &t->name, id, alg, &waker, &t->upload, err);

	if (rc == STA_OK)
		rc = sta_request_defer(t->req, let_go, t);
	if (rc == STA_OK && t->req->has_length)
		rc = sta_upload_expect(t->upload, t->req->length, err);
	if (rc != STA_OK)
		return rc;
	t->req->state = t;
	t->req->sink = (struct sta_sink){ .write = take, .ctx = t };
	return STA_OK;
}

static const char *
range_text(struct sta_arena *a, uint64_t received)
{
	return sta_arena_printf(a, "0-%llu", received > 0 ? (unsigned long long) received - 1 : 0ULL);
}

/* Location, Docker-Upload-UUID and Range of a session. */
static enum sta_rc
reply_session(struct sta_request *req, struct sta_response *res, int status, const struct sta_name *name,
	      const char *id, uint64_t received, struct sta_err *err)
{
	const char *copy = sta_arena_strdup(req->arena, id);
	enum sta_rc rc = sta_reply_header(
		res, "Location", sta_arena_printf(req->arena, "/v2/%s/blobs/uploads/%s", name->full, id),
		err);

	if (rc == STA_OK)
		rc = sta_reply_header(res, "Docker-Upload-UUID", copy, err);
	if (rc == STA_OK)
		rc = sta_reply_header(res, "Range", range_text(req->arena, received), err);
	res->status = status;
	return rc;
}

static enum sta_rc
reply_blob_created(struct sta_request *req, struct sta_response *res, const struct sta_name *name,
		   const struct sta_digest *digest, struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];
	const char *d = sta_arena_strdup(req->arena, sta_digest_text(digest, text));
	enum sta_rc rc = sta_reply_header(res, "Docker-Content-Digest", d, err);

	if (rc == STA_OK)
		rc = sta_reply_header(res, "Location",
				      sta_arena_printf(req->arena, "/v2/%s/blobs/%s", name->full, d), err);
	res->status = 201;
	return rc;
}

/* All bytes are there: make the blob, and let go before the client hears of it. */
static enum sta_rc
finish(struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct transfer *t = req->state;
	enum sta_rc rc;

	t->call.may_wait = sta_request_may_wait(req);
	rc = sta_upload_finish(t->upload, &t->call, &t->digest, err);
	let_go(t);
	return rc == STA_OK ? reply_blob_created(req, res, &t->name, &t->digest, err) : rc;
}

/* --- POST: a session, a mount, or a whole blob at once --- */

enum sta_rc
sta_post_upload_begin(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	const char *digest = sta_request_query(req, "digest", 0);
	struct transfer *t = NULL;
	enum sta_rc rc = new_transfer(ctx, req, &t, err);

	(void) res;
	if (rc != STA_OK)
		return rc;
	if (!digest || sta_request_query(req, "mount", 0)) {
		req->state = t;
		req->sink = (struct sta_sink){ .write = ignore, .ctx = t };
		return STA_OK;
	}
	rc = sta_v2_digest(digest, &t->digest, err);
	t->has_digest = true;
	return rc == STA_OK ? open_upload(ctx, t, NULL, err) : rc;
}

static enum sta_rc
start_session(struct sta_api *api, struct sta_request *req, struct sta_response *res,
	      const struct transfer *t, struct sta_err *err)
{
	const char *name = sta_request_query(req, "digest-algorithm", 0);
	enum sta_digest_alg alg = STA_SHA256;
	char id[STA_UUID_TEXT_MAX];
	enum sta_rc rc;

	if (name && !sta_digest_alg_parse(name, strlen(name), &alg))
		return sta_oci_fail(err, STA_INVALID, STA_OCI_DIGEST_INVALID,
				    "digest algorithms are sha256 and sha512");
	rc = sta_upload_start(api->r, &t->call, &t->name, alg, id, err);
	return rc == STA_OK ? reply_session(req, res, 202, &t->name, id, 0, err) : rc;
}

/* A mount that is not possible becomes a session, whatever the reason. */
static enum sta_rc
mount(struct sta_api *api, struct sta_request *req, const struct transfer *t, const char *wanted,
      struct sta_digest *digest, bool *mounted, struct sta_err *err)
{
	const char *from = sta_request_query(req, "from", 0);
	struct sta_name source;
	bool named = from && sta_name_parse(from, strlen(from), &source);

	if (!sta_digest_parse(wanted, strlen(wanted), digest) || (from && !named))
		return STA_OK;
	return sta_mount_blob(api->r, &t->call, &t->name, digest, named ? &source : NULL, mounted, err);
}

enum sta_rc
sta_post_upload(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct transfer *t = req->state;
	const char *wanted = sta_request_query(req, "mount", 0);
	struct sta_digest digest;
	bool mounted = false;
	enum sta_rc rc = STA_OK;

	if (t->upload)
		return finish(req, res, err);
	t->call.may_wait = sta_request_may_wait(req);
	if (wanted)
		rc = mount(ctx, req, t, wanted, &digest, &mounted, err);
	if (rc != STA_OK)
		return rc;
	if (mounted)
		return reply_blob_created(req, res, &t->name, &digest, err);
	return start_session(ctx, req, res, t, err);
}

/* --- PATCH and PUT: bytes for a session --- */

static enum sta_rc
out_of_order(struct sta_request *req, uint64_t received, struct sta_err *err)
{
	const char *text = range_text(req->arena, received);

	(void) sta_oci_fail(err, STA_OUT_OF_ORDER, STA_OCI_BLOB_UPLOAD_INVALID,
			    "the chunk does not start at byte %llu, which is the next one",
			    (unsigned long long) received);
	if (text) /* the Range header of the answer; see errmap.c */
		memcpy(err->detail, text, strlen(text) + 1);
	return STA_OUT_OF_ORDER;
}

static enum sta_rc
check_range(struct sta_request *req, const struct transfer *t, struct sta_err *err)
{
	const char *value = sta_request_header(req, "Content-Range");
	uint64_t received = sta_upload_size(t->upload);
	struct sta_range range;

	if (!value)
		return STA_OK;
	if (!sta_content_range_parse(value, &range) || range.first != received)
		return out_of_order(req, received, err);
	if (req->has_length && req->length != range.last - range.first + 1)
		return sta_oci_fail(err, STA_INVALID, STA_OCI_SIZE_INVALID,
				    "Content-Range and Content-Length do not agree");
	return STA_OK;
}

static enum sta_rc
begin_bytes(struct sta_api *api, struct sta_request *req, struct transfer *t, struct sta_err *err)
{
	enum sta_rc rc = open_upload(api, t, req->param[1], err);

	if (rc == STA_OK)
		rc = check_range(req, t, err);
	if (rc != STA_OK)
		let_go(t);
	return rc;
}

enum sta_rc
sta_patch_upload_begin(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct transfer *t = NULL;
	enum sta_rc rc = new_transfer(ctx, req, &t, err);

	(void) res;
	return rc == STA_OK ? begin_bytes(ctx, req, t, err) : rc;
}

enum sta_rc
sta_patch_upload(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct transfer *t = req->state;
	uint64_t received = 0;
	enum sta_rc rc = sta_upload_flush(t->upload, err);

	(void) ctx;
	if (rc == STA_OK)
		received = sta_upload_size(t->upload);
	let_go(t);
	return rc == STA_OK ? reply_session(req, res, 202, &t->name, req->param[1], received, err) : rc;
}

enum sta_rc
sta_put_upload_begin(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct transfer *t = NULL;
	enum sta_rc rc = new_transfer(ctx, req, &t, err);

	(void) res;
	if (rc == STA_OK)
		rc = sta_v2_digest(sta_request_query(req, "digest", 0), &t->digest, err);
	if (rc != STA_OK)
		return rc;
	t->has_digest = true;
	return begin_bytes(ctx, req, t, err);
}

enum sta_rc
sta_put_upload(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) ctx;
	return finish(req, res, err);
}

/* --- GET and DELETE of a session --- */

enum sta_rc
sta_get_upload(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	uint64_t received = 0;
	enum sta_rc rc = sta_v2_enter_package(api, req, &call, &name, err);

	if (rc == STA_OK)
		rc = sta_upload_status(api->r, &call, &name, req->param[1], &received, err);
	return rc == STA_OK ? reply_session(req, res, 204, &name, req->param[1], received, err) : rc;
}

enum sta_rc
sta_delete_upload(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	enum sta_rc rc = sta_v2_enter_package(api, req, &call, &name, err);

	if (rc == STA_OK)
		rc = sta_upload_cancel(api->r, &call, &name, req->param[1], err);
	if (rc == STA_OK)
		res->status = 204;
	return rc;
}
