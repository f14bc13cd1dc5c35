#include "bench/hist.h"

/* Values below 64 have a bucket each; above, the six bits after the highest one choose the step. */
static unsigned
bucket_of(uint64_t ns)
{
	unsigned shift = 0;

	if (ns < STA_HIST_STEPS)
		return (unsigned) ns;
	shift = 57 - (unsigned) __builtin_clzll(ns);
	return (shift + 1) * STA_HIST_STEPS + (unsigned) ((ns >> shift) & (STA_HIST_STEPS - 1));
}

/* The largest value of a bucket. */
static uint64_t
top_of(unsigned bucket)
{
	unsigned shift = 0;

	if (bucket < STA_HIST_STEPS)
		return bucket;
	shift = bucket / STA_HIST_STEPS - 1;
	return ((STA_HIST_STEPS + (uint64_t) (bucket % STA_HIST_STEPS) + 1) << shift) - 1;
}

void
sta_hist_add(struct sta_hist *h, uint64_t ns)
{
	h->bucket[bucket_of(ns)]++;
	h->count++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

void
sta_hist_merge(struct sta_hist *into, const struct sta_hist *from)
{
	for (unsigned i = 0; i < STA_HIST_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
	into->count += from->count;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

uint64_t
sta_hist_quantile(const struct sta_hist *h, double share)
{
	uint64_t wanted = (uint64_t) (share * (double) h->count + 0.5);
	uint64_t seen = 0;

	if (!h->count)
		return 0;
	if (!wanted)
		wanted = 1;
	for (unsigned i = 0; i < STA_HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= wanted)
			return top_of(i) < h->max_ns ? top_of(i) : h->max_ns;
	}
	return h->max_ns;
}
