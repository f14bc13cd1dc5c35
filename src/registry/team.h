/*
 * team - teams of organizations.
 *
 * Roles on packages are granted to teams (grant.h).  Teams nest, STA_TEAM_DEPTH_MAX (8) deep:
 * what is granted to a team counts for those below it too.
 *
 * A team is named "ORGANIZATION/TEAM", in any case.  Each change is written to the audit log.
 * Errors as in org.h.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_TEAM_H
#define STA_REGISTRY_TEAM_H

#include "registry/registry.h"

#define STA_TEAM_DESCRIPTION_MAX 256 /* bytes, none of them a control character */

struct sta_team {
	int64_t id;
	const char *name; /* "acme/devs" */
	const char *description;
	const char *parent; /* "acme/engineering", or NULL */
	int64_t parent_id;  /* 0: none */
	int64_t members;    /* of it alone, without the teams below */
	int64_t created_unix;
};

/* For owners of the organization.  parent: the name of a team of it, without the organization; or
 * NULL.  STA_EXISTS. */
enum sta_rc sta_team_create(struct sta_registry *r, const struct sta_call *call, const char *team,
			    const char *parent, const char *description, struct sta_team *out,
			    struct sta_err *err) STA_CHECK;

/* NULL: stays.  parent "" puts it at the top. */
struct sta_team_change {
	const char *parent;
	const char *description;
};
/* For owners.  STA_INVALID: the parent is below it, or it would be too deep. */
enum sta_rc sta_team_set(struct sta_registry *r, const struct sta_call *call, const char *team,
			 const struct sta_team_change *change, struct sta_team *out,
			 struct sta_err *err) STA_CHECK;

/* With what was granted to it; for owners.  STA_CONFLICT: there are teams below it. */
enum sta_rc sta_team_delete(struct sta_registry *r, const struct sta_call *call, const char *team,
			    struct sta_err *err) STA_CHECK;

/* Those of the organization of that name, by name; for its members. */
enum sta_rc sta_team_all(struct sta_registry *r, const struct sta_call *call, const char *name,
			 struct sta_team **out, size_t *n, struct sta_err *err) STA_CHECK;

/* For members of the organization. */
enum sta_rc sta_team_get(struct sta_registry *r, const struct sta_call *call, const char *team,
			 struct sta_team *out, struct sta_err *err) STA_CHECK;

struct sta_teammate {
	int64_t id;
	const char *name;
	bool site_admin;
	bool maintainer;
	int64_t since_unix;
};
/* By name, of it alone; for members of the organization. */
enum sta_rc sta_team_members(struct sta_registry *r, const struct sta_call *call, const char *team,
			     struct sta_teammate **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Add a member of the organization (else STA_INVALID), or make it a maintainer or no longer one;
 * for owners and the team's maintainers. */
enum sta_rc sta_team_add(struct sta_registry *r, const struct sta_call *call, const char *team,
			 const char *user, bool maintainer, struct sta_err *err) STA_CHECK;
/* For owners, the team's maintainers, and the member. */
enum sta_rc sta_team_remove_member(struct sta_registry *r, const struct sta_call *call, const char *team,
				   const char *user, struct sta_err *err) STA_CHECK;

#endif
