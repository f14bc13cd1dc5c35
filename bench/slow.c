#include "bench/load.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "bench/client.h"

#define DRIP ((uint64_t) 4 * 1024)
#define DRIPS_A_SECOND 4
#define SECOND_NS UINT64_C(1000000000)

/*
 * Many uploads that each send a little now and then, as from slow lines: 4 KiB
 * every quarter of a second, spread over that time.  The server's memory is
 * read before the last drip; then every upload must be answered, and is
 * cancelled.
 */
struct uploads {
	struct sta_load *load;
	struct sta_client client; /* begins and cancels, waiting for each answer */
	struct sta_conn *conns;
	char (*urls)[STA_URL_MAX];
	size_t count;
};

/* Begin upload i: its session, and the head of one long PATCH on a connection of its own. */
static enum sta_rc
begin(struct uploads *u, size_t i, struct sta_err *err)
{
	char head[STA_URL_MAX + 4096];
	uint64_t size = u->load->seconds * DRIPS_A_SECOND * DRIP;
	int len = 0;

	if (!sta_client_begin(&u->client, u->load->repository))
		return sta_err_set(err, STA_BACKEND, 0, "upload %zu could not be begun: status %d", i,
				   u->client.answer.status);
	memcpy(u->urls[i], u->client.url, STA_URL_MAX);
	len = snprintf(head, sizeof head,
		       "PATCH %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/octet-stream\r\n"
		       "Content-Length: %llu\r\n\r\n",
		       u->urls[i], u->load->target.host, u->load->headers.data ? u->load->headers.data : "",
		       (unsigned long long) size);
	if (sta_conn_open(&u->conns[i], &u->load->target, err) != STA_OK)
		return err->rc;
	if (len < 0 || (size_t) len >= sizeof head || !sta_conn_send(&u->conns[i], head, (size_t) len))
		return sta_err_set(err, STA_IO, 0, "the head of upload %zu", i);
	u->count++;
	return STA_OK;
}

/* One drip for each upload, spread evenly from when on. */
static void
drip(struct uploads *u, uint64_t when_ns, struct sta_tally *tally)
{
	const uint64_t step_ns = SECOND_NS / DRIPS_A_SECOND / u->count;

	for (size_t i = 0; i < u->count; i++) {
		uint64_t due = when_ns + i * step_ns;
		struct timespec at = { .tv_sec = (time_t) (due / SECOND_NS),
				       .tv_nsec = (long) (due % SECOND_NS) };

		if (i % 10 == 0)
			(void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		if (u->conns[i].fd >= 0 &&
		    !sta_conn_send(&u->conns[i], u->client.pool + STA_PIECE_ROOM, DRIP)) {
			tally->broken++;
			sta_conn_close(&u->conns[i]);
		}
	}
	tally->bytes += u->count * DRIP;
}

/* Wait for the answer of each upload, and cancel it. */
static void
settle(struct uploads *u, struct sta_tally *tally)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < u->count; i++) {
		struct sta_answer *a = &u->client.answer;

		if (u->conns[i].fd < 0)
			continue;
		sta_answer_reset(a);
		if (sta_answer_read(a, &u->conns[i], false, &bytes) != STA_STEP_DONE) {
			tally->broken++;
			continue;
		}
		if (sta_tally_status(tally, a->status))
			tally->done++;
		if (sta_client_follow(&u->client))
			memcpy(u->urls[i], u->client.url, STA_URL_MAX);
		(void) sta_client_ask(&u->client, "DELETE", u->urls[i], NULL, NULL, 204);
	}
}

static void
finish(struct uploads *u)
{
	for (size_t i = 0; i < u->count; i++)
		sta_conn_close(&u->conns[i]);
	sta_free(u->conns);
	sta_free(u->urls);
	sta_client_done(&u->client);
}

enum sta_rc
sta_mode_slow(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	struct uploads u = { .load = load };
	enum sta_rc rc = sta_client_init(&u.client, load, &run->tally, err);
	uint64_t start = 0;

	u.conns = sta_malloc((load->connections + 1) * sizeof *u.conns);
	u.urls = sta_malloc((load->connections + 1) * sizeof *u.urls);
	if (rc == STA_OK && (!u.conns || !u.urls))
		rc = sta_err_set(err, STA_NOMEM, 0, "uploads");
	for (size_t i = 0; u.conns && i < load->connections; i++)
		u.conns[i].fd = -1;
	sta_run_begin(load, run);
	for (size_t i = 0; rc == STA_OK && i < load->connections; i++)
		rc = begin(&u, i, err);
	if (rc == STA_OK) {
		(void) fprintf(stderr, "load: %zu uploads are open\n", u.count);
		start = sta_now_ns();
		for (uint64_t i = 0; i < load->seconds * DRIPS_A_SECOND; i++) {
			if (i + 1 == load->seconds * DRIPS_A_SECOND)
				sta_usage_read(load->pids, load->pid_count, &run->loaded);
			drip(&u, start + i * (SECOND_NS / DRIPS_A_SECOND), &run->tally);
		}
		sta_run_end(load, run);
		settle(&u, &run->tally);
	}
	finish(&u);
	return rc;
}
