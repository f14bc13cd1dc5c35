/*
 * pull - reading manifests and blobs.
 *
 * Never waits, with one exception: sta_pull_blob() by a caller who may push
 * renews the blob's lease at most every half minute (docs/internals/
 * collection.md), which is a write.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_PULL_H
#define STA_REGISTRY_PULL_H

#include "oci/ref.h"
#include "registry/registry.h"

struct sta_pulled_manifest {
	int64_t id; /* for sta_pull_count() */
	struct sta_digest digest;
	const char *media_type;
	const void *bytes; /* exactly as pushed, borrowed until the call's arena ends; may be NULL when not
			      wanted */
	uint64_t size;
};

/* bytes_wanted false: for HEAD.  MANIFEST_UNKNOWN, NAME_UNKNOWN. */
enum sta_rc sta_pull_manifest(struct sta_registry *r, const struct sta_call *call,
			      const struct sta_name *name, const struct sta_reference *ref, bool bytes_wanted,
			      struct sta_pulled_manifest *out, struct sta_err *err) STA_CHECK;

struct sta_pulled_blob {
	uint64_t size;
	const void *bytes; /* small blobs; else NULL and fd counts */
	int fd;            /* -1, or an open file owned by the caller */
};

/* content_wanted false: for HEAD; then neither bytes nor fd.  BLOB_UNKNOWN. */
enum sta_rc sta_pull_blob(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			  const struct sta_digest *digest, bool content_wanted, struct sta_pulled_blob *out,
			  struct sta_err *err) STA_CHECK;

#endif
