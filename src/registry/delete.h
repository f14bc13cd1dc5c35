/*
 * delete - removing tags, manifests and blobs from a package.
 *
 * Nothing that another thing of the package needs is ever removed: a manifest
 * that an index lists and a blob that a manifest uses are STA_CONFLICT, with the
 * one that needs it in the message (invariant I3).  The bytes go later, by gc.h.
 *
 * All of it writes: with may_wait false STA_WOULD_BLOCK.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_DELETE_H
#define STA_REGISTRY_DELETE_H

#include "oci/ref.h"
#include "registry/registry.h"

/* A tag: the tag alone.  A digest: the manifest with all its tags.
 * MANIFEST_UNKNOWN, NAME_UNKNOWN. */
enum sta_rc sta_delete_manifest(struct sta_registry *r, const struct sta_call *call,
				const struct sta_name *name, const struct sta_reference *ref,
				struct sta_err *err) STA_CHECK;

/* The blob leaves this package; others that hold it keep it.  Deleted versions that use it (trash.h) cannot
 * be restored any more.  BLOB_UNKNOWN. */
enum sta_rc sta_delete_blob(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			    const struct sta_digest *digest, struct sta_err *err) STA_CHECK;

#endif
