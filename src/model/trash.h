/*
 * trash - versions and packages that were deleted and can be restored.
 *
 * A deleted version keeps its row, its bytes and its uses of blobs; its tags are put aside.  A deleted
 * package keeps all that it has under the name "acme/app@17", with its id, which no reference can have: so
 * its name is free, and deleting or restoring it is one row however many versions there are.
 *
 * Layer: model.  May include: db, access (enums), oci, base.  Threads: as the connection's; everything that
 * changes runs inside sta_db_write().
 */
#ifndef STA_MODEL_TRASH_H
#define STA_MODEL_TRASH_H

#include "model/packages.h"
#include "model/tag_events.h"
#include "oci/digest.h"

/* One that was deleted before stays as it is. */
enum sta_rc sta_trash_version(struct sta_db_conn *c, int64_t package_id, int64_t id,
			      const struct sta_author *by, struct sta_err *err) STA_CHECK;
/* With the tags that it had, as far as no other version has them now. */
enum sta_rc sta_untrash_version(struct sta_db_conn *c, int64_t package_id, int64_t id,
				const struct sta_author *by, struct sta_err *err) STA_CHECK;
/* Deleted versions that the index lists, at most max. */
enum sta_rc sta_trash_children(struct sta_db_conn *c, struct sta_arena *a, int64_t index_id, size_t max,
			       int64_t **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Deleted versions of the package that use the blob, at most max; none while one that is there uses it. */
enum sta_rc sta_trash_users(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, int64_t blob_id,
			    size_t max, int64_t **out, size_t *n, struct sta_err *err) STA_CHECK;

enum sta_rc sta_trash_package(struct sta_db_conn *c, int64_t id, int64_t now_unix,
			      struct sta_err *err) STA_CHECK;
/* Under that name, which must be free. */
enum sta_rc sta_untrash_package(struct sta_db_conn *c, int64_t id, const char *name,
				struct sta_err *err) STA_CHECK;

/* What is to be removed for good. */
struct sta_trash_item {
	int64_t package_id;
	int64_t manifest_id;
};
/* Versions deleted by until_unix, and those of packages deleted by then; at most max. */
enum sta_rc sta_trash_due(struct sta_db_conn *c, struct sta_arena *a, int64_t until_unix, size_t max,
			  struct sta_trash_item **out, size_t *n, struct sta_err *err) STA_CHECK;
/* A package deleted by until_unix that holds nothing any more.  STA_NOT_FOUND. */
enum sta_rc sta_trash_next_empty(struct sta_db_conn *c, int64_t until_unix, int64_t *id,
				 struct sta_err *err) STA_CHECK;

#endif
