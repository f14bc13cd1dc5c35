/*
 * tags - names that point to manifests of their own package (invariant I3).
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_TAGS_H
#define STA_MODEL_TAGS_H

#include "base/arena.h"
#include "db/db.h"

/* Make the tag, or point it elsewhere. */
enum sta_rc sta_tag_set(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t manifest_id,
			int64_t now_unix, struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND. */
enum sta_rc sta_tag_remove(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t now_unix,
			   struct sta_err *err) STA_CHECK;

/* Does another manifest of the package have a tag? */
enum sta_rc sta_tag_on_another(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id, bool *out,
			       struct sta_err *err) STA_CHECK;

/* Names in byte order after last ("" from the start), at most max. */
enum sta_rc sta_tag_page(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *last,
			 size_t max, const char ***out, size_t *n, struct sta_err *err) STA_CHECK;

#endif
