/*
 * package - packages: listed, and their visibility.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_PACKAGE_H
#define STA_REGISTRY_PACKAGE_H

#include "registry/registry.h"

struct sta_package_info {
	const char *name; /* "acme/app" */
	enum sta_visibility visibility;
	uint64_t versions; /* manifests */
	uint64_t tags;
	uint64_t pulls; /* manifests sent, as far as they were written down */
	uint64_t bytes; /* manifests and distinct blobs of this package */
	int64_t created_unix;
	int64_t updated_unix;
	const char *repository; /* that it is linked to; NULL: none, or one that the caller may not read */
	bool inherits;          /* its roles are that repository's */
};

/* Packages the caller may read, by name, after last (exclusive, NULL: from the
 * start), at most max. */
enum sta_rc sta_package_list(struct sta_registry *r, const struct sta_call *call, const char *last,
			     size_t max, struct sta_package_info **out, size_t *n,
			     struct sta_err *err) STA_CHECK;

enum sta_rc sta_package_set_visibility(struct sta_registry *r, const struct sta_call *call, const char *name,
				       enum sta_visibility v, struct sta_err *err) STA_CHECK;

/* Delete the package, by its owner's command: as trash.h says, without the rules of the packages API. */
enum sta_rc sta_package_delete(struct sta_registry *r, const struct sta_call *call, const char *name,
			       struct sta_err *err) STA_CHECK;

/* Bring back the one of that name that was deleted last.  STA_NOT_FOUND; STA_CONFLICT: the name is in use. */
enum sta_rc sta_package_restore(struct sta_registry *r, const struct sta_call *call, const char *name,
				struct sta_err *err) STA_CHECK;

#endif
