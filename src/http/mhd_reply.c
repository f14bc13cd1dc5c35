#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "http/mhd_internal.h"

#define RAW_MAX ((size_t) 64 << 10)

static bool
add_headers(struct MHD_Response *mhd, const struct sta_mhd_request *er)
{
	const struct sta_response *res = &er->res;
	bool ok = true;

	for (size_t i = 0; ok && i < res->n_headers; i++)
		ok = MHD_add_response_header(mhd, res->header[i].name, res->header[i].value) == MHD_YES;
	if (ok && res->etag)
		ok = MHD_add_response_header(mhd, "ETag", res->etag) == MHD_YES;
	if (ok)
		ok = MHD_add_response_header(mhd, "X-Request-Id", er->req.id) == MHD_YES;
	if (ok && (res->close || atomic_load(&er->server->draining)))
		ok = MHD_add_response_header(mhd, "Connection", "close") == MHD_YES;
	return ok;
}

enum MHD_Result
sta_mhd_reply(struct sta_mhd_request *er)
{
	struct MHD_Response *mhd = sta_mhd_body_response(er);
	enum MHD_Result ret = MHD_NO;

	if (!mhd)
		return MHD_NO;
	er->stage = STA_STAGE_SENT;
	sta_mhd_phase(er->conn, STA_PHASE_REPLY);
	if (er->server->tls)
		sta_tls_join(er);
	if (add_headers(mhd, er))
		ret = MHD_queue_response(er->mhd, (unsigned) er->res.status, mhd);
	MHD_destroy_response(mhd);
	return ret;
}

static void
raw_header(struct sta_buf *b, const char *name, const char *value)
{
	sta_buf_printf(b, "%s: %s\r\n", name, value);
}

void
sta_mhd_write_raw(struct sta_buf *b, const struct sta_request *req, const struct sta_response *res)
{
	size_t size = res->kind == STA_REPLY_BYTES ? (size_t) res->size : 0;
	char date[STA_TIME_TEXT_MAX];

	sta_buf_printf(b, "HTTP/1.1 %d %s\r\n", res->status,
		       MHD_get_reason_phrase_for((unsigned) res->status));
	raw_header(b, "Date", sta_time_http(sta_now_unix(), date));
	for (size_t i = 0; i < res->n_headers; i++)
		raw_header(b, res->header[i].name, res->header[i].value);
	raw_header(b, "X-Request-Id", req->id);
	sta_buf_printf(b, "Connection: close\r\nContent-Length: %zu\r\n\r\n", size);
	if (req->method != STA_HEAD)
		sta_buf_append(b, res->bytes, size);
}

void
sta_mhd_reply_raw(struct sta_mhd_request *er)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { 0 };

	sta_buf_init(&b, RAW_MAX);
	sta_mhd_write_raw(&b, &er->req, &er->res);
	if (!sta_buf_ok(&b))
		return; /* the connection ends without a word */
	er->bytes_out = b.len;
	if (er->server->tls)
		sta_tls_send_last(er->mhd, b.data, b.len);
	else
		(void) !send(er->conn->fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void) shutdown(er->conn->fd, SHUT_WR);
}
