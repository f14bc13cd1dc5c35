/*
 * rename - names that change: of users, organizations and packages; former and retired names.
 *
 * What is renamed stays what it was: packages, teams, roles, tokens and passwords go on.  Under the former
 * name packages can still be read, and nothing else; nobody can take it but who had it.  Upload sessions are
 * bound to the name that they began with, and end with it.
 *
 * A name under which a public package was pulled often (names.retire_after) is retired when the package is
 * deleted or leaves it: from then on that owner alone makes a package of it.
 *
 * Each change is written to the audit log in the same transaction.  All of it but sta_names_kept() writes.
 *
 * Errors: STA_NOT_FOUND, STA_DENIED, STA_INVALID; STA_EXISTS: the new name is taken, or a former one, or
 * it or a name below it is retired for another owner.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_RENAME_H
#define STA_REGISTRY_RENAME_H

#include "registry/registry.h"

/* For site administrators and the system.  *out, in the arena: the name as it is now. */
enum sta_rc sta_user_rename(struct sta_registry *r, const struct sta_call *call, const char *name,
			    const char *to, const char **out, struct sta_err *err) STA_CHECK;
/* For owners. */
enum sta_rc sta_org_rename(struct sta_registry *r, const struct sta_call *call, const char *name,
			   const char *to, const char **out, struct sta_err *err) STA_CHECK;

/* For administrators of the package who could make one of the new name too, or go back to a former name of
 * it; "OWNER/OLD" to "OWNER/NEW". */
enum sta_rc sta_package_rename(struct sta_registry *r, const struct sta_call *call, const char *name,
			       const char *to, struct sta_err *err) STA_CHECK;

enum sta_name_kind { STA_FORMER_OWNER, STA_FORMER_PACKAGE, STA_RETIRED };
struct sta_name_kept {
	const char *name;
	enum sta_name_kind kind;
	const char *of; /* who has it now, or the owner that it is kept for */
	int64_t since_unix;
};
const char *sta_name_kind_text(enum sta_name_kind kind); /* "owner", "package", "retired" */

/* By name; for site administrators and the system. */
enum sta_rc sta_names_kept(struct sta_registry *r, const struct sta_call *call, struct sta_name_kept **out,
			   size_t *n, struct sta_err *err) STA_CHECK;

/* A former name leads nowhere then, and a retired one is free for everybody; one that is both is released
 * twice.  For site administrators and the system.  Public packages that were pulled often leave the names
 * retired that they had by it. */
enum sta_rc sta_name_release(struct sta_registry *r, const struct sta_call *call, const char *name,
			     struct sta_err *err) STA_CHECK;

#endif
