/*
 * statistics - pulls of versions by day, tag, digest and platform.
 *
 * A row is a day, a digest, a tag (empty: by digest) and whether it was a part: a version that an index of
 * its package lists, asked for by digest, as whoever pulls the index does right after it.  Parts count for
 * their digest and platform alone, so that a pull of an index counts once.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's; everything that changes runs
 * inside sta_db_write().
 */
#ifndef STA_MODEL_STATISTICS_H
#define STA_MODEL_STATISTICS_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

struct sta_pull_count {
	int64_t version_id;
	int64_t day;     /* since 1970-01-01, in UTC */
	const char *tag; /* "": by digest */
	uint64_t pulls, heads;
};

/* Into pull_day, and into the sums of the version and its package.  Of a version that is gone nothing is
 * kept. */
enum sta_rc sta_pull_day_add(struct sta_db_conn *c, const struct sta_pull_count *count,
			     struct sta_err *err) STA_CHECK;

/* Of a package, from one day to another one; NULL: all. */
struct sta_pull_query {
	int64_t package_id;
	int64_t from, to;
	const char *tag;
	const struct sta_digest *digest;
	const char *platform;
	bool parts; /* count them, too */
};

struct sta_pull_sum {
	int64_t day;              /* of sta_pull_days() */
	const char *name;         /* a tag or a platform */
	struct sta_digest digest; /* of sta_pull_digests() */
	uint64_t pulls, heads;
};

enum sta_rc sta_pull_total(struct sta_db_conn *c, const struct sta_pull_query *q, struct sta_pull_sum *out,
			   struct sta_err *err) STA_CHECK;

/* Sums in the arena: of days that have some, in their order; of tags, digests or platforms those with most
 * pulls first, then by name, at most max. */
enum sta_rc sta_pull_days(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q,
			  struct sta_pull_sum **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_pull_tags(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q,
			  size_t max, struct sta_pull_sum **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_pull_digests(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q,
			     size_t max, struct sta_pull_sum **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_pull_platforms(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q,
			       size_t max, struct sta_pull_sum **out, size_t *n,
			       struct sta_err *err) STA_CHECK;

/* Remove at most max rows of days before that one: n went; or of that package: others are left. */
enum sta_rc sta_pull_day_prune(struct sta_db_conn *c, int64_t before_day, size_t max, size_t *n,
			       struct sta_err *err) STA_CHECK;
enum sta_rc sta_pull_day_drop(struct sta_db_conn *c, int64_t package_id, size_t max, bool *more,
			      struct sta_err *err) STA_CHECK;
/* Is there a row of a day before that one? */
enum sta_rc sta_pull_day_any_before(struct sta_db_conn *c, int64_t before_day, bool *out,
				    struct sta_err *err) STA_CHECK;

#endif
