/*
 * hist - how long requests took: a histogram with a bounded relative error.
 *
 * Each power of two is split into 64 equal steps, so that a quantile is at
 * most 1.6 % above the true one.  The largest value is kept exactly.
 *
 * Threads: one owner; merge when the others have ended.
 */
#ifndef STA_BENCH_HIST_H
#define STA_BENCH_HIST_H

#include <stdint.h>

#define STA_HIST_STEPS 64
#define STA_HIST_BUCKETS (59 * STA_HIST_STEPS)

struct sta_hist {
	uint64_t count;
	uint64_t max_ns;
	uint64_t bucket[STA_HIST_BUCKETS];
};

void sta_hist_add(struct sta_hist *h, uint64_t ns);
void sta_hist_merge(struct sta_hist *into, const struct sta_hist *from);

/* The value that share (0.99) of all values do not exceed; 0 when there is none. */
uint64_t sta_hist_quantile(const struct sta_hist *h, double share);

#endif
