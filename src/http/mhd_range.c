#include <string.h>
#include <unistd.h>

#include "http/etag.h"
#include "http/mhd_internal.h"
#include "http/range.h"

#define BLOCK ((size_t) 64 << 10) /* the library reads files in 4 KiB pieces by itself */
#define BOUNDARY "staithe-part-4f6b1d20c9e7"

/* One stretch of a body that is put together while it is sent: head, then
 * len bytes of the content. */
struct part {
	const char *head;
	size_t head_len;
	uint64_t offset, len;
	uint64_t start; /* of the head, in the body */
};

/* Where a body comes from. */
struct source {
	int fd; /* -1: bytes */
	const char *bytes;
	size_t n;
	size_t at; /* part of the last read */
	struct part *part;
};

static void
close_source(void *arg)
{
	struct source *src = arg;

	if (src->fd >= 0)
		(void) close(src->fd);
}

/* A source with room for n parts; it takes er->res.fd, also on failure. */
static struct source *
source_new(struct sta_mhd_request *er, size_t n)
{
	struct source *src = sta_arena_alloc(er->req.arena, sizeof(*src));

	if (!src)
		return NULL;
	src->fd = er->res.kind == STA_REPLY_FILE ? er->res.fd : -1;
	src->bytes = er->res.bytes;
	src->n = n;
	er->res.fd = -1;
	/* Not left to the library: it would free after the request is gone. */
	if (sta_request_defer(&er->req, close_source, src) != STA_OK)
		return NULL;
	src->part = sta_arena_alloc(er->req.arena, n * sizeof(*src->part));
	return src->part ? src : NULL;
}

static ssize_t
read_content(const struct source *src, uint64_t offset, char *buf, size_t max)
{
	ssize_t n;

	if (src->fd < 0) {
		memcpy(buf, src->bytes + offset, max);
		return (ssize_t) max;
	}
	n = pread(src->fd, buf, max, (off_t) offset);
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR; /* shorter than announced: cut */
}

static ssize_t
read_source(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct source *src = cls;
	const struct part *part;
	uint64_t in;

	while (src->at + 1 < src->n && pos >= src->part[src->at + 1].start)
		src->at++;
	part = &src->part[src->at];
	in = pos - part->start;
	if (in < part->head_len) {
		size_t n = part->head_len - (size_t) in < max ? part->head_len - (size_t) in : max;

		memcpy(buf, part->head + in, n);
		return (ssize_t) n;
	}
	in -= part->head_len;
	return read_content(src, part->offset + in, buf,
			    part->len - in < max ? (size_t) (part->len - in) : max);
}

static struct MHD_Response *
from_source(struct sta_mhd_request *er, struct source *src)
{
	return MHD_create_response_from_callback(er->res.size, BLOCK, read_source, src, NULL);
}

/* No body follows; size is only told. */
static ssize_t
read_nothing(void *cls, uint64_t pos, char *buf, size_t max)
{
	(void) cls, (void) pos, (void) buf, (void) max;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *
from_nothing(struct sta_mhd_request *er)
{
	if (er->res.fd >= 0)
		(void) close(er->res.fd);
	er->res.fd = -1;
	er->bytes_out = 0;
	if (er->res.size == 0)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_callback(er->res.size, 1, read_nothing, NULL, NULL);
}

static struct MHD_Response *
from_memory(const char *bytes, size_t len)
{
	const union {
		const char *bytes;
		void *writable; /* by its type; the library only reads */
	} u = { .bytes = bytes };

	return MHD_create_response_from_buffer(len, u.writable, MHD_RESPMEM_PERSISTENT);
}

/* size bytes of the content from offset. */
static struct MHD_Response *
from_content(struct sta_mhd_request *er, uint64_t offset)
{
	struct sta_response *res = &er->res;
	struct MHD_Response *mhd;
	struct source *src;

	er->bytes_out = res->size;
	if (res->size == 0 || res->kind == STA_REPLY_EMPTY)
		return from_nothing(er);
	if (res->kind == STA_REPLY_BYTES)
		return from_memory((const char *) res->bytes + offset, (size_t) res->size);
	if (!er->server->tls) {
		mhd = MHD_create_response_from_fd_at_offset64(res->size, res->fd, offset);
		if (mhd)
			res->fd = -1;
		return mhd;
	}
	src = source_new(er, 1);
	if (!src)
		return NULL;
	src->part[0] = (struct part){ .offset = offset, .len = res->size };
	return from_source(er, src);
}

/* Set a header of the engine's own in place of the app's, or drop it (NULL). */
static bool
set_header(struct sta_response *res, const char *name, const char *value)
{
	size_t n = 0;
	struct sta_err err;

	for (size_t i = 0; i < res->n_headers; i++)
		if (strcasecmp(res->header[i].name, name) != 0)
			res->header[n++] = res->header[i];
	res->n_headers = n;
	return !value || sta_response_header(res, name, value, &err) == STA_OK;
}

static const char *
content_range(struct sta_mhd_request *er, const struct sta_range *r, uint64_t size)
{
	return sta_arena_printf(er->req.arena, "bytes %llu-%llu/%llu", (unsigned long long) r->first,
				(unsigned long long) r->last, (unsigned long long) size);
}

static struct MHD_Response *
one_range(struct sta_mhd_request *er, const struct sta_range *r)
{
	const char *text = content_range(er, r, er->res.size);

	if (!text || !set_header(&er->res, "Content-Range", text))
		return NULL;
	er->res.status = MHD_HTTP_PARTIAL_CONTENT;
	er->res.size = r->last - r->first + 1;
	return from_content(er, r->first);
}

/* RFC 9110 14.6.  The last part is only the closing line. */
static struct MHD_Response *
many_ranges(struct sta_mhd_request *er, const struct sta_range *r, size_t n)
{
	const char *type = sta_response_get(&er->res, "Content-Type");
	struct source *src = source_new(er, n + 1);
	uint64_t pos = 0;

	for (size_t i = 0; src && i <= n; i++) {
		struct part *part = &src->part[i];
		const char *head = "\r\n--" BOUNDARY "--\r\n";

		part->start = pos;
		if (i < n) {
			const char *text = content_range(er, &r[i], er->res.size);

			part->offset = r[i].first;
			part->len = r[i].last - r[i].first + 1;
			head = text ? sta_arena_printf(er->req.arena,
						       "%s--" BOUNDARY
						       "\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n",
						       i > 0 ? "\r\n" : "",
						       type ? type : "application/octet-stream", text)
				    : NULL;
		}
		if (!head)
			return NULL;
		part->head = head;
		part->head_len = strlen(head);
		pos += part->head_len + part->len;
	}
	if (!src || !set_header(&er->res, "Content-Type", "multipart/byteranges; boundary=" BOUNDARY))
		return NULL;
	er->res.status = MHD_HTTP_PARTIAL_CONTENT;
	er->res.size = er->bytes_out = pos;
	return from_source(er, src);
}

static struct MHD_Response *
no_range(struct sta_mhd_request *er)
{
	unsigned long long size = er->res.size;
	const char *text = sta_arena_printf(er->req.arena, "bytes */%llu", size);
	struct sta_err err = { 0 };

	if (er->res.fd >= 0)
		(void) close(er->res.fd);
	(void) sta_err_set(&err, STA_OUT_OF_ORDER, 0, "none of the ranges lies within the %llu bytes", size);
	sta_mhd_fail(er, &err);
	if (!text || !set_header(&er->res, "Content-Range", text))
		return NULL;
	return from_content(er, 0);
}

/* Range counts for GET, and with If-Range only for the representation it names. */
static const char *
wanted_ranges(const struct sta_mhd_request *er)
{
	const char *if_range = sta_request_header(&er->req, "If-Range");

	if (er->req.method != STA_GET || (if_range && !sta_etag_same(if_range, er->res.etag)))
		return NULL;
	return sta_request_header(&er->req, "Range");
}

static struct MHD_Response *
ranged(struct sta_mhd_request *er)
{
	struct sta_range ranges[STA_RANGES_MAX];
	size_t n;

	switch (sta_range_parse(wanted_ranges(er), er->res.size, ranges, &n)) {
	case STA_RANGE_SOME:
		return n == 1 ? one_range(er, &ranges[0]) : many_ranges(er, ranges, n);
	case STA_RANGE_UNSATISFIABLE:
		return no_range(er);
	case STA_RANGE_WHOLE:
		break;
	}
	return from_content(er, 0);
}

static bool
not_modified(const struct sta_mhd_request *er)
{
	return sta_etag_listed(sta_request_header(&er->req, "If-None-Match"), er->res.etag);
}

struct MHD_Response *
sta_mhd_body_response(struct sta_mhd_request *er)
{
	struct sta_response *res = &er->res;
	bool select = res->ranges && res->status == MHD_HTTP_OK;

	if (select && !set_header(res, "Accept-Ranges", "bytes"))
		return NULL;
	if (select && not_modified(er))
		res->status = MHD_HTTP_NOT_MODIFIED;
	if (er->req.method == STA_HEAD || res->status == MHD_HTTP_NOT_MODIFIED ||
	    res->status == MHD_HTTP_NO_CONTENT)
		return from_nothing(er);
	return select ? ranged(er) : from_content(er, 0);
}
