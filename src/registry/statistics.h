/*
 * statistics - who pulled how much of a package: by day, tag, digest and platform.
 *
 * Pulls of a version that an index of its package lists, asked for by digest, are parts of pulls of the index
 * (model/statistics.h): they count where digests or platforms are listed or asked for, and nowhere else.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_STATISTICS_H
#define STA_REGISTRY_STATISTICS_H

#include "model/statistics.h"
#include "registry/registry.h"

#define STA_STATISTICS_DAYS 400   /* that are looked at at once */
#define STA_STATISTICS_ITEMS 1000 /* tags, digests or platforms of an answer */

enum sta_statistics_by {
	STA_BY_DAY,
	STA_BY_TAG,
	STA_BY_DIGEST,
	STA_BY_PLATFORM,
};

struct sta_statistics_query {
	enum sta_statistics_by by;
	int64_t from, to; /* days since 1970-01-01, both included */
	const char *tag;  /* that one alone; "": those by digest; NULL: all */
	const struct sta_digest *digest;
	const char *platform; /* "": those without */
};

struct sta_statistics {
	uint64_t pulls, heads; /* each pull once */
	struct sta_pull_sum *items;
	size_t n;
	bool more; /* others follow */
};

/* For readers of the package; everything that was counted until now.  By day: every day of the time; else
 * those with most pulls first.  STA_INVALID: no days, or too many.  Waits: with may_wait false
 * STA_WOULD_BLOCK. */
enum sta_rc sta_package_statistics(struct sta_registry *r, const struct sta_call *call, const char *owner,
				   const char *name, const struct sta_statistics_query *q,
				   struct sta_statistics *out, struct sta_err *err) STA_CHECK;

#endif
