#include "api/handlers.h"
#include "base/auto.h"
#include "registry/delete.h"
#include "registry/pull.h"

static enum sta_rc
reply_blob(struct sta_request *req, struct sta_response *res, const struct sta_digest *digest,
	   const struct sta_pulled_blob *blob, struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];
	const char *name = sta_arena_strdup(req->arena, sta_digest_text(digest, text));
	enum sta_rc rc = sta_reply_header(res, "Docker-Content-Digest", name, err);

	if (rc == STA_OK)
		rc = sta_reply_header(res, "Content-Type", "application/octet-stream", err);
	if (rc == STA_OK) /* the bytes of a digest never change */
		rc = sta_reply_header(res, "Cache-Control", "max-age=31536000, immutable", err);
	if (rc != STA_OK)
		return rc;
	res->status = 200;
	res->kind = blob->fd >= 0 ? STA_REPLY_FILE : STA_REPLY_BYTES;
	res->bytes = blob->bytes;
	res->fd = blob->fd;
	res->size = blob->size;
	res->ranges = true;
	res->etag = sta_arena_printf(req->arena, "\"%s\"", name);
	return STA_OK;
}

enum sta_rc
sta_get_blob(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	struct sta_digest digest;
	struct sta_pulled_blob blob = { .fd = -1 };
	enum sta_rc rc = sta_v2_enter_package(api, req, &call, &name, err);

	if (rc == STA_OK)
		rc = sta_v2_digest(req->param[1], &digest, err);
	if (rc == STA_OK)
		rc = sta_pull_blob(api->r, &call, &name, &digest, req->method != STA_HEAD, &blob, err);
	if (rc != STA_OK)
		return rc;
	rc = reply_blob(req, res, &digest, &blob, err);
	if (rc != STA_OK)
		sta_auto_close(&blob.fd);
	return rc;
}

enum sta_rc
sta_delete_blob_route(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	struct sta_digest digest;
	enum sta_rc rc = sta_v2_enter_package(api, req, &call, &name, err);

	if (rc == STA_OK)
		rc = sta_v2_digest(req->param[1], &digest, err);
	if (rc == STA_OK)
		rc = sta_delete_blob(api->r, &call, &name, &digest, err);
	if (rc == STA_OK)
		res->status = 202;
	return rc;
}
