/*
 * trash - deleting versions and packages so that they can be restored.
 *
 * What is deleted is found by nobody, and can be restored for options.trash_keep_s (0: it is gone at once);
 * then the collector removes it for good, and its blobs follow (gc.h).  A name or a digest that was deleted
 * can be pushed again: then the package cannot be restored before the new one is deleted, and the version
 * cannot be restored at all.
 *
 * Messages are GitHub's.  All of it writes: with may_wait false STA_WOULD_BLOCK.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_TRASH_H
#define STA_REGISTRY_TRASH_H

#include "registry/registry.h"

struct sta_version_removal {
	const char *owner, *name; /* of the package, as the packages API has them */
	int64_t id;
	const bool *cascade; /* take along what has no purpose without it: untagged versions that it lists or
				that refer to it, and theirs; NULL: as the options say */
};

/* STA_INVALID: it is the last one with a tag, or public and popular, as far as the options protect these;
 * STA_INVALID too when an index that is there lists it: nothing breaks an image. */
enum sta_rc sta_published_remove_version(struct sta_registry *r, const struct sta_call *call,
					 const struct sta_version_removal *v, struct sta_err *err) STA_CHECK;

/* With its tags as far as no other version has them, and with the deleted versions that it lists. */
enum sta_rc sta_published_restore_version(struct sta_registry *r, const struct sta_call *call,
					  const char *owner, const char *name, int64_t id,
					  struct sta_err *err) STA_CHECK;

/* STA_INVALID: public, and one of its versions is popular. */
enum sta_rc sta_published_remove_package(struct sta_registry *r, const struct sta_call *call,
					 const char *owner, const char *name, struct sta_err *err) STA_CHECK;

/* The package with that id, or (0) the one of that name that was deleted last.  STA_CONFLICT: the name is in
 * use again. */
enum sta_rc sta_published_restore_package(struct sta_registry *r, const struct sta_call *call,
					  const char *owner, const char *name, int64_t id,
					  struct sta_err *err) STA_CHECK;

/* --- for delete.c and package.c, in their transactions --- */

struct sta_db_conn;
enum sta_rc sta_discard_version(struct sta_db_conn *c, const struct sta_registry *r,
				const struct sta_call *call, int64_t package_id, int64_t id,
				struct sta_err *err) STA_CHECK;

#endif
