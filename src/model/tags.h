/*
 * tags - names that point to manifests of their own package (invariant I3).
 *
 * Each change is in the history (tag_events.h) in the same transaction.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_TAGS_H
#define STA_MODEL_TAGS_H

#include "base/arena.h"
#include "db/db.h"
#include "model/tag_events.h"
#include "oci/digest.h"

/* Make the tag, or point it elsewhere.  Where it leads there already, nothing happens. */
enum sta_rc sta_tag_set(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t manifest_id,
			const struct sta_author *by, struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND. */
enum sta_rc sta_tag_remove(struct sta_db_conn *c, int64_t package_id, const char *name,
			   const struct sta_author *by, struct sta_err *err) STA_CHECK;

struct sta_tag_row {
	const char *name;
	int64_t manifest_id;
	struct sta_digest digest;
	int64_t created_unix;
	int64_t updated_unix; /* when it came to where it leads */
};
/* STA_NOT_FOUND. */
enum sta_rc sta_tag_row(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *name,
			struct sta_tag_row *out, struct sta_err *err) STA_CHECK;

enum sta_tag_order { STA_TAGS_NEWEST, STA_TAGS_OLDEST, STA_TAGS_BY_NAME, STA_TAGS_BY_NAME_DOWN };
struct sta_tag_query {
	int64_t package_id;
	enum sta_tag_order order;
	uint64_t skip; /* an index is walked up to there */
	size_t max;
};
enum sta_rc sta_tag_list(struct sta_db_conn *c, struct sta_arena *a, const struct sta_tag_query *q,
			 struct sta_tag_row **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_tag_count(struct sta_db_conn *c, int64_t package_id, uint64_t *n,
			  struct sta_err *err) STA_CHECK;

/* Does another manifest of the package have a tag? */
enum sta_rc sta_tag_on_another(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id, bool *out,
			       struct sta_err *err) STA_CHECK;

/* Names in byte order after last ("" from the start), at most max. */
enum sta_rc sta_tag_page(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *last,
			 size_t max, const char ***out, size_t *n, struct sta_err *err) STA_CHECK;

#endif
