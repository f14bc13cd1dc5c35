/*
 * manifests - the versions of a package: rows, bytes, and what they refer to.
 *
 * Those that were deleted and can be restored (trash.h) are found by nothing here but sta_version_any().
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's;
 * everything that changes runs inside sta_db_write().
 */
#ifndef STA_MODEL_MANIFESTS_H
#define STA_MODEL_MANIFESTS_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

struct sta_version {
	int64_t id;
	struct sta_digest digest;
	const char *media_type;
	const char *artifact_type; /* or NULL */
	const char *annotations;   /* JSON object; with a subject only, else NULL */
	bool has_subject;
	struct sta_digest subject;
	bool is_index;
	uint64_t size;
	int64_t created_unix;
	const char *description; /* what the image says of itself, or NULL */
	const char *licenses;    /* or NULL */
	const char *platform;    /* of an image, "linux/arm64/v8", or NULL; for sta_version_insert() alone */
};

/* Also a deleted one, which *deleted tells.  STA_NOT_FOUND. */
enum sta_rc sta_version_any(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
			    const struct sta_digest *d, struct sta_version *out, bool *deleted,
			    struct sta_err *err) STA_CHECK;
/* STA_NOT_FOUND. */
enum sta_rc sta_version_by_digest(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
				  const struct sta_digest *d, struct sta_version *out,
				  struct sta_err *err) STA_CHECK;
enum sta_rc sta_version_by_tag(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
			       const char *tag, struct sta_version *out, struct sta_err *err) STA_CHECK;

/* The exact bytes that were pushed, in the arena. */
enum sta_rc sta_version_bytes(struct sta_db_conn *c, struct sta_arena *a, int64_t id, const void **bytes,
			      size_t *len, struct sta_err *err) STA_CHECK;

/* v->id is filled.  STA_EXISTS: the package has this digest already, deleted or not. */
enum sta_rc sta_version_insert(struct sta_db_conn *c, int64_t package_id, struct sta_version *v,
			       const void *bytes, size_t len, struct sta_err *err) STA_CHECK;

/* The manifest uses this blob of its package: counted in package_blob.refs,
 * once however often the manifest names it. */
enum sta_rc sta_version_use_blob(struct sta_db_conn *c, int64_t package_id, int64_t id, int64_t blob_id,
				 struct sta_err *err) STA_CHECK;
enum sta_rc sta_version_use_child(struct sta_db_conn *c, int64_t package_id, int64_t id,
				  const struct sta_digest *child, struct sta_err *err) STA_CHECK;

/* The manifest names a blob that its package lacks: a layer that need not be
 * distributed, or one of a sparse manifest. */
enum sta_rc sta_version_miss_blob(struct sta_db_conn *c, int64_t package_id, int64_t id,
				  const struct sta_digest *blob, struct sta_err *err) STA_CHECK;

/* A blob became a member of the package: the manifests that missed it use it now. */
enum sta_rc sta_version_found_blob(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *digest,
				   int64_t blob_id, struct sta_err *err) STA_CHECK;

/* An index of the package that lists this digest.  STA_NOT_FOUND. */
enum sta_rc sta_version_parent(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *child,
			       struct sta_digest *parent, struct sta_err *err) STA_CHECK;

/* Remove the manifest for good, its tags and its uses; blobs left without a use are due
 * at due_unix.  It may be a deleted one. */
enum sta_rc sta_version_remove(struct sta_db_conn *c, int64_t package_id, int64_t id, int64_t due_unix,
			       struct sta_err *err) STA_CHECK;

struct sta_referrers_query {
	int64_t package_id;
	const struct sta_digest *subject;
	const char *artifact_type;     /* NULL: of any type */
	const struct sta_digest *last; /* NULL: from the start */
	size_t max;
};

struct sta_version_page {
	struct sta_version *items;
	size_t n;
	bool more; /* others follow */
};

/* Manifests with that subject, by digest after last: at most max, and fewer (but one at least) when their
 * annotations would take more than STA_REFERRERS_BYTES. */
#define STA_REFERRERS_BYTES ((size_t) 2 << 20)
enum sta_rc sta_version_referrers(struct sta_db_conn *c, struct sta_arena *a,
				  const struct sta_referrers_query *q, struct sta_version_page *out,
				  struct sta_err *err) STA_CHECK;

/* The first manifest of a package, for its removal.  STA_NOT_FOUND. */
enum sta_rc sta_version_next(struct sta_db_conn *c, int64_t package_id, int64_t *id,
			     struct sta_err *err) STA_CHECK;

#endif
