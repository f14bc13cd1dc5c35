#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/mhd_internal.h"

/* What the library reads from a connection passes here first.
 *
 * It takes a bare LF for the end of a line around chunks as well, where another
 * server in front may not (request smuggling), and leaves no trace of it: by the
 * time we are called the line may be overwritten.  It has no hook for this either.
 * But it calls recv(), or gnutls_record_recv(), through the dynamic linker, which
 * takes ours (mhd_tls.c has the other) as the program comes before the libraries.
 *
 * Of a body without chunks only the length counts.  A chunked one is followed as it
 * comes (chunks.h).  What came along with a head cannot be followed before the head is
 * understood; it is found behind it then, as far as the counts say:
 *
 *   received = consumed before + head + what is here of the body
 *
 * A body that is malformed is answered at once, past the library, which sees nothing
 * of it and nothing that comes after. */

#define FDS_MAX (1 << 20)

static struct sta_mhd_conn *_Atomic by_fd[FDS_MAX];

/* A descriptor beyond the table is not watched, and takes no chunked bodies. */
void
sta_mhd_wire_open(struct sta_mhd_conn *conn)
{
	if (conn->fd < FDS_MAX)
		atomic_store(&by_fd[conn->fd], conn);
}

void
sta_mhd_wire_close(struct sta_mhd_conn *conn)
{
	if (conn->fd < FDS_MAX)
		atomic_store(&by_fd[conn->fd], NULL);
}

struct sta_mhd_conn *
sta_mhd_wire_find(int fd)
{
	return fd >= 0 && fd < FDS_MAX ? atomic_load(&by_fd[fd]) : NULL;
}

static bool
follow(struct sta_mhd_wire *w, const char *p, size_t len)
{
	size_t used = 0;

	if (!sta_chunks_feed(&w->chunks, p, len, &used))
		return false;
	w->consumed += used;
	if (w->chunks.state == STA_CHUNKS_END)
		w->chunked = NULL;
	return true;
}

bool
sta_mhd_wire_head(struct sta_mhd_request *er, const char *method, size_t head_size)
{
	struct sta_mhd_wire *w = &er->conn->wire;
	bool chunked = er->announced && !er->req.has_length;
	size_t skipped = (size_t) (method - w->base);

	if (!w->base)
		return !chunked; /* not watched */
	if (skipped != 0)
		return false; /* empty lines, which may have ended in bare LFs */
	w->consumed += head_size;
	if (w->consumed > w->received)
		return false;
	if (er->req.has_length)
		w->consumed += er->req.length;
	if (!chunked)
		return true;
	w->chunks = (struct sta_chunks){ 0 };
	w->chunked = er;
	return follow(w, method + head_size, (size_t) (w->received - w->consumed));
}

void
sta_mhd_wire_over(struct sta_mhd_request *er)
{
	er->conn->wire.chunked = NULL;
}

static void
refuse(struct sta_mhd_conn *conn)
{
	struct sta_mhd_request *er = conn->wire.chunked;
	struct sta_err err = { 0 };

	conn->wire.deaf = true;
	if (er->stage != STA_STAGE_BODY)
		return; /* answered already */
	atomic_fetch_add(&conn->server->refused_framing, 1);
	er->refusal = MHD_HTTP_BAD_REQUEST;
	(void) sta_err_set(&err, STA_INVALID, 0, "malformed chunk");
	sta_mhd_fail(er, &err);
	sta_mhd_reply_raw(er);
	er->stage = STA_STAGE_LINGER;
	sta_mhd_phase(conn, STA_PHASE_LINGER);
}

bool
sta_mhd_wire_read(struct sta_mhd_conn *conn, char *p, size_t len)
{
	struct sta_mhd_wire *w = &conn->wire;

	if (!w->base)
		w->base = p;
	w->received += len;
	if (atomic_load(&conn->phase) == STA_PHASE_HEADER)
		sta_mhd_rest_begin(conn, sta_now_ns());
	if (w->chunked && !w->deaf && !follow(w, p, len))
		refuse(conn);
	return !w->deaf;
}

/* recv() of this program and of the libraries in it. */
__attribute__((visibility("default"))) ssize_t sta_mhd_wire_recv(int fd, void *buf, size_t len,
								 int flags) __asm__("recv");

ssize_t
sta_mhd_wire_recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t n = recvfrom(fd, buf, len, flags, NULL, NULL);
	struct sta_mhd_conn *conn;

	if (n == 0 || (flags & MSG_PEEK) || (n < 0 && errno != EAGAIN))
		return n;
	conn = sta_mhd_wire_find(fd);
	if (!conn || conn->server->tls)
		return n;
	if (n < 0 && conn->rest.asked) {
		sta_mhd_rest_unread(conn, buf, len);
		errno = EAGAIN;
	}
	if (n < 0 || sta_mhd_wire_read(conn, buf, (size_t) n))
		return n;
	errno = EINTR; /* there may be more to read, and it is for nobody */
	return -1;
}
