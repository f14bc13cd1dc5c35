/*
 * repository - repositories of source code, as far as packages are linked to them.
 *
 * A repository "OWNER/REPO" stands for one at a forge.  It has a visibility, and collaborators:
 * people and teams with a role.  A package that is linked to it may inherit these roles (not the
 * visibility) when both have the same owner; then it has no grants of its own.
 *
 * A push links a package that is not linked, when the manifest names a repository whose
 * org.opencontainers.image.source (label of an image's configuration, or annotation of an index or
 * manifest) is the repository's url, or one of the forges' prefixes with its name behind; and when
 * the pusher may write to that repository.  A package that the push has made inherits from then on, when
 * both have the same owner and the organization does not say otherwise: the owner of a repository decides
 * who has a role on it, and must get no rights on packages of others by that.
 *
 * Names in any case.  Each change is written to the audit log.  Errors: STA_NOT_FOUND, also for
 * callers who may not read it; STA_DENIED; STA_INVALID; STA_EXISTS.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_REPOSITORY_H
#define STA_REGISTRY_REPOSITORY_H

#include "registry/grant.h"
#include "registry/registry.h"

struct sta_repository {
	const char *name; /* "acme/app" */
	enum sta_visibility visibility;
	const char *url; /* at the forge, or NULL */
	int64_t created_unix;
};

/* For the user or an owner of the organization whose name it begins with.  url: http or https, or
 * NULL; one repository has it. */
enum sta_rc sta_repository_create(struct sta_registry *r, const struct sta_call *call, const char *name,
				  enum sta_visibility visibility, const char *url, struct sta_repository *out,
				  struct sta_err *err) STA_CHECK;
/* By name, of one owner; NULL: of all.  Those that the caller may read. */
enum sta_rc sta_repository_all(struct sta_registry *r, const struct sta_call *call, const char *owner,
			       struct sta_repository **out, size_t *n, struct sta_err *err) STA_CHECK;

/* NULL: stays; url "" takes it away. */
struct sta_repository_change {
	const enum sta_visibility *visibility;
	const char *url;
};
/* For its administrators. */
enum sta_rc sta_repository_set(struct sta_registry *r, const struct sta_call *call, const char *name,
			       const struct sta_repository_change *change, struct sta_repository *out,
			       struct sta_err *err) STA_CHECK;
/* Packages that are linked to it are no longer; those that inherit keep the roles as their own. */
enum sta_rc sta_repository_delete(struct sta_registry *r, const struct sta_call *call, const char *name,
				  struct sta_err *err) STA_CHECK;

/* Collaborators, as sta_grant_all() and the like of packages. */
enum sta_rc sta_repository_grants(struct sta_registry *r, const struct sta_call *call, const char *name,
				  struct sta_grant **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_repository_give(struct sta_registry *r, const struct sta_call *call, const char *name,
				const char *subject, enum sta_role role, struct sta_err *err) STA_CHECK;
enum sta_rc sta_repository_take(struct sta_registry *r, const struct sta_call *call, const char *name,
				const char *subject, struct sta_err *err) STA_CHECK;

/* Link a package to a repository that the caller may read, or to none (NULL); for the package's
 * administrators.  inherits: its roles become the repository's, and its own grants go; false: it keeps
 * or gets grants of its own, those that it had through the repository.  STA_INVALID: nothing to
 * inherit from, or a repository of another owner. */
enum sta_rc sta_package_link(struct sta_registry *r, const struct sta_call *call, const char *package,
			     const char *repository, bool inherits, struct sta_err *err) STA_CHECK;

#endif
