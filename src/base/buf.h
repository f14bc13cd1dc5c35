/*
 * buf - bytes that grow up to a fixed maximum.
 *
 * Appending past the maximum, or running out of memory, marks the buffer
 * failed; later appends do nothing, so a caller may append many times and
 * look once at sta_buf_ok().  There is no measure-then-copy code anywhere:
 * lengths that disagree are how servers in C get broken.
 *
 * Layer: base.  May include: alloc, err.  Threads: one owner.
 */
#ifndef STA_BASE_BUF_H
#define STA_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sta_buf {
	char *data; /* NUL-terminated when len > 0 or after any append; else NULL */
	size_t len; /* without the NUL */
	size_t cap;
	size_t max;
	bool failed;
};

/* Empty buffer that may hold max bytes.  Allocates nothing yet. */
void sta_buf_init(struct sta_buf *b, size_t max);

/* Release; the buffer is empty and usable again afterwards. */
void sta_buf_done(struct sta_buf *b);

void sta_buf_append(struct sta_buf *b, const void *p, size_t len);
void sta_buf_str(struct sta_buf *b, const char *s);
void sta_buf_int(struct sta_buf *b, int64_t v);
void sta_buf_printf(struct sta_buf *b, const char *fmt, ...) STA_PRINTF(2, 3);

/* s as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void sta_buf_json(struct sta_buf *b, const char *s);

static inline bool
sta_buf_ok(const struct sta_buf *b)
{
	return !b->failed;
}

#endif
