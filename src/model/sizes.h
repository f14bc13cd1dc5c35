/*
 * sizes - which bytes versions and packages use.
 *
 * Versions and packages that were deleted count nowhere: neither theirs nor the blobs that only they use.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_SIZES_H
#define STA_MODEL_SIZES_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

struct sta_sized_blob {
	int64_t id;
	uint64_t size;
	struct sta_digest digest;
};

struct sta_sized_version {
	int64_t id;
	uint64_t size; /* of the manifest */
};

/* The package's versions, and the bytes of their manifests. */
enum sta_rc sta_size_versions(struct sta_db_conn *c, int64_t package_id, uint64_t *n, uint64_t *bytes,
			      struct sta_err *err) STA_CHECK;
/* Blobs that its versions use, by id after that one, at most max; in the arena. */
enum sta_rc sta_size_package_blobs(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
				   int64_t after, size_t max, struct sta_sized_blob **out, size_t *n,
				   struct sta_err *err) STA_CHECK;
/* Blobs that one version uses. */
enum sta_rc sta_size_version_blobs(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id,
				   struct sta_sized_blob **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Versions that an index lists. */
enum sta_rc sta_size_listed(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id,
			    struct sta_sized_version **out, size_t *n, struct sta_err *err) STA_CHECK;
/* Those that might go along when it is deleted: without a tag, not pulled more often than that, and listed by
 * it or referring to it. */
enum sta_rc sta_size_dependents(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id,
				uint64_t most_pulls, struct sta_sized_version **out, size_t *n,
				struct sta_err *err) STA_CHECK;
/* Indexes that list it. */
enum sta_rc sta_size_parents(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id, int64_t **out,
			     size_t *n, struct sta_err *err) STA_CHECK;

/* Whether keep() says yes to a version of the package that uses the blob. */
typedef bool sta_size_keep_fn(void *arg, int64_t version_id);
enum sta_rc sta_size_kept(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, sta_size_keep_fn *keep,
			  void *arg, bool *out, struct sta_err *err) STA_CHECK;

/* Does a version of that package, or (elsewhere) of any other one, use the blob? */
enum sta_rc sta_size_used_in(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, bool *out,
			     struct sta_err *err) STA_CHECK;
enum sta_rc sta_size_used_elsewhere(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, bool *out,
				    struct sta_err *err) STA_CHECK;

#endif
