#include "api/rest.h"

/* The bytes are those of openapi/ as they were built in; nothing in them depends on who asks. */
enum sta_rc
sta_get_openapi(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) ctx;
	res->status = 200;
	res->kind = STA_REPLY_BYTES;
	res->bytes = sta_openapi;
	res->size = sta_openapi_size;
	sta_rest_tag(req, res, sta_openapi_etag);
	return sta_reply_header(res, "Content-Type", "application/json; charset=utf-8", err);
}
