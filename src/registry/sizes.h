/*
 * sizes - how much versions and packages take, what of it others use too, and what deleting them would free.
 *
 * All numbers are of bytes as they are stored: manifests, and each blob once.  What was deleted counts
 * nowhere.  Of other packages those count that the caller may read: the numbers tell nothing of the others.
 * Who sees every package has the exact numbers of the store.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_SIZES_H
#define STA_REGISTRY_SIZES_H

#include "registry/registry.h"

struct sta_sizes {
	uint64_t bytes;    /* manifests, and the blobs that they use */
	uint64_t shared;   /* blobs among them that others use, too */
	uint64_t freed;    /* what leaves the store with it, once the trash has been emptied */
	uint64_t versions; /* that were counted */
	uint64_t blobs;
};

/* For readers of the package.  Both look at every blob: with may_wait false STA_WOULD_BLOCK; STA_BUSY when
 * the process ends meanwhile. */
enum sta_rc sta_package_size(struct sta_registry *r, const struct sta_call *call, const char *owner,
			     const char *name, struct sta_sizes *out, struct sta_err *err) STA_CHECK;

struct sta_version_asked {
	const char *owner, *name; /* of the package */
	int64_t id;
	const bool *cascade; /* as of sta_published_remove_version() (trash.h) */
};

/* A version with those that it lists, and those that they list.  Shared is what versions of the package use
 * that stay when it is deleted, or other packages.  Whether the rules let it be deleted is not looked at. */
enum sta_rc sta_version_size(struct sta_registry *r, const struct sta_call *call,
			     const struct sta_version_asked *v, struct sta_sizes *out,
			     struct sta_err *err) STA_CHECK;

#endif
