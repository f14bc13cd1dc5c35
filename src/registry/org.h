/*
 * org - organizations: made, set, and who is in them.
 *
 * An organization is a namespace with owners and members in place of one user.  Owners are
 * administrators of all its packages.  Members may read internal packages, make packages as
 * far as the organization lets them, and have what is granted to them and their teams.
 *
 * Names of organizations and users may be given in any case.  Each change is written to the
 * audit log in the same transaction.
 *
 * Errors: STA_NOT_FOUND, also for callers who may not know of it; STA_DENIED; STA_INVALID;
 * STA_EXISTS.  Those who may: docs/ACCESS.md, "Organizations".
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_ORG_H
#define STA_REGISTRY_ORG_H

#include "registry/registry.h"

/* A set of visibilities, 1 << visibility each. */
#define STA_ORG_CREATES_ALL 7U

/* Which members may make packages, as far as their visibility goes; the owners always may. */
#define STA_CREATORS_ALL_MEMBERS "members"
#define STA_CREATORS_OWNERS_ALONE "owners"

struct sta_org {
	int64_t id; /* the namespace's */
	const char *name;
	enum sta_visibility visibility; /* of a new package */
	unsigned creates;               /* visibilities that members may give a package */
	const char *creators;           /* one of the two, or a team, "acme/devs" */
	bool inherits;                  /* packages that a push makes and links have the repository's roles */
	int64_t created_unix;
};

/* For site administrators and the system.  owner is a user.  STA_EXISTS: a user or an
 * organization has that name. */
enum sta_rc sta_org_create(struct sta_registry *r, const struct sta_call *call, const char *name,
			   const char *owner, struct sta_org *out, struct sta_err *err) STA_CHECK;

/* By name: those that the caller is in; for site administrators and the system all. */
enum sta_rc sta_org_all(struct sta_registry *r, const struct sta_call *call, struct sta_org **out, size_t *n,
			struct sta_err *err) STA_CHECK;

/* By name: those that the caller is in. */
enum sta_rc sta_org_own(struct sta_registry *r, const struct sta_call *call, struct sta_org **out, size_t *n,
			struct sta_err *err) STA_CHECK;

/* For members. */
enum sta_rc sta_org_get(struct sta_registry *r, const struct sta_call *call, const char *name,
			struct sta_org *out, struct sta_err *err) STA_CHECK;

/* What is to be changed; NULL: stays. */
struct sta_org_change {
	const enum sta_visibility *visibility;
	const unsigned *creates;
	const bool *inherits;
	const char *creators; /* "members", "owners"; else a team, with or without the organization's name */
};
/* For owners.  *out is what it is then. */
enum sta_rc sta_org_set(struct sta_registry *r, const struct sta_call *call, const char *name,
			const struct sta_org_change *change, struct sta_org *out,
			struct sta_err *err) STA_CHECK;

struct sta_member {
	int64_t id;
	const char *name;
	bool site_admin;
	enum sta_org_role role;
	int64_t since_unix;
};
/* By name; for members. */
enum sta_rc sta_org_members(struct sta_registry *r, const struct sta_call *call, const char *name,
			    struct sta_member **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Add a user, or change its role; for owners.  STA_CONFLICT: the last owner stays one. */
enum sta_rc sta_org_add(struct sta_registry *r, const struct sta_call *call, const char *name,
			const char *user, enum sta_org_role role, struct sta_err *err) STA_CHECK;

/* Remove a member, with its places in teams; for owners, and for the member.  What was granted
 * to it in person on packages of the organization goes too, unless it stays as an outside
 * collaborator.  STA_CONFLICT: the last owner stays. */
enum sta_rc sta_org_remove(struct sta_registry *r, const struct sta_call *call, const char *name,
			   const char *user, bool outside, struct sta_err *err) STA_CHECK;

/* "private,internal" <-> a set; STA_INVALID names the unknown word.  "" is the empty set. */
enum sta_rc sta_visibilities_parse(const char *text, unsigned *out, struct sta_err *err) STA_CHECK;
char *sta_visibilities_text(struct sta_arena *a, unsigned set) STA_CHECK;

#endif
