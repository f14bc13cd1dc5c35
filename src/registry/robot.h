/*
 * robot - accounts of machines that an organization owns: "acme+ci".
 *
 * A robot has personal access tokens (token.h) and no password, a role on all packages of its
 * organization, and what is granted to it on packages and repositories of any owner, as to people.
 * It is in no organization and in no team, and owns no packages.  People come and go without it.
 *
 * All of it is for the organization's owners, site administrators and the system; names in any
 * case.  Each change is written to the audit log.  Errors: STA_NOT_FOUND, also for callers who are
 * not in the organization; STA_DENIED; STA_INVALID; STA_EXISTS.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_ROBOT_H
#define STA_REGISTRY_ROBOT_H

#include "registry/registry.h"

struct sta_robot {
	const char *name; /* "acme+ci" */
	const char *org;
	enum sta_role role; /* on all packages of the organization */
	bool disabled;
	int64_t created_unix;
};

enum sta_rc sta_robot_create(struct sta_registry *r, const struct sta_call *call, const char *name,
			     enum sta_role role, struct sta_robot *out, struct sta_err *err) STA_CHECK;

/* By name; org NULL: of all organizations, for site administrators and the system. */
enum sta_rc sta_robot_all(struct sta_registry *r, const struct sta_call *call, const char *org,
			  struct sta_robot **out, size_t *n, struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND also for what is no name of a robot. */
enum sta_rc sta_robot_get(struct sta_registry *r, const struct sta_call *call, const char *org,
			  const char *name, struct sta_robot *out, struct sta_err *err) STA_CHECK;

enum sta_rc sta_robot_set(struct sta_registry *r, const struct sta_call *call, const char *name,
			  enum sta_role role, struct sta_robot *out, struct sta_err *err) STA_CHECK;

/* Ends as much as sta_user_set_disabled() does. */
enum sta_rc sta_robot_set_disabled(struct sta_registry *r, const struct sta_call *call, const char *name,
				   bool disabled, struct sta_err *err) STA_CHECK;

/* The same, for good: its tokens and what was granted to it are gone, and its name is free. */
enum sta_rc sta_robot_delete(struct sta_registry *r, const struct sta_call *call, const char *name,
			     struct sta_err *err) STA_CHECK;

#endif
