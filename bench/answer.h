/*
 * answer - read one HTTP/1.1 answer: its status, its length, where it points.
 *
 * Knows what the servers under test send: a Content-Length on every answer
 * that has a body.  An answer in chunks is reported as failed.
 *
 * May include: bench/conn.  Threads: one owner.
 */
#ifndef STA_BENCH_ANSWER_H
#define STA_BENCH_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/conn.h"

struct sta_answer {
	int status; /* 0 until the head is complete */
	bool close; /* the server ends the connection after this answer */
	uint64_t left;
	const char *location; /* in head, NUL-terminated; NULL without such a header */
	size_t have;
	char head[16 * 1024];
};

enum sta_step { STA_STEP_MORE, STA_STEP_DONE, STA_STEP_FAILED };

/* Forget the last answer. */
void sta_answer_reset(struct sta_answer *a);

/* Read what is there.  On a blocking connection never STA_STEP_MORE.  is_head: the answer is to a HEAD
 * and has no body.  *bytes grows by what was received, heads included. */
enum sta_step sta_answer_read(struct sta_answer *a, struct sta_conn *c, bool is_head,
			      uint64_t *bytes) STA_CHECK;

#endif
