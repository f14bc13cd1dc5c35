#include <string.h>

#include "api/handlers.h"
#include "base/parse.h"
#include "registry/list.h"

enum sta_rc
sta_reply_header(struct sta_response *res, const char *name, const char *value, struct sta_err *err)
{
	if (!value)
		return sta_err_set(err, STA_NOMEM, 0, "response");
	return sta_response_header(res, name, value, err);
}

enum sta_rc
sta_reply_json(struct sta_request *req, struct sta_response *res, int status, const char *type, json_t *j,
	       struct sta_err *err)
{
	json_t *owned = sta_json_own(req->arena, j);
	const char *text = owned ? sta_json_dump(req->arena, owned) : NULL;

	if (!text)
		return sta_err_set(err, STA_NOMEM, 0, "response");
	res->status = status;
	res->kind = STA_REPLY_BYTES;
	res->bytes = text;
	res->size = strlen(text);
	return sta_reply_header(res, "Content-Type", type, err);
}

void
sta_reply_text(struct sta_response *res, int status, const char *text)
{
	struct sta_err ignored;

	res->status = status;
	res->kind = STA_REPLY_BYTES;
	res->bytes = text;
	res->size = strlen(text);
	(void) !sta_reply_header(res, "Content-Type", "text/plain; charset=utf-8",
				 &ignored); /* there is room */
}

enum sta_rc
sta_reply_next(struct sta_request *req, struct sta_response *res, size_t n, const char *last,
	       struct sta_err *err)
{
	const char *filter = sta_request_query(req, "artifactType", 0); /* the next page must have it too */
	const char *after = sta_percent_encode(req->arena, last);
	const char *type = sta_percent_encode(req->arena, filter ? filter : "");
	const char *link = NULL;

	if (after && type)
		link = sta_arena_printf(req->arena, "<%s?n=%zu&last=%s%s%s>; rel=\"next\"", req->path, n,
					after, filter ? "&artifactType=" : "", type);
	return sta_reply_header(res, "Link", link, err);
}

enum sta_rc
sta_page_size(struct sta_request *req, size_t *n, struct sta_err *err)
{
	const char *text = sta_request_query(req, "n", 0);
	uint64_t asked = STA_PAGE_MAX;

	if (text && !sta_parse_u64(text, strlen(text), &asked))
		return sta_oci_fail(err, STA_INVALID, STA_OCI_PAGINATION_NUMBER_INVALID,
				    "invalid number of results requested");
	*n = asked < STA_PAGE_MAX ? (size_t) asked : STA_PAGE_MAX;
	return STA_OK;
}
