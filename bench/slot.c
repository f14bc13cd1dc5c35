#include "bench/slot.h"

#include <string.h>
#include <sys/epoll.h>

#include "base/alloc.h"
#include "base/clock.h"

#define REQUEST_MAX (16 * 1024)

enum sta_rc
sta_requests_init(struct sta_requests *r, const struct sta_load *load, struct sta_err *err)
{
	*r = (struct sta_requests){ .is_head = strcmp(load->method, "HEAD") == 0 };
	if (!load->path_count)
		return sta_err_set(err, STA_INVALID, 0, "no --path");
	r->text = sta_malloc(load->path_count * sizeof *r->text);
	if (!r->text)
		return sta_err_set(err, STA_NOMEM, 0, "requests");
	r->count = load->path_count;
	for (size_t i = 0; i < r->count; i++) {
		sta_buf_init(&r->text[i], REQUEST_MAX);
		sta_buf_printf(&r->text[i], "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", load->method,
			       load->paths[i], load->target.host,
			       load->headers.data ? load->headers.data : "");
		if (!sta_buf_ok(&r->text[i]))
			return sta_err_set(err, STA_TOO_LARGE, 0, "the request of '%s'", load->paths[i]);
	}
	return STA_OK;
}

void
sta_requests_done(struct sta_requests *r)
{
	for (size_t i = 0; i < r->count; i++)
		sta_buf_done(&r->text[i]);
	sta_free(r->text);
	*r = (struct sta_requests){ 0 };
}

static enum sta_rc
open_slot(struct sta_slot *s, const struct sta_load *load, int epoll, struct sta_err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
	enum sta_rc rc = sta_conn_open(&s->conn, &load->target, err);

	if (rc != STA_OK)
		return rc;
	sta_conn_nonblocking(&s->conn);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, s->conn.fd, &event) < 0)
		return sta_err_set(err, STA_IO, 0, "epoll_ctl");
	return STA_OK;
}

struct sta_slot *
sta_slots_new(const struct sta_load *load, size_t n, int epoll, struct sta_err *err)
{
	struct sta_slot *slots = n ? sta_malloc(n * sizeof *slots) : NULL;

	if (!slots) {
		(void) sta_err_set(err, STA_INVALID, 0, "%zu connections", n);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		slots[i].conn.fd = -1;
	for (size_t i = 0; i < n; i++)
		if (open_slot(&slots[i], load, epoll, err) != STA_OK) {
			sta_slots_free(slots, n);
			return NULL;
		}
	return slots;
}

void
sta_slots_free(struct sta_slot *slots, size_t n)
{
	for (size_t i = 0; slots && i < n; i++)
		sta_conn_close(&slots[i].conn);
	sta_free(slots);
}

bool
sta_slot_send(struct sta_slot *s, const struct sta_load *load, const struct sta_requests *r, uint64_t i,
	      int epoll, struct sta_tally *tally)
{
	const struct sta_buf *text = &r->text[i % r->count];
	struct sta_err err;

	sta_answer_reset(&s->answer);
	if (s->conn.fd >= 0 && sta_conn_send(&s->conn, text->data, text->len)) {
		s->busy = true;
		return true;
	}
	tally->reopened++;
	if (open_slot(s, load, epoll, &err) != STA_OK || !sta_conn_send(&s->conn, text->data, text->len)) {
		tally->broken++;
		sta_conn_close(&s->conn);
		return false;
	}
	s->busy = true;
	return true;
}

bool
sta_slot_read(struct sta_slot *s, const struct sta_requests *r, struct sta_tally *tally)
{
	enum sta_step step = STA_STEP_FAILED;

	if (!s->busy) { /* the server closes an idle connection */
		sta_conn_close(&s->conn);
		return false;
	}
	step = sta_answer_read(&s->answer, &s->conn, r->is_head, &tally->bytes);
	if (step == STA_STEP_MORE)
		return false;
	s->busy = false;
	if (step == STA_STEP_FAILED) {
		tally->broken++;
		sta_conn_close(&s->conn);
		return true;
	}
	if (sta_tally_status(tally, s->answer.status)) {
		tally->done++;
		sta_hist_add(&tally->latency, sta_now_ns() - s->start_ns);
	}
	if (s->answer.close)
		sta_conn_close(&s->conn);
	return true;
}
