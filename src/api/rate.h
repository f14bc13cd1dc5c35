/*
 * rate - how many requests each caller of the REST interface made in the hour.
 *
 * A window of an hour begins with a caller's first request.  Memory is fixed: of more callers than there is
 * room for, those with the fewest requests are forgotten first.
 *
 * Layer: api.  May include: base.  Threads: any.
 */
#ifndef STA_API_RATE_H
#define STA_API_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sta_rate;

/* limit: requests in an hour, at least 1. */
enum sta_rc sta_rate_new(uint64_t limit, struct sta_rate **out, struct sta_err *err) STA_CHECK;
void sta_rate_free(struct sta_rate *r);

struct sta_rate_state {
	uint64_t limit;
	uint64_t used;      /* at most limit */
	int64_t reset_unix; /* when the window ends */
};

/* What the caller of that key has used, whose next request counts n (0: this one is free).  False: it is one
 * too many. */
bool sta_rate_take(struct sta_rate *r, uint64_t key, unsigned n, int64_t now_unix,
		   struct sta_rate_state *out);

#endif
