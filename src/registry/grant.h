/*
 * grant - roles on packages, and why somebody may or may not.
 *
 * A role is granted to a user ("alice") or a robot ("acme+ci"), to a team ("acme/devs") of the
 * organization that owns the package, or to the workflows of a repository ("repository:acme/app"; on
 * packages alone, and also on those that inherit).  A user who is not in that organization is an outside
 * collaborator then.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_GRANT_H
#define STA_REGISTRY_GRANT_H

#include "registry/registry.h"

struct sta_pat;

/* Before a repository whose workflows are meant, where there is a user else. */
#define STA_WORKFLOWS "repository:"

struct sta_grant {
	const char *subject; /* "alice", "acme+ci", "acme/devs" or "repository:acme/app" */
	const char *kind;    /* "user", "robot", "team" or "repository", for its workflows */
	bool outside;        /* not of the organization that owns the package */
	enum sta_role role;
};

/* What is granted on a package: accounts by name, then teams; for its administrators. */
enum sta_rc sta_grant_all(struct sta_registry *r, const struct sta_call *call, const char *package,
			  struct sta_grant **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Grant a role, in place of another one; for the package's administrators.  STA_NOT_FOUND: there is no
 * such subject; STA_INVALID: the team is of another organization; STA_CONFLICT: the package inherits the
 * roles of its repository. */
enum sta_rc sta_grant_give(struct sta_registry *r, const struct sta_call *call, const char *package,
			   const char *subject, enum sta_role role, struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND: nothing was granted to it. */
enum sta_rc sta_grant_take(struct sta_registry *r, const struct sta_call *call, const char *package,
			   const char *subject, struct sta_err *err) STA_CHECK;

/* The decision on a question, and what led to it. */
struct sta_explanation {
	bool allowed;
	const char *rule; /* "role" */
	const char *why;  /* the rule in words */
	bool exists;      /* the package */
	enum sta_visibility visibility;
	const char *owner; /* the namespace */
	bool owner_is_org; /* else a user */
	bool owner_exists;
	bool disabled;               /* the user signs in no more; the decision is as if it did */
	const char *robot_of;        /* the organization of a robot; NULL: no robot */
	const char *workflow_of;     /* the repository whose workflows are asked about; NULL: none */
	enum sta_role robot_role;    /* on all packages there */
	const struct sta_pat *token; /* that was asked about, or NULL */
	bool token_ended;            /* it is expired or revoked; the decision is as if it were not */
	bool site_admin;
	enum sta_org_role member; /* in the organization that owns the package */
	bool inherits;            /* the package has the roles of its repository ... */
	const char *repository;   /* ... which is this one; NULL: the caller may not read it */
	enum sta_role inherited;  /* ... and this is the user's there */
	enum sta_role granted;    /* in person, on the package or, if it inherits, on the repository */
	enum sta_role team_role;  /* by a team, on the same */
	const char *team;         /* "acme/devs", or "" */
};

/* May user do action on the package? */
struct sta_access_question {
	/* Or a robot, or the workflows of a repository ("repository:acme/app") whatever their rule; "":
	 * anybody, without signing in. */
	const char *user;
	const char *package;
	enum sta_action action;
	int64_t token_id; /* of the user; 0: with a password, or with every scope */
	const char *from; /* an address that the token is used from; NULL: one that it is good from */
};

/* For the package's administrators, site administrators and the system; for a user about itself when it
 * may know of the package.  About a token: for the user itself, and those who may manage its tokens.
 * STA_NOT_FOUND: no such user, or it has no such token. */
enum sta_rc sta_access_explain(struct sta_registry *r, const struct sta_call *call,
			       const struct sta_access_question *q, struct sta_explanation *out,
			       struct sta_err *err) STA_CHECK;

struct sta_audit_line {
	int64_t id;
	int64_t created_unix;
	const char *actor;  /* "": the command line of the machine's owner */
	const char *action; /* "team.add" */
	const char *target; /* "acme/devs" */
	const char *detail;
};
/* Changes of rights, the newest first: those before the one of that id (0: from the newest), at most
 * max, of target and what is below it ("": of all).  For site administrators and the system, and for
 * owners of an organization when target is it. */
enum sta_rc sta_audit_read(struct sta_registry *r, const struct sta_call *call, const char *target,
			   int64_t before, size_t max, struct sta_audit_line **out, size_t *n,
			   struct sta_err *err) STA_CHECK;

/* The same for site administrators and the system alone, and of one organization for those who manage it:
 * STA_NOT_FOUND for others, and for names of none. */
enum sta_rc sta_audit_read_site(struct sta_registry *r, const struct sta_call *call, const char *target,
				int64_t before, size_t max, struct sta_audit_line **out, size_t *n,
				struct sta_err *err) STA_CHECK;
enum sta_rc sta_audit_read_org(struct sta_registry *r, const struct sta_call *call, const char *name,
			       int64_t before, size_t max, struct sta_audit_line **out, size_t *n,
			       struct sta_err *err) STA_CHECK;

#endif
